//! Files of any content: no panic, and what was read survives a snapshot byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::files::FileSet;
use viewshed_decode::snapshot;

fuzz_target!(|bytes: &[u8]| {
    let mut set = FileSet::new("fuzz");
    set.add("a.yaml", bytes);
    let estate = set.finish();
    assert!(estate.gaps.iter().all(|gap| gap.count > 0));
    assert!(!estate.gaps.iter().any(|gap| gap.detail.contains('\u{1b}') || gap.what.contains('\u{1b}')));
    let mut written = Vec::new();
    snapshot::write(&estate, "fuzz", &mut written).expect("a vector takes every byte");
    let back = snapshot::read(&written[..]).expect("our own file");
    assert_eq!(back, estate);
});

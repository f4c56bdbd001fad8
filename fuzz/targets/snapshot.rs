//! Snapshots: damaged files and damaged lines give what is readable, and it can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::snapshot;

const HEADER: &[u8] = b"{\"format\":\"viewshed-snapshot\",\"version\":1}\n[\"cluster\",0,{}]\n[\"docker\",0,{}]\n";

fuzz_target!(|bytes: &[u8]| {
    let _ = snapshot::read(bytes);
    let mut lines = HEADER.to_vec();
    lines.extend_from_slice(bytes);
    let packed = zstd::encode_all(&lines[..], 1).expect("memory");
    let estate = snapshot::read(&packed[..]).expect("its header is whole");
    let mut written = Vec::new();
    snapshot::write(&estate, "fuzz", &mut written).expect("a vector takes every byte");
    assert_eq!(snapshot::read(&written[..]).expect("our own file"), estate);
});

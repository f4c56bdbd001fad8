//! What a variable tells: no panic on any name and value, each kind once and in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::tells::tells;

fuzz_target!(|pair: (&str, &str)| {
    let (name, value) = pair;
    for told in [tells(name, Some(value)), tells(name, None)] {
        assert!(told.is_sorted_by(|a, b| a < b));
    }
});

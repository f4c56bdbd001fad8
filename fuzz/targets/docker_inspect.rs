//! Output of `docker inspect`, whole or cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::docker;
use viewshed_model::{DockerHost, Position};

fuzz_target!(|bytes: &[u8]| {
    let place = Position {
        file: "f".to_owned(),
        line: 1,
    };
    let mut host = DockerHost::default();
    let mut gaps = Vec::new();
    docker::inspect(&mut host, &mut gaps, &place, bytes);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    for container in &host.containers {
        let line = container.position.as_ref().map_or(0, |position| position.line);
        assert!(line >= 1 && line as usize <= lines);
    }
});

//! Compose files: no panic, no unbounded growth, and every service has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::docker::compose::add_compose;
use viewshed_model::DockerHost;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut host = DockerHost::default();
    let mut gaps = Vec::new();
    add_compose(&mut host, &mut gaps, "f", 1, &text);
    assert!(host.containers.iter().all(|container| container.position.is_some()));
    let ports: usize = host.containers.iter().map(|container| container.ports.len()).sum();
    assert!(ports <= 65_536 + 100_000);
});

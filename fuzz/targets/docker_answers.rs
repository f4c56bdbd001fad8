//! Every answer of the Engine API: no panic, nothing that steers a terminal, and the same again in another order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::docker::{self, SwarmKind};
use viewshed_decode::text::clean;
use viewshed_model::{DockerHost, Position};

fuzz_target!(|bytes: &[u8]| {
    let mut host = DockerHost::default();
    let mut gaps = Vec::new();
    for read in [
        docker::containers,
        docker::images,
        docker::networks,
        docker::volumes,
        docker::plugins,
        docker::version,
        docker::info,
        docker::disk_usage,
    ] {
        read(&mut host, &mut gaps, bytes);
    }
    for kind in SwarmKind::ALL {
        docker::swarm(&mut host, &mut gaps, kind, bytes);
    }
    let place = Position::default();
    docker::daemon_config(&mut host, &mut gaps, &place, bytes);
    if let Some(container) = docker::container_inspect("h", &mut gaps, bytes) {
        docker::add_inspected(&mut host, vec![container]);
    }
    docker::sort(&mut host);
    for container in &host.containers {
        assert_eq!(clean(&container.name), container.name);
        assert_eq!(clean(&container.image), container.image);
    }
    assert!(gaps.iter().all(|gap| gap.count > 0 && clean(&gap.what) == gap.what));
});

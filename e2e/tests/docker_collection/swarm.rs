//! Swarms by name, without what their secrets and configs hold.

use std::fs;

use viewshed_bench::docker::Version;
use viewshed_bench::{DockerHost, DockerOptions, Image};
use viewshed_collect::docker;

use super::{SECRET, collect, environment, printed, sorted};

fn check_swarm(version: Version) {
    let Some(host) = DockerHost::start_if_available(version, &DockerOptions::default()).unwrap()
    else {
        return;
    };
    host.docker(&["swarm", "init", "--advertise-addr=127.0.0.1"])
        .unwrap();
    let file = host.machine().folder().join("secret.txt");
    fs::write(&file, SECRET).unwrap();
    let file = file.display().to_string();
    host.docker(&["secret", "create", "db-password", &file])
        .unwrap();
    host.docker(&["config", "create", "shop-config", &file])
        .unwrap();
    host.docker(&["service", "create", "--detach", "--name=web", Image::BASE])
        .unwrap();
    let endpoint = docker::resolve(&environment(&host.environment()), None).unwrap();
    let (read, gaps) = collect(&endpoint);
    assert_eq!(gaps, []);
    assert_eq!(read.daemon.swarm_state, "manager");
    let listed = |kind: &str| -> Vec<String> {
        let objects = read.swarm.iter().filter(|object| object.kind == kind);
        objects.map(|object| object.name.clone()).collect()
    };
    assert_eq!(listed("secret"), ["db-password"]);
    assert_eq!(listed("config"), ["shop-config"]);
    assert_eq!(listed("service"), ["web"]);
    assert_eq!(
        listed("node"),
        printed(&host, &["node", "ls", "--format", "{{.Hostname}}"])
    );
    assert_eq!(
        sorted(listed("task")),
        printed(
            &host,
            &["service", "ps", "web", "--no-trunc", "--format", "{{.ID}}"]
        )
    );
    assert!(!serde_json::to_string(&read).unwrap().contains(SECRET));
}

#[test]
fn a_swarm_of_debians_docker_is_read_by_name() {
    check_swarm(Version::Debian);
}

#[test]
fn a_swarm_of_the_newest_docker_is_read_by_name() {
    check_swarm(Version::Newest);
}

//! Other ways to the same facts: `ssh`, and files that `docker inspect` wrote.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use viewshed_bench::docker::Version;
use viewshed_bench::{DockerHost, DockerOptions};
use viewshed_collect::docker;
use viewshed_model::{DockerHost as CollectedHost, Position};

use super::{check_rights_and_variables, collect, compare_with_docker, environment, fill};

/// Stands in for the network between: runs the remote command here, as `sshd` would over there.
#[test]
fn dockers_own_dial_stdio_carries_the_conversation() {
    let Some(host) =
        DockerHost::start_if_available(Version::Debian, &DockerOptions::default()).unwrap()
    else {
        return;
    };
    fill(&host);
    let folder = host.machine().folder().join("bin");
    fs::create_dir(&folder).unwrap();
    let script = format!(
        "#!/bin/bash\nexport DOCKER_HOST=unix://{}\neval \"${{@: -1}}\"\n",
        host.socket().display()
    );
    let program = folder.join("ssh");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let variables = BTreeMap::from([
        ("PATH", folder.display().to_string()),
        ("DOCKER_HOST", "ssh://me@alpha".to_owned()),
    ]);
    let endpoint = docker::resolve(&environment(&variables), None).unwrap();
    let (read, gaps) = collect(&endpoint);
    assert_eq!(gaps, []);
    assert_eq!(read.endpoint, "ssh://me@alpha");
    compare_with_docker(&host, &read);
    check_rights_and_variables(&read);
}

/// What `docker inspect` prints reads the same as the daemon's own answers.
#[test]
fn inspect_output_and_the_living_daemon_agree() {
    for version in [Version::Debian, Version::Newest] {
        let Some(host) =
            DockerHost::start_if_available(version, &DockerOptions::default()).unwrap()
        else {
            return;
        };
        fill(&host);
        let endpoint = docker::resolve(&environment(&host.environment()), None).unwrap();
        let (mut live, _) = collect(&endpoint);
        let text = host
            .docker(&["inspect", "web", "agent", "root", "done"])
            .unwrap();
        let mut from_file = CollectedHost::default();
        let mut gaps = Vec::new();
        let place = Position {
            file: "dump.json".to_owned(),
            line: 1,
        };
        viewshed_decode::docker::inspect(&mut from_file, &mut gaps, &place, text.as_bytes());
        viewshed_decode::docker::sort(&mut from_file);
        assert_eq!(gaps, []);
        for container in &mut from_file.containers {
            assert_eq!(container.position.take().unwrap().file, "dump.json");
        }
        live.containers.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(from_file.containers, live.containers);
    }
}

//! Docker hosts, old and newest. Each test starts the host it needs.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::process::Command;

use viewshed_bench::docker::{Tcp, Version};
use viewshed_bench::{DockerHost, DockerOptions, Image, run};

use support::processes_that_mention;

/// A host runs containers on networks of its own, publishes ports, lets a container use the
/// socket, and leaves nothing.
fn check(version: Version, api_version: &str, seconds: &str) {
    let Some(host) = DockerHost::start_if_available(version, &DockerOptions::default()).unwrap()
    else {
        return;
    };
    assert_eq!(host.api_version().unwrap(), api_version);
    assert!(host.socket().exists());

    host.docker(&["network", "create", "app"]).unwrap();
    host.run_container(&["--name=web", "--network=app", Image::BASE, "sleep", seconds])
        .unwrap();
    let answer = host.docker(&["exec", "web", "echo", "hello"]).unwrap();
    assert_eq!(answer, "hello\n");

    let script = "while :; do echo published | nc -l -p 80; done";
    host.run_container(&[
        "--name=port",
        "--publish=8080:80",
        Image::BASE,
        "sh",
        "-c",
        script,
    ])
    .unwrap();
    let mut connect = host.machine().network_command("sh");
    let reached = run(connect.args(["-c", "busybox nc -w 5 127.0.0.1 8080 </dev/null"])).unwrap();
    assert_eq!(reached, "published\n");

    let socket = "--volume=/var/run/docker.sock:/var/run/docker.sock";
    host.run_container(&["--name=agent", socket, Image::BASE])
        .unwrap();
    host.docker(&["exec", "agent", "test", "-S", "/var/run/docker.sock"])
        .unwrap();

    let folder = host.machine().folder().to_owned();
    assert_eq!(processes_that_mention(&[seconds]).len(), 1);
    drop(host);
    assert!(!folder.exists());
    assert_eq!(
        processes_that_mention(&[seconds, &folder.display().to_string()]),
        Vec::<String>::new()
    );
}

#[test]
fn runs_containers_on_debians_docker() {
    check(Version::Debian, "1.41", "2147011");
}

#[test]
fn runs_containers_on_the_newest_docker() {
    check(Version::Newest, "1.56", "2147012");
}

/// A client without a certificate is refused and one with it is not.
fn check_tls(version: Version) {
    let Some(host) = DockerHost::start_if_available(
        version,
        &DockerOptions {
            tcp: Tcp::Tls,
            ..DockerOptions::default()
        },
    )
    .unwrap() else {
        return;
    };
    let url = format!("https://{}/_ping", host.tcp_address().unwrap());
    let tls = host.tls_folder().unwrap();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", &url, "--cacert"])
        .arg(tls.join("ca.pem"));
    run(&mut curl).unwrap_err();
    curl.arg("--cert")
        .arg(tls.join("cert.pem"))
        .arg("--key")
        .arg(tls.join("key.pem"));
    assert_eq!(run(&mut curl).unwrap(), "OK");
}

#[test]
fn debians_docker_asks_for_a_client_certificate() {
    check_tls(Version::Debian);
}

#[test]
fn the_newest_docker_asks_for_a_client_certificate() {
    check_tls(Version::Newest);
}

#[test]
fn plain_tcp_is_open_to_everybody() {
    for version in [Version::Debian, Version::Newest] {
        let Some(host) = DockerHost::start_if_available(
            version,
            &DockerOptions {
                tcp: Tcp::Plain,
                ..DockerOptions::default()
            },
        )
        .unwrap() else {
            return;
        };
        let outside = format!("http://{}/_ping", host.tcp_address().unwrap());
        assert_eq!(
            run(Command::new("curl").args(["--silent", &outside])).unwrap(),
            "OK"
        );
        let mut inside = host.machine().network_command("curl");
        assert_eq!(
            run(inside.args(["--silent", "http://127.0.0.1:2375/_ping"])).unwrap(),
            "OK"
        );
    }
}

#[test]
fn an_authorization_plugin_denies_by_path() {
    for version in [Version::Debian, Version::Newest] {
        let options = DockerOptions {
            denied_paths: Some(vec!["/volumes".to_owned()]),
            flags: vec!["--debug".to_owned()],
            ..DockerOptions::default()
        };
        let Some(host) = DockerHost::start_if_available(version, &options).unwrap() else {
            return;
        };
        host.docker(&["ps"]).unwrap();
        let denied = host.docker_output(&["volume", "ls"]).unwrap();
        let message = String::from_utf8_lossy(&denied.stderr).into_owned();
        assert!(message.contains("denied by the bench"), "{message}");
        let debug = host.docker(&["info", "--format", "{{.Debug}}"]).unwrap();
        assert_eq!(debug, "true\n");
    }
}

use std::fs;
use std::path::Path;

use super::environment;
use crate::docker::{Verification, resolve};
use crate::environment::Environment;

const CONTEXT_ID: &str = "25bf8e1a2393f1108d37029b3df5593236c755742ec93465bbafa9b290bddcf6";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A machine with these files, each `path` or `path=text`, and variables.
fn machine(files: &[(&str, &str)], variables: &[&str]) -> (tempfile::TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    let environment = Environment {
        root: folder.path().to_owned(),
        ..environment(variables)
    };
    (folder, environment)
}

/// The chosen endpoint as `NAME ADDRESS`, with the folder of the machine removed; or the error.
fn check(files: &[(&str, &str)], variables: &[&str], flag: Option<&str>, expected: &str) {
    let (folder, environment) = machine(files, variables);
    let found = match resolve(&environment, flag) {
        Ok(endpoint) => format!("{} {}", endpoint.name, endpoint.address),
        Err(error) => error.to_string(),
    };
    let found = found.replace(folder.path().to_str().unwrap(), "");
    assert_eq!(found, expected, "{variables:?} {flag:?}");
}

const PROD: (&str, &str) = (
    "/home/me/.docker/contexts/meta/25bf8e1a2393f1108d37029b3df5593236c755742ec93465bbafa9b290bddcf6/meta.json",
    r#"{"Name":"prod","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://alpha:2376","SkipTLSVerify":false}}}"#,
);
const BROKEN: (&str, &str) = ("/home/me/.docker/contexts/meta/00/meta.json", "{");
const CURRENT: (&str, &str) = (
    "/home/me/.docker/config.json",
    r#"{"auths":{},"currentContext":"prod"}"#,
);
const DOCKER_SOCKET: (&str, &str) = ("/var/run/docker.sock", "");
const PODMAN_SOCKET: (&str, &str) = ("/run/podman/podman.sock", "");
const USER_DOCKER: (&str, &str) = ("/run/user/1/docker.sock", "");
const USER_PODMAN: (&str, &str) = ("/run/user/1/podman/podman.sock", "");
const HOME: &str = "HOME=/home/me";
const RUNTIME: &str = "XDG_RUNTIME_DIR=/run/user/1";

#[test]
fn the_flag_wins_then_docker_host_then_docker_context_then_the_current_context() {
    let files = [PROD, BROKEN, CURRENT, DOCKER_SOCKET];
    let all = [HOME, "DOCKER_HOST=tcp://beta:2375", "DOCKER_CONTEXT=prod"];
    check(
        &files,
        &all,
        Some("tcp://gamma:1"),
        "tcp://gamma:1 tcp://gamma:1",
    );
    check(&files, &all, Some("prod"), "prod tcp://alpha:2376");
    check(&files, &all, None, "tcp://beta:2375 tcp://beta:2375");
    check(
        &files,
        &[HOME, "DOCKER_CONTEXT=prod"],
        None,
        "prod tcp://alpha:2376",
    );
    check(&files, &[HOME], None, "prod tcp://alpha:2376");
    check(
        &files,
        &[HOME, "DOCKER_CONTEXT=default"],
        None,
        "unix:///var/run/docker.sock unix:///var/run/docker.sock",
    );
    check(
        &files,
        &[HOME, "DOCKER_CONTEXT=lost"],
        None,
        "there is no Docker context `lost`",
    );
}

#[test]
fn docker_config_names_another_folder() {
    let moved = ("/etc/other/config.json", r#"{"currentContext":"default"}"#);
    check(
        &[PROD, CURRENT, moved],
        &[HOME, "DOCKER_CONFIG=/etc/other"],
        None,
        "unix:///var/run/docker.sock unix:///var/run/docker.sock",
    );
}

#[test]
fn the_first_well_known_socket_that_exists_is_taken() {
    let all = [DOCKER_SOCKET, USER_DOCKER, USER_PODMAN, PODMAN_SOCKET];
    let expected = [
        "unix:///var/run/docker.sock",
        "unix:///run/user/1/docker.sock",
        "unix:///run/user/1/podman/podman.sock",
        "unix:///run/podman/podman.sock",
        "unix:///var/run/docker.sock",
    ];
    for (missing, address) in expected.iter().enumerate() {
        check(
            &all[missing..],
            &[RUNTIME],
            None,
            &format!("{address} {address}"),
        );
    }
    check(
        &[USER_DOCKER],
        &[],
        None,
        "unix:///var/run/docker.sock unix:///var/run/docker.sock",
    );
}

#[test]
fn broken_configuration_is_an_error_that_repeats_nothing_of_it() {
    let broken = ("/home/me/.docker/config.json", r#"{"auths":{"x":"c2VjcmV0"#);
    check(
        &[broken],
        &[HOME],
        None,
        "cannot read the docker command's configuration `/home/me/.docker/config.json`: line 1, column 23",
    );
    check(
        &[],
        &["DOCKER_HOST=alpha"],
        None,
        "cannot use the Docker address `alpha`: it has no scheme such as `tcp://`",
    );
}

/// TLS as the letters of its files (`a`uthority, `c`ertificate, `k`ey) and how it verifies; empty without TLS.
fn check_tls(files: &[(&str, &str)], variables: &[&str], flag: Option<&str>, expected: &str) {
    let (_folder, environment) = machine(files, variables);
    let endpoint = resolve(&environment, flag).unwrap();
    let found = endpoint.tls.map_or_else(String::new, |tls| {
        let mut letters = String::new();
        for (letter, file) in [('a', tls.authority), ('c', tls.certificate), ('k', tls.key)] {
            letters.extend(file.map(|_| letter));
        }
        match tls.verification {
            Verification::Verified => format!("{letters} verified"),
            Verification::Unverified => format!("{letters} unverified"),
        }
    });
    assert_eq!(found, expected, "{variables:?} {flag:?}");
}

#[test]
fn tls_is_chosen_as_the_docker_command_chooses_it() {
    let certificates = [
        ("/certs/ca.pem", ""),
        ("/certs/cert.pem", ""),
        ("/certs/key.pem", ""),
    ];
    let alpha = Some("tcp://alpha");
    check_tls(&certificates, &["DOCKER_CERT_PATH=/certs"], alpha, "");
    check_tls(
        &certificates,
        &["DOCKER_CERT_PATH=/certs", "DOCKER_TLS_VERIFY=1"],
        alpha,
        "ack verified",
    );
    check_tls(
        &certificates,
        &["DOCKER_CERT_PATH=/certs", "DOCKER_TLS=1"],
        alpha,
        "ack unverified",
    );
    check_tls(
        &certificates,
        &[
            "DOCKER_CERT_PATH=/certs",
            "DOCKER_TLS=1",
            "DOCKER_TLS_VERIFY=1",
        ],
        alpha,
        "ack verified",
    );
    check_tls(&[], &["DOCKER_TLS_VERIFY=1", HOME], alpha, " verified");
    check_tls(&[], &[], Some("https://alpha:2376"), " verified");
    check_tls(
        &[("/home/me/.docker/ca.pem", "")],
        &["DOCKER_TLS_VERIFY=1", HOME],
        alpha,
        "a verified",
    );
}

#[test]
fn a_context_brings_its_own_tls() {
    let file = |name: &str| format!("/home/me/.docker/contexts/tls/{CONTEXT_ID}/docker/{name}");
    let (ca, key, certificate) = (file("ca.pem"), file("key.pem"), file("cert.pem"));
    let files = [PROD, (&ca, ""), (&key, ""), (&certificate, "")];
    check_tls(&files, &[HOME], Some("prod"), "ack verified");
    check_tls(&[PROD], &[HOME, "DOCKER_TLS_VERIFY=1"], Some("prod"), "");
    let unverified = (
        "/home/me/.docker/contexts/meta/00/meta.json",
        r#"{"Name":"lab","Endpoints":{"docker":{"Host":"tcp://b:2376","SkipTLSVerify":true}}}"#,
    );
    check_tls(&[unverified], &[HOME], Some("lab"), " unverified");
}

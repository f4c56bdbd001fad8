//! Facts that only a running server or daemon tells.

use viewshed_model::{AnonymousAnswer, KubeletSettings, Node};

use super::{docker, found, live, meta};

fn kubelet(name: &str, settings: KubeletSettings) -> Node {
    Node {
        meta: meta("", name),
        kubelet: Some(settings),
        ..Node::default()
    }
}

#[test]
fn nodes_with_the_same_setting_are_one_finding() {
    let open = KubeletSettings {
        anonymous: Some(true),
        authorization_mode: "AlwaysAllow".to_owned(),
        read_only_port: Some(0),
        ..KubeletSettings::default()
    };
    let closed = KubeletSettings {
        anonymous: Some(false),
        authorization_mode: "Webhook".to_owned(),
        ..KubeletSettings::default()
    };
    let estate = live(|cluster| {
        cluster.nodes = vec![
            kubelet("a", open.clone()),
            kubelet("b", closed),
            kubelet("c", open),
        ];
    });
    assert_eq!(
        found(&estate, "kubelet-anonymous"),
        [
            "critical 2 nodes: anybody who reaches port 10250 can list, read and enter every pod of the node"
        ]
    );
    assert_eq!(found(&estate, "kubelet-always-allow").len(), 1);
    assert!(found(&estate, "kubelet-read-only-port").is_empty());
}

#[test]
fn the_daemons_own_warnings_tell_its_open_listeners() {
    let estate = docker(|host| {
        host.daemon.warnings = vec![
            "[DEPRECATION NOTICE]: API is accessible on http://8.8.4.4:2375 without encryption.".to_owned(),
            "[DEPRECATION NOTICE]: API is accessible on https://10.1.2.3:2376 without TLS client verification.".to_owned(),
            // RFC 5737: documentation uses these, the internet does not route them.
            "[DEPRECATION NOTICE]: API is accessible on http://192.0.2.4:2375 without encryption.".to_owned(),
            "WARNING: No swap limit support".to_owned(),
        ];
    });
    assert_eq!(
        found(&estate, "docker-api-without-tls"),
        [
            "critical listener 10.1.2.3:2376: everybody on its private network controls the daemon through `10.1.2.3:2376`",
            "critical listener 192.0.2.4:2375: everybody on its private network controls the daemon through `192.0.2.4:2375`",
            "critical listener 8.8.4.4:2375: everybody on the internet controls the daemon through `8.8.4.4:2375`",
        ]
    );
    assert_eq!(
        found(&estate, "docker-api-on-public-address"),
        ["high listener 8.8.4.4:2375: the daemon listens on a public address: `8.8.4.4:2375`"]
    );
}

#[test]
fn a_daemon_that_was_read_in_plain_text_is_open() {
    let read_from = |plain: bool| {
        docker(|host| {
            host.endpoint = "tcp://10.0.0.7".to_owned();
            host.daemon.answered_in_plain_text = plain;
        })
    };
    assert_eq!(
        found(&read_from(true), "docker-api-without-tls"),
        [
            "critical listener 10.0.0.7:2375: everybody on its private network controls the daemon through `10.0.0.7:2375`"
        ]
    );
    assert!(found(&read_from(false), "docker-api-without-tls").is_empty());
}

#[test]
fn a_daemon_that_was_read_without_a_client_certificate_is_open() {
    let read_from = |without: bool| {
        docker(|host| {
            host.endpoint = "tcp://10.0.0.7".to_owned();
            host.daemon.answered_without_certificate = without;
        })
    };
    assert_eq!(
        found(&read_from(true), "docker-api-without-tls"),
        [
            "critical listener 10.0.0.7:2376: everybody on its private network controls the daemon through `10.0.0.7:2376`"
        ]
    );
    assert!(found(&read_from(false), "docker-api-without-tls").is_empty());
}

#[test]
fn answers_without_credentials_count_where_no_binding_explains_them() {
    let answers = |answers: &[(&str, u16)]| {
        live(|cluster| {
            cluster.anonymous = answers
                .iter()
                .map(|(path, status)| AnonymousAnswer {
                    path: (*path).to_owned(),
                    status: *status,
                })
                .collect();
        })
    };
    let quiet = answers(&[
        ("/version", 200),
        ("/livez", 200),
        ("/api", 403),
        ("/api/v1/namespaces", 401),
    ]);
    assert!(found(&quiet, "anonymous-discovery").is_empty());
    let open = answers(&[("/version", 200), ("/api/v1/namespaces", 200)]);
    assert_eq!(
        found(&open, "anonymous-discovery"),
        ["critical API server: the API server answers `/api/v1/namespaces` without credentials"]
    );
}

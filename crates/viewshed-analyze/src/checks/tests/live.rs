//! Facts that only a running server or daemon tells.

use viewshed_model::{
    AnonymousAnswer, Authorizer, AuthorizerKind, Confidence, KubeletSettings, Node, PolicyRule,
    Role, RoleBinding, RoleReference, Subject, SubjectKind, UnreadKind,
};

use super::{docker, found, live, meta, pod};
use crate::checks::scan;

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

/// Of policies that the server did not give nobody knows that they are not in the way.
#[test]
fn namespaces_whose_policies_were_not_given_have_no_unrestricted_path() {
    let check = "unrestricted-path-to-control-plane";
    let of = |unread: Vec<UnreadKind>| {
        let estate = live(|cluster| {
            cluster.pods = vec![pod("a", "web", None), pod("b", "web", None)];
            cluster.unread_kinds = unread;
        });
        let lines = found(&estate, check).into_iter();
        let objects = lines.map(|line| line.split(':').next().unwrap_or_default().to_owned());
        objects.collect::<Vec<String>>()
    };
    let unread = |read: &[&str]| UnreadKind {
        group: "networking.k8s.io".to_owned(),
        kind: "NetworkPolicy".to_owned(),
        read_namespaces: read.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(of(Vec::new()), ["low Namespace a", "low Namespace b"]);
    assert_eq!(of(vec![unread(&["b"])]), ["low Namespace b"]);
    assert_eq!(
        of(vec![unread(&["b"]), unread(&["a"])]),
        Vec::<String>::new()
    );
    assert_eq!(of(vec![unread(&[])]), Vec::<String>::new());
    let services = UnreadKind {
        kind: "Service".to_owned(),
        ..UnreadKind::default()
    };
    assert_eq!(of(vec![services]), ["low Namespace a", "low Namespace b"]);
}

/// A webhook that is asked first may refuse.
#[test]
fn an_api_server_that_allows_everything_after_a_webhook_is_less_sure() {
    let chain = |kinds: &[AuthorizerKind]| {
        live(|cluster| {
            let authorizers = kinds.iter().map(|kind| Authorizer {
                kind: *kind,
                name: format!("{kind:?}"),
                match_conditions: Vec::new(),
                failure_policy: String::new(),
            });
            cluster.authorizers = Some(authorizers.collect());
        })
    };
    let sure = |kinds: &[AuthorizerKind]| {
        let findings = scan(&chain(kinds)).into_iter();
        let mut own = findings.filter(|finding| finding.check == "api-server-always-allow");
        own.next().map(|finding| finding.confidence)
    };
    assert_eq!(
        sure(&[
            AuthorizerKind::Node,
            AuthorizerKind::Rbac,
            AuthorizerKind::AlwaysAllow
        ]),
        Some(Confidence::High)
    );
    assert_eq!(
        sure(&[AuthorizerKind::Webhook, AuthorizerKind::AlwaysAllow]),
        Some(Confidence::Medium)
    );
    assert_eq!(
        sure(&[AuthorizerKind::AlwaysAllow, AuthorizerKind::Webhook]),
        Some(Confidence::High)
    );
    assert_eq!(
        sure(&[AuthorizerKind::AlwaysDeny, AuthorizerKind::AlwaysAllow]),
        None
    );
    assert_eq!(sure(&[AuthorizerKind::Node, AuthorizerKind::Rbac]), None);
}

fn binding(namespace: &str, name: &str) -> RoleBinding {
    RoleBinding {
        meta: meta(namespace, name),
        role: RoleReference {
            kind: "ClusterRole".to_owned(),
            name: name.to_owned(),
        },
        subjects: vec![Subject {
            kind: SubjectKind::User,
            name: "jane".to_owned(),
            namespace: None,
        }],
    }
}

#[test]
fn the_fix_of_a_star_for_paths_is_about_paths() {
    let paths = PolicyRule {
        verbs: vec!["get".to_owned()],
        non_resource_urls: vec!["*".to_owned()],
        ..PolicyRule::default()
    };
    let kinds = PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["*".to_owned()],
        ..PolicyRule::default()
    };
    let fix = |rules: Vec<PolicyRule>| {
        let estate = live(|cluster| {
            cluster.roles = vec![Role {
                meta: meta("", "wide"),
                rules,
                ..Role::default()
            }];
            cluster.bindings = vec![binding("", "wide")];
        });
        let findings = scan(&estate).into_iter();
        let mut own = findings.filter(|finding| finding.check == "wildcard-resources");
        let fix = own.next().expect("a finding").fix;
        (
            fix.contains("list the paths"),
            fix.contains("list the resources"),
        )
    };
    assert_eq!(fix(vec![paths.clone()]), (true, false));
    assert_eq!(fix(vec![kinds.clone()]), (false, true));
    assert_eq!(fix(vec![kinds, paths]), (true, true));
}

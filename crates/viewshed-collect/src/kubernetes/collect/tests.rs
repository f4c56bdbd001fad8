use std::time::Duration;

use serde_json::{Value, json};
use viewshed_model::{ConfigKind, GapReason};

use super::collect;
use crate::fake_server::{Asked, Reply};
use crate::kubernetes::Limits;
use crate::kubernetes::testing::{
    client_of, forbidden, gaps_about, limits, list, ok, pods, read, server,
};
use crate::progress::Quiet;

#[tokio::test]
async fn every_listed_kind_is_read() {
    let kinds = &[
        "!/namespaces/Namespace",
        "/pods/Pod",
        "/configmaps/ConfigMap",
        "example.com/widgets/Widget",
        "!rbac.authorization.k8s.io/clusterroles/ClusterRole",
    ];
    let server = server(kinds, |asked| {
        Some(match asked.path() {
            "/api/v1/namespaces" => list(asked, "Namespace", &["shop"], &json!({})),
            "/api/v1/pods" => list(asked, "Pod", &["shop/cart"], &json!({})),
            "/api/v1/configmaps" => list(asked, "ConfigMap", &["shop/settings"], &json!({})),
            "/apis/example.com/v1/widgets" => list(asked, "Widget", &["shop/w"], &json!({})),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles" => {
                list(asked, "ClusterRole", &["view"], &json!({}))
            }
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(gaps, []);
    assert_eq!(pods(&cluster), ["shop/cart"]);
    assert_eq!(cluster.namespaces.len(), 1);
    assert_eq!(cluster.configs[0].kind, ConfigKind::ConfigMap);
    assert_eq!(cluster.roles[0].meta.name, "view");
    assert_eq!(cluster.others[0].kind, "Widget");
    assert_eq!(cluster.api_resources.len(), 5);
    assert_eq!(cluster.version.unwrap().git_version, "v1.37.2");
    assert_eq!(cluster.health.len(), 2);
    assert!(cluster.is_live);
}

/// The one config map whose values decide on connections is asked for by its name, where the cluster has it.
#[tokio::test]
async fn settings_of_the_network_plugin_are_read_by_name() {
    let kinds = &["/configmaps/ConfigMap"];
    let named = "/api/v1/namespaces/kube-system/configmaps/cilium-config";
    for (place, is_allowed) in [
        ("kube-system/cilium-config", true),
        ("kube-system/cilium-config", false),
        ("shop/cilium-config", true),
    ] {
        let server = server(kinds, move |asked| {
            Some(match asked.path() {
                "/api/v1/configmaps" => list(asked, "ConfigMap", &[place], &json!({})),
                path if path == named && is_allowed => ok(&json!({
                    "kind": "ConfigMap", "apiVersion": "v1",
                    "metadata": {"namespace": "kube-system", "name": "cilium-config"},
                    "data": {"kube-proxy-replacement": "true", "other": "value"},
                })),
                path if path == named => forbidden(),
                _ => return None,
            })
        })
        .await;
        let (cluster, gaps) = read(&server).await;
        let settings: Vec<&str> = cluster
            .network_settings
            .iter()
            .map(|setting| setting.spec_json.as_str())
            .collect();
        let is_asked = server.asked().iter().any(|asked| asked.path() == named);
        let is_there = place.starts_with("kube-system");
        assert_eq!(is_asked, is_there, "{place}");
        if is_there && is_allowed {
            assert_eq!(settings, [r#"{"kube-proxy-replacement":"true"}"#]);
        } else {
            assert_eq!(settings, [""; 0], "{place}");
        }
        let wanted: &[(GapReason, u64)] = if is_allowed {
            &[]
        } else {
            &[(GapReason::Forbidden, 1)]
        };
        assert_eq!(gaps_about(&gaps, "cilium-config"), wanted);
        let unread = cluster.unread_kinds.iter().map(|kind| kind.kind.as_str());
        let unread: Vec<&str> = unread.collect();
        assert_eq!(unread.contains(&"ConfigMap"), !is_allowed, "{unread:?}");
    }
}

#[tokio::test]
async fn nothing_leaves_but_reads_and_reviews() {
    let kinds = &[
        "!/namespaces/Namespace",
        "!/nodes/Node",
        "/pods/Pod",
        "/secrets/Secret",
    ];
    let server = server(kinds, |asked| {
        Some(match asked.path() {
            "/api/v1/namespaces" => list(asked, "Namespace", &["shop"], &json!({})),
            "/api/v1/nodes" => list(asked, "Node", &["worker-1"], &json!({})),
            "/api/v1/pods" => forbidden(),
            path if path.starts_with("/apis/authorization.k8s.io/v1/") => Reply::Json(
                201,
                r#"{"status":{"allowed":true,"resourceRules":[],"incomplete":true}}"#.to_owned(),
            ),
            _ => return None,
        })
    })
    .await;
    read(&server).await;
    let asked = server.asked();
    assert!(
        asked
            .iter()
            .any(|asked| asked.path() == "/api/v1/nodes/worker-1/proxy/configz")
    );
    assert!(
        asked
            .iter()
            .any(|asked| asked.path() == "/api/v1/namespaces/shop/pods")
    );
    for asked in asked {
        match asked.method.as_str() {
            "GET" => assert_eq!(asked.body, "", "{}", asked.target),
            "POST" => assert!(
                [
                    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                ]
                .contains(&asked.target.as_str()),
                "{}",
                asked.target
            ),
            other => panic!("{other} {}", asked.target),
        }
    }
}

/// A server with one secret, that gives as much of it as it is asked for.
fn secret(asked: &Asked) -> Reply {
    let value = "aHVudGVyMg==";
    let annotation = format!("{{\"data\":{{\"password\":\"{value}\"}}}}");
    let metadata = json!({
        "namespace": "shop", "name": "login",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": annotation},
    });
    match asked.header("accept") {
        accept if accept.contains("as=Table") => {
            let object = match asked.query("includeObject") {
                Some("None") => Value::Null,
                _ => json!({"kind": "PartialObjectMetadata", "metadata": metadata}),
            };
            ok(&json!({
                "kind": "Table",
                "columnDefinitions": [{"name": "Name"}, {"name": "Type"}, {"name": "Data"}],
                "rows": [{"cells": ["login", "kubernetes.io/tls", 1], "object": object}],
            }))
        }
        accept if accept.contains("PartialObjectMetadataList") => {
            ok(&json!({"kind": "PartialObjectMetadataList", "items": [{"metadata": metadata}]}))
        }
        _ => ok(&json!({
            "kind": "SecretList",
            "items": [{"metadata": metadata, "data": {"password": value}}],
        })),
    }
}

#[tokio::test]
async fn no_value_of_a_secret_crosses_the_wire() {
    let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&sent);
    let kinds = &["!/namespaces/Namespace", "/secrets/Secret"];
    let server = server(kinds, move |asked| {
        let reply = match asked.path() {
            "/api/v1/namespaces" => list(asked, "Namespace", &["shop"], &json!({})),
            "/api/v1/secrets" | "/api/v1/namespaces/shop/secrets" => secret(asked),
            _ => return None,
        };
        log.lock().unwrap().push(format!("{reply:?}"));
        Some(reply)
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(gaps, []);
    let sent = sent.lock().unwrap();
    assert!(sent.iter().any(|reply| reply.contains("login")));
    assert!(!sent.iter().any(|reply| reply.contains("aHVudGVyMg")));
    let found = &cluster.configs[0];
    assert_eq!(found.meta.full_name(), "shop/login");
    assert_eq!(found.secret_type, "kubernetes.io/tls");
    assert_eq!(found.keys, ["tls.crt", "tls.key"]);
}

#[tokio::test]
async fn one_bad_kind_does_not_hide_the_others() {
    for (bad, reason) in [
        (Reply::Hang, GapReason::TimedOut),
        (Reply::Drip, GapReason::TimedOut),
        (
            Reply::Json(200, "<html>hello</html>".to_owned()),
            GapReason::Malformed,
        ),
        (
            Reply::Json(200, r#"{"kind":"PodList","ite"#.to_owned()),
            GapReason::Malformed,
        ),
        (Reply::Json(500, "oops".to_owned()), GapReason::Unreachable),
        (Reply::Json(406, "{}".to_owned()), GapReason::Unsupported),
        (Reply::Raw(b"\xff\xff\xff".to_vec()), GapReason::Truncated),
        (forbidden(), GapReason::Forbidden),
    ] {
        let shown = format!("{bad:?}");
        let server = server(&["!/nodes/Node", "/pods/Pod"], move |asked| {
            Some(match asked.path() {
                "/api/v1/nodes" => bad.clone(),
                "/api/v1/pods" => list(asked, "Pod", &["a/1"], &json!({})),
                _ => return None,
            })
        })
        .await;
        let (cluster, gaps) = read(&server).await;
        assert_eq!(pods(&cluster), ["a/1"], "{shown}");
        assert_eq!(
            gaps_about(&gaps, "list `nodes`"),
            [(reason, 1)],
            "{shown}: {gaps:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_kind_is_a_gap_that_says_what_to_grant() {
    let server = server(&["apps/deployments/Deployment"], |asked| {
        (asked.path() == "/apis/apps/v1/deployments").then(forbidden)
    })
    .await;
    let (_, gaps) = read(&server).await;
    assert_eq!(gaps[0].what, "list `deployments.apps` in all namespaces");
    assert_eq!(gaps[0].detail, "status 403: no such permission");
    assert!(
        gaps[0]
            .hint
            .starts_with("grant `list` on `deployments.apps`"),
        "{}",
        gaps[0].hint
    );
}

#[tokio::test]
async fn a_refused_kind_is_read_where_the_rules_of_a_namespace_allow_it() {
    let kinds = &["!/namespaces/Namespace", "/pods/Pod", "/services/Service"];
    let server = server(kinds, |asked| {
        Some(match asked.path() {
            "/api/v1/namespaces" => list(asked, "Namespace", &["a", "b"], &json!({})),
            "/api/v1/pods" | "/api/v1/services" => forbidden(),
            "/api/v1/namespaces/a/pods" => list(asked, "Pod", &["a/1"], &json!({})),
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
                let resources = if asked.body.contains(r#""namespace":"a""#) {
                    json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}])
                } else {
                    json!([])
                };
                let status = json!({"incomplete": false, "resourceRules": resources});
                Reply::Json(201, json!({"status": status}).to_string())
            }
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(pods(&cluster), ["a/1"]);
    assert_eq!(gaps.len(), 2);
    assert!(
        gaps[0].hint.ends_with("read in 1 of 2 namespaces"),
        "{}",
        gaps[0].hint
    );
    assert!(
        gaps[1].hint.ends_with("read in 0 of 2 namespaces"),
        "{}",
        gaps[1].hint
    );
    let asked = server.asked();
    assert!(
        !asked
            .iter()
            .any(|asked| asked.path() == "/api/v1/namespaces/b/pods")
    );
    assert!(
        !asked
            .iter()
            .any(|asked| asked.path().ends_with("a/services"))
    );
}

#[tokio::test]
async fn what_strangers_get_is_asked_without_a_credential() {
    let server = server(&["/pods/Pod"], |asked| {
        asked
            .header("authorization")
            .is_empty()
            .then(|| match asked.path() {
                "/version" => ok(&json!({})),
                _ => Reply::Json(401, "{}".to_owned()),
            })
    })
    .await;
    let (cluster, _) = read(&server).await;
    let open: Vec<&str> = cluster
        .anonymous
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.path.as_str())
        .collect();
    assert_eq!(open, ["/version"]);
    assert!(cluster.anonymous.len() > 10);
    assert!(
        cluster
            .anonymous
            .is_sorted_by_key(|answer| answer.path.clone())
    );
}

#[tokio::test]
async fn kubelets_are_asked_only_where_that_is_allowed() {
    for allowed in [true, false] {
        let server = server(&["!/nodes/Node"], move |asked| {
            Some(match asked.path() {
                "/api/v1/nodes" => list(asked, "Node", &["a", "b"], &json!({})),
                "/api/v1/nodes/a/proxy/configz" => {
                    ok(&json!({"kubeletconfig": {"authorization": {"mode": "AlwaysAllow"}}}))
                }
                "/api/v1/nodes/b/proxy/configz" => Reply::Hang,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                    Reply::Json(201, json!({"status": {"allowed": allowed}}).to_string())
                }
                _ => return None,
            })
        })
        .await;
        let limits = Limits {
            kubelet_time_max: Duration::from_millis(100),
            ..limits()
        };
        let client = client_of(&server, limits).await;
        let (cluster, gaps) = collect(&client, &Quiet).await.unwrap();
        let modes: Vec<Option<String>> = cluster
            .nodes
            .iter()
            .map(|node| Some(node.kubelet.as_ref()?.authorization_mode.clone()))
            .collect();
        if allowed {
            assert_eq!(modes, [Some("AlwaysAllow".to_owned()), None]);
            assert_eq!(
                gaps_about(&gaps, "settings of `b`"),
                [(GapReason::TimedOut, 1)]
            );
        } else {
            assert_eq!(modes, [None, None]);
            assert_eq!(
                gaps_about(&gaps, "nodes/proxy"),
                [(GapReason::Forbidden, 2)]
            );
        }
    }
}

const MANY_KINDS: &[&str] = &[
    "example.com/widgetsa/WidgetA",
    "example.com/widgetsb/WidgetB",
    "example.com/widgetsc/WidgetC",
    "example.com/widgetsd/WidgetD",
    "example.com/widgetse/WidgetE",
    "example.com/widgetsf/WidgetF",
    "example.com/widgetsg/WidgetG",
    "example.com/widgetsh/WidgetH",
    "example.com/widgetsi/WidgetI",
    "example.com/widgetsj/WidgetJ",
    "example.com/widgetsk/WidgetK",
    "example.com/widgetsl/WidgetL",
    "example.com/widgetsm/WidgetM",
    "example.com/widgetsn/WidgetN",
    "example.com/widgetso/WidgetO",
    "example.com/widgetsp/WidgetP",
    "example.com/widgetsq/WidgetQ",
    "example.com/widgetsr/WidgetR",
    "example.com/widgetss/WidgetS",
    "example.com/widgetst/WidgetT",
];

#[tokio::test]
async fn a_server_that_stops_answering_is_left_after_some_tries() {
    let server = server(MANY_KINDS, |asked| {
        asked.path().contains("/v1/").then_some(Reply::Hang)
    })
    .await;
    let hasty = Limits {
        answer_time_max: Duration::from_millis(300),
        timeouts_max: 3,
        ..limits()
    };
    let client = client_of(&server, hasty).await;
    let (_, gaps) = collect(&client, &Quiet).await.unwrap();
    let lists = |detail: &str| {
        gaps.iter()
            .filter(|gap| gap.what.starts_with("list") && gap.detail.contains(detail))
            .count()
    };
    // Those that are under way run into the limit; a few may start before the third of them has.
    let (tried, not_asked) = (lists("no complete answer"), lists("not asked"));
    assert_eq!(tried + not_asked, MANY_KINDS.len(), "{gaps:?}");
    assert!((3..=10).contains(&tried), "{gaps:?}");
}

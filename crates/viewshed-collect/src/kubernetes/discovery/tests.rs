use serde_json::{Value, json};
use viewshed_model::GapReason;

use crate::fake_server::Reply;
use crate::kubernetes::testing::{
    client_of, forbidden, gaps_about, limits, list, ok, pods, read, server,
};
use crate::kubernetes::{Limits, collect};
use crate::progress::Quiet;

#[tokio::test]
async fn events_of_both_groups_are_read_once() {
    let kinds = &["/events/Event", "events.k8s.io/events/Event"];
    let server = server(kinds, |asked| {
        asked
            .path()
            .ends_with("/events")
            .then(|| list(asked, "Event", &["a/1"], &json!({})))
    })
    .await;
    let (cluster, _) = read(&server).await;
    assert_eq!(cluster.others.len(), 1);
}

#[tokio::test]
async fn a_group_that_does_not_answer_is_a_gap() {
    let server = server(&["/pods/Pod"], |asked| {
        Some(match asked.path() {
            "/api" => ok(&json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/api/v1" => ok(&json!({
                "kind": "APIResourceList", "groupVersion": "v1",
                "resources": [{"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["list"]}],
            })),
            "/apis" => ok(&json!({
                "kind": "APIGroupList",
                "groups": [{"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1"}]}],
            })),
            "/apis/metrics.k8s.io/v1beta1" => Reply::Json(503, "service unavailable".to_owned()),
            "/api/v1/pods" => list(asked, "Pod", &["a/1"], &json!({})),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(pods(&cluster), ["a/1"]);
    assert_eq!(
        gaps_about(&gaps, "`metrics.k8s.io/v1beta1`"),
        [(GapReason::Unreachable, 1)]
    );
}

#[tokio::test]
async fn a_stale_group_is_a_gap() {
    let server = server(&[], |asked| {
        (asked.path() == "/apis").then(|| {
            ok(&json!({
                "kind": "APIGroupDiscoveryList",
                "items": [{
                    "metadata": {"name": "metrics.k8s.io"},
                    "versions": [{"version": "v1beta1", "freshness": "Stale"}],
                }],
            }))
        })
    })
    .await;
    let (_, gaps) = read(&server).await;
    assert_eq!(
        gaps_about(&gaps, "metrics.k8s.io"),
        [(GapReason::Unreachable, 1)]
    );
}

/// Calico's objects are not known where its own server does not answer, unless the cluster stores them as custom
/// resources that do.
#[tokio::test]
async fn kinds_of_a_stale_group_are_unread() {
    for (stored, wanted) in [
        (None, Some("GlobalNetworkPolicy")),
        (Some("crd.projectcalico.org"), None),
    ] {
        let server = server(&[], move |asked| {
            let resource = json!({
                "resource": "globalnetworkpolicies",
                "responseKind": {"kind": "GlobalNetworkPolicy"},
                "scope": "Cluster",
                "verbs": ["get"],
            });
            let stored = stored.map(|group| {
                json!({
                    "metadata": {"name": group},
                    "versions": [{"version": "v1", "freshness": "Current", "resources": [resource]}],
                })
            });
            let stale = json!({
                "metadata": {"name": "projectcalico.org"},
                "versions": [{"version": "v3", "freshness": "Stale"}],
            });
            let items: Vec<Value> = std::iter::once(stale).chain(stored).collect();
            (asked.path() == "/apis").then(|| {
                ok(&json!({ "kind": "APIGroupDiscoveryList", "items": items }))
            })
        })
        .await;
        let (cluster, _) = read(&server).await;
        let first = cluster.unread_kinds.first();
        assert_eq!(first.map(|kind| kind.kind.as_str()), wanted);
    }
}

#[tokio::test]
async fn without_permission_for_discovery_the_usual_kinds_are_tried() {
    let server = server(&[], |asked| {
        Some(match asked.path() {
            "/api" | "/apis" => forbidden(),
            "/api/v1/pods" => list(asked, "Pod", &["a/1"], &json!({})),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(pods(&cluster), ["a/1"]);
    assert_eq!(gaps_about(&gaps, "(`/api`)"), [(GapReason::Forbidden, 1)]);
}

#[tokio::test]
async fn discovery_that_fails_is_the_only_error() {
    let server = server(&[], |asked| {
        (asked.path() == "/api").then(|| Reply::Json(200, "<html>".to_owned()))
    })
    .await;
    let client = client_of(&server, limits()).await;
    let error = collect(&client, &Quiet).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not answer like a Kubernetes API server"),
        "{error}"
    );
}

#[tokio::test]
async fn kinds_beyond_the_limit_are_counted() {
    let server = server(
        &["/configmaps/ConfigMap", "/events/Event", "/pods/Pod"],
        |_| None,
    )
    .await;
    let limits = Limits {
        kinds_max: 1,
        ..limits()
    };
    let client = client_of(&server, limits).await;
    let (_, gaps) = collect(&client, &Quiet).await.unwrap();
    assert_eq!(
        gaps_about(&gaps, "list all kinds"),
        [(GapReason::TooLarge, 2)]
    );
}

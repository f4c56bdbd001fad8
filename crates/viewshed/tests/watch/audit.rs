//! Kubernetes audit events (`audit.k8s.io/v1`) as kube-apiserver writes them.

use jiff::{Span, Timestamp};
use serde_json::{Value, json};

/// What an intruder with a stolen token of `shop/cart` looks at, one kind after the other.
const KINDS: [(&str, &str); 12] = [
    ("", "pods"),
    ("", "secrets"),
    ("", "nodes"),
    ("", "services"),
    ("", "configmaps"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("", "namespaces"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("networking.k8s.io", "networkpolicies"),
];

/// One request for a list, complete and allowed.
pub(crate) fn list(user: &str, number: u64, at: Timestamp) -> Value {
    let place = usize::try_from(number).unwrap();
    let (group, resource) = KINDS[place % KINDS.len()];
    let root = if group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{group}/v1")
    };
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
        "auditID": format!("00000000-0000-4000-8000-{number:012}"), "stage": "ResponseComplete",
        "requestURI": format!("{root}/{resource}?limit=500"), "verb": "list",
        "user": {"username": user, "groups": ["system:serviceaccounts", "system:authenticated"]},
        "sourceIPs": ["203.0.113.9"], "userAgent": "curl/8.5.0",
        "objectRef": {"resource": resource, "apiGroup": group, "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": at.to_string(), "stageTimestamp": at.to_string(),
        "annotations": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": "RBAC: allowed by ClusterRoleBinding \"view-all\" of ClusterRole \
                \"view-all\" to ServiceAccount \"cart/shop\"",
        },
    })
}

/// The lists with these numbers, one a second from `start` on, as lines of a log.
pub(crate) fn lines(start: Timestamp, numbers: std::ops::Range<u64>) -> String {
    let line = |number: u64| {
        let at = start + Span::new().seconds(i64::try_from(number).unwrap());
        list("system:serviceaccount:shop:cart", number, at).to_string() + "\n"
    };
    numbers.map(line).collect()
}

/// The same as the body of an audit webhook (`EventList`).
pub(crate) fn body(start: Timestamp, numbers: std::ops::Range<u64>) -> String {
    let items: Vec<Value> = lines(start, numbers)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items})
        .to_string()
}

/// A quarter of an hour ago, on a whole second: near enough to now to be believed at once.
pub(crate) fn recently() -> Timestamp {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now - 15 * 60).unwrap()
}

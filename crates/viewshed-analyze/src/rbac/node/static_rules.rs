//! What every node may do, whichever node it is
//! (`NodeRules` in `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).

use super::super::ResourceQuestion;
use super::super::versions::Features;

/// API group, combined resource, verbs. Resources that the authorizer subdivides are left out,
/// except where old versions do not subdivide them.
const RULES: &[(&str, &str, &[&str])] = &[
    ("authentication.k8s.io", "tokenreviews", &["create"]),
    ("authorization.k8s.io", "subjectaccessreviews", &["create"]),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        &["create"],
    ),
    ("", "services", READ),
    ("", "events", &["create", "update", "patch"]),
    ("", "endpoints", &["get"]),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        &["create", "get", "list", "watch"],
    ),
    ("storage.k8s.io", "csidrivers", READ),
    ("node.k8s.io", "runtimeclasses", READ),
];

const READ: &[&str] = &["get", "list", "watch"];

/// Before `AuthorizeNodeWithSelectors` nodes and pods were not subdivided.
const WITHOUT_SELECTORS: &[(&str, &str, &[&str])] = &[
    (
        "",
        "nodes",
        &["create", "get", "list", "watch", "update", "patch"],
    ),
    ("", "nodes/status", &["update", "patch"]),
    ("", "pods", &["get", "list", "watch", "create", "delete"]),
    ("", "pods/status", &["update", "patch"]),
    ("", "pods/eviction", &["create"]),
];

pub(super) fn allow(features: Features, asked: &ResourceQuestion<'_>) -> bool {
    any(RULES, asked)
        || (!features.node_with_selectors && any(WITHOUT_SELECTORS, asked))
        || (features.node_writes_new_events
            && any(
                &[("events.k8s.io", "events", &["create", "update", "patch"])],
                asked,
            ))
        || (features.trust_bundles
            && any(
                &[("certificates.k8s.io", "clustertrustbundles", READ)],
                asked,
            ))
}

fn any(rules: &[(&str, &str, &[&str])], asked: &ResourceQuestion<'_>) -> bool {
    rules.iter().any(|(group, resource, verbs)| {
        *group == asked.api_group && verbs.contains(&asked.verb) && is_combined(resource, asked)
    })
}

fn is_combined(rule: &str, asked: &ResourceQuestion<'_>) -> bool {
    if asked.subresource.is_empty() {
        return rule == asked.resource;
    }
    rule.strip_prefix(asked.resource)
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|rest| rest == asked.subresource)
}

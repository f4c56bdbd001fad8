//! How much a rule reaches: everything, what leads to control, other kinds of the server, or kinds
//! that an extension defined for itself.

use viewshed_model::PolicyRule;

/// What a rule's groups and resources reach, regardless of its verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::checks) enum Breadth {
    /// Only kinds of API groups that extensions define.
    Extensions,
    /// Kinds of the server that hold or lead to no credential.
    BuiltIn,
    /// Secrets, pods and what makes pods, access rules, certificates, admission.
    Control,
    /// Every group and every resource.
    Everything,
}

/// API groups that kube-apiserver serves itself.
const BUILT_IN_GROUPS: [&str; 22] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Resources from which one comes to credentials or to running code, by group.
/// Source: kubernetes.io, "Role Based Access Control Good Practices".
const CONTROL: [(&str, &[&str]); 8] = [
    (
        "",
        &[
            "secrets",
            "pods",
            "pods/exec",
            "pods/attach",
            "pods/ephemeralcontainers",
            "replicationcontrollers",
            "serviceaccounts",
            "serviceaccounts/token",
            "nodes",
            "nodes/proxy",
            "users",
            "groups",
            "persistentvolumes",
        ],
    ),
    (
        "apps",
        &["deployments", "daemonsets", "statefulsets", "replicasets"],
    ),
    ("batch", &["jobs", "cronjobs"]),
    ("extensions", &["deployments", "daemonsets", "replicasets"]),
    (
        "rbac.authorization.k8s.io",
        &[
            "roles",
            "clusterroles",
            "rolebindings",
            "clusterrolebindings",
        ],
    ),
    (
        "certificates.k8s.io",
        &[
            "certificatesigningrequests",
            "certificatesigningrequests/approval",
            "signers",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
    ),
    (
        "authentication.k8s.io",
        &["users", "groups", "serviceaccounts", "uids", "userextras"],
    ),
];

/// Judges the groups and resources of a rule.
pub(in crate::checks) fn breadth(rule: &PolicyRule) -> Breadth {
    let every_group = rule.api_groups.iter().any(|group| group == "*");
    let every_resource = rule.resources.iter().any(|resource| resource == "*");
    if every_group && every_resource {
        return Breadth::Everything;
    }
    let has_group = |group: &str| every_group || rule.api_groups.iter().any(|g| g == group);
    let leads_to_control = CONTROL.iter().any(|(group, resources)| {
        has_group(group)
            && (every_resource
                || rule
                    .resources
                    .iter()
                    .any(|resource| resources.contains(&resource.as_str())))
    });
    if leads_to_control {
        return Breadth::Control;
    }
    let is_built_in = every_group
        || rule
            .api_groups
            .iter()
            .any(|group| BUILT_IN_GROUPS.contains(&group.as_str()));
    if is_built_in {
        Breadth::BuiltIn
    } else {
        Breadth::Extensions
    }
}

/// Whether the rule reads at all.
pub(in crate::checks) fn reads(rule: &PolicyRule) -> bool {
    rule.verbs
        .iter()
        .any(|verb| matches!(verb.as_str(), "get" | "list" | "watch" | "*"))
}

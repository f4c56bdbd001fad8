//! Words for kinds of resources: plurals, singulars, kinds and short names.

use viewshed_model::{ApiResource, Cluster};

/// A resource kind that a word named.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) resource: String,
    pub(super) namespaced: bool,
}

impl Kind {
    pub(super) fn has_subresource(&self, cluster: &Cluster, name: &str) -> bool {
        let combined = format!("{}/{name}", self.resource);
        let known = cluster
            .api_resources
            .iter()
            .any(|served| served.group == self.group && served.resource == combined);
        known || name == "*" || SUBRESOURCES.contains(&(self.resource.as_str(), name))
    }
}

/// Subresources that a word may mean when the cluster's discovery was not read.
const SUBRESOURCES: [(&str, &str); 18] = [
    ("pods", "attach"),
    ("pods", "binding"),
    ("pods", "ephemeralcontainers"),
    ("pods", "eviction"),
    ("pods", "exec"),
    ("pods", "log"),
    ("pods", "portforward"),
    ("pods", "proxy"),
    ("pods", "status"),
    ("nodes", "metrics"),
    ("nodes", "proxy"),
    ("nodes", "stats"),
    ("nodes", "log"),
    ("nodes", "status"),
    ("services", "proxy"),
    ("serviceaccounts", "token"),
    ("deployments", "scale"),
    ("certificatesigningrequests", "approval"),
];

/// Built-in kinds: short name or empty, singular, plural, group, namespaced
/// (`kubectl api-resources` of a cluster without extensions).
const BUILT_IN: [(&str, &str, &str, &str, bool); 38] = [
    ("po", "pod", "pods", "", true),
    ("svc", "service", "services", "", true),
    ("no", "node", "nodes", "", false),
    ("ns", "namespace", "namespaces", "", false),
    ("cm", "configmap", "configmaps", "", true),
    ("", "secret", "secrets", "", true),
    ("sa", "serviceaccount", "serviceaccounts", "", true),
    ("ep", "endpoints", "endpoints", "", true),
    ("ev", "event", "events", "", true),
    ("pv", "persistentvolume", "persistentvolumes", "", false),
    (
        "pvc",
        "persistentvolumeclaim",
        "persistentvolumeclaims",
        "",
        true,
    ),
    (
        "rc",
        "replicationcontroller",
        "replicationcontrollers",
        "",
        true,
    ),
    ("cs", "componentstatus", "componentstatuses", "", false),
    ("", "podtemplate", "podtemplates", "", true),
    ("limits", "limitrange", "limitranges", "", true),
    ("quota", "resourcequota", "resourcequotas", "", true),
    ("", "user", "users", "", false),
    ("", "group", "groups", "", false),
    ("deploy", "deployment", "deployments", "apps", true),
    ("ds", "daemonset", "daemonsets", "apps", true),
    ("sts", "statefulset", "statefulsets", "apps", true),
    ("rs", "replicaset", "replicasets", "apps", true),
    (
        "",
        "controllerrevision",
        "controllerrevisions",
        "apps",
        true,
    ),
    ("", "job", "jobs", "batch", true),
    ("cj", "cronjob", "cronjobs", "batch", true),
    ("ing", "ingress", "ingresses", "networking.k8s.io", true),
    (
        "netpol",
        "networkpolicy",
        "networkpolicies",
        "networking.k8s.io",
        true,
    ),
    ("", "role", "roles", "rbac.authorization.k8s.io", true),
    (
        "",
        "rolebinding",
        "rolebindings",
        "rbac.authorization.k8s.io",
        true,
    ),
    (
        "",
        "clusterrole",
        "clusterroles",
        "rbac.authorization.k8s.io",
        false,
    ),
    (
        "",
        "clusterrolebinding",
        "clusterrolebindings",
        "rbac.authorization.k8s.io",
        false,
    ),
    (
        "crd",
        "customresourcedefinition",
        "customresourcedefinitions",
        "apiextensions.k8s.io",
        false,
    ),
    (
        "csr",
        "certificatesigningrequest",
        "certificatesigningrequests",
        "certificates.k8s.io",
        false,
    ),
    (
        "",
        "endpointslice",
        "endpointslices",
        "discovery.k8s.io",
        true,
    ),
    ("", "lease", "leases", "coordination.k8s.io", true),
    (
        "hpa",
        "horizontalpodautoscaler",
        "horizontalpodautoscalers",
        "autoscaling",
        true,
    ),
    (
        "pdb",
        "poddisruptionbudget",
        "poddisruptionbudgets",
        "policy",
        true,
    ),
    (
        "sc",
        "storageclass",
        "storageclasses",
        "storage.k8s.io",
        false,
    ),
];

/// Group, plural and scope of `deploy`, `Deployment`, `deployments` or `deployments.apps`; an unknown word
/// stands for itself.
pub(super) fn resolve(cluster: &Cluster, word: &str) -> Kind {
    let lower = word.to_ascii_lowercase();
    find(cluster, &lower).unwrap_or_else(|| {
        let (name, group) = lower.split_once('.').unwrap_or((&lower, ""));
        let group = without_version(group);
        Kind {
            group: group.to_owned(),
            resource: name.to_owned(),
            namespaced: true,
        }
    })
}

/// The group of `TYPE.VERSION.GROUP`, in which rules have no version (`ParseResourceArg` in apimachinery's
/// `pkg/runtime/schema`).
fn without_version(group: &str) -> &str {
    match group.split_once('.') {
        Some((version, rest)) if is_version(version) => rest,
        _ => group,
    }
}

/// `v1`, `v2beta3`: what Kubernetes calls versions (apimachinery `pkg/version/helpers.go`).
fn is_version(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('v') else {
        return false;
    };
    let major = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let minor = major.strip_prefix("alpha").or(major.strip_prefix("beta"));
    let is_minor = minor.is_some_and(|minor| {
        !minor.is_empty() && minor.bytes().all(|letter| letter.is_ascii_digit())
    });
    major.len() < rest.len() && (major.is_empty() || is_minor)
}

/// The kind that a word means, in this cluster or among the built-in ones.
pub(super) fn find(cluster: &Cluster, word: &str) -> Option<Kind> {
    let lower = word.to_ascii_lowercase();
    let (name, group) = match lower.split_once('.') {
        Some((name, group)) => (name, Some(without_version(group))),
        None => (lower.as_str(), None),
    };
    let served = |is_named: &dyn Fn(&ApiResource) -> bool| {
        let found = cluster
            .api_resources
            .iter()
            .find(|served| group.is_none_or(|group| served.group == group) && is_named(served));
        found.map(|served| Kind {
            group: served.group.clone(),
            resource: served.resource.clone(),
            namespaced: served.namespaced,
        })
    };
    let by_name =
        served(&|served| served.resource == name || served.kind.eq_ignore_ascii_case(name));
    if by_name.is_some() {
        return by_name;
    }
    let built_in = BUILT_IN
        .iter()
        .find(|(short, singular, plural, in_group, _)| {
            [*short, *singular, *plural].contains(&name)
                && group.is_none_or(|group| *in_group == group)
        });
    let built_in = built_in.map(|(_, _, plural, group, namespaced)| Kind {
        group: (*group).to_owned(),
        resource: (*plural).to_owned(),
        namespaced: *namespaced,
    });
    built_in.or_else(|| {
        served(&|served| {
            let mut others = served.other_names.iter();
            others.any(|other| other.eq_ignore_ascii_case(name))
        })
    })
}

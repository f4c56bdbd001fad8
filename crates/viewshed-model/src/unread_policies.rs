//! Network policies that a server did not give.

use serde::{Deserialize, Serialize};

use crate::ApiResource;

/// Groups whose resources called `...networkpolicies` decide on connections.
const POLICY_GROUPS: [&str; 6] = [
    "networking.k8s.io",
    "policy.networking.k8s.io",
    "projectcalico.org",
    "crd.projectcalico.org",
    "cilium.io",
    "crd.antrea.io",
];

/// A kind of network policies of which the server did not give every object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnreadPolicies {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespaces whose objects were given all the same, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_namespaces: Vec<String>,
}

impl UnreadPolicies {
    /// For a resource that is one of network policies; `None` for any other.
    pub fn of(api: &ApiResource, mut read_namespaces: Vec<String>) -> Option<Self> {
        let is_policies = POLICY_GROUPS.contains(&api.group.as_str())
            && api.resource.ends_with("networkpolicies")
            && !api.resource.starts_with("staged");
        read_namespaces.sort();
        is_policies.then(|| Self {
            group: api.group.clone(),
            kind: api.kind.clone(),
            read_namespaces,
        })
    }
}

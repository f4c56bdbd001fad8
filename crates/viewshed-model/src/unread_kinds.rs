//! Kinds of objects that a server did not give, and on which connections hang.

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

/// Further resources, with their groups: what policies lean on, and what leads to pods.
const FURTHER: [(&str, &str); 15] = [
    ("", "pods"),
    ("", "services"),
    ("networking.k8s.io", "ingresses"),
    ("gateway.networking.k8s.io", "gateways"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("gateway.networking.k8s.io", "tcproutes"),
    ("gateway.networking.k8s.io", "tlsroutes"),
    ("crd.projectcalico.org", "globalnetworksets"),
    ("crd.projectcalico.org", "hostendpoints"),
    ("crd.projectcalico.org", "networksets"),
    ("crd.projectcalico.org", "tiers"),
    ("projectcalico.org", "globalnetworksets"),
    ("projectcalico.org", "hostendpoints"),
    ("projectcalico.org", "networksets"),
    ("projectcalico.org", "tiers"),
];

/// Kinds of [`POLICY_GROUPS`] and what policies lean on, by group.
const KINDS: [(&str, &[&str]); 6] = [
    ("networking.k8s.io", &["NetworkPolicy"]),
    (
        "policy.networking.k8s.io",
        &[
            "AdminNetworkPolicy",
            "BaselineAdminNetworkPolicy",
            "ClusterNetworkPolicy",
        ],
    ),
    ("projectcalico.org", CALICO),
    ("crd.projectcalico.org", CALICO),
    (
        "cilium.io",
        &["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"],
    ),
    ("crd.antrea.io", &["ClusterNetworkPolicy", "NetworkPolicy"]),
];

const CALICO: &[&str] = &[
    "GlobalNetworkPolicy",
    "GlobalNetworkSet",
    "HostEndpoint",
    "NetworkPolicy",
    "NetworkSet",
    "Tier",
];

/// A kind of which the server did not give every object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnreadKind {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespaces whose objects were given all the same, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_namespaces: Vec<String>,
}

impl UnreadKind {
    /// For a resource on which connections hang; `None` for any other.
    pub fn of(api: &ApiResource, mut read_namespaces: Vec<String>) -> Option<Self> {
        let (group, resource) = (api.group.as_str(), api.resource.as_str());
        let is_policies = POLICY_GROUPS.contains(&group)
            && resource.ends_with("networkpolicies")
            && !resource.starts_with("staged");
        read_namespaces.sort();
        (is_policies || FURTHER.contains(&(group, resource))).then(|| Self {
            group: api.group.clone(),
            kind: api.kind.clone(),
            read_namespaces,
        })
    }

    /// Every such kind of a group, of which nothing is known at all.
    pub fn of_group(group: &str) -> impl Iterator<Item = Self> {
        let own = KINDS.iter().filter(move |(known, _)| *known == group);
        own.flat_map(|(group, kinds)| {
            kinds.iter().map(|kind| Self {
                group: (*group).to_owned(),
                kind: (*kind).to_owned(),
                read_namespaces: Vec::new(),
            })
        })
    }

    /// The settings of a network plugin in a config map, which the server did not give.
    pub fn settings() -> Self {
        Self {
            kind: "ConfigMap".to_owned(),
            ..Self::default()
        }
    }

    /// Whether it is a policy, or something that policies lean on.
    pub fn is_of_policies(&self) -> bool {
        self.kind.ends_with("NetworkPolicy")
            || matches!(
                self.kind.as_str(),
                "GlobalNetworkSet" | "HostEndpoint" | "NetworkSet" | "Tier"
            )
    }

    /// Whether objects of a namespace are missing.
    pub fn is_missing_in(&self, namespace: &str) -> bool {
        let read = &self.read_namespaces;
        read.binary_search_by(|one| one.as_str().cmp(namespace))
            .is_err()
    }
}

//! What RBAC objects grant: rules, roles and bindings.

use serde::{Deserialize, Serialize};

use crate::Subject;
use crate::meta::{LabelSelector, Meta};

/// One rule of a Role or ClusterRole (`rbacv1.PolicyRule`). `null` lists are read as empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRule {
    /// For example `get`, `list`, `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
    /// `""` is the core group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// `pods`, `pods/log`, `*/scale`, `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Empty means every name; entries are literal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths, with an optional trailing `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
}

/// A Role (with a namespace) or a ClusterRole (without).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Name, labels, position.
    pub meta: Meta,
    /// What it grants. On a live server the aggregation is already in here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PolicyRule>,
    /// `aggregationRule.clusterRoleSelectors`; `None` when the role does not aggregate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Vec<LabelSelector>>,
}

/// A RoleBinding (with a namespace) or a ClusterRoleBinding (without).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleBinding {
    /// Name, labels, position.
    pub meta: Meta,
    /// The role it grants.
    pub role: RoleReference,
    /// To whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
}

/// `roleRef` of a binding. A kind other than `Role` and `ClusterRole` grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleReference {
    /// `Role` (in the binding's namespace) or `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

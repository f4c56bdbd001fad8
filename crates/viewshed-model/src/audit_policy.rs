//! An audit policy: which requests the API server records, and how much of each.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Level, Stage};

/// `audit.k8s.io/v1` `Policy` (kubernetes/apiserver `pkg/apis/audit/v1/types.go`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditPolicy {
    /// Stages that no rule records.
    pub omit_stages: BTreeSet<Stage>,
    /// The first rule that fits a request decides; without one nothing is recorded.
    pub rules: Vec<AuditRule>,
}

/// One rule. Every part that is given must fit; a part that is empty fits everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditRule {
    /// How much is recorded of what fits.
    pub level: Level,
    /// The authenticated users, not the impersonated ones.
    pub users: Vec<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// Verbs, or lower-case HTTP methods for paths. There is no wildcard.
    pub verbs: Vec<String>,
    /// Resources.
    pub resources: Vec<AuditResources>,
    /// Namespaces; the empty one stands for cluster-scoped objects and for lists over all namespaces.
    pub namespaces: Vec<String>,
    /// Paths, with `*` alone or at the end.
    pub paths: Vec<String>,
    /// Stages that are not recorded, beside those of the policy.
    pub omit_stages: BTreeSet<Stage>,
}

/// Resources of one API group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditResources {
    /// API group without a version; empty for core. There is no wildcard.
    pub api_group: String,
    /// `pods`, `pods/log`, `pods/*`, `*/scale` or `*`; none stands for all of them.
    pub resources: Vec<String>,
    /// Object names; none stands for all of them.
    pub names: Vec<String>,
}

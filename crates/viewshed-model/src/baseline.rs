//! What is usual: the rows of `viewshed baseline show`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that an identity, or a group of peers, usually does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineRow {
    /// Whose habit it is.
    pub holder: BaselineHolder,
    /// Cluster or host; empty where the log does not name it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Identity, or the peer group in words.
    pub actor: String,
    /// `list`, `watch`, `get`, `write`, ...
    pub verb: String,
    /// Resource with group and subresource (`deployments.apps`, `pods/log`), or a path; `*` for any.
    pub kind: String,
    /// Namespace; empty for all of them in one request and for cluster-scoped kinds, `*` for any single one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// `allowed`, `refused`, `not found`, `failed`.
    pub outcome: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often, after decay, rounded.
    pub count: u64,
    /// Over how many days, from the first time to the last.
    pub days: u32,
    /// For peer groups: how many members do it.
    pub members: u32,
    /// Whether it was part of an incident and is not counted as usual.
    pub is_suspect: bool,
}

/// Whether a habit belongs to one identity or to its peers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineHolder {
    /// One identity.
    Identity,
    /// Replicas of one workload, controllers of one kind, kubelets.
    PeerGroup,
}

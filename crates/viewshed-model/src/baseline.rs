//! What is usual: the rows of `viewshed baseline show`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that an identity, or a group of peers, usually does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineRow {
    /// Whose habit it is.
    pub holder: BaselineHolder,
    /// User name, or the name of the peer group.
    pub actor: String,
    /// Verb.
    pub verb: String,
    /// Resource with group and subresource (`deployments.apps`, `pods/log`), or a path.
    pub kind: String,
    /// Namespace; empty for all of them and for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often, after decay, rounded.
    pub count: u64,
    /// On how many days.
    pub days: u32,
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

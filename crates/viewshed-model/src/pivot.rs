//! What an intruder may become from where they stand, step by step.

use serde::{Deserialize, Serialize};

use crate::{Gap, Link, MissingFact};

/// One thing that an intruder may become, and the shortest way to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pivot {
    /// What it is.
    pub kind: PivotKind,
    /// Its name: `namespace/name` of pods and service accounts, name of nodes, users and groups; empty for the others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The steps in order, each with its evidence. Never empty.
    pub steps: Vec<Link>,
    /// What one is after each step; the last is the thing itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<PivotStop>,
    /// Facts that every step must find fulfilled; empty when the way is certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<MissingFact>,
}

/// A thing on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PivotStop {
    /// What it is.
    pub kind: PivotKind,
    /// Its name, as in [`Pivot::name`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// The kinds of things that an intruder may become, the most powerful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PivotKind {
    /// Somebody who may do everything.
    Administrator,
    /// Any user that they name, but for members of `system:masters`.
    AnyUser,
    /// Somebody who may list all secrets.
    AllSecrets,
    /// Root on a Docker host, and so every container of it.
    Host,
    /// Root on a node.
    Node,
    /// A user.
    User,
    /// A member of a group.
    Group,
    /// A service account.
    ServiceAccount,
    /// Inside a pod.
    Pod,
}

impl PivotKind {
    /// Every kind, in order.
    pub const ALL: [Self; 9] = [
        Self::Administrator,
        Self::AnyUser,
        Self::AllSecrets,
        Self::Host,
        Self::Node,
        Self::User,
        Self::Group,
        Self::ServiceAccount,
        Self::Pod,
    ];

    /// In plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Administrator => "everything",
            Self::AnyUser => "any user's rights",
            Self::AllSecrets => "all secrets",
            Self::Host => "root on Docker host",
            Self::Node => "root on node",
            Self::User => "user",
            Self::Group => "member of group",
            Self::ServiceAccount => "service account",
            Self::Pod => "pod",
        }
    }
}

/// Every workload with the most powerful thing that its pods lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PivotReport {
    /// Cluster and Docker hosts.
    pub estate: String,
    /// The behaviour that was assumed of the network plugin.
    pub cni: String,
    /// The worst first; workloads and identities that lead nowhere are left out.
    pub ranks: Vec<PivotRank>,
    /// Workloads whose pods lead to nothing beyond themselves, as far as is known.
    pub harmless: u64,
    /// What was not read and may let more of them lead further: rights that could not be listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<MissingFact>,
    /// What could not be read, and what was not understood of the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One workload, or one identity, in the ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PivotRank {
    /// `namespace/name` of the workload or service account, `host/name` of a container, name of a user or group.
    pub from: String,
    /// Its kind, for example `Deployment`, `Container` or `Group`.
    pub workload_kind: String,
    /// The pod that the steps start from; empty when no pod is in the estate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// Each way from outside the cluster to its pods, in a sentence; empty where policies let nobody in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways_in: Vec<String>,
    /// The most powerful thing that it leads to.
    pub pivot: Pivot,
}

impl PivotRank {
    /// The kind of a user.
    pub const USER: &str = "User";
    /// The kind of a group.
    pub const GROUP: &str = "Group";
    /// The kind of a service account that no workload stands for.
    pub const SERVICE_ACCOUNT: &str = "ServiceAccount";

    /// Whether it is an identity that bindings name, and no workload.
    pub fn is_identity(&self) -> bool {
        [Self::USER, Self::GROUP, Self::SERVICE_ACCOUNT].contains(&self.workload_kind.as_str())
    }
}

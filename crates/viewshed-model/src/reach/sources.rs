//! Everything that reaches one place.

use serde::{Deserialize, Serialize};

use super::{EndKind, Place, PortRange, ReachReason, ReachVerdict};
use crate::{Gap, MissingFact};

/// Every source of an estate and whether it reaches one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachSources {
    /// Cluster and Docker hosts.
    pub estate: String,
    /// The behaviour that was assumed of the network plugin.
    pub cni: String,
    /// The place.
    pub to: Place,
    /// The exact addresses and ports that the place stands for.
    pub points: Vec<String>,
    /// Sources by what becomes of their connections, those that reach it first; then by name.
    pub sources: Vec<ReachSource>,
    /// What was not understood of the policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// Pods of one workload that are treated alike, a node, a container, or addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReachSource {
    /// Whether it reaches any point of the place.
    pub verdict: ReachVerdict,
    /// What it is.
    pub kind: EndKind,
    /// Namespace of pods, host of containers; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Workload, pod, node, container, or `world`.
    pub name: String,
    /// Kind of the workload: `Deployment`, `Pod`; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workload_kind: String,
    /// Pods that are alike in this; 0 for a workload none of whose pods is in the estate, and for other
    /// kinds.
    pub pods: u64,
    /// One of them, by name; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub example: String,
    /// For a place without a port: the ports that are let through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortRange>,
    /// For a place without a port: the ports of which it depends on facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncertain_ports: Vec<PortRange>,
    /// Never empty when the verdict is `depends`, else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<MissingFact>,
    /// Why, one reason per side.
    pub because: Vec<ReachReason>,
}

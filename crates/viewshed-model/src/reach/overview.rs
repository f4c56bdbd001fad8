//! Who reaches the places that matter, as one table.

use serde::{Deserialize, Serialize};

use super::{EndKind, PortRange, ReachVerdict, Target};

/// Every source of a cluster, or of Docker hosts, against the places that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachOverview {
    /// Cluster or Docker hosts.
    pub estate: String,
    /// The behaviour that was assumed of the network plugin.
    pub cni: String,
    /// The places; those that the estate does not have are left out.
    pub targets: Vec<Target>,
    /// Addresses outside first, then whoever reaches most.
    pub rows: Vec<OverviewRow>,
}

/// One source: a workload, a node, a container, a host, addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OverviewRow {
    /// What it is.
    pub kind: EndKind,
    /// Namespace of workloads, host of containers; empty otherwise.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Kind of the workload; empty otherwise.
    pub workload_kind: String,
    /// One per target, in their order; `None` where the question means nothing, such as whether addresses outside
    /// reach addresses outside.
    pub cells: Vec<Option<OverviewCell>>,
}

/// What becomes of connections from a source to a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OverviewCell {
    /// Of a workload that of the pod that is stopped least.
    pub verdict: ReachVerdict,
    /// Ports that are open; where it depends on facts, those that may be.
    pub ports: Vec<PortRange>,
}

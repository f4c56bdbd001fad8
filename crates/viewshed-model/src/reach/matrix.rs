//! Everything against everything, as far as policies decide.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PortRange;
use crate::Gap;

/// What is let through between all places. In a cluster this is what policies let through; apart from
/// policies, a connection also needs a way: addresses outside reach pods only through what publishes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachMatrix {
    /// Cluster and Docker hosts.
    pub estate: String,
    /// The behaviour that was assumed of the network plugin; `docker` where there are Docker hosts.
    pub cni: String,
    /// Rows and columns. Pods of one workload that policies treat alike are one end.
    pub ends: Vec<ReachEnd>,
    /// Pairs of ends between which anything is or may be let through, by source, then destination.
    pub cells: Vec<ReachCell>,
    /// What was not understood of the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One row and column of a [`ReachMatrix`].
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachEnd {
    /// What it is.
    pub kind: EndKind,
    /// Namespace of pods, host of containers; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Workload, pod, node, container or host; for addresses the first range.
    pub name: String,
    /// Kind of the workload: `Deployment`, `Pod`; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workload_kind: String,
    /// The pods, by name; empty for a workload none of whose pods is in the estate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<String>,
    /// Address ranges, as `first-last`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

impl fmt::Display for ReachEnd {
    /// `shop/web`, `node:worker-1`, `container:build/web`, `host:build`, `192.0.2.0-192.0.2.255 and 1 more`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.addresses.len()) {
            (EndKind::Pods, _) => write!(formatter, "{}/{}", self.namespace, self.name),
            (EndKind::Node, _) => write!(formatter, "node:{}", self.name),
            (EndKind::Container, _) => {
                write!(formatter, "container:{}/{}", self.namespace, self.name)
            }
            (EndKind::Host, _) => write!(formatter, "host:{}", self.name),
            (EndKind::Outside, 0 | 1) => formatter.write_str(&self.name),
            (EndKind::Outside, several) => {
                write!(formatter, "{} and {} more", self.name, several - 1)
            }
        }
    }
}

/// The kinds of ends.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// Pods with a network of their own.
    #[default]
    Pods,
    /// A node, with the pods that share its network.
    Node,
    /// A container of a Docker host.
    Container,
    /// A Docker host itself.
    Host,
    /// Addresses outside.
    Outside,
}

/// What is let through between two ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachCell {
    /// Source, as a position in [`ReachMatrix::ends`].
    pub from: u32,
    /// Destination. The same as `from` for one pod of it to another.
    pub to: u32,
    /// Ports that are let through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<PortRange>,
    /// Ports of which it depends on facts that are not in the estate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncertain: Vec<PortRange>,
}

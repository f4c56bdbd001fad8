//! Ways from outside a cluster to its pods.

use serde::{Deserialize, Serialize};

use super::{Protocol, ReachVerdict};
use crate::MissingFact;

/// One way in: an object that makes pods reachable from outside, and whether policies let it through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WayIn {
    /// What opens it.
    pub kind: WayKind,
    /// The object, for example `Service shop/web` or `Pod shop/db-0`.
    pub object: String,
    /// Address, host name or `every node`, where clients connect to; empty when none is given yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Port that clients connect to; 0 when the object does not say.
    pub port: u16,
    /// Protocol.
    pub protocol: Protocol,
    /// Client ranges that are let in; empty means everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_ranges: Vec<String>,
    /// Where it leads, as `namespace/pod`; the workload's name when no pod is in the estate.
    pub pods: Vec<String>,
    /// Port of the pods; 0 for every port.
    pub pod_port: u16,
    /// Whether the pods' policies let such a connection in.
    pub verdict: ReachVerdict,
    /// Never empty when the verdict is `depends`, else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<MissingFact>,
}

/// What opens a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayKind {
    /// A Service of type LoadBalancer.
    LoadBalancer,
    /// A port of every node that leads to a Service.
    NodePort,
    /// `spec.externalIPs` of a Service.
    ExternalAddress,
    /// An Ingress, through its controller.
    Ingress,
    /// A route of the Gateway API, through its gateway.
    Gateway,
    /// A `hostPort` of a container.
    HostPort,
    /// A pod that shares its node's network.
    HostNetwork,
}

impl WayKind {
    /// In plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load balancer",
            Self::NodePort => "node port",
            Self::ExternalAddress => "external address",
            Self::Ingress => "ingress",
            Self::Gateway => "gateway",
            Self::HostPort => "host port",
            Self::HostNetwork => "host network",
        }
    }
}

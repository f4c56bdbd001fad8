//! The places of one cluster with everything that a policy can ask of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde_json::Value;
use viewshed_model::{Cluster, Node, Pod, PodSpec, Workload};

mod agentless;
mod controller_labels;
mod gather;
mod guard;
mod lookup;

pub(super) use controller_labels::MadeBy;
pub(crate) use controller_labels::is_given_by_controllers;
pub(super) use guard::{HostEndpoint, Passage};
pub(super) use lookup::Found;

use super::address::Family;
use super::cni::Profile;
use super::ports::DeclaredPort;
use super::ranges::Ranges;

/// The label that every namespace has with its name (kubernetes/kubernetes
/// `pkg/apis/core/v1/defaults.go`, `SetDefaults_Namespace`). Used for accounts' names in the same way.
pub(super) const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// That one, and Calico's (`libcalico-go/lib/backend/k8s/conversion`).
pub(super) const NAME_LABELS: [&str; 2] = [NAME_LABEL, "projectcalico.org/name"];

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// A pod with a network of its own.
    Pod,
    /// A node, with the pods that share its network.
    Node,
    /// Something that is neither.
    Outside,
}

/// What is known of a place's address in one family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum AddressFact {
    /// It has none.
    Absent,
    /// It has one, and the estate does not say which.
    Unknown,
    /// It has this one.
    Known(u128),
    /// It has several, the first being the one that it sends from.
    Several(Vec<u128>),
}

/// One end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Body<'c> {
    pub(super) kind: Kind,
    /// Index of the namespace; of nodes, the one that stands for them where the plugin has such a one.
    pub(super) namespace: Option<u32>,
    /// Labels of the pod or node; `None` when they are not known.
    pub(super) labels: Option<&'c BTreeMap<String, String>>,
    /// The workload whose pods it stands for; `None` for a pod itself and for other places.
    pub(super) made_by: Option<MadeBy<'c>>,
    /// Name of the service account; empty for other places.
    pub(super) account: &'c str,
    /// Ports by name.
    pub(super) ports: Vec<DeclaredPort<'c>>,
    /// The node that a pod runs on, or the node itself.
    pub(super) node: Option<u32>,
    /// Whether a controller made the pod, on a node where plugins that ask for that have their agent.
    pub(super) is_owned: bool,
    /// By family.
    pub(super) addresses: [AddressFact; 2],
    /// Whether the API server answers at this place, by family.
    pub(super) api_server: [bool; 2],
}

/// In neither family.
pub(super) const NOT_API_SERVER: [bool; 2] = [false; 2];

impl Body<'_> {
    /// Whether the API server answers at the place's address of a family.
    pub(super) fn is_api_server(&self, family: Family) -> bool {
        let [v4, v6] = self.api_server;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }

    pub(super) fn address(&self, family: Family) -> &AddressFact {
        let [v4, v6] = &self.addresses;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }
}

/// A namespace.
#[derive(Debug, Clone)]
pub(super) struct NamespaceFacts<'c> {
    pub(super) name: &'c str,
    /// `None` when the estate does not have the namespace itself.
    pub(super) labels: Option<&'c BTreeMap<String, String>>,
}

/// What stands behind a pod's place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'c> {
    /// A pod.
    Pod(&'c Pod),
    /// A workload none of whose pods is in the estate.
    Workload(&'c Workload),
}

impl<'c> Origin<'c> {
    pub(super) fn meta(&self) -> &'c viewshed_model::Meta {
        match self {
            Self::Pod(pod) => &pod.meta,
            Self::Workload(workload) => &workload.meta,
        }
    }

    pub(super) fn spec(&self) -> &'c PodSpec {
        match self {
            Self::Pod(pod) => &pod.spec,
            Self::Workload(workload) => &workload.template,
        }
    }
}

/// A pod with its place. Pods that share a node's network have the node's body.
#[derive(Debug, Clone)]
pub(super) struct PodPlace<'c> {
    pub(super) origin: Origin<'c>,
    pub(super) body: Body<'c>,
    /// Whether it shares its node's network.
    pub(super) is_on_host: bool,
    /// Whether it has ended: then there is no place any more.
    pub(super) has_ended: bool,
}

impl<'c> PodPlace<'c> {
    /// Labels of the pod, or that the workload gives its pods; also of one on its node's network, whose
    /// body has the node's.
    pub(super) fn labels(&self) -> &'c BTreeMap<String, String> {
        match self.origin {
            Origin::Pod(pod) => &pod.meta.labels,
            Origin::Workload(workload) => &workload.pod_labels,
        }
    }

    /// The number of a port that an ordinary container or a sidecar declares under this name
    /// (kubernetes/kubernetes `pkg/api/v1/pod/util.go`, `FindPort`).
    pub(super) fn port_named(&self, name: &str, protocol: viewshed_model::Protocol) -> Option<u16> {
        let containers = self.origin.spec().containers.iter();
        containers
            .filter(|container| goes_on(container))
            .flat_map(|container| &container.ports)
            .find(|port| port.name == name && port.protocol.parse() == Ok(protocol))
            .map(|port| port.port)
    }
}

/// A node with its place.
#[derive(Debug, Clone)]
pub(super) struct NodePlace<'c> {
    pub(super) name: &'c str,
    /// `None` when only pods speak of it.
    pub(super) node: Option<&'c Node>,
    pub(super) body: Body<'c>,
}

/// All places of a cluster.
#[derive(Debug)]
pub(super) struct Places<'c> {
    pub(super) cluster: &'c Cluster,
    /// Families that pods have addresses of.
    pub(super) families: Vec<Family>,
    /// Sorted by namespace and name.
    pub(super) pods: Vec<PodPlace<'c>>,
    /// Sorted by name.
    pub(super) nodes: Vec<NodePlace<'c>>,
    pub(super) namespaces: Vec<NamespaceFacts<'c>>,
    /// Labels of service accounts by namespace and name.
    pub(super) accounts: BTreeMap<(&'c str, &'c str), &'c BTreeMap<String, String>>,
    /// Calico's host endpoints.
    pub(super) host_endpoints: Vec<HostEndpoint<'c>>,
    /// Their numbers, by the index of the node that they stand for.
    guards_of_node: BTreeMap<u32, Vec<u32>>,
    /// Address ranges that pods get addresses from, by family; empty when not known.
    pub(super) pod_ranges: [Ranges<u128>; 2],
    /// Addresses of the API server that belong to no pod and no node.
    pub(super) api_server_outside: Vec<IpAddr>,
    pub(super) by_address: FxHashMap<IpAddr, Found>,
    /// Addresses that several places say they have, and which.
    pub(super) shared_addresses: BTreeMap<IpAddr, Vec<Found>>,
    /// Workloads by namespace, kind and name.
    pub(super) workloads: BTreeMap<(&'c str, &'c str, &'c str), &'c Workload>,
    pub(super) further_networks: FurtherNetworks,
}

/// Networks beside the cluster's that pods are attached to.
#[derive(Debug, Default)]
pub(super) struct FurtherNetworks {
    /// By pod: a number that pods with the same networks have, from 1, and the networks as `namespace/name`.
    of_pods: FxHashMap<u32, (u32, BTreeSet<String>)>,
}

impl FurtherNetworks {
    pub(super) fn is_empty(&self) -> bool {
        self.of_pods.is_empty()
    }

    /// A number that is the same for pods with the same networks; 0 for those with none.
    pub(super) fn number(&self, pod: u32) -> u32 {
        self.of_pods.get(&pod).map_or(0, |(number, _)| *number)
    }

    /// The networks of a pod, sorted.
    pub(super) fn of(&self, pod: u32) -> impl Iterator<Item = &str> {
        let names = self.of_pods.get(&pod).into_iter();
        names.flat_map(|(_, names)| names).map(String::as_str)
    }
}

impl<'c> Places<'c> {
    pub(super) fn of(cluster: &'c Cluster, profile: &Profile) -> Self {
        gather::gather(cluster, profile)
    }

    pub(super) fn pod_ranges(&self, family: Family) -> &Ranges<u128> {
        let [v4, v6] = &self.pod_ranges;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }

    pub(super) fn namespace(&self, index: Option<u32>) -> Option<&NamespaceFacts<'c>> {
        self.namespaces.get(usize::try_from(index?).ok()?)
    }

    pub(super) fn node(&self, index: u32) -> Option<&NodePlace<'c>> {
        self.nodes.get(usize::try_from(index).ok()?)
    }

    /// A place outside with this address, or an unknown one.
    pub(super) fn outside(address: Option<IpAddr>) -> Body<'c> {
        let addresses = match address {
            None => [AddressFact::Unknown, AddressFact::Unknown],
            Some(address) => {
                let known = AddressFact::Known(super::address::number(address));
                match Family::of(address) {
                    Family::V4 => [known, AddressFact::Absent],
                    Family::V6 => [AddressFact::Absent, known],
                }
            }
        };
        Body {
            kind: Kind::Outside,
            namespace: None,
            labels: None,
            account: "",
            ports: Vec::new(),
            node: None,
            made_by: None,
            is_owned: false,
            addresses,
            api_server: NOT_API_SERVER,
        }
    }
}

/// Whether a container runs as long as its pod.
pub(super) fn goes_on(container: &viewshed_model::Container) -> bool {
    matches!(container.role.as_str(), "" | "sidecar")
}

/// `spec` of a network setting.
fn spec_of(setting: &viewshed_model::NetworkSetting) -> Value {
    serde_json::from_str(&setting.spec_json).unwrap_or_default()
}

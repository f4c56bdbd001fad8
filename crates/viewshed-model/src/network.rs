//! Ways in and between: services, endpoints, ingresses, gateways, network policies.

use serde::{Deserialize, Serialize};

use crate::meta::{LabelSelector, Meta};

/// A Kubernetes Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Name, labels, position.
    pub meta: Meta,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub service_type: String,
    /// Cluster addresses; `None` literally means headless and is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_ips: Vec<String>,
    /// `spec.externalIPs`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_ips: Vec<String>,
    /// `spec.externalName`, the DNS name that a Service of type `ExternalName` stands for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub external_name: String,
    /// Addresses or names that a load balancer was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_balancer_addresses: Vec<String>,
    /// `status.loadBalancer` is there, and holds no address: no load balancer was given.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub awaits_balancer: bool,
    /// The annotation that makes its load balancer an internal one; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub internal_by: String,
    /// Its source ranges stand in an annotation, which some clouds read where the field is empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_annotated_ranges: bool,
    /// The port at which its endpoints tell metrics by its annotations `prometheus.io/scrape` and
    /// `prometheus.io/port`; 0 for the ports of the endpoints, `None` without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_port: Option<u16>,
    /// `spec.ipFamilies`: `IPv4`, `IPv6`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_families: Vec<String>,
    /// `spec.externalTrafficPolicy`: `Local` keeps the client's address; empty is `Cluster`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub external_traffic_policy: String,
    /// `spec.internalTrafficPolicy`: `Local` keeps to endpoints of the client's node; empty is `Cluster`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub internal_traffic_policy: String,
    /// `spec.loadBalancerSourceRanges`; empty means everyone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_ranges: Vec<String>,
    /// `None` when the endpoints are kept by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<std::collections::BTreeMap<String, String>>,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
}

/// A port of a service, a container or an endpoint slice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// Its name, often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// The port itself.
    pub port: u16,
    /// Number or name of the target port; empty when it is the same.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Node port, or host port of a container; 0 when there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub node_port: u16,
    /// Address of the node that a container's host port is bound to; empty for every address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(port: &u16) -> bool {
    *port == 0
}

/// An EndpointSlice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    /// Name, labels, position.
    pub meta: Meta,
    /// Name of the service it belongs to (`kubernetes.io/service-name`).
    pub service: String,
    /// Addresses of all endpoints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// There are endpoints, and none of them is ready (`conditions.ready`; unknown counts as ready).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_unready: bool,
    /// Ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
}

/// An Ingress: hosts and paths that lead to services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ingress {
    /// Name, labels, position.
    pub meta: Meta,
    /// Hosts; `*` when none is given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// `spec.ingressClassName`; empty when none is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Names of the services behind it, in its own namespace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The same services with the ports that are used; sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<Backend>,
}

/// A service and one of its ports, as an Ingress or a route names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Backend {
    /// Name of the service; `namespace/name` in a route.
    pub service: String,
    /// Number or name of the service's port; empty when none is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub port: String,
}

/// A Gateway API object: a Gateway or one of its routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gateway {
    /// Name, labels, position.
    pub meta: Meta,
    /// `Gateway`, `HTTPRoute`, `TCPRoute`, ...
    pub kind: String,
    /// `spec.gatewayClassName` of a Gateway.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Host names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Services behind a route as `namespace/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The same services with the ports that are used; sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<Backend>,
    /// Gateways that a route hangs on, as `namespace/name` (`parentRefs`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// The listeners of a Gateway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<Listener>,
    /// The parts of `gateways` that a route hangs on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// Kinds of what else a route hangs on, each once: `Service` for the routes of a mesh.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_parents: Vec<String>,
    /// Ports that a Gateway listens on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listener_ports: Vec<u16>,
    /// Whose routes the listeners of a Gateway take, each once: `Same` (its own namespace's, the default),
    /// `All`, `Selector` or `None`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes_from: Vec<String>,
    /// Addresses that a Gateway was given (`status.addresses`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// A listener of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or one of an implementation's own.
    pub protocol: String,
    /// The host name that it takes; empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Whose routes it takes: `Same`, `All`, `Selector` or `None`.
    pub routes_from: String,
    /// Kinds of the routes that it takes; empty for those that its protocol speaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// The part of a Gateway that a route hangs on; all of it where neither is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    /// The Gateway as `namespace/name`.
    pub gateway: String,
    /// Name of a listener (`sectionName`); empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Port of the listeners; 0 for all.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: u16,
}

/// A network policy of any installed kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Name, labels, position.
    pub meta: Meta,
    /// API group, for example `networking.k8s.io` or `cilium.io`.
    pub api_group: String,
    /// API version that it was read in, for example `v1`; empty when unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// For example `NetworkPolicy`, `GlobalNetworkPolicy`.
    pub kind: String,
    /// For `networking.k8s.io`: the pods it isolates; `None` for other kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// Whether it isolates for ingress (defaulting as the API server does).
    pub isolates_ingress: bool,
    /// Whether it isolates for egress (defaulting as the API server does).
    pub isolates_egress: bool,
    /// The whole `spec` as JSON text, for evaluation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub spec_json: String,
    /// There is such an object, and it could not be read: nobody knows what it says. Without a namespace
    /// it may be of any; a name that could not be read is the place in its file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_unread: bool,
}

/// What network policies and ways in refer to (sets of addresses, tiers, host endpoints, classes of Ingresses,
/// grants to routes), and the settings of the network plugin that enforces policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSetting {
    /// Name, labels, position.
    pub meta: Meta,
    /// API group; empty for config maps and for variables of the plugin's own containers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_group: String,
    /// For example `GlobalNetworkSet`, `Tier`, `HostEndpoint`, `FelixConfiguration`, `CiliumCIDRGroup`,
    /// `ConfigMap`, or `DaemonSet` for the variables of the plugin's containers.
    pub kind: String,
    /// The `spec` as JSON text. Of config maps and variables only the settings that decide on
    /// enforcement are kept, as one object of texts. An `IngressClass` that is the default has `isDefaultClass`
    /// beside what its `spec` says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub spec_json: String,
}

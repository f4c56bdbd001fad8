//! What policies refer to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use viewshed_model::{Cluster, NetworkSetting, Protocol, Service, UnreadKind};

use crate::network::ports::{Point, point};

/// What policies refer to, by name.
#[derive(Debug, Default)]
pub(in crate::network) struct Referred<'c> {
    pub(in crate::network) settings: Vec<&'c NetworkSetting>,
    /// Kinds that could not be listed.
    pub(in crate::network) unread: &'c [UnreadKind],
    pub(in crate::network) services: BTreeMap<(&'c str, &'c str), &'c Service>,
    /// Labels of namespaces, by name.
    pub(in crate::network) namespaces: BTreeMap<&'c str, &'c BTreeMap<String, String>>,
    /// Addresses and ports of each service's endpoints.
    pub(in crate::network) endpoints: BTreeMap<(&'c str, &'c str), Vec<Endpoint>>,
    /// Ports of nodes that lead to services: namespace and name of the service, position of its port.
    pub(in crate::network) node_ports: BTreeMap<Point, (&'c str, &'c str, usize)>,
    /// Services of type `ExternalName` by the service of the cluster that they lead to.
    pub(in crate::network) aliases: BTreeMap<(&'c str, &'c str), Vec<&'c Service>>,
}

/// What a Service of type `ExternalName` stands for.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) enum Alias<'c> {
    /// A service of the cluster.
    Service(&'c Service),
    /// Names that lead in a circle, which no resolver follows.
    Circle,
    /// A name that is none of the cluster's services.
    Elsewhere,
}

/// Names that a chain of services may have: resolvers follow no more (ISC BIND follows 16, glibc's and musl's take
/// what the server's answer holds).
const ALIASES_MAX: usize = 16;

/// Endpoints of a service: one slice's addresses and ports.
#[derive(Debug, Clone, Default)]
pub(in crate::network) struct Endpoint {
    pub(in crate::network) addresses: Vec<IpAddr>,
    /// It has endpoints, and none is ready.
    pub(in crate::network) is_unready: bool,
    pub(in crate::network) ports: Vec<(Protocol, u16)>,
    /// The same with the names that the service gives them.
    pub(in crate::network) named_ports: Vec<(String, Protocol, u16)>,
}

impl<'c> Referred<'c> {
    /// Whether objects of a kind could not be listed, anywhere or in one namespace.
    pub(in crate::network) fn is_unread(&self, kind: &str, namespace: Option<&str>) -> bool {
        let mut unread = self.unread.iter().filter(|one| one.kind == kind);
        unread.any(|one| namespace.is_none_or(|namespace| one.is_missing_in(namespace)))
    }

    /// What a Service of type `ExternalName` stands for at last.
    pub(in crate::network) fn alias_of(&self, service: &Service) -> Alias<'c> {
        let mut name = service.external_name.as_str();
        for _ in 0..ALIASES_MAX {
            let Some(key) = service_of_name(name) else {
                return Alias::Elsewhere;
            };
            match self.services.get(&key) {
                Some(next) if next.service_type == "ExternalName" => {
                    name = next.external_name.as_str();
                }
                Some(next) => return Alias::Service(next),
                None => return Alias::Elsewhere,
            }
        }
        Alias::Circle
    }

    fn with_aliases(mut self) -> Self {
        let mut aliases: BTreeMap<(&str, &str), Vec<&Service>> = BTreeMap::new();
        let services = self.services.values().copied();
        for service in services.filter(|service| service.service_type == "ExternalName") {
            if let Alias::Service(other) = self.alias_of(service) {
                let meta = &other.meta;
                let key = (meta.namespace_or_empty(), meta.name.as_str());
                aliases.entry(key).or_default().push(service);
            }
        }
        self.aliases = aliases;
        self
    }

    pub(in crate::network) fn of(cluster: &'c Cluster) -> Self {
        let mut endpoints: BTreeMap<(&str, &str), Vec<Endpoint>> = BTreeMap::new();
        for slice in &cluster.endpoints {
            let key = (slice.meta.namespace_or_empty(), slice.service.as_str());
            let named = slice.ports.iter().filter_map(|port| {
                let protocol: Protocol = port.protocol.parse().ok()?;
                Some((port.name.clone(), protocol, port.port))
            });
            let named_ports: Vec<(String, Protocol, u16)> = named.collect();
            endpoints.entry(key).or_default().push(Endpoint {
                addresses: slice
                    .addresses
                    .iter()
                    .filter_map(|text| text.parse().ok())
                    .collect(),
                is_unready: slice.is_unready,
                ports: named_ports
                    .iter()
                    .map(|(_, protocol, port)| (*protocol, *port))
                    .collect(),
                named_ports,
            });
        }
        let mut node_ports = BTreeMap::new();
        for service in &cluster.services {
            let meta = &service.meta;
            for (port, position) in service.ports.iter().zip(0..) {
                if let (Ok(protocol), true) = (port.protocol.parse(), port.node_port != 0) {
                    let target = (meta.namespace_or_empty(), meta.name.as_str(), position);
                    node_ports.insert(point(protocol, port.node_port), target);
                }
            }
        }
        let namespaces = cluster.namespaces.iter();
        Self {
            namespaces: namespaces
                .map(|namespace| (namespace.meta.name.as_str(), &namespace.meta.labels))
                .collect(),
            node_ports,
            settings: cluster.network_settings.iter().collect(),
            unread: &cluster.unread_kinds,
            services: cluster
                .services
                .iter()
                .map(|service| {
                    let meta = &service.meta;
                    ((meta.namespace_or_empty(), meta.name.as_str()), service)
                })
                .collect(),
            endpoints,
            aliases: BTreeMap::new(),
        }
        .with_aliases()
    }
}

/// Namespace and name of the service that a DNS name is of, in the cluster domain that kubeadm, kops and the managed
/// clusters set up.
fn service_of_name(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let (service, namespace) = name.strip_suffix(".svc.cluster.local")?.split_once('.')?;
    (!service.is_empty() && !namespace.contains('.')).then_some((namespace, service))
}

//! Services, endpoints, ingresses and Gateway API objects.

use std::collections::BTreeMap;

use serde::Deserialize;
use viewshed_model::{Endpoints, Gateway, Ingress, Port, Position, Service};

use super::container::{IntOrText, protocol_or_tcp};
use super::meta::{MetaWire, NameWire, ObjectKind};
use crate::nullable::{Nullable, TextMap};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<ServiceSpec>,
    status: Nullable<StatusWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServiceSpec {
    r#type: Nullable<String>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Nullable<String>,
    #[serde(rename = "clusterIPs")]
    cluster_ips: Nullable<Vec<String>>,
    #[serde(rename = "externalIPs")]
    external_ips: Nullable<Vec<String>>,
    load_balancer_source_ranges: Nullable<Vec<String>>,
    selector: TextMap,
    ports: Nullable<Vec<PortWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PortWire {
    name: Nullable<String>,
    protocol: Nullable<String>,
    port: Nullable<u16>,
    target_port: Nullable<IntOrText>,
    node_port: Nullable<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    load_balancer: Nullable<LoadBalancerWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LoadBalancerWire {
    ingress: Nullable<Vec<AddressWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressWire {
    ip: Nullable<String>,
    hostname: Nullable<String>,
}

impl ServiceWire {
    pub(super) fn into_service(self, position: Option<Box<Position>>) -> Service {
        let spec = self.spec.0;
        let mut cluster_ips = spec.cluster_ips.0;
        if cluster_ips.is_empty() && !spec.cluster_ip.is_empty() {
            cluster_ips.push(spec.cluster_ip.0);
        }
        Service {
            meta: self.metadata.0.into_meta(position),
            service_type: match spec.r#type.0 {
                kind if kind.is_empty() => "ClusterIP".to_owned(),
                kind => kind,
            },
            cluster_ips,
            external_ips: spec.external_ips.0,
            load_balancer_addresses: self
                .status
                .0
                .load_balancer
                .0
                .ingress
                .0
                .into_iter()
                .flat_map(|address| [address.ip.0, address.hostname.0])
                .filter(|address| !address.is_empty())
                .collect(),
            source_ranges: spec.load_balancer_source_ranges.0,
            // An empty selector selects nothing for a service; the endpoints are kept by hand.
            selector: Some(spec.selector.0).filter(|labels: &BTreeMap<_, _>| !labels.is_empty()),
            ports: spec.ports.0.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<PortWire> for Port {
    fn from(wire: PortWire) -> Self {
        Self {
            name: wire.name.0,
            protocol: protocol_or_tcp(wire.protocol.0),
            port: wire.port.0,
            target: wire.target_port.0.0,
            node_port: wire.node_port.0,
        }
    }
}

/// An EndpointSlice (`endpoints`, `ports`) or the older Endpoints (`subsets`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EndpointsWire {
    metadata: Nullable<MetaWire>,
    endpoints: Nullable<Vec<EndpointWire>>,
    ports: Nullable<Vec<PortWire>>,
    subsets: Nullable<Vec<SubsetWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EndpointWire {
    addresses: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SubsetWire {
    addresses: Nullable<Vec<AddressWire>>,
    not_ready_addresses: Nullable<Vec<AddressWire>>,
    ports: Nullable<Vec<PortWire>>,
}

impl EndpointsWire {
    pub(super) fn into_endpoints(
        self,
        kind: &ObjectKind<'_>,
        position: Option<Box<Position>>,
    ) -> Endpoints {
        let metadata = self.metadata.0;
        let label = metadata
            .label("kubernetes.io/service-name")
            .map(str::to_owned);
        let meta = metadata.into_meta(position);
        let mut ports = self.ports.0;
        let mut addresses: Vec<String> = self
            .endpoints
            .0
            .into_iter()
            .flat_map(|endpoint| endpoint.addresses.0)
            .collect();
        for subset in self.subsets.0 {
            ports.extend(subset.ports.0);
            addresses.extend(
                subset
                    .addresses
                    .0
                    .into_iter()
                    .chain(subset.not_ready_addresses.0)
                    .map(|address| address.ip.0),
            );
        }
        Endpoints {
            service: match kind.kind {
                "Endpoints" => meta.name.clone(),
                _ => label.unwrap_or_default(),
            },
            meta,
            addresses,
            ports: ports.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IngressWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<IngressSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressSpec {
    default_backend: Nullable<BackendWire>,
    /// `extensions/v1beta1`.
    backend: Nullable<BackendWire>,
    rules: Nullable<Vec<RuleWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RuleWire {
    host: Nullable<String>,
    http: Nullable<HttpWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HttpWire {
    paths: Nullable<Vec<PathWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PathWire {
    backend: Nullable<BackendWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BackendWire {
    service: Nullable<NameWire>,
    /// `extensions/v1beta1`.
    service_name: Nullable<String>,
}

impl BackendWire {
    fn into_name(self) -> String {
        match self.service.0.name.0 {
            name if name.is_empty() => self.service_name.0,
            name => name,
        }
    }
}

impl IngressWire {
    pub(super) fn into_ingress(self, position: Option<Box<Position>>) -> Ingress {
        let spec = self.spec.0;
        let mut hosts = Vec::new();
        let mut services = vec![
            spec.default_backend.0.into_name(),
            spec.backend.0.into_name(),
        ];
        for rule in spec.rules.0 {
            hosts.push(match rule.host.0 {
                host if host.is_empty() => "*".to_owned(),
                host => host,
            });
            let paths = rule.http.0.paths.0.into_iter();
            services.extend(paths.map(|path| path.backend.0.into_name()));
        }
        if hosts.is_empty() {
            hosts.push("*".to_owned());
        }
        Ingress {
            meta: self.metadata.0.into_meta(position),
            hosts: sorted(hosts),
            services: sorted(services),
        }
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GatewayWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<GatewaySpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GatewaySpec {
    listeners: Nullable<Vec<ListenerWire>>,
    hostnames: Nullable<Vec<String>>,
    rules: Nullable<Vec<RouteRuleWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListenerWire {
    hostname: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RouteRuleWire {
    backend_refs: Nullable<Vec<BackendReference>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BackendReference {
    kind: Nullable<String>,
    name: Nullable<String>,
    namespace: Nullable<String>,
}

impl GatewayWire {
    pub(super) fn into_gateway(
        self,
        kind: &ObjectKind<'_>,
        position: Option<Box<Position>>,
    ) -> Gateway {
        let meta = self.metadata.0.into_meta(position);
        let spec = self.spec.0;
        let mut hosts = spec.hostnames.0;
        hosts.extend(spec.listeners.0.into_iter().map(|one| one.hostname.0));
        let services = spec
            .rules
            .0
            .into_iter()
            .flat_map(|rule| rule.backend_refs.0)
            // `kind` defaults to Service (gateway-api `BackendObjectReference`).
            .filter(|backend| matches!(backend.kind.as_str(), "" | "Service"))
            .map(|backend| {
                let namespace = match backend.namespace.as_str() {
                    "" => meta.namespace_or_empty(),
                    namespace => namespace,
                };
                format!("{namespace}/{}", backend.name.0)
            })
            .collect();
        Gateway {
            kind: kind.kind.to_owned(),
            hosts: sorted(hosts),
            services: sorted(services),
            meta,
        }
    }
}

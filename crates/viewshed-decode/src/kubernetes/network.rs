//! Services and endpoints.

use std::collections::BTreeMap;

use serde::Deserialize;
use viewshed_model::{Endpoints, Port, Position, Service};

use super::container::{IntOrText, protocol_or_tcp};
use super::meta::{MetaWire, ObjectKind};
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
    external_name: Nullable<String>,
    external_traffic_policy: Nullable<String>,
    internal_traffic_policy: Nullable<String>,
    ip_families: Nullable<Vec<String>>,
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
    load_balancer: Option<LoadBalancerWire>,
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
        let status = self.status.0.load_balancer;
        let is_told = status.is_some();
        let addresses = status.unwrap_or_default().ingress.0.into_iter();
        let load_balancer_addresses: Vec<String> = addresses
            .flat_map(|address| [address.ip.0, address.hostname.0])
            .filter(|address| !address.is_empty())
            .collect();
        Service {
            awaits_balancer: is_told
                && load_balancer_addresses.is_empty()
                && spec.r#type.as_str() == "LoadBalancer",
            ip_families: spec.ip_families.0,
            internal_by: self.metadata.internal_balancer().to_owned(),
            has_annotated_ranges: self.metadata.has_source_ranges(),
            metrics_port: self.metadata.metrics_port(),
            meta: self.metadata.0.into_meta(position),
            service_type: match spec.r#type.0 {
                kind if kind.is_empty() => "ClusterIP".to_owned(),
                kind => kind,
            },
            cluster_ips,
            external_ips: spec.external_ips.0,
            external_name: spec.external_name.0,
            load_balancer_addresses,
            external_traffic_policy: spec.external_traffic_policy.0,
            internal_traffic_policy: spec.internal_traffic_policy.0,
            // "these values are allowed to be space-padded" (`pkg/apis/core/validation`).
            source_ranges: spec
                .load_balancer_source_ranges
                .0
                .iter()
                .map(|range| range.trim().to_owned())
                .collect(),
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
            host_ip: String::new(),
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
    conditions: Nullable<ConditionsWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConditionsWire {
    ready: Option<bool>,
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
        let is_ready = |endpoint: &EndpointWire| endpoint.conditions.ready != Some(false);
        let mut has_ready = self.endpoints.iter().any(is_ready);
        let mut addresses: Vec<String> = self
            .endpoints
            .0
            .into_iter()
            .flat_map(|endpoint| endpoint.addresses.0)
            .collect();
        for subset in self.subsets.0 {
            ports.extend(subset.ports.0);
            has_ready |= !subset.addresses.is_empty();
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
            is_unready: !addresses.is_empty() && !has_ready,
            addresses,
            ports: ports.into_iter().map(Into::into).collect(),
        }
    }
}

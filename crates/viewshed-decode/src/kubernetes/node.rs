//! Nodes.

use serde::Deserialize;
use viewshed_model::{Node, Position};

use super::meta::MetaWire;
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<SpecWire>,
    status: Nullable<StatusWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SpecWire {
    #[serde(rename = "providerID")]
    provider_id: Nullable<String>,
    #[serde(rename = "podCIDR")]
    pod_cidr: Nullable<String>,
    #[serde(rename = "podCIDRs")]
    pod_cidrs: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    addresses: Nullable<Vec<AddressWire>>,
    node_info: Nullable<InfoWire>,
    daemon_endpoints: Nullable<EndpointsWire>,
    images: Nullable<Vec<ImageWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressWire {
    address: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InfoWire {
    kubelet_version: Nullable<String>,
    container_runtime_version: Nullable<String>,
    os_image: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EndpointsWire {
    kubelet_endpoint: Nullable<PortWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PortWire {
    /// Go's own spelling: the field has a capital in `core/v1`.
    #[serde(rename = "Port")]
    port: Nullable<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ImageWire {
    names: Nullable<Vec<String>>,
}

impl NodeWire {
    pub(super) fn into_node(self, position: Option<Box<Position>>) -> Node {
        let spec = self.spec.0;
        let status = self.status.0;
        let mut pod_cidrs = spec.pod_cidrs.0;
        if pod_cidrs.is_empty() && !spec.pod_cidr.is_empty() {
            pod_cidrs.push(spec.pod_cidr.0);
        }
        Node {
            disables_network_policies: self.metadata.disables_network_policies(),
            meta: self.metadata.0.into_meta(position),
            addresses: status
                .addresses
                .0
                .into_iter()
                .map(|address| address.address.0)
                .collect(),
            kubelet_version: status.node_info.0.kubelet_version.0,
            runtime: status.node_info.0.container_runtime_version.0,
            os_image: status.node_info.0.os_image.0,
            provider_id: spec.provider_id.0,
            pod_cidrs,
            kubelet_port: status.daemon_endpoints.0.kubelet_endpoint.0.port.0,
            images: status
                .images
                .0
                .into_iter()
                .flat_map(|image| image.names.0)
                .collect(),
            kubelet: None,
        }
    }
}

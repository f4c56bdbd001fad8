//! What network policies refer to, and the settings of the network plugin that enforces them.
//!
//! Of config maps and of the plugin's environment only a fixed list of settings is kept: each decides
//! what a policy means, none can hold a credential. Everything else stays a name, as elsewhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use viewshed_model::{NetworkSetting, Position};

use super::meta::{MetaWire, ObjectKind};
use crate::nullable::Nullable;
use crate::text::clean_short;

/// Kinds whose whole `spec` is kept, by API group.
const KINDS: &[(&str, &str)] = &[
    ("cilium.io", "CiliumCIDRGroup"),
    ("cilium.io", "CiliumNodeConfig"),
    ("crd.antrea.io", "ClusterGroup"),
    ("crd.antrea.io", "Group"),
    ("crd.antrea.io", "Tier"),
    ("crd.projectcalico.org", "FelixConfiguration"),
    ("crd.projectcalico.org", "GlobalNetworkSet"),
    ("crd.projectcalico.org", "HostEndpoint"),
    ("crd.projectcalico.org", "IPPool"),
    ("crd.projectcalico.org", "NetworkSet"),
    ("crd.projectcalico.org", "Tier"),
    ("gateway.networking.k8s.io", "ReferenceGrant"),
    ("networking.k8s.io", "IngressClass"),
    ("projectcalico.org", "FelixConfiguration"),
    ("projectcalico.org", "GlobalNetworkSet"),
    ("projectcalico.org", "HostEndpoint"),
    ("projectcalico.org", "IPPool"),
    ("projectcalico.org", "NetworkSet"),
    ("projectcalico.org", "Profile"),
    ("projectcalico.org", "Tier"),
];

/// Config maps with settings of a network plugin, and the keys that are kept: Cilium's
/// `Documentation/cmdref/cilium-agent.md`, the README of amazon-network-policy-controller-k8s.
const CONFIG_MAPS: &[(&str, &[&str])] = &[
    (
        "amazon-vpc-cni",
        &["enable-network-policy-controller", "enable-windows-ipam"],
    ),
    (
        "cilium-config",
        &[
            "allow-localhost",
            "bpf-lb-sock-hostns-only",
            "cluster-name",
            "enable-cilium-clusterwide-network-policy",
            "enable-cilium-network-policy",
            "enable-host-firewall",
            "enable-ipv4",
            "enable-ipv6",
            "enable-k8s-networkpolicy",
            "enable-node-selector-labels",
            "enable-non-default-deny-policies",
            "enable-policy",
            "ipam",
            "kube-proxy-replacement",
            "labels",
            "policy-audit-mode",
            "policy-cidr-match-mode",
        ],
    ),
];

/// Variables of the plugin's containers that are kept: Calico's Felix configuration reference, and the
/// READMEs of amazon-vpc-cni-k8s and aws-network-policy-agent.
const VARIABLES: &[&str] = &[
    "ENABLE_IPv6",
    "ENABLE_V4_EGRESS",
    "FELIX_DEFAULTENDPOINTTOHOSTACTION",
    "FELIX_FAILSAFEINBOUNDHOSTPORTS",
    "FELIX_FAILSAFEOUTBOUNDHOSTPORTS",
    "FELIX_IPV6SUPPORT",
    "NETWORK_POLICY_ENFORCING_MODE",
];

/// `DaemonSets` whose variables are looked at.
const DAEMON_SETS: &[&str] = &["aws-node", "calico-node", "canal", "rke2-canal"];

/// Stands in the kept `spec` of an `IngressClass` whose annotation makes it the default.
const DEFAULT_CLASS: &str = "isDefaultClass";

pub(super) fn is_object(group: &str, kind: &str) -> bool {
    KINDS.contains(&(group, kind))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObjectWire {
    metadata: Nullable<MetaWire>,
    spec: Value,
}

/// One object of [`KINDS`].
pub(super) fn of_object(
    body: &str,
    kind: &ObjectKind<'_>,
    position: Option<Box<Position>>,
) -> Result<NetworkSetting, serde_json::Error> {
    let mut wire: ObjectWire = serde_json::from_str(body)?;
    if let (true, Value::Object(spec)) = (wire.metadata.is_default_class(), &mut wire.spec) {
        spec.insert(DEFAULT_CLASS.to_owned(), Value::Bool(true));
    }
    if kind.kind == "CiliumNodeConfig" {
        keep_settings(&mut wire.spec);
    }
    Ok(NetworkSetting {
        meta: wire.metadata.0.into_meta(position),
        api_group: kind.group.to_owned(),
        kind: kind.kind.to_owned(),
        spec_json: match wire.spec {
            Value::Null => String::new(),
            spec => spec.to_string(),
        },
    })
}

/// Of the settings that a `CiliumNodeConfig` gives to nodes those that are kept of the config map.
fn keep_settings(spec: &mut Value) {
    let kept = CONFIG_MAPS
        .iter()
        .find(|(name, _)| *name == "cilium-config");
    let keys = kept.map_or(&[][..], |(_, keys)| *keys);
    if let Some(Value::Object(defaults)) = spec.get_mut("defaults") {
        defaults.retain(|key, _| keys.contains(&key.as_str()));
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigMapWire {
    metadata: Nullable<MetaWire>,
    data: Nullable<BTreeMap<String, Value>>,
}

/// The settings of a network plugin in the answer for one of its config maps: of the values those that decide on
/// connections, and nothing else of them. `None` where it is no such config map.
pub fn network_settings(body: &[u8]) -> Option<NetworkSetting> {
    of_config_map(std::str::from_utf8(body).ok()?, None)
}

/// The kept settings of a config map of [`CONFIG_MAPS`]; `None` for every other one.
pub(super) fn of_config_map(body: &str, position: Option<&Position>) -> Option<NetworkSetting> {
    // Most config maps are none of these; looking for the name first keeps them cheap.
    let candidates = CONFIG_MAPS.iter().filter(|(name, _)| body.contains(*name));
    for (name, keys) in candidates {
        let Ok(wire) = serde_json::from_str::<ConfigMapWire>(body) else {
            return None;
        };
        let meta = wire.metadata.0.into_meta(position.cloned().map(Box::new));
        if meta.name != *name {
            continue;
        }
        // Metadata alone says nothing of the settings.
        if wire.data.is_empty() {
            return None;
        }
        let kept = keys.iter().filter_map(|key| {
            let text = wire.data.get(*key)?.as_str()?;
            Some(((*key).to_owned(), Value::from(clean_short(text))))
        });
        return Some(setting(meta, "ConfigMap", kept.collect()));
    }
    None
}

fn setting(meta: viewshed_model::Meta, kind: &str, kept: Map<String, Value>) -> NetworkSetting {
    NetworkSetting {
        meta,
        api_group: String::new(),
        kind: kind.to_owned(),
        spec_json: Value::Object(kept).to_string(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DaemonSetWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<DaemonSetSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DaemonSetSpec {
    template: Nullable<TemplateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateWire {
    spec: Nullable<PodWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodWire {
    containers: Nullable<Vec<ContainerWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerWire {
    env: Nullable<Vec<VariableWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VariableWire {
    name: Nullable<String>,
    value: Nullable<String>,
}

/// The kept variables of a plugin's DaemonSet; `None` for every other one and where none is set.
pub(super) fn of_variables(body: &str, position: Option<Box<Position>>) -> Option<NetworkSetting> {
    if !DAEMON_SETS.iter().any(|name| body.contains(name)) {
        return None;
    }
    let wire: DaemonSetWire = serde_json::from_str(body).ok()?;
    let meta = wire.metadata.0.into_meta(position);
    if !DAEMON_SETS.contains(&meta.name.as_str()) {
        return None;
    }
    let containers = wire.spec.0.template.0.spec.0.containers.0;
    let kept: Map<String, Value> = containers
        .into_iter()
        .flat_map(|container| container.env.0)
        .filter(|variable| VARIABLES.contains(&variable.name.as_str()))
        .map(|variable| (variable.name.0, Value::from(clean_short(&variable.value.0))))
        .collect();
    (!kept.is_empty()).then(|| setting(meta, "DaemonSet", kept))
}

#[cfg(test)]
mod tests;

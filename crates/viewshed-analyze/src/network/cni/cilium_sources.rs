//! Where Cilium's settings stand, and which place counts.

use std::collections::BTreeSet;

use serde_json::Value;
use viewshed_model::{Cluster, NetworkSetting};

use super::Cni;
use super::recognise::flag_values;
use super::settings::{fields, text_of};
use crate::network::policy::plain_selector;

/// What the estate says of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing: the default counts.
    Nothing,
    /// Every node has this value.
    Value(String),
    /// Some nodes have another value than the rest, or may have.
    Differs,
}

/// The value of a setting: an argument of the agent beats what its directory of settings holds, and of that a
/// `CiliumNodeConfig` whose selector chooses the node beats the config map, the last by name first
/// (cilium/cilium `Documentation/configuration/per-node-config.rst`; `pkg/option/resolver/resolver.go`: without a
/// `nodeSelector` an object of a list counts for no node).
pub(super) fn told(cluster: &Cluster, cni: Cni, key: &str) -> Told {
    let mut flags = flag_values(cluster, cni, key);
    match (flags.pop_first(), flags.is_empty()) {
        (Some(Some(value)), true) => return Told::Value(value),
        (None, _) => {}
        _ => return Told::Differs,
    }
    let of_map = text_of(cluster, "ConfigMap", "cilium-config", key);
    let configs = node_configs(cluster, key);
    let mut values: BTreeSet<Option<String>> = BTreeSet::new();
    if cluster.nodes.is_empty() {
        let mut is_certain = false;
        for (selector, value) in configs.iter().rev() {
            values.insert(Some(value.clone()));
            is_certain = chooses_all(selector);
            if is_certain {
                break;
            }
        }
        if !is_certain {
            values.insert(of_map);
        }
    } else {
        for node in &cluster.nodes {
            let own = configs
                .iter()
                .rev()
                .find(|(selector, _)| plain_selector(Some(selector)).matches(&node.meta.labels));
            values.insert(own.map(|(_, value)| value.clone()).or(of_map.clone()));
        }
    }
    match (values.pop_first(), values.is_empty()) {
        (Some(Some(value)), true) => Told::Value(value),
        (Some(None) | None, true) => Told::Nothing,
        _ => Told::Differs,
    }
}

/// Selector and value of every `CiliumNodeConfig` that has the setting, by name.
fn node_configs(cluster: &Cluster, key: &str) -> Vec<(Value, String)> {
    let is_config = |setting: &&NetworkSetting| setting.kind == "CiliumNodeConfig";
    let mut configs: Vec<&NetworkSetting> =
        cluster.network_settings.iter().filter(is_config).collect();
    configs.sort_by(|one, other| one.meta.name.cmp(&other.meta.name));
    let having = configs.into_iter().filter_map(|config| {
        let mut fields = fields(config);
        let selector = fields.remove("nodeSelector")?;
        let value = fields.get("defaults")?.get(key)?.as_str()?.to_owned();
        Some((selector, value))
    });
    having.collect()
}

fn chooses_all(selector: &Value) -> bool {
    let selector = selector.as_object().into_iter().flatten();
    let is_empty = |value: &Value| match value {
        Value::Object(labels) => labels.is_empty(),
        Value::Array(expressions) => expressions.is_empty(),
        _ => true,
    };
    selector.map(|(_, value)| value).all(is_empty)
}

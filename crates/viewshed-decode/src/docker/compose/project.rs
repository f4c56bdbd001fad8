//! What stands beside the services: networks, volumes, secrets, configs, included files.

use serde_json::Value;
use viewshed_model::{DockerContainer, DockerHost, DockerNetwork, DockerVolume, SwarmObject};

use crate::docker::fields::{Fields, Wrong};
use crate::text::clean;

/// The network of services that name none.
const DEFAULT_NETWORK: &str = "default";

/// Adds the declared networks; answers pairs of their key in the file and their name.
pub(super) fn add_networks(host: &mut DockerHost, top: &Fields<'_>) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for (key, value) in top.entries("networks") {
        let fields = declaration(top, "networks", value);
        let name = name_of(key, fields.as_ref());
        names.push((key.clone(), name.clone()));
        let network = fields.map_or_else(DockerNetwork::default, |fields| network(&fields));
        host.networks.push(DockerNetwork { name, ..network });
    }
    names
}

fn network(fields: &Fields<'_>) -> DockerNetwork {
    let of_ipam = |key: &str| {
        let configs = fields.object("ipam").objects("config");
        let texts = configs.map(|config| config.text(key));
        texts.filter(|text| !text.is_empty()).collect()
    };
    let internal = truth(fields, "internal");
    DockerNetwork {
        name: String::new(),
        driver: fields.text("driver"),
        internal: internal == Some(true),
        // What a variable decides is in no file either.
        is_external: internal.is_none() || truth(fields, "external") != Some(false),
        has_ipv6: fields
            .has("enable_ipv6")
            .then(|| truth(fields, "enable_ipv6"))
            .flatten(),
        subnets: of_ipam("subnet"),
        gateways: of_ipam("gateway"),
        options: fields.text_map("driver_opts"),
    }
}

/// A truth value, which may be written as text (compose-go `interpolation`: `toBoolean`); of format 2 and 3 an object is
/// true. No value is `false`; `None` when it cannot be told.
fn truth(fields: &Fields<'_>, key: &str) -> Option<bool> {
    match fields.get(key) {
        None => Some(false),
        Some(Value::Object(_)) => Some(true),
        Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "y" | "yes" | "on" => Some(true),
            "false" | "n" | "no" | "off" => Some(false),
            _ => None,
        },
        Some(_) => fields.flag(key),
    }
}

/// Adds volumes, and the names of secrets and configs.
pub(super) fn add_others(host: &mut DockerHost, top: &Fields<'_>) {
    for (key, value) in top.entries("volumes") {
        let fields = declaration(top, "volumes", value);
        host.volumes.push(DockerVolume {
            name: name_of(key, fields.as_ref()),
            driver: fields.map_or_else(String::new, |fields| fields.text("driver")),
        });
    }
    for (key, kind) in [("secrets", "secret"), ("configs", "config")] {
        for (name, value) in top.entries(key) {
            host.swarm.push(SwarmObject {
                kind: kind.to_owned(),
                name: name_of(name, declaration(top, key, value).as_ref()),
                image: String::new(),
            });
        }
    }
}

/// A declaration may be empty.
fn declaration<'a>(top: &Fields<'a>, key: &str, value: &'a Value) -> Option<Fields<'a>> {
    let fields = top.of(value);
    if fields.is_none() && !value.is_null() {
        top.wrong(key);
    }
    fields
}

/// `name`, in format 2 and 3 also `external: {name: ...}`, else the key.
fn name_of(key: &str, fields: Option<&Fields<'_>>) -> String {
    let given = fields.map(|fields| {
        let name = fields.text("name");
        match fields.get("external") {
            Some(Value::Object(external)) if name.is_empty() => {
                Fields::new(external, &Wrong::default()).text("name")
            }
            _ => name,
        }
    });
    match given {
        Some(name) if !name.is_empty() => name,
        _ => clean(key).into_owned(),
    }
}

/// Files of `include`: paths, or objects with one path or several.
pub(super) fn includes(top: &Fields<'_>) -> Vec<String> {
    let mut files = Vec::new();
    for entry in top.list("include") {
        match entry {
            Value::String(path) => files.push(clean(path).into_owned()),
            other => match top.of(other) {
                Some(fields) if matches!(fields.get("path"), Some(Value::Array(_))) => {
                    files.extend(fields.texts("path"));
                }
                Some(fields) => files.push(fields.text("path")),
                None => top.wrong("include"),
            },
        }
    }
    files
}

/// Gives the container's networks the names that they have outside of the file.
pub(super) fn name_networks(container: &mut DockerContainer, names: &[(String, String)]) {
    if container.networks.is_empty() {
        let name = match container.network_mode.as_str() {
            "" => Some(DEFAULT_NETWORK),
            "bridge" => Some("bridge"),
            _ => None,
        };
        let joined = name.map(|name| (name.to_owned(), String::new()));
        container.networks.extend(joined);
    }
    let own = container.networks.iter_mut();
    for (network, _) in own.chain(&mut container.ipv6_addresses) {
        if let Some((_, name)) = names.iter().find(|(key, _)| key == network) {
            network.clone_from(name);
        }
    }
}

/// The default network exists without being declared.
pub(super) fn add_implicit_networks(host: &mut DockerHost, containers: &[DockerContainer]) {
    let is_used = containers
        .iter()
        .flat_map(|container| &container.networks)
        .any(|(network, _)| network == DEFAULT_NETWORK);
    let is_known = host
        .networks
        .iter()
        .any(|network| network.name == DEFAULT_NETWORK);
    if is_used && !is_known {
        host.networks.push(DockerNetwork {
            name: DEFAULT_NETWORK.to_owned(),
            ..DockerNetwork::default()
        });
    }
}

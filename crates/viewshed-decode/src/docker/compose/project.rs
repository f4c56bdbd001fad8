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
        let mut network = DockerNetwork {
            name,
            ..DockerNetwork::default()
        };
        if let Some(fields) = fields {
            network.driver = fields.text("driver");
            network.internal = fields.flag("internal").unwrap_or(false);
            network.subnets = fields
                .object("ipam")
                .objects("config")
                .map(|config| config.text("subnet"))
                .filter(|subnet| !subnet.is_empty())
                .collect();
            network.gateways = fields
                .object("ipam")
                .objects("config")
                .map(|config| config.text("gateway"))
                .filter(|gateway| !gateway.is_empty())
                .collect();
            network.options = fields.text_map("driver_opts");
        }
        host.networks.push(network);
    }
    names
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
    if container.networks.is_empty() && container.network_mode.is_empty() {
        container
            .networks
            .push((DEFAULT_NETWORK.to_owned(), String::new()));
    }
    for (network, _) in &mut container.networks {
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

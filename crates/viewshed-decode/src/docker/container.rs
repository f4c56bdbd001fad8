//! Containers: the list (`GET /containers/json`) and inspection (`GET /containers/{id}/json`,
//! `docker inspect`), after the Engine API's description (moby `api/swagger.yaml`).
//!
//! Podman's compatible API answers the same shapes with `null` lists; `podman inspect` adds `ImageName`.

use std::collections::BTreeMap;

use serde_json::Value;
use viewshed_model::{DockerContainer, DockerHost, EnvName, Gap, Mount, PublishedPort, Tell};

use super::answer::Answer;
use super::fields::Fields;
use crate::tells::tells;
use crate::text::clean;

/// Reads the container list. Environment and rights come only with inspection.
pub fn containers(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let list = &mut host.containers;
    Answer::new(&host.name, "containers", gaps).each(body, |element| {
        let container = listed(&element.fields);
        let name = container.name.clone();
        list.push(container);
        name
    });
}

/// Reads one inspected container; `None`, with a gap, when the answer is not an object.
pub fn container_inspect(
    source: &str,
    gaps: &mut Vec<Gap>,
    body: &[u8],
) -> Option<DockerContainer> {
    Answer::new(source, "container inspection", gaps).one(body, |fields| inspected(&fields))
}

/// Puts inspected containers in the place of the listed ones with the same id; others are added.
pub fn add_inspected(host: &mut DockerHost, inspected: Vec<DockerContainer>) {
    let mut by_id: BTreeMap<String, DockerContainer> = BTreeMap::new();
    let mut nameless = Vec::new();
    for container in inspected {
        if container.id.is_empty() {
            nameless.push(container);
        } else {
            by_id.insert(container.id.clone(), container);
        }
    }
    for listed in &mut host.containers {
        if let Some(container) = by_id.remove(&listed.id) {
            *listed = container;
        }
    }
    host.containers.extend(by_id.into_values());
    host.containers.append(&mut nameless);
}

fn listed(fields: &Fields<'_>) -> DockerContainer {
    // A linked container has further names of the form `/other/alias`.
    let names = fields.texts("Names");
    let name = names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .find(|name| !name.contains('/'))
        .unwrap_or_default()
        .to_owned();
    DockerContainer {
        id: fields.text("Id"),
        name,
        image: fields.text("Image"),
        state: fields.text("State"),
        labels: labels(fields),
        mounts: mounts(fields),
        networks: networks(&fields.object("NetworkSettings")),
        ipv6_addresses: ipv6_addresses(&fields.object("NetworkSettings")),
        ports: listed_ports(fields),
        network_mode: fields.object("HostConfig").text("NetworkMode"),
        ..DockerContainer::default()
    }
}

pub(super) fn inspected(fields: &Fields<'_>) -> DockerContainer {
    let config = fields.object("Config");
    let host_config = fields.object("HostConfig");
    let network_settings = fields.object("NetworkSettings");
    let image = [
        config.text("Image"),
        fields.text("ImageName"),
        fields.text("Image"),
    ]
    .into_iter()
    .find(|image| !image.is_empty())
    .unwrap_or_default();
    let mut mounts = mounts(fields);
    mounts.extend(host_config.entries("Tmpfs").map(|(path, _)| Mount {
        destination: clean(path).into_owned(),
        kind: "tmpfs".to_owned(),
        ..Mount::default()
    }));
    let state = fields.object("State").text("Status");
    let mut ports = bound_ports(&network_settings, "Ports");
    if ports.is_empty() && state != "running" {
        // A container that does not run has no ports of its own yet, only the wish for them.
        ports = bound_ports(&host_config, "PortBindings");
    }
    DockerContainer {
        id: fields.text("Id"),
        name: fields.text("Name").trim_start_matches('/').to_owned(),
        image,
        state,
        labels: labels(&config),
        env: environment(&config),
        mounts,
        networks: networks(&network_settings),
        ipv6_addresses: ipv6_addresses(&network_settings),
        ports,
        privileged: host_config.flag("Privileged").unwrap_or(false),
        network_mode: host_config.text("NetworkMode"),
        links: links(&host_config),
        pid_mode: host_config.text("PidMode"),
        added_capabilities: host_config.texts("CapAdd"),
        devices: host_config
            .objects("Devices")
            .map(|device| device.text("PathOnHost"))
            .collect(),
        security_options: host_config.texts("SecurityOpt"),
        user_namespace_mode: host_config.text("UsernsMode"),
        exposed_ports: config
            .entries("ExposedPorts")
            .filter_map(|(port, _)| tcp_port(port))
            .collect(),
        user: config.text("User"),
        ..DockerContainer::default()
    }
}

/// `Config.Env`: `NAME=value`, or a bare `NAME` for a variable that is removed.
fn environment(config: &Fields<'_>) -> Vec<EnvName> {
    config
        .list("Env")
        .filter_map(|entry| {
            let Some(entry) = entry.as_str() else {
                config.wrong("Env");
                return None;
            };
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            Some(variable(name, value))
        })
        .collect()
}

/// A variable without its value.
pub(super) fn variable(name: &str, value: &str) -> EnvName {
    EnvName {
        name: clean(name).into_owned(),
        tells: tells(name, Some(value)),
        ..EnvName::default()
    }
}

/// `80` or `80/tcp`; of a range the first.
pub(super) fn tcp_port(text: &str) -> Option<u16> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let first = ports.split('-').next()?;
    (protocol == "tcp").then(|| first.parse().ok())?
}

/// `Labels`, without the values that are credentials themselves (a proxy's basic authentication, for example).
pub(super) fn labels(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let mut labels = fields.text_map("Labels");
    for (name, value) in &mut labels {
        if tells(name, Some(value)).contains(&Tell::Credential) {
            value.clear();
        }
    }
    labels
}

fn mounts(fields: &Fields<'_>) -> Vec<Mount> {
    fields
        .objects("Mounts")
        .map(|mount| {
            let kind = mount.text("Type");
            let name = mount.text("Name");
            // A volume's `Source` is its folder below the daemon's data root.
            let source = if kind == "volume" && !name.is_empty() {
                name
            } else {
                mount.text("Source")
            };
            Mount {
                source,
                destination: mount.text("Destination"),
                kind,
                read_only: mount.flag("RW") == Some(false),
                ..Mount::default()
            }
        })
        .collect()
}

fn networks(settings: &Fields<'_>) -> Vec<(String, String)> {
    addresses(settings, "IPAddress")
}

fn ipv6_addresses(settings: &Fields<'_>) -> Vec<(String, String)> {
    let mut found = addresses(settings, "GlobalIPv6Address");
    found.retain(|(_, address)| !address.is_empty());
    found
}

/// Every network with the address that is kept under a key there.
fn addresses(settings: &Fields<'_>, key: &str) -> Vec<(String, String)> {
    settings
        .entries("Networks")
        .map(|(name, value)| {
            let endpoint = settings.of(value);
            let address = endpoint.map_or_else(String::new, |endpoint| endpoint.text(key));
            (clean(name).into_owned(), address)
        })
        .collect()
}

/// `/other:/this/alias` each.
fn links(host_config: &Fields<'_>) -> Vec<String> {
    let links = host_config.texts("Links").into_iter();
    links
        .filter_map(|link| {
            let name = link.split(':').next()?.trim_start_matches('/').to_owned();
            (!name.is_empty()).then_some(name)
        })
        .collect()
}

/// The list's `Ports`; entries without `PublicPort` are exposed, not published.
fn listed_ports(fields: &Fields<'_>) -> Vec<PublishedPort> {
    fields
        .objects("Ports")
        .filter(|port| port.has("PublicPort"))
        .map(|port| PublishedPort {
            container_port: u16::try_from(port.number("PrivatePort")).unwrap_or(0),
            protocol: port.text("Type"),
            host_ip: port.text("IP"),
            host_port: u16::try_from(port.number("PublicPort")).unwrap_or(0),
        })
        .collect()
}

/// A map from `80/tcp` to the host's addresses and ports; `null` for a port that is only exposed.
fn bound_ports(fields: &Fields<'_>, key: &str) -> Vec<PublishedPort> {
    let mut ports = Vec::new();
    for (container_side, bindings) in fields.entries(key) {
        let (port, protocol) = container_side
            .split_once('/')
            .unwrap_or((container_side, "tcp"));
        let Ok(container_port) = port.parse() else {
            fields.wrong(key);
            continue;
        };
        let bindings = match bindings {
            Value::Null => continue,
            Value::Array(bindings) => bindings,
            _ => {
                fields.wrong(key);
                continue;
            }
        };
        for binding in bindings.iter().filter_map(|binding| fields.of(binding)) {
            ports.push(PublishedPort {
                container_port,
                protocol: clean(protocol).into_owned(),
                host_ip: binding.text("HostIp"),
                // Empty or a range until the daemon chooses.
                host_port: binding.scalar("HostPort").parse().unwrap_or(0),
            });
        }
    }
    ports
}

//! One service to the container that it declares.

use serde_json::Value;
use viewshed_model::{DockerContainer, GapReason, Tell};

use super::FileReader;
use super::inherit::{Base, Declared};
use super::{environment, ports, volumes};
use crate::docker::container::tcp_port;
use crate::docker::fields::{Fields, scalar_text};
use crate::tells::tells;
use crate::text::clean;

pub(super) fn declared(name: &str, service: &Fields<'_>, reader: &mut FileReader<'_>) -> Declared {
    let key = clean(name).into_owned();
    let container_name = service.text("container_name");
    let env_files = environment::env_files(service);
    for file in &env_files {
        let what = format!("variables of env_file `{file}` for service `{key}`");
        reader.note(&what, GapReason::NotCollected, "", "");
    }
    Declared {
        container: DockerContainer {
            name: if container_name.is_empty() {
                key.clone()
            } else {
                container_name
            },
            image: service.text("image"),
            labels: labels(service),
            env: environment::environment(service),
            env_files,
            profiles: service.texts("profiles"),
            mounts: volumes::mounts(service),
            networks: networks(service),
            ipv6_addresses: ipv6_addresses(service),
            ports: ports::ports(service, reader),
            network_mode: network_mode(service),
            pid_mode: service.text("pid"),
            added_capabilities: service.texts("cap_add"),
            devices: devices(service),
            security_options: service.texts("security_opt"),
            user_namespace_mode: service.text("userns_mode"),
            exposed_ports: service
                .list("expose")
                .filter_map(|port| tcp_port(&scalar_text(port)?))
                .collect(),
            user: service.scalar("user"),
            ..DockerContainer::default()
        },
        key,
        privileged: privileged(service),
        is_complete: ["image", "build"].iter().any(|key| service.has(key)) || extends_file(service),
        extends: extends(service),
        volumes_from: service.texts("volumes_from"),
    }
}

/// `privileged` may be the default of a variable.
fn privileged(service: &Fields<'_>) -> Option<bool> {
    match service.get("privileged") {
        Some(Value::String(text)) => Some(text == "true"),
        _ => service.flag("privileged"),
    }
}

/// `HOST[:CONTAINER[:RIGHTS]]`, or a map with `source`. What is no path of the host is a name of CDI.
fn devices(service: &Fields<'_>) -> Vec<String> {
    let devices = service.list("devices").filter_map(|device| {
        let text = match device {
            Value::String(text) => text.split(':').next()?,
            other => other.get("source")?.as_str()?,
        };
        text.starts_with('/').then(|| clean(text).into_owned())
    });
    devices.collect()
}

/// `net` is the name of format 1.
fn network_mode(service: &Fields<'_>) -> String {
    let mode = service.text("network_mode");
    if mode.is_empty() {
        service.text("net")
    } else {
        mode
    }
}

/// A list of names, or a map with the address in each.
fn networks(service: &Fields<'_>) -> Vec<(String, String)> {
    if let Some(Value::Array(_)) = service.get("networks") {
        return service
            .texts("networks")
            .into_iter()
            .map(|name| (name, String::new()))
            .collect();
    }
    addresses(service, "ipv4_address")
}

fn ipv6_addresses(service: &Fields<'_>) -> Vec<(String, String)> {
    if let Some(Value::Array(_)) = service.get("networks") {
        return Vec::new();
    }
    let mut found = addresses(service, "ipv6_address");
    found.retain(|(_, address)| !address.is_empty());
    found
}

fn addresses(service: &Fields<'_>, key: &str) -> Vec<(String, String)> {
    service
        .entries("networks")
        .map(|(name, value)| {
            let endpoint = service.of(value);
            let address = endpoint.map_or_else(String::new, |endpoint| endpoint.text(key));
            (clean(name).into_owned(), address)
        })
        .collect()
}

/// A map, or a list of `name=value`. Values that are credentials themselves are dropped.
fn labels(service: &Fields<'_>) -> std::collections::BTreeMap<String, String> {
    let mut labels = match service.get("labels") {
        Some(Value::Array(_)) => service
            .texts("labels")
            .iter()
            .map(|label| {
                let (name, value) = label.split_once('=').unwrap_or((label, ""));
                (name.to_owned(), value.to_owned())
            })
            .collect(),
        _ => service.text_map("labels"),
    };
    for (name, value) in &mut labels {
        if tells(name, Some(value)).contains(&Tell::Credential) {
            value.clear();
        }
    }
    labels
}

/// What another file says, which is not read, may be all.
fn extends_file(service: &Fields<'_>) -> bool {
    extends(service).is_some_and(|base| !base.file.is_empty())
}

/// A service of this file by name, or `{service, file}`.
fn extends(service: &Fields<'_>) -> Option<Base> {
    match service.get("extends")? {
        Value::String(name) => Some(Base {
            service: clean(name).into_owned(),
            file: String::new(),
        }),
        _ => {
            let fields = service.object("extends");
            let name = fields.text("service");
            (!name.is_empty()).then(|| Base {
                service: name,
                file: fields.text("file"),
            })
        }
    }
}

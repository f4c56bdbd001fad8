//! `extends` and `volumes_from` within one file: what a service takes over from others.
//!
//! A privileged base, or a runtime socket of another service, is a fact of the service that takes it over.

use std::collections::BTreeMap;

use viewshed_model::{DockerContainer, GapReason, Mount, PublishedPort};

use super::FileReader;

/// Longest chain of `extends`; compose itself refuses cycles, and nobody writes so many steps.
const CHAIN_MAX: usize = 16;

/// A service as it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) key: String,
    pub(super) container: DockerContainer,
    /// `None` when not given, so that a base may decide.
    pub(super) privileged: Option<bool>,
    pub(super) extends: Option<Base>,
    /// Whether it, or what it extends, says what runs: an image, or how one is built.
    pub(super) is_complete: bool,
    /// `SERVICE[:MODE]` or `container:NAME[:MODE]`.
    pub(super) volumes_from: Vec<String>,
}

/// Target of `extends`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) service: String,
    /// Empty for this file.
    pub(super) file: String,
}

/// The services with what they take over by `extends`, in the order of the file.
pub(super) fn extend(reader: &mut FileReader<'_>, services: &[Declared]) -> Vec<Declared> {
    let index_by_key = index_by_key(services);
    let find = |key: &str| index_by_key.get(key).and_then(|index| services.get(*index));
    let mut extended: Vec<Declared> = Vec::with_capacity(services.len());
    for service in services {
        let mut whole = service.clone();
        for base in bases(reader, service, &find) {
            take_over(reader, &mut whole, base);
        }
        extended.push(whole);
    }
    extended
}

/// The containers of services that are whole but for `volumes_from`.
pub(super) fn containers(
    reader: &mut FileReader<'_>,
    services: &[Declared],
) -> Vec<DockerContainer> {
    let index_by_key = index_by_key(services);
    let mut containers: Vec<DockerContainer> = services
        .iter()
        .map(|service| DockerContainer {
            privileged: service.privileged.unwrap_or(false),
            ..service.container.clone()
        })
        .collect();
    let mounts: Vec<Vec<Mount>> = services
        .iter()
        .map(|service| shared_mounts(reader, service, &index_by_key, &containers))
        .collect();
    for (container, mounts) in containers.iter_mut().zip(mounts) {
        add_mounts(container, mounts);
    }
    containers
}

fn index_by_key(services: &[Declared]) -> BTreeMap<&str, usize> {
    let keys = services.iter().enumerate();
    keys.map(|(index, service)| (service.key.as_str(), index))
        .collect()
}

/// The chain of services that this one extends, nearest first.
fn bases<'a>(
    reader: &mut FileReader<'_>,
    service: &'a Declared,
    find: &impl Fn(&str) -> Option<&'a Declared>,
) -> Vec<&'a Declared> {
    let mut chain: Vec<&Declared> = Vec::new();
    let mut current = service;
    while let Some(base) = &current.extends {
        let what = format!("service `{}` that `{}` extends", base.service, service.key);
        if !base.file.is_empty() {
            let detail = format!("it stands in `{}`", base.file);
            reader.note(&what, GapReason::NotCollected, &detail, "");
            break;
        }
        let Some(next) = find(&base.service) else {
            reader.note(
                &what,
                GapReason::Malformed,
                "no such service in this file",
                "",
            );
            break;
        };
        if next.key == service.key || chain.len() == CHAIN_MAX {
            reader.note(&what, GapReason::Malformed, "the chain does not end", "");
            break;
        }
        chain.push(next);
        current = next;
    }
    chain
}

/// Gives a service what it does not set itself; of lists it has both.
pub(super) fn take_over(reader: &mut FileReader<'_>, service: &mut Declared, base: &Declared) {
    service.privileged = service.privileged.or(base.privileged);
    service.is_complete |= base.is_complete;
    let container = &mut service.container;
    let base = &base.container;
    if !allow(
        reader,
        container,
        base.env.len() + base.mounts.len() + base.ports.len() + base.labels.len(),
    ) {
        return;
    }
    for (own, inherited) in [
        (&mut container.image, &base.image),
        (&mut container.pid_mode, &base.pid_mode),
        (&mut container.user, &base.user),
        (
            &mut container.user_namespace_mode,
            &base.user_namespace_mode,
        ),
    ] {
        if own.is_empty() {
            own.clone_from(inherited);
        }
    }
    if container.networks.is_empty() && container.network_mode.is_empty() {
        container.network_mode.clone_from(&base.network_mode);
    }
    // A mode stands in place of networks.
    if container.network_mode.is_empty() {
        join(&mut container.networks, &base.networks);
        join(&mut container.ipv6_addresses, &base.ipv6_addresses);
    }
    for (name, value) in &base.labels {
        container
            .labels
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    let known: std::collections::BTreeSet<String> = container
        .env
        .iter()
        .map(|variable| variable.name.clone())
        .collect();
    container.env.extend(
        base.env
            .iter()
            .filter(|variable| !known.contains(&variable.name))
            .cloned(),
    );
    for (own, inherited) in [
        (&mut container.added_capabilities, &base.added_capabilities),
        (&mut container.devices, &base.devices),
        (&mut container.security_options, &base.security_options),
    ] {
        let more = inherited.iter().filter(|one| !own.contains(one));
        let more: Vec<String> = more.cloned().collect();
        own.extend(more);
    }
    container.exposed_ports.extend(&base.exposed_ports);
    container.env_files.extend(base.env_files.iter().cloned());
    let ports: Vec<PublishedPort> = base
        .ports
        .iter()
        .filter(|port| !container.ports.contains(port))
        .cloned()
        .collect();
    container.ports.extend(ports);
    add_mounts(container, base.mounts.clone());
}

/// Adds networks (or addresses in them) that are not among the own ones.
fn join(own: &mut Vec<(String, String)>, more: &[(String, String)]) {
    for (network, address) in more {
        match own.iter_mut().find(|(name, _)| name == network) {
            Some((_, known)) if known.is_empty() => known.clone_from(address),
            Some(_) => {}
            None => own.push((network.clone(), address.clone())),
        }
    }
}

/// Adds mounts at places that are still free.
fn add_mounts(container: &mut DockerContainer, mounts: Vec<Mount>) {
    let taken: std::collections::BTreeSet<String> = container
        .mounts
        .iter()
        .map(|mount| mount.destination.clone())
        .collect();
    container.mounts.extend(
        mounts
            .into_iter()
            .filter(|mount| !taken.contains(&mount.destination)),
    );
}

fn shared_mounts(
    reader: &mut FileReader<'_>,
    service: &Declared,
    index_by_key: &BTreeMap<&str, usize>,
    containers: &[DockerContainer],
) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for entry in &service.volumes_from {
        let mut parts = entry.split(':');
        let name = parts.next().unwrap_or_default();
        let source = index_by_key
            .get(name)
            .and_then(|index| containers.get(*index));
        let Some(source) = source else {
            let what = format!("mounts that `{}` takes from `{entry}`", service.key);
            reader.note(
                &what,
                GapReason::NotCollected,
                "not a service of this file",
                "",
            );
            continue;
        };
        if allow(reader, &service.container, source.mounts.len()) {
            let is_read_only = parts.next() == Some("ro");
            mounts.extend(source.mounts.iter().cloned().map(|mount| Mount {
                read_only: mount.read_only || is_read_only,
                ..mount
            }));
        }
    }
    mounts
}

/// Whether so many more items may be copied; else the loss is named.
fn allow(reader: &mut FileReader<'_>, container: &DockerContainer, count: usize) -> bool {
    match reader.inherited_left.checked_sub(count) {
        Some(left) => {
            reader.inherited_left = left;
            true
        }
        None => {
            let what = format!("what service `{}` takes over from others", container.name);
            let detail = format!("{count} items over the limit of one file");
            reader.note(&what, GapReason::TooLarge, &detail, "");
            false
        }
    }
}

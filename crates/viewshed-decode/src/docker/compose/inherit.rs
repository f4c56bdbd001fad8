//! `extends` and `volumes_from` within one file: what a service takes over from others.
//!
//! A privileged base, or a runtime socket of another service, is a fact of the service that takes it over.

use std::collections::BTreeMap;

use viewshed_model::{DockerContainer, GapReason, Mount};

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

/// The containers in the order of the file.
pub(super) fn resolve(reader: &mut FileReader<'_>, services: &[Declared]) -> Vec<DockerContainer> {
    let index_by_key: BTreeMap<&str, usize> = services
        .iter()
        .enumerate()
        .map(|(index, service)| (service.key.as_str(), index))
        .collect();
    let find = |key: &str| index_by_key.get(key).and_then(|index| services.get(*index));
    let mut extended: Vec<DockerContainer> = Vec::with_capacity(services.len());
    for service in services {
        let bases = bases(reader, service, &find);
        let mut container = service.container.clone();
        let mut privileged = service.privileged;
        for base in bases {
            privileged = privileged.or(base.privileged);
            take_over(reader, &mut container, &base.container);
        }
        container.privileged = privileged.unwrap_or(false);
        extended.push(container);
    }
    let mounts: Vec<Vec<Mount>> = services
        .iter()
        .map(|service| shared_mounts(reader, service, &index_by_key, &extended))
        .collect();
    for (container, mounts) in extended.iter_mut().zip(mounts) {
        add_mounts(container, mounts);
    }
    extended
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

fn take_over(reader: &mut FileReader<'_>, container: &mut DockerContainer, base: &DockerContainer) {
    if !allow(
        reader,
        container,
        base.env.len() + base.mounts.len() + base.ports.len() + base.labels.len(),
    ) {
        return;
    }
    for (own, inherited) in [
        (&mut container.image, &base.image),
        (&mut container.network_mode, &base.network_mode),
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
        container.networks.clone_from(&base.networks);
        container.ipv6_addresses.clone_from(&base.ipv6_addresses);
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
    container.ports.extend(base.ports.iter().cloned());
    add_mounts(container, base.mounts.clone());
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

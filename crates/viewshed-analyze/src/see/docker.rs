//! Views of a Docker host: through its API, and from inside one of its containers.
//!
//! Facts: the Engine API reference (1.41 to the newest): whoever reaches the API may read all of it
//! unless an authorization plugin says otherwise; a read-only mount does not weaken a socket.

mod container;
mod joined;
mod privileges;
mod sheet;
mod sockets;
#[cfg(test)]
mod tests;

use viewshed_model::{Chain, DockerContainer, DockerHost, Estate, Gap, MissingFact, Vantage, View};

use super::SeeError;
use super::board::link;
pub(crate) use container::openings_of_container;
pub(super) use joined::add_answers;
pub(crate) use privileges::{Privilege, kept_from, privileges_of_container};
pub(crate) use sockets::{mounted_path, socket_of_host};

use container::Inside;
use sheet::Sheet;

/// The view of the first host in which the vantage exists. An empty host name means any.
pub(super) fn see(estate: &Estate, vantage: &Vantage) -> Result<View<'static>, SeeError> {
    if estate.docker_hosts.is_empty() {
        return Err(SeeError::EmptyEstate {
            what: "Docker host",
        });
    }
    let (wanted, container) = match vantage {
        Vantage::DockerApi { host } => (host, None),
        Vantage::Container { host, name } => (host, Some(name)),
        Vantage::Anonymous
        | Vantage::Identity { .. }
        | Vantage::Pod { .. }
        | Vantage::Node { .. }
        | Vantage::Kubelet { .. }
        | Vantage::Here => return Err(SeeError::NotFromAnEstate),
    };
    let mut hosts = estate
        .docker_hosts
        .iter()
        .filter(|host| wanted.is_empty() || is_named(host, wanted))
        .peekable();
    if hosts.peek().is_none() {
        let names = estate.docker_hosts.iter().map(|host| host.name.clone());
        return Err(SeeError::no_such(
            format!("Docker host `{wanted}`"),
            wanted,
            names,
        ));
    }
    let Some(name) = container else {
        return hosts
            .next()
            .map(|host| api_view(estate, host, vantage))
            .ok_or(SeeError::EmptyEstate {
                what: "Docker host",
            });
    };
    let candidates: Vec<&DockerHost> = hosts.collect();
    let found = candidates
        .iter()
        .find_map(|host| Some((*host, find(host, name)?)));
    match found {
        Some((host, container)) => Ok(container_view(estate, host, container, vantage)),
        None => {
            let names = candidates
                .iter()
                .flat_map(|host| host.containers.iter())
                .map(|container| container.name.clone());
            Err(SeeError::no_such(
                format!("container `{name}`"),
                name,
                names,
            ))
        }
    }
}

fn is_named(host: &DockerHost, wanted: &str) -> bool {
    host.name == wanted || host.endpoint == wanted || host.daemon.host_name == wanted
}

/// Shortest part of an id that is taken for one: what the command line prints.
const SHORT_ID_LENGTH: usize = 12;

/// The first host of that name; an empty one means any.
pub(super) fn named<'e>(estate: &'e Estate, wanted: &str) -> Option<&'e DockerHost> {
    let mut hosts = estate.docker_hosts.iter();
    hosts.find(|host| wanted.is_empty() || is_named(host, wanted))
}

/// The container of that name or id, with its host; an empty host name means any.
pub(super) fn standing<'e>(
    estate: &'e Estate,
    (wanted, name): (&str, &str),
) -> Option<(&'e DockerHost, &'e DockerContainer)> {
    let hosts = estate.docker_hosts.iter();
    let mut hosts = hosts.filter(|host| wanted.is_empty() || is_named(host, wanted));
    hosts.find_map(|host| Some((host, find(host, name)?)))
}

fn find<'h>(host: &'h DockerHost, name: &str) -> Option<&'h DockerContainer> {
    let by_name = host
        .containers
        .iter()
        .find(|container| container.name == name || container.id == name);
    by_name.or_else(|| {
        (name.len() >= SHORT_ID_LENGTH)
            .then(|| {
                host.containers
                    .iter()
                    .find(|container| container.id.starts_with(name))
            })
            .flatten()
    })
}

fn api_view(estate: &Estate, host: &DockerHost, vantage: &Vantage) -> View<'static> {
    let mut sheet = Sheet::of(host);
    let at = if host.endpoint.is_empty() {
        &host.name
    } else {
        &host.endpoint
    };
    let links = [link(format!("the Docker API at {at}"))];
    // A daemon that was read has shown what it answers; a plugin may treat others otherwise.
    if host.daemon.authorization_plugins.is_empty() || host.is_live {
        sheet.mark_api(&links);
    } else {
        sheet.mark_api_uncertain(&host.daemon.authorization_plugins);
    }
    finish(estate, sheet, vantage)
}

fn container_view(
    estate: &Estate,
    host: &DockerHost,
    container: &DockerContainer,
    vantage: &Vantage,
) -> View<'static> {
    let mut sheet = Sheet::of(host);
    Inside { host, container }.mark(&mut sheet);
    finish(estate, sheet, vantage)
}

fn finish(estate: &Estate, sheet: Sheet<'_>, vantage: &Vantage) -> View<'static> {
    let host = sheet.host;
    let elsewhere = |gap: &&Gap| {
        let hosts = estate.docker_hosts.iter().map(|other| &other.name);
        let clusters = estate.clusters.iter().map(|cluster| &cluster.name);
        !hosts
            .chain(clusters)
            .any(|name| *name == gap.source && *name != host.name)
    };
    let gaps = estate.gaps.iter().filter(elsewhere).cloned().collect();
    let (categories, chains, depends_on) = sheet.into_categories();
    View {
        vantage: vantage.clone(),
        estate: host.name.clone(),
        identities: Vec::new(),
        chains: chains.into_iter().map(|links| Chain { links }).collect(),
        categories,
        unnamed: Vec::new(),
        may_act_as: Vec::new(),
        depends_on: depends_on
            .into_iter()
            .map(|fact| MissingFact { fact })
            .collect(),
        gaps,
        paths: Vec::new(),
        pivots: Vec::new(),
        here: None,
    }
}

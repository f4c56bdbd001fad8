//! Connections to an address of a Docker host: that of a container in one of its networks, or of the host in one.
//!
//! An address stands for less than its owner: a container answers at it on that network alone, and ports that are
//! published are published at addresses of the host (moby `integration/network/bridge/iptablesdoc/generated`, "DROP
//! DIRECT ACCESS").

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork, Estate};

use super::facts::{is_internal, is_loopback, mode, namespace_of, networks, title};
use super::paths::to_own_host;
use super::{End, Open, pair};
use crate::network::address::{Block, address as address_of};
use crate::network::ports::{PortSet, everything, point};

/// Whose an address is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'e> {
    /// A container's in a network.
    Container(&'e DockerHost, &'e DockerContainer, &'e str),
    /// The host's in a network.
    Host(&'e DockerHost, &'e DockerNetwork),
}

/// Whose it is in an estate.
pub(super) fn owner(estate: &Estate, address: IpAddr) -> Option<Owner<'_>> {
    let is_it = |text: &str| text.parse() == Ok(address);
    let of_host = |host: &'_ DockerHost| -> Option<(usize, usize)> {
        host.containers.iter().enumerate().find_map(|(at, one)| {
            let own = one.networks.iter().position(|(_, own)| is_it(own))?;
            Some((at, own))
        })
    };
    for host in &estate.docker_hosts {
        if let Some((at, own)) = of_host(host) {
            let container = host.containers.get(at)?;
            let (network, _) = container.networks.get(own)?;
            return Some(Owner::Container(host, container, network));
        }
        let mut networks = host.networks.iter();
        let has = |network: &&DockerNetwork| {
            let mut told = network.gateways.iter();
            told.any(|own| is_it(own)) || is_first(network, address)
        };
        if let Some(network) = networks.find(has) {
            return Some(Owner::Host(host, network));
        }
    }
    None
}

/// Of a network that tells no gateway, the first address of a subnet is the host's (docker.docs "Bridge network
/// driver": unless an option names another).
fn is_first(network: &DockerNetwork, address: IpAddr) -> bool {
    let is_bridge = matches!(network.driver.as_str(), "" | "bridge");
    let blocks = network.subnets.iter().filter_map(|text| Block::parse(text));
    let mut firsts = blocks.map(|block| address_of(block.family, block.first.saturating_add(1)));
    is_bridge && network.gateways.is_empty() && firsts.any(|first| first == address)
}

/// Whether an address is a container's or a host's in one of Docker's networks.
pub(in crate::network) fn is_of_docker(estate: &Estate, address: IpAddr) -> bool {
    owner(estate, address).is_some()
}

/// What is open to a source at an address.
pub(super) fn at(from: End<'_>, owner: Owner<'_>) -> Open {
    match owner {
        Owner::Container(host, container, network) => {
            at_container(from, (host, container), network)
        }
        Owner::Host(host, network) => at_host(from, host, network),
    }
}

/// As the container would be on that network alone; its ports are published elsewhere, unless that network is routed.
fn at_container(
    from: End<'_>,
    (host, container): (&DockerHost, &DockerContainer),
    network: &str,
) -> Open {
    let to = End::Container(host, container);
    if let End::Container(own_host, own) = from
        && std::ptr::eq(namespace_of(own_host, own), namespace_of(host, container))
    {
        return pair(from, to);
    }
    let known = host.networks.iter().find(|one| one.name == network);
    let is_routed = known.is_some_and(|network| mode(host, network) == "routed");
    let mut there = container.clone();
    there.networks.retain(|(name, _)| name == network);
    if !is_routed {
        there.ports.clear();
    }
    match pair(from, End::Container(host, &there)) {
        Open::Closed(text) if container.ports.is_empty() => Open::Closed(text),
        Open::Closed(_) => Open::Closed(format!(
            "the address is that of {} in network `{network}`, which only that network and the host are let to; its \
             ports are published at addresses of the host",
            title(container)
        )),
        open => open,
    }
}

/// The host at its address in a network.
fn at_host(from: End<'_>, host: &DockerHost, network: &DockerNetwork) -> Open {
    let own = match from {
        End::Container(own_host, own) if std::ptr::eq(own_host, host) => own,
        End::Container(..) | End::Host(_) | End::World => return pair(from, End::Host(host)),
    };
    let all = networks(host, namespace_of(host, own));
    let is_on_it = all.iter().any(|(name, _)| *name == network.name);
    let has_way_out = all.iter().any(|(_, network)| !is_internal(host, *network));
    if !all.is_empty() && !is_on_it && !has_way_out {
        return Open::Closed(format!(
            "every network of {} is internal, and the host's address in network `{}` is in none of them",
            title(own),
            network.name
        ));
    }
    match to_own_host(host, own) {
        Open::Every(text) => match on_loopback(host) {
            taken if taken.is_empty() => Open::Every(text),
            taken => Open::Only(
                everything().minus(&taken),
                format!(
                    "{text}; ports that are published on its loopback address alone are not there"
                ),
            ),
        },
        open => open,
    }
}

/// Ports of the host that lead to containers from its loopback address only.
fn on_loopback(host: &DockerHost) -> PortSet {
    let published = host.containers.iter().flat_map(|one| &one.ports);
    let ports = |is_wanted: fn(&str) -> bool| -> PortSet {
        let wanted = published.clone().filter(|port| is_wanted(&port.host_ip));
        wanted
            .filter_map(|port| Some(point(port.protocol.parse().ok()?, port.host_port)))
            .map(|port| (port, port))
            .collect()
    };
    ports(is_loopback).minus(&ports(|address| !is_loopback(address)))
}

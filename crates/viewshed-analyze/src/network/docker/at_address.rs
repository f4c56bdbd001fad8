//! Connections to an address of a Docker host: that of a container in one of its networks, or of the host in one.
//!
//! An address stands for less than its owner: a container answers at it on that network alone, and ports that are
//! published are published at addresses of the host (moby `integration/network/bridge/iptablesdoc/generated`, "DROP
//! DIRECT ACCESS").

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork, Estate};

use super::facts::{
    Firewall, Joined, firewall, first_unknown, has_internal_route, has_stopped, is_internal,
    is_isolated, is_loopback, is_of, is_on_link, is_podman, keeps_address, major, mode,
    namespace_of, networks, networks_of, title, unknown,
};
use super::outside::opens_ports;
use super::own_host::to_own_host;
use super::paths::between;
use super::published::{Published, UNFILTERED_IPV6, UNKNOWN_FIREWALL, is_ipv6_filtered};
use super::{End, Open, pair, running};
use crate::network::address::{Block, Family, address as address_of};
use crate::network::ports::{PortSet, everything, point};

/// Whose an address is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'e> {
    /// A container's in a network.
    Container(&'e DockerHost, &'e DockerContainer, &'e str, Family),
    /// The host's in a network.
    Host(&'e DockerHost, &'e DockerNetwork, IpAddr),
}

/// Whose it is in an estate.
pub(super) fn owner(estate: &Estate, address: IpAddr) -> Option<Owner<'_>> {
    let is_it = |text: &str| text.parse() == Ok(address);
    for host in &estate.docker_hosts {
        let owned = host.containers.iter().find_map(|one| {
            let mut own = one.networks.iter().chain(&one.ipv6_addresses);
            let (network, _) = own.find(|(_, own)| is_it(own))?;
            Some((one, network.as_str()))
        });
        if let Some((container, network)) = owned {
            let family = Family::of(address);
            return Some(Owner::Container(host, container, network, family));
        }
        let mut networks = host.networks.iter();
        let has = |network: &&DockerNetwork| {
            // The gateway of a network on the link, or on a tunnel, is another machine (docker.docs "Macvlan network
            // driver").
            let is_elsewhere = matches!(network.driver.as_str(), "macvlan" | "ipvlan" | "overlay");
            let mut told = network.gateways.iter();
            !is_elsewhere && told.any(|own| is_it(own)) || is_first(network, address)
        };
        if let Some(network) = networks.find(has) {
            return Some(Owner::Host(host, network, address));
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
        Owner::Container(host, container, network, family) => {
            at_container(from, (host, container), (network, family))
        }
        Owner::Host(host, network, address) => match from {
            End::Container(own_host, own) if std::ptr::eq(own_host, host) => {
                running(from, None, || at_own_host((host, own), network, address))
            }
            End::Container(..) | End::Host(_) | End::World => pair(from, End::Host(host)),
        },
    }
}

/// As the container would be on that network alone; its ports are published elsewhere, unless that network opens them
/// at its own addresses.
fn at_container(
    from: End<'_>,
    (host, container): (&DockerHost, &DockerContainer),
    (network, family): (&str, Family),
) -> Open {
    let to = End::Container(host, container);
    if let End::Container(own_host, own) = from
        && std::ptr::eq(namespace_of(own_host, own), namespace_of(host, container))
    {
        return pair(from, to);
    }
    let mut there = container.clone();
    there.networks.retain(|(name, _)| name == network);
    let known = host.networks.iter().find(|one| one.name == network);
    if known.is_some_and(|network| opens_ports(host, network, family)) {
        // No port of the host leads there.
        for port in &mut there.ports {
            port.host_port = 0;
        }
    } else {
        there.ports.clear();
    }
    let to = End::Container(host, &there);
    match running(from, Some(to), || between(from, to, &[family])) {
        Open::Closed(text) if container.ports.is_empty() => Open::Closed(text),
        Open::Closed(_) => Open::Closed(format!(
            "the address is that of {} in network `{network}`, which only that network and the host are let to; its \
             ports are published at addresses of the host",
            title(container)
        )),
        open => open,
    }
}

/// The own host at its address in a network.
fn at_own_host(
    (host, own): (&DockerHost, &DockerContainer),
    network: &DockerNetwork,
    address: IpAddr,
) -> Open {
    let source = namespace_of(host, own);
    let shares_host = matches!(source.network_mode.as_str(), "none" | "host");
    if shares_host || source.networks.is_empty() || is_podman(host) {
        return to_own_host(host, own);
    }
    let family = Family::of(address);
    let mine = networks_of(host, source, family);
    if mine.is_empty() && first_unknown(&networks(host, source)).is_none() {
        let text = format!("{} has no {} address", title(own), family.name());
        return Open::Closed(text);
    }
    let over = mine
        .iter()
        .find(|(_, network)| network.is_some_and(|network| holds(network, address)));
    let leads_out = |joined: &&Joined<'_>| {
        !is_internal(host, joined.1, family) && !is_on_link(joined.1) && unknown(joined).is_none()
    };
    let Some(over) = over.or_else(|| mine.iter().find(leads_out)) else {
        return from_inside((host, own), (network, address), &mine);
    };
    if is_on_link(over.1) || is_isolated(host, over.1, family) {
        return to_own_host(host, own);
    }
    answers(host, over, address)
}

/// Where no network of the container leads to the address.
fn from_inside(
    (host, own): (&DockerHost, &DockerContainer),
    (network, address): (&DockerNetwork, IpAddr),
    mine: &[Joined<'_>],
) -> Open {
    if let Some(fact) =
        first_unknown(mine).or_else(|| first_unknown(&networks(host, namespace_of(host, own))))
    {
        let text = format!("{} is in no other network that leads out", title(own));
        return Open::Depends(everything(), fact, text);
    }
    if mine.iter().any(|(_, network)| is_on_link(*network)) {
        return to_own_host(host, own);
    }
    let text = format!(
        "every network of {} is internal, and the host's address in network `{}` is in none of them",
        title(own),
        network.name
    );
    match (has_internal_route(host), mine.first()) {
        (Some(true), Some(over)) => answers(host, over, address),
        (Some(_), _) => Open::Closed(text),
        (None, _) => {
            let fact = "whether the engine gives internal networks a default route (20.10 does, 27 does not)";
            Open::Depends(everything(), fact.to_owned(), text)
        }
    }
}

/// What of the host answers at an address that a network leads to: everything, less ports that lead to containers
/// which the network has no way to.
fn answers(host: &DockerHost, (name, network): &Joined<'_>, address: IpAddr) -> Open {
    let family = Family::of(address);
    let text = format!(
        "the host answers on its address in network `{name}`; only its own rules for incoming packets would stop it"
    );
    let on_loopback = on_loopback(host, family);
    let translated = translated(host, name, address).minus(&on_loopback);
    let is_internal = is_internal(host, *network, family);
    let mode = network.map_or("nat", |network| mode(host, network, family));
    let is_dropped = keeps_address(*network) && mode == "nat";
    let sure = everything().minus(&on_loopback);
    let others = if translated.is_empty() || !(is_internal || is_dropped) {
        sure.clone()
    } else {
        sure.minus(&translated)
    };
    let except = if others == everything() {
        text
    } else {
        format!("{text}; ports that lead to containers elsewhere are not open there")
    };
    match firewall(host) {
        _ if others == everything() => Open::Every(except),
        _ if family == Family::V6 && !is_ipv6_filtered(host) && others != sure => {
            Open::AtLeast(others, sure, UNFILTERED_IPV6.to_owned(), except)
        }
        Firewall::Nftables if !is_dropped => Open::Only(sure, except),
        Firewall::Unknown if is_internal && others != sure => {
            Open::AtLeast(others, sure, UNKNOWN_FIREWALL.to_owned(), except)
        }
        Firewall::Iptables | Firewall::Nftables | Firewall::Unknown => Open::Only(others, except),
    }
}

/// To an address that nothing of the estate has: from the internal networks of old engines it may be the host's, of
/// which an estate tells only those in Docker's networks. An engine of an unknown version is taken for none of these.
pub(super) fn at_unknown(from: End<'_>, address: IpAddr) -> Open {
    let family = Family::of(address);
    let open = running(from, None, || between(from, End::World, &[family]));
    let End::Container(host, own) = from else {
        return open;
    };
    let source = namespace_of(host, own);
    let is_apart = matches!(source.network_mode.as_str(), "none" | "host") || has_stopped(own);
    let mine = networks_of(host, source, family);
    if !is_apart && let Some(kept) = on_the_link((host, own), &mine, address, &open) {
        return kept;
    }
    let Open::Closed(text) = &open else {
        return open;
    };
    let has_route = major(host).is_some() && has_internal_route(host) != Some(false);
    if is_apart || !has_route || mine.iter().all(|(_, network)| is_on_link(*network)) {
        return open;
    }
    let fact = "whether the address is one of the host's, to which internal networks of old engines have a route";
    Open::Depends(everything(), fact.to_owned(), text.clone())
}

/// An address on the link that a container is on may be the own host's, which the kernel keeps it from; `None` where it
/// is no matter.
fn on_the_link(
    (host, own): (&DockerHost, &DockerContainer),
    mine: &[Joined<'_>],
    address: IpAddr,
    open: &Open,
) -> Option<Open> {
    if mine.is_empty() || !mine.iter().all(|(_, network)| is_on_link(*network)) {
        return None;
    }
    let is_it = |text: &String| text.parse() == Ok(address);
    let name = mine.iter().find_map(|(name, network)| {
        let network = network.filter(|network| holds(network, address))?;
        Some(name).filter(|_| !network.gateways.iter().any(is_it))
    })?;
    let mut ports = host.containers.iter().flat_map(|one| &one.ports);
    if ports.any(|port| is_it(&port.host_ip)) {
        return Some(to_own_host(host, own));
    }
    (!matches!(open, Open::Closed(_))).then(|| {
        let fact = format!(
            "whether the address is the host's own on the link of network `{name}`, where the kernel keeps {} from it",
            title(own)
        );
        Open::Depends(everything(), fact, open.text().to_owned())
    })
}

/// Whether an address is in a subnet of a network.
fn holds(network: &DockerNetwork, address: IpAddr) -> bool {
    let own = Block::single(address);
    let mut blocks = network.subnets.iter().filter_map(|text| Block::parse(text));
    blocks.any(|block| block.covers(&own))
}

/// Ports of the host that are translated at an address to containers that are not in a network.
fn translated(host: &DockerHost, network: &str, address: IpAddr) -> PortSet {
    let family = Family::of(address);
    let is_there = |host_ip: &str| match host_ip.parse::<IpAddr>() {
        Ok(own) => own == address || own.is_unspecified(),
        Err(_) => true,
    };
    let leading = host.containers.iter().filter(|one| {
        let is_here = one.networks.iter().any(|(name, _)| name == network);
        !is_here && Published::of(host, one, family) == Some(Published::Translated)
    });
    host_ports(leading, |host_ip| {
        is_of(host_ip, family) && is_there(host_ip)
    })
}

/// Ports of the host that lead to containers from its loopback address only.
fn on_loopback(host: &DockerHost, family: Family) -> PortSet {
    let running = || host.containers.iter().filter(|one| !has_stopped(one));
    let of_loopback = host_ports(running(), |address| {
        is_of(address, family) && is_loopback(address)
    });
    of_loopback.minus(&host_ports(running(), |address| !is_loopback(address)))
}

fn host_ports<'e>(
    containers: impl Iterator<Item = &'e DockerContainer>,
    is_wanted: impl Fn(&str) -> bool,
) -> PortSet {
    let ports = containers.flat_map(|one| &one.ports);
    ports
        .filter(|port| port.host_port != 0 && is_wanted(&port.host_ip))
        .filter_map(|port| Some(point(port.protocol.parse().ok()?, port.host_port)))
        .map(|port| (port, port))
        .collect()
}

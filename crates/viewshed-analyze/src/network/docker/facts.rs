//! What of containers, networks and the engine decides who connects to whom.

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork};

use super::container;
use crate::network::address::Family;
use crate::network::ports::{PortSet, point};

/// What a network driver's option says of direct access over a family (`nat` unless given).
const fn gateway_mode(family: Family) -> &'static str {
    match family {
        Family::V4 => "com.docker.network.bridge.gateway_mode_ipv4",
        Family::V6 => "com.docker.network.bridge.gateway_mode_ipv6",
    }
}

/// Networks that every engine makes itself, and nobody has to describe.
const OWN_NETWORKS: [&str; 3] = ["bridge", "host", "none"];
/// Drivers that come with the engine (moby `daemon/libnetwork/drivers`). An empty one is that of a compose file.
const OWN_DRIVERS: [&str; 7] = ["", "bridge", "host", "null", "overlay", "macvlan", "ipvlan"];
/// `--icc`, per network.
pub(super) const ICC: &str = "com.docker.network.bridge.enable_icc";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
/// The first engine that knows gateway modes (moby 27.0, `libnetwork/drivers/bridge`: `gateway_mode_ipv4`).
const GATEWAY_MODES: u32 = 27;
/// The first engine that can do without iptables (moby 29.0: `--firewall-backend=nftables`).
const NFTABLES: u32 = 29;
/// The first minor API version of each major engine (Docker Engine API version history), for builds that
/// name no version.
const FIRST_API_OF_ENGINE: [(u32, u32); 9] = [
    (40, 19),
    (41, 20),
    (42, 23),
    (43, 24),
    (44, 25),
    (45, 26),
    (46, 27),
    (48, 28),
    (52, 29),
];
/// Containers that share a network namespace through others; more is a loop.
const SHARED_DEPTH_MAX: usize = 8;

/// The container whose network namespace this one uses: itself, or the one at the end of
/// `container:ID` modes.
pub(in crate::network) fn namespace_of<'e>(
    host: &'e DockerHost,
    own: &'e DockerContainer,
) -> &'e DockerContainer {
    let mut at = own;
    for _ in 0..SHARED_DEPTH_MAX {
        let shared = at.network_mode.strip_prefix("container:");
        let shared = shared.or_else(|| at.network_mode.strip_prefix("service:"));
        match shared.and_then(|name| container(host, name)) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

/// The container whose network namespace this one uses, where the estate does not have it.
pub(super) fn owner_elsewhere<'e>(
    host: &'e DockerHost,
    own: &'e DockerContainer,
) -> Option<&'e str> {
    let at = namespace_of(host, own);
    let name = at.network_mode.strip_prefix("container:")?;
    container(host, name).is_none().then_some(name)
}

pub(super) fn title(container: &DockerContainer) -> String {
    format!("container `{}`", container.name)
}

/// Whether it neither runs nor is about to: compose services, which have no state, are.
pub(crate) fn has_stopped(container: &DockerContainer) -> bool {
    matches!(
        container.state.as_str(),
        "exited" | "dead" | "created" | "removing"
    )
}

/// The name of a network that a container is on, and the network where the estate shows it.
pub(super) type Joined<'e> = (&'e str, Option<&'e DockerNetwork>);

pub(super) fn networks<'e>(
    host: &'e DockerHost,
    container: &'e DockerContainer,
) -> Vec<Joined<'e>> {
    let named = container.networks.iter().map(|(name, _)| name.as_str());
    let found = |name: &'e str| {
        let network = host.networks.iter().find(|network| network.name == name);
        (name, network)
    };
    named.map(found).collect()
}

/// The networks in which a container has an address of a family.
pub(super) fn networks_of<'e>(
    host: &'e DockerHost,
    container: &'e DockerContainer,
    family: Family,
) -> Vec<Joined<'e>> {
    let mut all = networks(host, container);
    all.retain(|(name, network)| match family {
        Family::V4 => network.is_none_or(has_ipv4),
        Family::V6 => {
            let mut own = container.ipv6_addresses.iter();
            own.any(|(known, _)| known == name)
                || network.is_some_and(|one| has_ipv6(one) == Some(true))
        }
    });
    all
}

/// Whether containers of a network have IPv4: always, unless subnets were told and none is of it.
fn has_ipv4(network: &DockerNetwork) -> bool {
    let subnets = &network.subnets;
    subnets.is_empty() || subnets.iter().any(|subnet| !subnet.contains(':'))
}

/// Whether containers of a network have IPv6; `None` when nothing tells.
pub(super) fn has_ipv6(network: &DockerNetwork) -> Option<bool> {
    if network.subnets.iter().any(|subnet| subnet.contains(':')) {
        return Some(true);
    }
    let is_told = !network.subnets.is_empty();
    network.has_ipv6.or(is_told.then_some(false))
}

/// What is missing to know what a network lets through; completes "depends on ...".
pub(super) fn unknown((name, network): &Joined<'_>) -> Option<String> {
    match network {
        _ if OWN_NETWORKS.contains(name) => None,
        None => Some(format!("what network `{name}` is")),
        Some(network) if network.is_external => Some(format!("what network `{name}` is")),
        Some(network) if OWN_DRIVERS.contains(&network.driver.as_str()) => None,
        Some(network) => Some(format!(
            "what the driver `{}` of network `{name}` lets through",
            network.driver
        )),
    }
}

/// The first thing that is missing of several networks.
pub(super) fn first_unknown(networks: &[Joined<'_>]) -> Option<String> {
    networks.iter().find_map(unknown)
}

/// What a network's option makes of direct access. Engines before 27 take the option and do nothing about it.
pub(super) fn mode<'e>(host: &DockerHost, network: &'e DockerNetwork, family: Family) -> &'e str {
    if major(host).is_some_and(|version| version < GATEWAY_MODES) {
        return "nat";
    }
    let option = network.options.get(gateway_mode(family));
    option.map_or("nat", String::as_str)
}

pub(super) fn is_on_link(network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| matches!(network.driver.as_str(), "macvlan" | "ipvlan"))
}

/// Whether the host itself has no address of a family in the network.
pub(super) fn is_isolated(
    host: &DockerHost,
    network: Option<&DockerNetwork>,
    family: Family,
) -> bool {
    network.is_some_and(|network| mode(host, network, family) == "isolated")
}

/// Whether nothing of a family leads out of the network, and no port of it is published.
pub(super) fn is_internal(
    host: &DockerHost,
    network: Option<&DockerNetwork>,
    family: Family,
) -> bool {
    network.is_some_and(|network| network.internal) || is_isolated(host, network, family)
}

/// Whether packets keep the container's own address on their way out. Answers to it are then dropped between
/// bridges: by "DROP DIRECT ACCESS" (moby `iptablesdoc/generated/usernet-portmap.md`), before 28 by
/// DOCKER-ISOLATION.
pub(super) fn keeps_address(network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| {
        network
            .options
            .get(MASQUERADE)
            .is_some_and(|on| on == "false")
    })
}

/// Whether containers of a network may talk to each other over it (`--icc`).
pub(super) fn has_icc(network: Option<&DockerNetwork>) -> bool {
    network.is_none_or(|network| network.options.get(ICC).is_none_or(|icc| icc != "false"))
}

/// Whether internal networks have a way to the host's other addresses: in engine 20.10 they have a default route, in
/// 27 and later none; `None` between, and when the version is not known.
pub(super) fn has_internal_route(host: &DockerHost) -> Option<bool> {
    match major(host)? {
        ..=20 => Some(true),
        21..GATEWAY_MODES => None,
        _ => Some(false),
    }
}

/// Podman's networks are not Docker's: bridges are apart only with `isolate` (podman-network-create(1)).
pub(super) fn is_podman(host: &DockerHost) -> bool {
    host.daemon.product.to_ascii_lowercase().contains("podman")
}

/// Major version of the engine; `None` when the estate does not tell, or it is not Docker.
pub(super) fn major(host: &DockerHost) -> Option<u32> {
    let daemon = &host.daemon;
    let of_api = || {
        let minor: u32 = daemon.api_version.strip_prefix("1.")?.parse().ok()?;
        let mut known = FIRST_API_OF_ENGINE.iter();
        known
            .rfind(|(first, _)| *first <= minor)
            .map(|(_, major)| *major)
    };
    if is_podman(host) {
        return None;
    }
    let named = daemon.version.split('.').next()?.parse().ok();
    named.or_else(of_api)
}

/// What the engine keeps networks apart with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Firewall {
    Iptables,
    Nftables,
    Unknown,
}

/// Whether the engine sets no rules for a family, so that the host passes on what comes from one bridge for another,
/// with the addresses that it has (dockerd's reference, `--iptables`). Without IPv6 rules it depends on more, see
/// `UNFILTERED_IPV6`.
pub(super) fn has_no_rules(host: &DockerHost, family: Family) -> bool {
    family == Family::V4 && host.daemon.iptables == Some(false) && !is_podman(host)
}

/// What the engine says of its firewall; engines that have only one need not say it.
pub(super) fn firewall(host: &DockerHost) -> Firewall {
    let named = host.daemon.firewall_backend.as_str();
    match named.split('+').next().unwrap_or_default() {
        "iptables" => Firewall::Iptables,
        "nftables" => Firewall::Nftables,
        _ if major(host).is_some_and(|version| version < NFTABLES) => Firewall::Iptables,
        _ => Firewall::Unknown,
    }
}

/// Ports of the container that are published at addresses of a family that are wanted; an empty address is of both.
pub(super) fn published<'e>(
    container: &'e DockerContainer,
    family: Family,
    is_wanted: impl Fn(&str) -> bool + 'e,
) -> PortSet {
    let of_family = container
        .ports
        .iter()
        .filter(|port| is_of(&port.host_ip, family) && is_wanted(&port.host_ip));
    of_family
        .filter_map(|port| Some(point(port.protocol.parse().ok()?, port.container_port)))
        .map(|port| (port, port))
        .collect()
}

/// Ports that an address of the host leads to: not those that a routed network opens, which have no port there.
/// Compose files and containers that do not run leave that port to the engine.
pub(super) fn bound(
    container: &DockerContainer,
    family: Family,
    is_wanted: impl Fn(&str) -> bool,
) -> PortSet {
    if container.state != "running" {
        return published(container, family, is_wanted);
    }
    let mut bound = container.clone();
    bound.ports.retain(|port| port.host_port != 0);
    published(&bound, family, is_wanted)
}

/// Whether an address to publish at is of a family.
pub(super) fn is_of(host_ip: &str, family: Family) -> bool {
    let address = host_ip.parse::<IpAddr>();
    address.map_or(true, |address| Family::of(address) == family)
}

pub(super) fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1"
}

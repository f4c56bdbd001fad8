//! What of containers, networks and the engine decides who connects to whom.

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork, Protocol};

use super::container;
use crate::network::ports::{PortSet, point};

/// What a network driver's option says of direct access (`nat` unless given).
const GATEWAY_MODE: &str = "com.docker.network.bridge.gateway_mode_ipv4";
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

/// What a network's option makes of direct access. Engines before 27 take the option and do nothing about it.
pub(super) fn mode<'e>(host: &DockerHost, network: &'e DockerNetwork) -> &'e str {
    if major(host).is_some_and(|version| version < GATEWAY_MODES) {
        return "nat";
    }
    network
        .options
        .get(GATEWAY_MODE)
        .map_or("nat", String::as_str)
}

pub(super) fn is_on_link(network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| matches!(network.driver.as_str(), "macvlan" | "ipvlan"))
}

/// Whether the host itself has no address in the network.
pub(super) fn is_isolated(host: &DockerHost, network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| mode(host, network) == "isolated")
}

/// Whether nothing leads out of the network, and no port of it is published.
pub(super) fn is_internal(host: &DockerHost, network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| network.internal) || is_isolated(host, network)
}

pub(super) fn has_ipv6(host: &DockerHost, network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| {
        network.subnets.iter().any(|subnet| subnet.contains(':'))
            && !is_internal(host, Some(network))
    })
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
    if daemon.product.to_ascii_lowercase().contains("podman") {
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

pub(super) fn published<'e>(
    container: &'e DockerContainer,
    is_wanted: impl Fn(&str) -> bool + 'e,
) -> PortSet {
    container
        .ports
        .iter()
        .filter(|port| is_wanted(port.host_ip.as_str()))
        .filter_map(|port| Some((port.protocol.parse().ok()?, port.container_port)))
        .map(|(protocol, number): (Protocol, u16)| {
            let point = point(protocol, number);
            (point, point)
        })
        .collect()
}

pub(super) fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1"
}

//! Which ports of the host lead to a container, and what of engines an estate does not tell.

use viewshed_model::{DockerContainer, DockerHost};

use super::facts::{
    has_no_rules, has_stopped, is_internal, is_on_link, is_podman, major, mode, networks_of,
    unknown,
};
use crate::network::address::Family;

/// The first engine that filters IPv6 unless told otherwise (moby 27.0: `ip6tables` is on).
const IPV6_FILTERED: u32 = 27;

/// How a port of the host leads to a container over a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// The address is translated.
    Translated,
    /// Of a container without an address of the family, and of all where the engine sets no rules, docker-proxy takes the connection in (docker.docs "Port
    /// publishing", `userland-proxy`); engines list such a port only where it does.
    ByProxy,
}

impl Published {
    pub(super) fn of(host: &DockerHost, target: &DockerContainer, family: Family) -> Option<Self> {
        if has_stopped(target) {
            return None;
        }
        let leads = |family: Family, needs_nat: bool| {
            let all = networks_of(host, target, family);
            all.iter().any(|joined| match joined.1 {
                _ if unknown(joined).is_some() => target.state == "running",
                _ if is_internal(host, joined.1, family) || is_on_link(joined.1) => false,
                Some(network) => !needs_nat || mode(host, network, family) != "routed",
                None => true,
            })
        };
        let has_proxy = host.daemon.userland_proxy != Some(false);
        if leads(family, true) {
            if has_no_rules(host, family) {
                return has_proxy.then_some(Self::ByProxy);
            }
            return Some(Self::Translated);
        }
        let has_none = networks_of(host, target, family).is_empty();
        let is_taken_in = family == Family::V6 && has_none && leads(Family::V4, false);
        (has_proxy && is_taken_in).then_some(Self::ByProxy)
    }
}

/// Of whatever an estate does not tell of engines and networks; each completes "depends on ...".
pub(super) const UNFILTERED_IPV6: &str = "whether the engine filters IPv6 (`ip6tables`, off by default before 27) and the host forwards it";
pub(super) const UNKNOWN_FIREWALL: &str = "the firewall of the Docker engine: nftables lets published ports of the host through from internal networks, iptables does not";
pub(super) const PODMAN: &str = "what Podman's network lets through";

pub(super) fn is_ipv6_filtered(host: &DockerHost) -> bool {
    let by_default = || major(host).is_some_and(|version| version >= IPV6_FILTERED);
    is_podman(host) || host.daemon.ip6tables.unwrap_or_else(by_default)
}

//! In from other machines, and out to them.

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork};

use super::facts::{
    Joined, is_internal, is_loopback, is_on_link, major, mode, namespace_of, networks, published,
    title,
};
use super::{End, Open};
use crate::network::ports::{PortSet, everything, point};

/// The first engine that drops packets from the link to ports published on loopback (moby issue 45610).
const LOOPBACK_PROTECTED: u32 = 28;
/// The first engine that drops packets from outside to addresses of containers, whatever the host's
/// FORWARD policy is (moby 28.0, "raw-PREROUTING" and "UNPUBLISHED PORT DROP").
const DIRECT_ACCESS_DROPPED: u32 = 28;

/// From another machine.
pub(super) fn from_outside(host: &DockerHost, other: &DockerContainer) -> Open {
    let target = namespace_of(host, other);
    match target.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(other))),
        "host" => {
            let text = format!(
                "{} shares the host's network; only the host's own rules would stop it",
                title(other)
            );
            return Open::Every(text);
        }
        _ => {}
    }
    let all = networks(host, target);
    if let Some((name, _)) = all.iter().find(|(_, network)| is_on_link(*network)) {
        let fact = format!("who is on the link of network `{name}`");
        return Open::Depends(
            everything(),
            fact,
            format!("{} is on the host's own link", title(other)),
        );
    }
    if other.labels.contains_key("com.docker.swarm.service.id") {
        let fact =
            "the ports that its swarm service publishes, which are open on every host".to_owned();
        return Open::Depends(
            everything(),
            fact,
            format!("{} belongs to a swarm service", title(other)),
        );
    }
    if !all.is_empty() && all.iter().all(|(_, network)| is_internal(host, *network)) {
        return Open::Closed(format!(
            "every network of {} is internal, where no port is published",
            title(other)
        ));
    }
    let open = published(target, |address| !is_loopback(address));
    if let Some(routed) = routed(host, other, (&all, target), &open) {
        return routed;
    }
    let is_unprotected = |network: &DockerNetwork| mode(host, network) == "nat-unprotected";
    if all
        .iter()
        .any(|(_, network)| network.is_some_and(is_unprotected))
    {
        let fact = "whether the network outside routes to addresses of containers".to_owned();
        let text = format!("a network of {} is `nat-unprotected`", title(other));
        return Open::AtLeast(open, fact, text);
    }
    if major(host).is_some_and(|version| version < DIRECT_ACCESS_DROPPED) {
        let fact = "whether the network outside routes to addresses of containers, and the host's FORWARD chain accepts that";
        let text = format!(
            "engines before {DIRECT_ACCESS_DROPPED} leave addresses of containers to the host's FORWARD policy"
        );
        return Open::AtLeast(open, fact.to_owned(), text);
    }
    to_published(host, other, target, open)
}

/// Networks that are all routed: nothing of IPv4 is published at addresses of the host, and the container's own take
/// connections to its published ports (moby `iptablesdoc/generated/usernet-portmap-routed.md`). The mode of IPv6 is
/// another option.
fn routed(
    host: &DockerHost,
    other: &DockerContainer,
    (all, target): (&[Joined<'_>], &DockerContainer),
    open: &PortSet,
) -> Option<Open> {
    let mut leading = all
        .iter()
        .filter(|(_, network)| !is_internal(host, *network));
    let is_routed = |network: &DockerNetwork| mode(host, network) == "routed";
    let are_routed = leading.all(|(_, network)| network.is_some_and(is_routed));
    if all.is_empty() || open.is_empty() || !are_routed {
        return None;
    }
    let over_ipv6 = target.ports.iter().filter(|port| {
        // Without an address, those of IPv6 are among them.
        let is_of_both = port.host_ip.is_empty() || port.host_ip.contains(':');
        is_of_both && !is_loopback(&port.host_ip) && port.host_port != 0
    });
    let over_ipv6: PortSet = over_ipv6
        .filter_map(|port| Some(point(port.protocol.parse().ok()?, port.container_port)))
        .map(|port| (port, port))
        .collect();
    if open.minus(&over_ipv6).is_empty() {
        let text = format!(
            "{} publishes ports on IPv6 addresses of the host",
            title(other)
        );
        return Some(Open::Only(over_ipv6, text));
    }
    let fact = "whether the network outside routes to addresses of containers".to_owned();
    let text = format!(
        "every network of {} is `routed`: its ports are open at its own address alone",
        title(other)
    );
    Some(Open::Depends(open.clone(), fact, text))
}

/// Where only published ports lead in.
fn to_published(
    host: &DockerHost,
    other: &DockerContainer,
    target: &DockerContainer,
    open: PortSet,
) -> Open {
    if !open.is_empty() {
        let text = format!(
            "{} publishes ports on addresses of the host, past the host's own rules for incoming packets",
            title(other)
        );
        return Open::Only(open, text);
    }
    let on_loopback = published(target, is_loopback);
    if on_loopback.is_empty() {
        return Open::Closed(format!("{} publishes no port", title(other)));
    }
    let text = format!(
        "{} publishes ports on the host's loopback address only",
        title(other)
    );
    match major(host) {
        Some(version) if version >= LOOPBACK_PROTECTED => Open::Closed(text),
        _ => {
            let fact = "whether the client is on the host's own link, and the engine older than 28"
                .to_owned();
            Open::Depends(on_loopback, fact, text)
        }
    }
}

/// From a container to something that is on no network of the host.
pub(super) fn leaving(from: End<'_>, what: &str) -> Open {
    let End::Container(host, own) = from else {
        let fact = "the network outside the estate".to_owned();
        return Open::Depends(everything(), fact, "it is no container".to_owned());
    };
    let source = namespace_of(host, own);
    match source.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(own))),
        "host" => return Open::Every(format!("{} reaches {what} as its host does", title(own))),
        _ => {}
    }
    let all = networks(host, source);
    let leads_out = |(_, network): &&Joined<'_>| !is_internal(host, *network);
    match (all.iter().find(leads_out), all.is_empty()) {
        (Some((name, _)), _) => Open::Every(format!(
            "network `{name}` leads out: {what} is reached through the host"
        )),
        (None, true) => {
            let fact = format!("the networks of {}", title(own));
            Open::Depends(
                everything(),
                fact,
                "the estate does not show its networks".to_owned(),
            )
        }
        (None, false) => Open::Closed(format!("every network of {} is internal", title(own))),
    }
}

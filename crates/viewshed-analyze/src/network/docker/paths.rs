//! From one end to another: over a shared network, through published ports, or through the host.

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost};

use super::facts::{
    Firewall, Joined, firewall, has_ipv6, is_internal, is_isolated, is_loopback, is_on_link, major,
    mode, namespace_of, networks, published, title,
};
use super::outside::{from_outside, leaving};
use super::{End, Open};
use crate::network::address::Block;
use crate::network::ports::{PortSet, everything};

/// `--icc`, per network.
const ICC: &str = "com.docker.network.bridge.enable_icc";
/// The first engine that lets other bridges into `nat-unprotected` networks (moby commit 1ad9599).
const UNPROTECTED_BETWEEN_BRIDGES: u32 = 29;
/// The first engine that filters IPv6 unless told otherwise (moby 27.0: `ip6tables` is on).
const IPV6_FILTERED: u32 = 27;

pub(super) fn between(from: End<'_>, to: End<'_>) -> Open {
    match (from, to) {
        (End::Container(host, own), End::Container(other_host, other)) => {
            if std::ptr::eq(host, other_host) {
                on_one_host(host, own, other)
            } else {
                across_hosts((host, own), (other_host, other))
            }
        }
        (End::Container(host, own), End::Host(other)) => {
            if std::ptr::eq(host, other) {
                to_own_host(host, own)
            } else {
                leaving(from, &format!("host `{}`", other.name))
            }
        }
        (End::Host(host), End::Container(other_host, other)) if std::ptr::eq(host, other_host) => {
            from_own_host(host, other)
        }
        (End::Host(_) | End::World, End::Container(host, other)) => from_outside(host, other),
        (End::Host(one), End::Host(two)) if std::ptr::eq(one, two) => {
            Open::Every("it is the host itself".to_owned())
        }
        (End::Container(..), End::World) => leaving(from, "addresses outside"),
        (End::Host(_) | End::World, End::Host(_) | End::World) => {
            let fact = "the network outside the estate".to_owned();
            Open::Depends(
                everything(),
                fact,
                "no container is at either end".to_owned(),
            )
        }
    }
}

fn on_one_host(host: &DockerHost, own: &DockerContainer, other: &DockerContainer) -> Open {
    let (source, target) = (namespace_of(host, own), namespace_of(host, other));
    if std::ptr::eq(source, target) {
        let text = format!(
            "{} and {} share one network and its loopback",
            title(own),
            title(other)
        );
        return Open::Every(text);
    }
    match (source.network_mode.as_str(), target.network_mode.as_str()) {
        ("none", _) => return Open::Closed(format!("{} has no network", title(own))),
        (_, "none") => return Open::Closed(format!("{} has no network", title(other))),
        ("host", _) => return from_own_host(host, other),
        (_, "host") => return to_own_host(host, own),
        _ => {}
    }
    let theirs = networks(host, target);
    let mut closed = None;
    for (name, network) in networks(host, source) {
        if !theirs.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let icc = network.and_then(|network| network.options.get(ICC));
        if icc.is_some_and(|icc| icc == "false") {
            closed = Some(format!(
                "network `{name}` drops traffic between its containers (`{ICC}` is false)"
            ));
            continue;
        }
        return Open::Every(format!("both are on network `{name}`"));
    }
    across_bridges(host, (own, source), (other, target), closed)
}

/// Containers that share no network that lets them through.
fn across_bridges(
    host: &DockerHost,
    (own, source): (&DockerContainer, &DockerContainer),
    (other, target): (&DockerContainer, &DockerContainer),
    closed: Option<String>,
) -> Open {
    let of_source = networks(host, source);
    let of_target = networks(host, target);
    let is_internal = |(_, network): &Joined<'_>| is_internal(host, *network);
    if !of_source.is_empty() && of_source.iter().all(|(_, network)| is_on_link(*network)) {
        return from_the_link(host, own, other);
    }
    let apart =
        closed.unwrap_or_else(|| format!("{} and {} share no network", title(own), title(other)));
    if !of_target.is_empty() && of_target.iter().all(is_internal) {
        return Open::Closed(format!("{apart}, and that of {} is internal", title(other)));
    }
    let set = published(target, |address| !is_loopback(address));
    if let Some(open) = over_unfiltered_ipv6(host, (&of_source, &of_target), &set, &apart) {
        return open;
    }
    if !of_source.is_empty() && of_source.iter().all(is_internal) {
        return from_internal(host, (own, &of_source), (target, &of_target), &apart);
    }
    for (name, network) in &of_target {
        match network.map(|network| mode(host, network)) {
            Some("nat-unprotected") => match major(host) {
                Some(version) if version >= UNPROTECTED_BETWEEN_BRIDGES => {
                    return Open::Every(format!(
                        "network `{name}` is `nat-unprotected`: engine {version} lets every bridge in"
                    ));
                }
                Some(_) => {}
                None => {
                    let fact = "the version of the Docker engine".to_owned();
                    let text = format!("network `{name}` is `nat-unprotected`");
                    return Open::Depends(everything(), fact, text);
                }
            },
            Some("routed") => {
                let text =
                    format!("{apart}; network `{name}` is `routed`, which opens published ports");
                return Open::Only(set, text);
            }
            _ => {}
        }
    }
    if set.is_empty() {
        return Open::Closed(format!("{apart}, and {} publishes no port", title(other)));
    }
    Open::Only(
        set,
        format!(
            "{apart}; ports of {} are published on addresses of the host",
            title(other)
        ),
    )
}

/// From a network that nothing leads out of. Its containers reach the host's address on their own bridge and
/// no other, and what is published there is translated before the firewall sees it. With iptables the rules
/// of the internal bridge come first and drop it (`iptablesdoc/generated/usernet-internal.md`); with nftables
/// `filter-FORWARD` asks the bridge that a packet goes out to first, and that accepts its published ports
/// (`nftablesdoc/generated/{usernet-internal,usernet-portmap}.md`).
fn from_internal(
    host: &DockerHost,
    (own, of_source): (&DockerContainer, &[Joined<'_>]),
    (target, of_target): (&DockerContainer, &[Joined<'_>]),
    apart: &str,
) -> Open {
    let subnets: Vec<Block> = of_source
        .iter()
        .filter_map(|(_, network)| *network)
        .filter(|network| !is_isolated(host, Some(network)))
        .flat_map(|network| &network.subnets)
        .filter_map(|subnet| Block::parse(subnet))
        .collect();
    let has_host = of_source
        .iter()
        .any(|(_, network)| !is_isolated(host, *network));
    let is_in_sight = |address: &str| match address.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => true,
        Ok(address) => {
            let address = Block::single(address);
            subnets.iter().any(|subnet| subnet.covers(&address))
        }
        Err(_) => true,
    };
    let open = published(target, is_in_sight);
    let is_translated = of_target
        .iter()
        .any(|(_, network)| network.is_none_or(|network| mode(host, network) != "routed"));
    let internal = format!("{apart}, and that of {} is internal", title(own));
    if open.is_empty() || !has_host || !is_translated {
        return Open::Closed(internal);
    }
    match firewall(host) {
        Firewall::Iptables => Open::Closed(format!("{internal}, which iptables does not let out")),
        Firewall::Nftables => Open::Only(
            open,
            format!(
                "{internal}, but nftables accepts published ports of the host before that counts"
            ),
        ),
        Firewall::Unknown => {
            let fact = "the firewall of the Docker engine: nftables lets published ports of the host through from internal networks, iptables does not";
            Open::Depends(open, fact.to_owned(), internal)
        }
    }
}

/// A container on the host's link is kept from the host itself by the kernel; everything else it meets as
/// another machine on that link does.
fn from_the_link(host: &DockerHost, own: &DockerContainer, other: &DockerContainer) -> Open {
    let fact = "the network outside the estate".to_owned();
    let on_link = format!("{} is on the host's link", title(own));
    match from_outside(host, other) {
        Open::Closed(text) => Open::Closed(text),
        Open::Only(set, text) | Open::Depends(set, _, text) => {
            Open::Depends(set, fact, format!("{on_link}; {text}"))
        }
        Open::Every(text) | Open::AtLeast(_, _, text) => {
            Open::Depends(everything(), fact, format!("{on_link}; {text}"))
        }
    }
}

/// Engines before 27 leave IPv6 alone unless `ip6tables` is set, which an estate does not tell.
fn over_unfiltered_ipv6(
    host: &DockerHost,
    (of_source, of_target): (&[Joined<'_>], &[Joined<'_>]),
    published: &PortSet,
    apart: &str,
) -> Option<Open> {
    if major(host).is_some_and(|version| version >= IPV6_FILTERED) {
        return None;
    }
    let any =
        |networks: &[Joined<'_>]| networks.iter().any(|(_, network)| has_ipv6(host, *network));
    (any(of_source) && any(of_target)).then(|| {
        let fact = "whether the engine filters IPv6 (`ip6tables`, off by default before 27) and the host forwards it";
        let text = format!("{apart}, but both have IPv6 addresses");
        Open::AtLeast(published.clone(), fact.to_owned(), text)
    })
}

fn across_hosts(
    (host, own): (&DockerHost, &DockerContainer),
    (other_host, other): (&DockerHost, &DockerContainer),
) -> Open {
    let theirs = networks(other_host, namespace_of(other_host, other));
    for (name, network) in networks(host, namespace_of(host, own)) {
        let is_overlay = network.is_some_and(|network| network.driver == "overlay");
        if is_overlay && theirs.iter().any(|(other, _)| *other == name) {
            return Open::Every(format!("both are on the overlay network `{name}`"));
        }
    }
    match leaving(End::Container(host, own), "other hosts") {
        Open::Closed(text) => Open::Closed(text),
        _ => from_outside(other_host, other),
    }
}

/// Docker never touches the rules for packets to the host itself, not even for internal networks: their
/// bridge address answers unless the network is `isolated` (`TestInternalNwConnectivity`).
pub(super) fn to_own_host(host: &DockerHost, own: &DockerContainer) -> Open {
    let source = namespace_of(host, own);
    match source.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(own))),
        "host" => {
            let text = format!(
                "{} shares the host's network, loopback included",
                title(own)
            );
            return Open::Every(text);
        }
        _ => {}
    }
    let all = networks(host, source);
    for (name, network) in &all {
        if !is_on_link(*network) && !is_isolated(host, *network) {
            return Open::Every(format!(
                "the host answers on its address in network `{name}`; only its own rules for incoming packets would stop it"
            ));
        }
    }
    if all.is_empty() {
        let fact = format!("the networks of {}", title(own));
        return Open::Depends(
            everything(),
            fact,
            "the estate does not show its networks".to_owned(),
        );
    }
    if all.iter().any(|(_, network)| is_on_link(*network)) {
        let text = format!(
            "{} is on the host's link, where the kernel keeps it from the host itself",
            title(own)
        );
        return Open::Closed(text);
    }
    Open::Closed(format!(
        "every network of {} is isolated from the host",
        title(own)
    ))
}

fn from_own_host(host: &DockerHost, other: &DockerContainer) -> Open {
    let target = namespace_of(host, other);
    match target.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(other))),
        "host" => return Open::Every(format!("{} shares the host's network", title(other))),
        _ => {}
    }
    let all = networks(host, target);
    if !all.is_empty() && all.iter().all(|(_, network)| is_on_link(*network)) {
        let text = format!(
            "{} is on the host's link, where the kernel keeps the host from it",
            title(other)
        );
        return Open::Closed(text);
    }
    if !all.is_empty() && all.iter().all(|(_, network)| is_isolated(host, *network)) {
        return Open::Closed(format!(
            "every network of {} is isolated from the host",
            title(other)
        ));
    }
    Open::Every(format!("the host is on the bridges of {}", title(other)))
}

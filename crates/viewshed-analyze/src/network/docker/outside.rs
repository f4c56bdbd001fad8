//! In from other machines, and out to them.

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork};

use super::facts::{
    Joined, bound, first_unknown, has_ipv6, has_no_rules, is_internal, is_loopback, is_on_link,
    is_podman, keeps_address, major, mode, namespace_of, networks, networks_of, published, title,
    unknown,
};
use super::own_host::without_own;
use super::published::{PODMAN, Published, UNFILTERED_IPV6, is_ipv6_filtered};
use super::{End, Open};
use crate::network::address::Family;
use crate::network::ports::{PortSet, everything};

/// The first engine that drops packets from the link to ports published on loopback (moby issue 45610).
const LOOPBACK_PROTECTED: u32 = 28;
/// The first engine that drops packets from outside to addresses of containers, whatever the host's
/// FORWARD policy is (moby 28.0, "raw-PREROUTING" and "UNPUBLISHED PORT DROP").
pub(super) const DIRECT_ACCESS_DROPPED: u32 = 28;
/// Interfaces from which published ports are open at the container's own address (docker.docs "Bridge network driver").
const TRUSTED: &str = "com.docker.network.bridge.trusted_host_interfaces";
const ROUTES: &str = "whether the network outside routes to addresses of containers";

/// From another machine.
pub(super) fn from_outside(
    host: &DockerHost,
    other: &DockerContainer,
    families: &[Family],
) -> Open {
    let target = namespace_of(host, other);
    let more = "; only the host's own rules would stop it";
    if let Some(open) = without_own(target, &title(other), more) {
        return open;
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
    let ways = families
        .iter()
        .map(|family| in_over(host, (other, target), *family));
    match ways.reduce(Open::or) {
        Some(Open::Closed(_)) | None => not_published(host, other, target),
        Some(open) => open,
    }
}

/// Over one family of addresses.
fn in_over(
    host: &DockerHost,
    (other, target): (&DockerContainer, &DockerContainer),
    family: Family,
) -> Open {
    let theirs = networks_of(host, target, family);
    let mut open = Open::Closed(String::new());
    let set = bound(target, family, |address| !is_loopback(address));
    if Published::of(host, target, family).is_some() && !set.is_empty() {
        open = open.or(Open::Only(
            set,
            format!(
                "{} publishes ports on addresses of the host, past the host's own rules for incoming packets",
                title(other)
            ),
        ));
    }
    let leads =
        |joined: &&Joined<'_>| !is_internal(host, joined.1, family) && unknown(joined).is_none();
    for (name, network) in theirs.iter().filter(leads) {
        if let Some(network) = network {
            open = open.or(to_own_address((host, name, network), target, family));
        }
    }
    let text = || format!("{} has {} addresses", title(other), family.name());
    if let Some(fact) = first_unknown(&theirs) {
        open = open.or(Open::Depends(everything(), fact, text()));
    }
    if is_podman(host) && !theirs.is_empty() {
        open = open.or(Open::Depends(everything(), PODMAN.to_owned(), text()));
    }
    if family == Family::V6 && !is_ipv6_filtered(host) && !theirs.is_empty() {
        let fact = format!("{ROUTES}, and {UNFILTERED_IPV6}");
        open = open.or(Open::Depends(everything(), fact, text()));
    }
    let is_on_bridge = theirs.iter().any(|joined| leads(&joined));
    if is_on_bridge && has_no_rules(host, family) {
        let text = format!("{}, and its engine sets no rules", text());
        open = open.or(Open::Depends(everything(), ROUTES.to_owned(), text));
    }
    if is_on_bridge && host.daemon.direct_routing == Some(true) {
        let text = format!(
            "{}, and its engine opens published ports there (`allow-direct-routing`)",
            text()
        );
        let set = published(target, family, |address| !is_loopback(address));
        if !set.is_empty() {
            open = open.or(Open::Depends(set, ROUTES.to_owned(), text));
        }
    }
    if is_on_bridge && major(host).is_some_and(|version| version < DIRECT_ACCESS_DROPPED) {
        let fact = format!("{ROUTES}, and the host's FORWARD chain accepts that");
        let text = format!(
            "engines before {DIRECT_ACCESS_DROPPED} leave addresses of containers to the host's FORWARD policy"
        );
        open = open.or(Open::Depends(everything(), fact, text));
    }
    open
}

/// At the container's own address in a network, by that network's options (moby
/// `iptablesdoc/generated/usernet-portmap-routed.md`: there a routed port is open, and at no address of the host).
fn to_own_address(
    (host, name, network): (&DockerHost, &str, &DockerNetwork),
    target: &DockerContainer,
    family: Family,
) -> Open {
    let set = published(target, family, |address| !is_loopback(address));
    let (set, fact, text) = match mode(host, network, family) {
        "nat-unprotected" => {
            let text = format!("network `{name}` is `nat-unprotected`");
            (everything(), ROUTES.to_owned(), text)
        }
        "routed" => {
            let text = format!(
                "network `{name}` is `routed`: ports are open at the container's own address alone"
            );
            (set, ROUTES.to_owned(), text)
        }
        _ => match network.options.get(TRUSTED) {
            Some(interfaces) => {
                let fact = format!("{ROUTES}, and the client comes in by `{interfaces}`");
                let text = format!("network `{name}` trusts interfaces of the host (`{TRUSTED}`)");
                (set, fact, text)
            }
            None => (PortSet::default(), String::new(), String::new()),
        },
    };
    if set.is_empty() {
        return Open::Closed(String::new());
    }
    Open::Depends(set, fact, text)
}

/// Whether published ports are open at a container's own address in a network, to whomever that may be.
pub(super) fn opens_ports(host: &DockerHost, network: &DockerNetwork, family: Family) -> bool {
    let is_direct = host.daemon.direct_routing == Some(true);
    is_direct || mode(host, network, family) == "routed" || network.options.contains_key(TRUSTED)
}

/// Where nothing leads in but what the loopback address of an old engine does.
fn not_published(host: &DockerHost, other: &DockerContainer, target: &DockerContainer) -> Open {
    let all = networks(host, target);
    let is_inside = |family| {
        let of_family = networks_of(host, target, family);
        of_family
            .iter()
            .all(|(_, network)| is_internal(host, *network, family))
    };
    if !all.is_empty() && Family::BOTH.into_iter().all(is_inside) {
        return Open::Closed(format!(
            "every network of {} is internal, where no port is published",
            title(other)
        ));
    }
    let on_loopback = Family::BOTH.map(|family| published(target, family, is_loopback));
    let on_loopback = on_loopback
        .iter()
        .fold(PortSet::default(), |all, set| all.union(set));
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

/// A container on the host's link is kept from the host itself by the kernel; everything else it meets as
/// another machine on that link does.
pub(super) fn from_the_link(
    host: &DockerHost,
    own: &DockerContainer,
    other: &DockerContainer,
) -> Open {
    let fact = "the network outside the estate".to_owned();
    let open = from_outside(host, other, &Family::BOTH);
    let (_, possible) = open.bounds();
    let text = format!("{} is on the host's link; {}", title(own), open.text());
    match open {
        Open::Closed(text) => Open::Closed(text),
        _ => Open::Depends(possible, fact, text),
    }
}

/// From a container to something that is on no network of the host.
pub(super) fn leaving(from: End<'_>, what: &str, families: &[Family]) -> Open {
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
    if source.networks.is_empty() {
        let fact = format!("the networks of {}", title(own));
        let text = "the estate does not show its networks".to_owned();
        return Open::Depends(everything(), fact, text);
    }
    let ways = families
        .iter()
        .map(|family| out_over(host, (own, source), (what, *family)));
    ways.reduce(Open::or)
        .unwrap_or_else(|| Open::Closed(format!("{} has no address", title(own))))
}

/// Over one family of addresses.
fn out_over(
    host: &DockerHost,
    (own, source): (&DockerContainer, &DockerContainer),
    (what, family): (&str, Family),
) -> Open {
    let mine = networks_of(host, source, family);
    let all = networks(host, source);
    let may_have = |(_, network): &&Joined<'_>| {
        let is_inside = is_internal(host, *network, family);
        let is_told = network.is_some_and(|network| has_ipv6(network).is_some());
        family == Family::V6 && !is_inside && !is_told
    };
    if mine.is_empty() {
        return match all.iter().find(may_have) {
            Some((name, _)) if source.state.is_empty() => Open::Depends(
                everything(),
                format!("whether network `{name}` has IPv6"),
                format!("network `{name}` may lead out"),
            ),
            _ => Open::Closed(format!("{} has no {} address", title(own), family.name())),
        };
    }
    let leads_out =
        |joined: &&Joined<'_>| !is_internal(host, joined.1, family) && unknown(joined).is_none();
    if let Some((name, network)) = mine.iter().find(leads_out) {
        let text = format!("network `{name}` leads out: {what} is reached through the host");
        if keeps_address(*network) || has_no_rules(host, family) {
            let fact = format!("whether the network outside routes back to network `{name}`");
            return Open::Depends(everything(), fact, text);
        }
        return Open::Every(text);
    }
    let internal = format!("every network of {} is internal", title(own));
    if let Some(fact) = first_unknown(&mine) {
        let text = format!("{} is in no other network that leads out", title(own));
        return Open::Depends(everything(), fact, text);
    }
    if family == Family::V6 && !is_ipv6_filtered(host) {
        let fact = format!("{ROUTES}, and {UNFILTERED_IPV6}");
        return Open::Depends(everything(), fact, internal);
    }
    Open::Closed(internal)
}

//! Between containers of one host, over each family of addresses apart: on a shared bridge, from bridge to bridge, and
//! through ports that are published on the host.

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost, Protocol};

use super::Open;
use super::facts::{
    Firewall, ICC, Joined, bound, firewall, first_unknown, has_icc, has_no_rules, is_internal,
    is_isolated, is_loopback, is_on_link, is_podman, keeps_address, major, mode, namespace_of,
    networks, networks_of, published, title, unknown,
};
use super::outside::{DIRECT_ACCESS_DROPPED, from_the_link};
use super::own_host::{from_own_host, to_own_host};
use super::published::{PODMAN, Published, UNFILTERED_IPV6, UNKNOWN_FIREWALL, is_ipv6_filtered};
use crate::network::address::{Block, Family};
use crate::network::ports::{PortSet, every, everything, point};

/// The first engine that lets other bridges into `nat-unprotected` networks (moby commit 1ad9599).
const UNPROTECTED_BETWEEN_BRIDGES: u32 = 29;

pub(super) fn on_one_host(
    host: &DockerHost,
    own: &DockerContainer,
    other: &DockerContainer,
    families: &[Family],
) -> Open {
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
        ("host", _) => return from_own_host(host, other, families),
        (_, "host") => return to_own_host(host, own),
        _ => {}
    }
    let pair = Pair {
        host,
        own,
        other,
        source,
        target,
    };
    pair.open(families)
}

/// Two containers of one host, and the containers whose network each uses.
struct Pair<'e> {
    host: &'e DockerHost,
    own: &'e DockerContainer,
    other: &'e DockerContainer,
    source: &'e DockerContainer,
    target: &'e DockerContainer,
}

/// The networks of both in which they have addresses of one family.
struct Over<'e> {
    family: Family,
    mine: Vec<Joined<'e>>,
    theirs: Vec<Joined<'e>>,
}

impl Pair<'_> {
    fn open(&self, families: &[Family]) -> Open {
        for one in [self.source, self.target] {
            if one.networks.is_empty() {
                let fact = format!("the networks of {}", title(one));
                let text = "the estate does not show its networks".to_owned();
                return Open::Depends(everything(), fact, text);
            }
        }
        let of_source = networks(self.host, self.source);
        let shares = |(name, _): &Joined<'_>| {
            let mut theirs = self.target.networks.iter();
            theirs.any(|(other, _)| other == name)
        };
        if of_source.iter().all(|(_, network)| is_on_link(*network))
            && !of_source.iter().any(shares)
        {
            return from_the_link(self.host, self.own, self.other);
        }
        let ways = families.iter().map(|family| self.over(*family));
        let open = ways.reduce(Open::or);
        match open {
            Some(Open::Closed(_)) | None => Open::Closed(self.why_closed(families)),
            Some(open) => open,
        }
    }

    fn over(&self, family: Family) -> Open {
        let over = Over {
            family,
            mine: networks_of(self.host, self.source, family),
            theirs: networks_of(self.host, self.target, family),
        };
        let mut open = closed();
        for joined in &over.mine {
            let (name, network) = joined;
            if !over.theirs.iter().any(|(other, _)| other == name) {
                continue;
            }
            let text = format!("both are on network `{name}`");
            if let Some(fact) = unknown(joined) {
                open = open.or(Open::Depends(everything(), fact, text));
            } else if has_icc(*network) || has_no_rules(self.host, family) {
                return Open::Every(text);
            } else {
                open = open.or(self.over_link(name));
            }
        }
        open.or(self.directly(&over))
            .or(self.through_host(&over))
            .or(self.over_forwarding(&over))
            .or(self.over_unfiltered_ipv6(&over))
            .or(self.over_unknown(&over))
    }

    /// `--link` lets a container of the default network in to the ports that the other exposes where the network itself
    /// is closed, and not the other way round (docker.docs "Legacy container links"; moby
    /// `daemon/libnetwork/drivers/bridge/link.go`). On other networks it is no more than a name.
    fn over_link(&self, network: &str) -> Open {
        let is_linked = self.source.links.contains(&self.target.name);
        if !is_linked || network != "bridge" {
            return closed();
        }
        let exposed = self.target.exposed_ports.iter();
        let exposed: PortSet = exposed
            .map(|port| point(Protocol::Tcp, *port))
            .map(|port| (port, port))
            .collect();
        let text = format!(
            "network `{network}` drops traffic between its containers but for ports that {} exposes, to which {} is linked",
            title(self.other),
            title(self.own)
        );
        // Of other protocols nothing is kept; a compose file does not tell what the image exposes.
        let is_inspected = !self.target.id.is_empty();
        let perhaps = if is_inspected {
            exposed
                .union(&every(Protocol::Udp))
                .union(&every(Protocol::Sctp))
        } else {
            everything()
        };
        let fact = format!("which ports {} exposes", title(self.other));
        if exposed.is_empty() {
            Open::Depends(perhaps, fact, text)
        } else {
            Open::AtLeast(exposed, perhaps, fact, text)
        }
    }

    /// From the source's bridge to an address of the target on another one. A bridge that both are on is where such
    /// packets go, and what it drops no mode of the gateway lets in.
    fn directly(&self, over: &Over<'_>) -> Open {
        let Some(way_out) = way_out(self.host, over) else {
            return closed();
        };
        let elsewhere = over.theirs.iter().filter(|joined| {
            let is_shared = over.mine.iter().any(|(name, _)| *name == joined.0);
            let is_internal = is_internal(self.host, joined.1, over.family);
            !is_shared && !is_internal && unknown(joined).is_none()
        });
        elsewhere
            .map(|joined| self.into(joined, over.family))
            .reduce(Open::or)
            .map_or_else(closed, |open| self.answered(open, way_out, over.family))
    }

    /// What the mode of a network lets in from other bridges.
    fn into(&self, (name, network): &Joined<'_>, family: Family) -> Open {
        match network.map(|network| mode(self.host, network, family)) {
            Some("nat-unprotected") => match major(self.host) {
                Some(version) if version >= UNPROTECTED_BETWEEN_BRIDGES => Open::Every(format!(
                    "network `{name}` is `nat-unprotected`: engine {version} lets every bridge in"
                )),
                Some(_) => closed(),
                None => {
                    let fact = "the version of the Docker engine".to_owned();
                    let text = format!("network `{name}` is `nat-unprotected`");
                    Open::Depends(everything(), fact, text)
                }
            },
            Some("routed") => only(
                published(self.target, family, |address| !is_loopback(address)),
                format!(
                    "{}; network `{name}` is `routed`, which opens published ports",
                    self.apart()
                ),
            ),
            _ => closed(),
        }
    }

    /// Through a port of the host.
    fn through_host(&self, over: &Over<'_>) -> Open {
        let Some(leads) = Published::of(self.host, self.target, over.family) else {
            return closed();
        };
        let Some(way_out) = way_out(self.host, over) else {
            return self.through_host_inside(over, leads);
        };
        let open = only(
            bound(self.target, over.family, |address| !is_loopback(address)),
            format!(
                "{}; ports of {} are published on addresses of the host",
                self.apart(),
                title(self.other)
            ),
        );
        match leads {
            Published::ByProxy => open,
            Published::Translated => self.answered(open, way_out, over.family),
        }
    }

    /// Whether answers come back to a source that keeps its own address.
    fn answered(&self, open: Open, (name, network): Joined<'_>, family: Family) -> Open {
        let is_nat = network.is_some_and(|network| mode(self.host, network, family) == "nat");
        if !is_nat || !keeps_address(network) || has_no_rules(self.host, family) {
            return open;
        }
        let is_published = !published(self.source, family, |_| true).is_empty();
        if is_published || major(self.host).is_some_and(|version| version < DIRECT_ACCESS_DROPPED) {
            return closed();
        }
        let (_, possible) = open.bounds();
        if possible.is_empty() {
            return open;
        }
        let fact = format!("whether answers to addresses of network `{name}` are let through");
        Open::Depends(possible, fact, open.text().to_owned())
    }

    /// From a network that nothing leads out of. Its containers reach the host's address on their own bridge and
    /// no other, and what is published there is translated before the firewall sees it. With iptables the rules
    /// of the internal bridge come first and drop it (`iptablesdoc/generated/usernet-internal.md`); with nftables
    /// `filter-FORWARD` asks the bridge that a packet goes out to first, and that accepts its published ports
    /// (`nftablesdoc/generated/{usernet-internal,usernet-portmap}.md`). What a proxy on the host passes on is for the
    /// host itself, and meets neither.
    fn through_host_inside(&self, over: &Over<'_>, leads: Published) -> Open {
        let mut visible = over.mine.iter().filter(|joined| {
            let is_isolated = is_isolated(self.host, joined.1, over.family);
            !is_isolated && !is_on_link(joined.1) && unknown(joined).is_none()
        });
        let subnets: Vec<Block> = visible
            .clone()
            .filter_map(|(_, network)| *network)
            .flat_map(|network| &network.subnets)
            .filter_map(|subnet| Block::parse(subnet))
            .collect();
        let is_in_sight = |address: &str| match address.parse::<IpAddr>() {
            Ok(address) if address.is_unspecified() => true,
            Ok(address) => {
                let address = Block::single(address);
                subnets.iter().any(|subnet| subnet.covers(&address))
            }
            Err(_) => true,
        };
        let open = bound(self.target, over.family, is_in_sight);
        if open.is_empty() || visible.next().is_none() {
            return closed();
        }
        let internal = self.internal();
        match (leads, firewall(self.host)) {
            (Published::ByProxy, _) => {
                let text = format!(
                    "{internal}, but a proxy on the host takes in what is for its {} addresses",
                    over.family.name()
                );
                Open::Only(open, text)
            }
            (Published::Translated, Firewall::Iptables) => closed(),
            (Published::Translated, Firewall::Nftables) => Open::Only(
                open,
                format!(
                    "{internal}, but nftables accepts published ports of the host before that counts"
                ),
            ),
            (Published::Translated, Firewall::Unknown) => {
                Open::Depends(open, UNKNOWN_FIREWALL.to_owned(), internal)
            }
        }
    }

    /// An engine that sets no rules leaves the host to pass on what comes from one bridge for another. Containers of
    /// internal networks have no route for it, nor for answers.
    fn over_forwarding(&self, over: &Over<'_>) -> Open {
        let leads = |all: &[Joined<'_>]| {
            all.iter().any(|joined| {
                let is_internal = is_internal(self.host, joined.1, over.family);
                !is_internal && !is_on_link(joined.1) && unknown(joined).is_none()
            })
        };
        if !has_no_rules(self.host, over.family) || !leads(&over.mine) || !leads(&over.theirs) {
            return closed();
        }
        Open::Every(format!(
            "{}, but the engine sets no rules (`iptables: false`), and the host passes packets on from bridge to bridge",
            self.apart()
        ))
    }

    /// Engines before 27 leave IPv6 alone unless `ip6tables` is set, which an estate does not tell.
    fn over_unfiltered_ipv6(&self, over: &Over<'_>) -> Open {
        let is_filtered = is_ipv6_filtered(self.host) || over.family == Family::V4;
        if is_filtered || over.mine.is_empty() || over.theirs.is_empty() {
            return closed();
        }
        let text = format!("{}, but both have IPv6 addresses", self.apart());
        Open::Depends(everything(), UNFILTERED_IPV6.to_owned(), text)
    }

    fn over_unknown(&self, over: &Over<'_>) -> Open {
        if over.mine.is_empty() || over.theirs.is_empty() {
            return closed();
        }
        let fact = match first_unknown(&over.mine).or_else(|| first_unknown(&over.theirs)) {
            Some(fact) => fact,
            None if is_podman(self.host) => PODMAN.to_owned(),
            None => return closed(),
        };
        Open::Depends(everything(), fact, self.apart())
    }

    fn apart(&self) -> String {
        let of_source = networks(self.host, self.source);
        let mut shared = of_source
            .iter()
            .filter(|(name, _)| self.target.networks.iter().any(|(other, _)| other == name));
        let (own, other) = (title(self.own), title(self.other));
        match shared.find(|(_, network)| !has_icc(*network)) {
            Some((name, _)) => {
                format!("network `{name}` drops traffic between its containers (`{ICC}` is false)")
            }
            None => format!("{own} and {other} share no network"),
        }
    }

    fn internal(&self) -> String {
        format!(
            "{}, and that of {} is internal",
            self.apart(),
            title(self.own)
        )
    }

    fn why_closed(&self, families: &[Family]) -> String {
        let of = |container| {
            let over = families.iter().map(|family| (*family, container));
            let found = over.flat_map(|(family, container)| {
                let all = networks_of(self.host, container, family);
                all.into_iter().map(move |(_, network)| (family, network))
            });
            found.collect::<Vec<_>>()
        };
        let (mine, theirs) = (of(self.source), of(self.target));
        let is_internal =
            |(family, network): &(Family, _)| is_internal(self.host, *network, *family);
        let has = |all: &[(Family, _)], family| all.iter().any(|(own, _)| *own == family);
        let is_apart = !families
            .iter()
            .any(|family| has(&mine, *family) && has(&theirs, *family));
        let bound = families
            .iter()
            .map(|family| bound(self.target, *family, |address| !is_loopback(address)));
        let bound = bound.fold(PortSet::default(), |all, set| all.union(&set));
        if is_apart {
            return format!(
                "{} and {} have no address of a common family",
                title(self.own),
                title(self.other)
            );
        }
        if theirs.iter().all(is_internal) {
            return format!(
                "{}, and that of {} is internal",
                self.apart(),
                title(self.other)
            );
        }
        if mine.iter().all(is_internal) {
            return match (bound.is_empty(), firewall(self.host)) {
                (false, Firewall::Iptables) => {
                    format!("{}, which iptables does not let out", self.internal())
                }
                _ => self.internal(),
            };
        }
        if !bound.is_empty() {
            return format!(
                "{}, and {} gets no answer from ports that are published on addresses of the host",
                self.apart(),
                title(self.own)
            );
        }
        format!(
            "{}, and {} publishes no port",
            self.apart(),
            title(self.other)
        )
    }
}

/// The network over which packets leave the source for what is on none of its own.
fn way_out<'e>(host: &DockerHost, over: &Over<'e>) -> Option<Joined<'e>> {
    let mut mine = over.mine.iter();
    let leads_out = |joined: &&Joined<'e>| {
        let is_internal = is_internal(host, joined.1, over.family);
        !is_internal && !is_on_link(joined.1) && unknown(joined).is_none()
    };
    mine.find(leads_out).copied()
}

fn only(set: PortSet, text: String) -> Open {
    if set.is_empty() {
        return closed();
    }
    Open::Only(set, text)
}

/// No way; whoever has none at all says why.
const fn closed() -> Open {
    Open::Closed(String::new())
}

//! The engine's own API over TCP. A socket that is mounted is no network.

use std::net::IpAddr;

use viewshed_model::{DockerContainer, DockerHost, Estate, Protocol};

use super::facts::{has_internal_route, is_internal, is_isolated, namespace_of, networks};
use super::outside::leaving;
use super::own_host::to_own_host;
use super::proxies::through_proxies;
use super::{End, Open};
use crate::checks::{Listener, Reach, listeners};
use crate::network::address::{Block, Family};
use crate::network::ports::{PortSet, point};

/// Ports without and with TLS (dockerd reference, "Daemon socket option").
const USUAL: [u16; 2] = [2375, 2376];

/// To the API of any engine of the estate, by its own listeners or through a container that passes on what it
/// is told.
pub(super) fn to_engines(estate: &Estate, from: End<'_>) -> Open {
    let directly = to_listeners(estate, from);
    let mut hosts = estate.docker_hosts.iter();
    let Some((ports, fact, text)) = hosts.find_map(|host| through_proxies(host, from)) else {
        return directly;
    };
    match directly {
        Open::Closed(_) => Open::Depends(ports, fact, text),
        Open::Depends(own, own_fact, _) => {
            Open::Depends(own.union(&ports), format!("{fact}, or {own_fact}"), text)
        }
        Open::Only(..) | Open::AtLeast(..) | Open::Every(_) => directly,
    }
}

/// That of the own host, else others over the network between.
fn to_listeners(estate: &Estate, from: End<'_>) -> Open {
    let own = match from {
        End::Container(host, own) => Some((host, from_container(host, own))),
        End::Host(host) => Some((host, from_host(host))),
        End::World => None,
    };
    let (own_host, mut best) = own.unzip();
    for other in &estate.docker_hosts {
        if own_host.is_some_and(|host| std::ptr::eq(host, other)) {
            continue;
        }
        let open = leaving_host(from).unwrap_or_else(|| from_elsewhere(other));
        let is_better = !matches!(open, Open::Closed(_));
        match best {
            None => best = Some(open),
            Some(Open::Closed(_)) if is_better => best = Some(open),
            Some(_) => {}
        }
    }
    best.unwrap_or_else(|| Open::Closed("the estate has no Docker host".to_owned()))
}

/// What keeps a source on its host.
fn leaving_host(from: End<'_>) -> Option<Open> {
    match (from, leaving(from, "other hosts", &Family::BOTH)) {
        (End::Container(..), Open::Closed(text)) => Some(Open::Closed(text)),
        _ => None,
    }
}

fn from_container(host: &DockerHost, own: &DockerContainer) -> Open {
    let found = listeners(host);
    let text = match to_own_host(host, own) {
        Open::Closed(text) => return Open::Closed(text),
        Open::Depends(_, fact, text) | Open::AtLeast(_, _, fact, text) => {
            return match ports(found.iter()) {
                set if set.is_empty() => unknown_or_closed(host, text),
                set => Open::Depends(set, fact, text),
            };
        }
        Open::Every(text) | Open::Only(_, text) => text,
    };
    if namespace_of(host, own).network_mode == "host" {
        return at(host, found.iter(), text);
    }
    let in_sight = Sight::of(host, own);
    let shown = found
        .iter()
        .filter(|one| one.reach != Reach::Loopback && in_sight.has(one));
    match (at(host, shown, text), found.is_empty()) {
        (Open::Closed(_), false) => {
            let text = "the engine listens on no address that the container has a way to";
            Open::Closed(text.to_owned())
        }
        (open, _) => open,
    }
}

fn from_host(host: &DockerHost) -> Open {
    at(
        host,
        listeners(host).iter(),
        "it is the engine's own host".to_owned(),
    )
}

/// From another machine; whether that has a way there is in no estate.
fn from_elsewhere(host: &DockerHost) -> Open {
    let found = listeners(host);
    let shown = found.iter().filter(|one| one.reach != Reach::Loopback);
    let set = ports(shown);
    let text = format!("the engine of host `{}` listens beyond its host", host.name);
    match (set.is_empty(), found.is_empty()) {
        (false, _) => Open::Depends(set, "the network outside the estate".to_owned(), text),
        (true, false) => Open::Closed(format!(
            "the engine of host `{}` listens on loopback addresses only",
            host.name
        )),
        (true, true) => unknown_or_closed(host, "it is on another machine".to_owned()),
    }
}

fn at<'l>(host: &DockerHost, shown: impl Iterator<Item = &'l Listener>, text: String) -> Open {
    let shown: Vec<&Listener> = shown.collect();
    let set = ports(shown.iter().copied());
    if set.is_empty() {
        return unknown_or_closed(host, text);
    }
    let addresses: Vec<&str> = shown.iter().map(|one| one.address.as_str()).collect();
    let text = format!("the engine listens on {}; {text}", addresses.join(", "));
    Open::Only(set, text)
}

/// A live engine warns of what it listens on without certificates (moby `daemon/info.go`, `fillAPIInfo`),
/// and daemon.json lists everything.
fn unknown_or_closed(host: &DockerHost, text: String) -> Open {
    if !host.daemon.hosts.is_empty() || host.is_live {
        return Open::Closed("the engine is not known to listen on a TCP address".to_owned());
    }
    let usual = USUAL.map(|port| point(Protocol::Tcp, port));
    Open::Depends(
        usual.into_iter().map(|port| (port, port)).collect(),
        "whether the engine listens on a TCP address".to_owned(),
        text,
    )
}

fn ports<'l>(shown: impl Iterator<Item = &'l Listener>) -> PortSet {
    shown
        .filter_map(|one| one.address.rsplit_once(':')?.1.parse().ok())
        .map(|port| point(Protocol::Tcp, port))
        .map(|port| (port, port))
        .collect()
}

/// The addresses of the host that a container has a way to: all of them, unless every network of it is
/// internal; then only those on its own bridges, for nothing leads to another.
enum Sight {
    Everything,
    Subnets(Vec<Block>),
}

impl Sight {
    fn of(host: &DockerHost, own: &DockerContainer) -> Self {
        let all = networks(host, namespace_of(host, own));
        let leads_out = |family| {
            all.iter()
                .any(|(_, network)| !is_internal(host, *network, family))
        };
        if has_internal_route(host) == Some(true) || Family::BOTH.into_iter().any(leads_out) {
            return Self::Everything;
        }
        let subnets = all
            .iter()
            .filter_map(|(_, network)| *network)
            .flat_map(|network| {
                let blocks = network.subnets.iter().filter_map(|text| Block::parse(text));
                blocks.filter(|block| !is_isolated(host, Some(network), block.family))
            });
        Self::Subnets(subnets.collect())
    }

    fn has(&self, listener: &Listener) -> bool {
        let Self::Subnets(subnets) = self else {
            return true;
        };
        let address = listener
            .address
            .rsplit_once(':')
            .map_or("", |(address, _)| address.trim_matches(['[', ']']));
        match address.parse::<IpAddr>() {
            Ok(address) => {
                let own = Block::single(address);
                address.is_unspecified() || subnets.iter().any(|subnet| subnet.covers(&own))
            }
            // A name, or nothing, which is every address.
            Err(_) => true,
        }
    }
}

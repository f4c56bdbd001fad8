//! REACH on a Docker host: bridges, published ports, and what the engine's firewall makes of them.
//!
//! Sources: moby/moby `integration/network/bridge/{iptablesdoc,nftablesdoc}/generated` (the rules of each
//! situation) and `integration/networking/{bridge,port_mapping}_linux_test.go` (what really connects). The
//! two firewall backends let through the same, but for what internal networks reach through the host. The
//! host's own rules for incoming packets are not in an estate: Docker leaves them alone.

mod at_address;
mod bridges;
mod compare;
mod engine;
mod facts;
mod open;
mod outside;
mod own_host;
mod paths;
mod proxies;
mod published;
mod whole;

use viewshed_model::{
    DockerContainer, DockerHost, Estate, Place, PortRange, Protocol, ReachAnswer, ReachQuestion,
    Target,
};

use super::address::Family;
use super::decide::Decision;
use super::ends::NetworkError;
use super::eval::Tri;
use super::ports::{Point, PortSet, every, everything, point, shown};
use at_address::{Owner, at, at_unknown, owner};
use engine::to_engines;
use facts::{owner_elsewhere, title};
use open::Open;
use outside::leaving;
use paths::between;

pub(super) use at_address::is_of_docker;
pub(crate) use compare::docker_gains;
pub(crate) use facts::has_stopped;
pub(super) use facts::namespace_of;
pub(crate) use proxies::socket_proxies;
pub(super) use whole::{docker_matrix, docker_sources};

/// One end.
#[derive(Debug, Clone, Copy)]
enum End<'e> {
    Container(&'e DockerHost, &'e DockerContainer),
    Host(&'e DockerHost),
    /// Any address that is no container's and no host's.
    World,
}

/// Whether a connection between containers, Docker hosts and the outside is let through, and why.
///
/// # Errors
/// When the estate has no such container or host, or the place is none of Docker's.
pub fn docker_answer(
    estate: &Estate,
    question: &ReachQuestion,
) -> Result<ReachAnswer, NetworkError> {
    let from = end(estate, &question.from)?;
    let open = match &question.to {
        Place::Target(Target::Docker) => running(from, None, || to_engines(estate, from)),
        Place::Target(Target::Metadata) => running(from, None, || {
            let what = "the metadata address `169.254.169.254`";
            leaving(from, what, &[Family::V4])
        }),
        Place::Target(Target::World) => {
            running(from, None, || leaving(from, "the world", &Family::BOTH))
        }
        Place::Address(address) => match owner(estate, *address) {
            Some(owner) => at(from, owner),
            None => at_unknown(from, *address),
        },
        to => pair(from, end(estate, to)?),
    };
    let asked = match question.to {
        Place::Target(Target::Metadata) => Some(point(Protocol::Tcp, 80)),
        _ => None,
    };
    let wanted = match (question.port, question.protocol) {
        (_, Some(Protocol::Icmp)) => Some(point(Protocol::Icmp, 0)),
        (Some(port), protocol) => Some(point(protocol.unwrap_or_default(), port)),
        (None, _) => asked,
    };
    let within = question.protocol.map_or_else(everything, every);
    Ok(answered(question, open, wanted, &within))
}

/// Between two ends, whatever they are.
fn pair(from: End<'_>, to: End<'_>) -> Open {
    running(from, Some(to), || between(from, to, &Family::BOTH))
}

/// What does not run neither opens a connection nor takes one.
fn running(from: End<'_>, to: Option<End<'_>>, open: impl FnOnce() -> Open) -> Open {
    let stopped = [Some(from), to]
        .into_iter()
        .flatten()
        .find_map(|end| match end {
            End::Container(_, own) if has_stopped(own) => Some(own),
            End::Container(..) | End::Host(_) | End::World => None,
        });
    match stopped {
        Some(container) => Open::Closed(format!("{} does not run", title(container))),
        None => in_foreign_network(from, to).unwrap_or_else(open),
    }
}

/// In the network of a container that the estate does not have.
fn in_foreign_network(from: End<'_>, to: Option<End<'_>>) -> Option<Open> {
    let foreign = |end: End<'_>| match end {
        End::Container(host, own) => owner_elsewhere(host, own).map(str::to_owned),
        End::Host(_) | End::World => None,
    };
    let (own, other) = (foreign(from), to.and_then(foreign));
    if let (Some(own), Some(other)) = (&own, &other)
        && own == other
    {
        return Some(Open::Every(format!(
            "both share the network of container `{own}`"
        )));
    }
    let owner = own.or(other)?;
    let fact = format!("the networks of container `{owner}`, which is not in the estate");
    let text = format!("one end shares the network of container `{owner}`");
    Some(Open::Depends(everything(), fact, text))
}

fn answered(
    question: &ReachQuestion,
    open: Open,
    wanted: Option<Point>,
    within: &PortSet,
) -> ReachAnswer {
    let closed = "no other port is open".to_owned();
    let has = |set: &PortSet| match wanted {
        Some(port) => set.contains(port),
        None => !set.intersection(within).is_empty(),
    };
    let (decision, sure, possible) = match open {
        Open::Every(text) => (Decision::new(Tri::Yes, text), everything(), everything()),
        Open::Only(set, text) if has(&set) => (Decision::new(Tri::Yes, text), set.clone(), set),
        Open::AtLeast(set, possible, _, text) if has(&set) => {
            (Decision::new(Tri::Yes, text), set, possible)
        }
        Open::AtLeast(set, possible, fact, text) if has(&possible) => {
            (Decision::depends(fact, text), set, possible)
        }
        Open::Depends(set, fact, text) if has(&set) => {
            (Decision::depends(fact, text), PortSet::default(), set)
        }
        Open::Only(_, text) | Open::Depends(_, _, text) | Open::AtLeast(.., text) => {
            let text = format!("{text}; {closed}");
            (
                Decision::new(Tri::No, text),
                PortSet::default(),
                PortSet::default(),
            )
        }
        Open::Closed(text) => (
            Decision::new(Tri::No, text),
            PortSet::default(),
            PortSet::default(),
        ),
    };
    let listed = |set: &PortSet| -> Vec<PortRange> {
        if question.port.is_some() {
            return Vec::new();
        }
        shown(&set.intersection(within))
    };
    ReachAnswer {
        question: question.clone(),
        verdict: decision.reach_verdict(),
        depends_on: decision.depends_on(),
        uncertain_ports: listed(&possible.minus(&sure)),
        ports: listed(&sure),
        because: decision.reasons,
        cni: "docker".to_owned(),
        gaps: Vec::new(),
    }
}

fn end<'e>(estate: &'e Estate, place: &Place) -> Result<End<'e>, NetworkError> {
    let missing = || NetworkError::NoSuchPlace {
        place: place.clone(),
    };
    let hosts = estate.docker_hosts.iter();
    match place {
        Place::Container { host, name } => hosts
            .filter(|known| host.is_empty() || known.name == *host)
            .find_map(|host| Some(End::Container(host, container(host, name)?)))
            .ok_or_else(missing),
        Place::Host { name } => hosts
            .clone()
            .find(|host| host.name == *name || host.daemon.host_name == *name)
            .map(End::Host)
            .ok_or_else(missing),
        Place::Address(address) => Ok(match owner(estate, *address) {
            Some(Owner::Container(host, container, ..)) => End::Container(host, container),
            Some(Owner::Host(host, ..)) => End::Host(host),
            None => End::World,
        }),
        Place::Target(Target::World) => Ok(End::World),
        Place::Pod { .. } | Place::Node { .. } | Place::Service { .. } | Place::Target(_) => {
            Err(NetworkError::OtherEstate {
                place: place.clone(),
            })
        }
    }
}

fn container<'e>(host: &'e DockerHost, name: &str) -> Option<&'e DockerContainer> {
    host.containers.iter().find(|one| {
        one.name == name || (name.len() >= 8 && one.id.starts_with(name)) || one.id == name
    })
}

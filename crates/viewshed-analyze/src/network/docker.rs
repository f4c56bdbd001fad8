//! REACH on a Docker host: bridges, published ports, and what the engine's firewall makes of them.
//!
//! Sources: moby/moby `integration/network/bridge/{iptablesdoc,nftablesdoc}/generated` (the rules of each
//! situation) and `integration/networking/{bridge,port_mapping}_linux_test.go` (what really connects). The
//! two firewall backends let through the same, but for what internal networks reach through the host. The
//! host's own rules for incoming packets are not in an estate: Docker leaves them alone.

mod engine;
mod facts;
mod outside;
mod paths;

use viewshed_model::{
    DockerContainer, DockerHost, EndKind, Estate, Place, PortRange, Protocol, ReachAnswer,
    ReachQuestion, ReachSource, ReachSources, Target,
};

use super::decide::Decision;
use super::ends::NetworkError;
use super::eval::Tri;
use super::ports::{Point, PortSet, every, everything, point, shown};
use engine::to_engine;
use outside::leaving;
use paths::between;

/// What of a container is open to a source.
#[derive(Debug, Clone)]
enum Open {
    Every(String),
    Only(PortSet, String),
    Depends(PortSet, String, String),
    /// The first ports surely, every other one if the fact holds.
    AtLeast(PortSet, String, String),
    Closed(String),
}

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
    let (open, asked) = match (&question.to, from) {
        (Place::Target(Target::Docker), from) => (to_engine(from), None),
        (Place::Target(Target::Metadata), from) => {
            let open = leaving(from, "the metadata address `169.254.169.254`");
            (open, Some(point(Protocol::Tcp, 80)))
        }
        (Place::Target(Target::World), from) => (leaving(from, "the world"), None),
        (to, from) => (between(from, end(estate, to)?), None),
    };
    let wanted = match (question.port, question.protocol) {
        (_, Some(Protocol::Icmp)) => Some(point(Protocol::Icmp, 0)),
        (Some(port), protocol) => Some(point(protocol.unwrap_or_default(), port)),
        (None, _) => asked,
    };
    let within = question.protocol.map_or_else(everything, every);
    Ok(answered(question, open, wanted, &within))
}

/// Whether each container of the estate reaches a place, and the world where the place is a container or
/// a host; `port` and `protocol` as in a question.
///
/// # Errors
/// When the estate has no such container or host, or the place is none of Docker's.
pub fn docker_sources(
    estate: &Estate,
    to: &Place,
    port: Option<u16>,
    protocol: Option<Protocol>,
) -> Result<ReachSources, NetworkError> {
    let mut sources = Vec::new();
    let ask = |from: Place| {
        docker_answer(
            estate,
            &ReachQuestion {
                from,
                to: to.clone(),
                port,
                protocol,
            },
        )
    };
    for host in &estate.docker_hosts {
        for container in &host.containers {
            let from = Place::Container {
                host: host.name.clone(),
                name: container.name.clone(),
            };
            let answer = ask(from)?;
            let is_itself = matches!(end(estate, to)?, End::Container(_, other) if std::ptr::eq(other, container));
            if !is_itself {
                sources.push(ReachSource {
                    namespace: host.name.clone(),
                    workload_kind: "Container".to_owned(),
                    ..source(EndKind::Pods, &container.name, answer)
                });
            }
        }
    }
    if !matches!(to, Place::Target(_)) {
        let world = ask(Place::Target(Target::World))?;
        sources.push(source(EndKind::Outside, "world", world));
    }
    sources.sort();
    let hosts: Vec<&str> = estate.docker_hosts.iter().map(|host| &*host.name).collect();
    Ok(ReachSources {
        estate: hosts.join(", "),
        cni: "docker".to_owned(),
        to: to.clone(),
        points: vec![to.to_string()],
        sources,
        gaps: Vec::new(),
    })
}

fn source(kind: EndKind, name: &str, answer: ReachAnswer) -> ReachSource {
    ReachSource {
        verdict: answer.verdict,
        kind,
        namespace: String::new(),
        name: name.to_owned(),
        workload_kind: String::new(),
        pods: 0,
        example: String::new(),
        ports: answer.ports,
        depends_on: answer.depends_on,
        because: answer.because,
    }
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
        Open::AtLeast(set, _, text) if has(&set) => {
            (Decision::new(Tri::Yes, text), set, everything())
        }
        Open::AtLeast(set, fact, text) => (Decision::depends(fact, text), set, everything()),
        Open::Depends(set, fact, text) if has(&set) => {
            (Decision::depends(fact, text), PortSet::default(), set)
        }
        Open::Only(_, text) | Open::Depends(_, _, text) => {
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
        Place::Address(address) => {
            let text = address.to_string();
            let owner = hosts.into_iter().find_map(|host| {
                let mut containers = host.containers.iter();
                let of = |one: &&DockerContainer| one.networks.iter().any(|(_, own)| *own == text);
                Some(End::Container(host, containers.find(of)?))
            });
            Ok(owner.unwrap_or(End::World))
        }
        Place::Target(Target::World | Target::Metadata) => Ok(End::World),
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

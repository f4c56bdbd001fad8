//! The network of a whole estate: one cluster, Docker hosts, and what lies between them.
//!
//! What lies between a cluster and a Docker host is in no estate. A connection across needs that its source
//! may leave and that its destination takes connections from outside; whether the two networks meet stays a
//! fact that the answer names.

mod whole;

use std::collections::BTreeSet;

use viewshed_model::{
    Estate, Gap, MissingFact, Place, PortRange, Protocol, ReachAnswer, ReachQuestion, ReachVerdict,
    Target,
};

use super::answer::Asked;
use super::docker::{docker_answer, is_of_docker, namespace_of};
use super::ends::NetworkError;
use super::goals::Goal;
use super::index::NetworkIndex;
use super::ports::{PortSet, every, everything, point, shown, span};
use super::sources::rank;

/// An estate with at most one cluster, ready for questions.
#[derive(Debug)]
pub struct EstateNetwork<'e> {
    estate: &'e Estate,
    cluster: Option<NetworkIndex<'e>>,
}

/// Which part of an estate a place belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Cluster,
    Docker,
    /// To both: the world, addresses, what each machine may have.
    Either,
}

impl<'e> EstateNetwork<'e> {
    /// The network of the estate's Docker hosts, and of the cluster where one is indexed.
    pub fn new(estate: &'e Estate, cluster: Option<NetworkIndex<'e>>) -> Self {
        Self { estate, cluster }
    }

    /// The cluster's network.
    pub fn cluster(&self) -> Option<&NetworkIndex<'e>> {
        self.cluster.as_ref()
    }

    /// The cluster's network, where the place is not one of Docker's.
    pub fn cluster_of(&self, place: &Place) -> Option<&NetworkIndex<'e>> {
        let cluster = self.cluster.as_ref();
        cluster.filter(|_| self.part(place) != Part::Docker)
    }

    /// What was not understood of the cluster's policies.
    pub fn gaps(&self) -> Vec<Gap> {
        let cluster = self.cluster.as_ref();
        cluster.map(NetworkIndex::gaps).unwrap_or_default()
    }

    /// The places that matter, as far as a source can be asked about them.
    pub fn targets(&self, from: &Place) -> &'static [Target] {
        if self.part(from) == Part::Docker || self.cluster.is_none() {
            return &[Target::Docker, Target::Metadata, Target::World];
        }
        &Target::ALL
    }

    fn part(&self, place: &Place) -> Part {
        match place {
            Place::Container { .. } | Place::Host { .. } => Part::Docker,
            Place::Target(Target::World | Target::Metadata | Target::Docker) => Part::Either,
            Place::Pod { .. } | Place::Node { .. } | Place::Service { .. } | Place::Target(_) => {
                Part::Cluster
            }
            Place::Address(address) => {
                if is_of_docker(self.estate, *address) {
                    Part::Docker
                } else {
                    Part::Either
                }
            }
        }
    }

    /// Whether a connection is let through, and why.
    ///
    /// # Errors
    /// When the estate has no such place, or connections do not start from it.
    pub fn answer(&self, question: &ReachQuestion) -> Result<ReachAnswer, NetworkError> {
        let parts = (self.part(&question.from), self.part(&question.to));
        let Some(cluster) = &self.cluster else {
            return docker_answer(self.estate, question);
        };
        match parts {
            (Part::Docker, Part::Docker | Part::Either) | (Part::Either, Part::Docker) => {
                docker_answer(self.estate, question)
            }
            (Part::Docker, Part::Cluster) | (Part::Cluster, Part::Docker) => {
                self.across(cluster, question)
            }
            (Part::Cluster | Part::Either, Part::Cluster | Part::Either) => {
                cluster.answer(question)
            }
        }
    }

    /// From a container or host to the cluster, or the other way round.
    fn across(
        &self,
        cluster: &NetworkIndex<'e>,
        question: &ReachQuestion,
    ) -> Result<ReachAnswer, NetworkError> {
        let world = Place::Target(Target::World);
        let asked = |from: &Place, to: &Place| ReachQuestion {
            from: from.clone(),
            to: to.clone(),
            port: question.port,
            protocol: question.protocol,
        };
        if self.part(&question.from) == Part::Docker {
            let out = docker_answer(
                self.estate,
                &ReachQuestion {
                    port: None,
                    protocol: None,
                    ..asked(&question.from, &world)
                },
            )?;
            let into = cluster.answer(&asked(&world, &question.to))?;
            return Ok(met(question, out, into));
        }
        let mut into = docker_answer(self.estate, &asked(&world, &question.to))?;
        // The port of the host that leads there is what policies at the source see.
        let within = question.protocol.map_or_else(everything, every);
        let wanted = match (question.port, into.verdict) {
            (_, ReachVerdict::Denied) => PortSet::default(),
            (Some(port), _) => {
                let port = point(question.protocol.unwrap_or_default(), port);
                PortSet::one(port, port)
            }
            (None, _) => set(&into.ports).union(&set(&into.uncertain_ports)),
        };
        let published = self.published(&question.to);
        let mut open = PortSet::default();
        let mut best: Option<ReachAnswer> = None;
        for (inside, outside) in led_to(&wanted.intersection(&within), published.as_deref()) {
            let out = Self::leaving(cluster, question, &outside)?;
            if out.verdict != ReachVerdict::Denied {
                open = open.union(&inside);
            }
            let is_better = best
                .as_ref()
                .is_none_or(|best| rank(out.verdict) < rank(best.verdict));
            if is_better {
                best = Some(out);
            }
        }
        let Some(out) = best else {
            into.cni = format!("{}, docker", cluster.profile().cni().name());
            into.question = question.clone();
            return Ok(into);
        };
        into.ports = Vec::new();
        into.uncertain_ports = match question.port {
            Some(_) => Vec::new(),
            None => shown(&open),
        };
        Ok(met(question, out, into))
    }

    /// From a place of the cluster to an address that no estate names, on any of some ports.
    fn leaving(
        cluster: &NetworkIndex<'e>,
        question: &ReachQuestion,
        ports: &PortSet,
    ) -> Result<ReachAnswer, NetworkError> {
        let there = NetworkIndex::unknown_end("an address outside the cluster");
        let goal = Goal::End(Box::new(there));
        let mut ranges = ports.iter();
        let asked = match (ranges.next(), ranges.next()) {
            (Some((first, last)), None) if first == last => Asked::Port(first),
            _ => Asked::Every(ports.clone()),
        };
        cluster.answer_toward(question, &goal, &asked)
    }

    /// Ports of a container with the host's ports that lead to them; `None` when it has the host's network,
    /// or is the host.
    fn published(&self, place: &Place) -> Option<Vec<(PortSet, PortSet)>> {
        let Place::Container { host, name } = place else {
            return None;
        };
        let hosts = self.estate.docker_hosts.iter();
        let mut hosts = hosts.filter(|known| host.is_empty() || known.name == *host);
        let own = hosts.find_map(|host| {
            let mut containers = host.containers.iter();
            let own = containers.find(|one| one.name == *name || one.id == *name)?;
            Some(namespace_of(host, own))
        })?;
        (own.network_mode != "host").then(|| {
            let ports = own.ports.iter().filter_map(|port| {
                let protocol: Protocol = port.protocol.parse().ok()?;
                let one = |number: u16| span(protocol, number, number);
                Some((one(port.container_port), one(port.host_port)))
            });
            ports.collect()
        })
    }
}

/// Ports at a destination, each with the ports that a source must be let out to.
fn led_to(wanted: &PortSet, published: Option<&[(PortSet, PortSet)]>) -> Vec<(PortSet, PortSet)> {
    let Some(published) = published else {
        let all = || (wanted.clone(), wanted.clone());
        return (!wanted.is_empty()).then(all).into_iter().collect();
    };
    let mut led: Vec<(PortSet, PortSet)> = Vec::new();
    let mut rest = wanted.clone();
    for (inside, outside) in published {
        if !wanted.intersection(inside).is_empty() {
            led.push((inside.clone(), outside.clone()));
            rest = rest.minus(inside);
        }
    }
    if !rest.is_empty() {
        led.push((rest.clone(), rest));
    }
    led
}

/// Both halves of a way across.
fn met(question: &ReachQuestion, out: ReachAnswer, into: ReachAnswer) -> ReachAnswer {
    let cni = if out.cni == into.cni {
        out.cni.clone()
    } else {
        format!("{}, {}", out.cni, into.cni)
    };
    let mut answer = ReachAnswer {
        question: question.clone(),
        verdict: ReachVerdict::Denied,
        depends_on: Vec::new(),
        ports: Vec::new(),
        uncertain_ports: Vec::new(),
        because: Vec::new(),
        cni,
        gaps: Vec::new(),
    };
    for half in [&out, &into] {
        if half.verdict == ReachVerdict::Denied {
            answer.because.clone_from(&half.because);
            return answer;
        }
    }
    let mut facts: BTreeSet<String> = [&out, &into]
        .into_iter()
        .flat_map(|half| &half.depends_on)
        .map(|fact| fact.fact.clone())
        .collect();
    facts.insert("the network between the cluster and the Docker host".to_owned());
    answer.verdict = ReachVerdict::Depends;
    answer.depends_on = facts.into_iter().map(|fact| MissingFact { fact }).collect();
    answer.uncertain_ports = match question.port {
        Some(_) => Vec::new(),
        None => shown(&set(&into.ports).union(&set(&into.uncertain_ports))),
    };
    answer.because.extend(out.because);
    answer.because.extend(into.because);
    answer
}

fn set(ranges: &[PortRange]) -> PortSet {
    ranges.iter().fold(PortSet::default(), |all, range| {
        all.union(&span(range.protocol, range.first, range.last))
    })
}

//! The network of a whole estate: one cluster, Docker hosts, and what lies between them.
//!
//! What lies between a cluster and a Docker host is in no estate. A connection across needs that its source
//! may leave and that its destination takes connections from outside; whether the two networks meet stays a
//! fact that the answer names.

use std::collections::BTreeSet;

use viewshed_model::{
    EndKind, Estate, Gap, MissingFact, Place, PortRange, Protocol, ReachAnswer, ReachCell,
    ReachEnd, ReachMatrix, ReachQuestion, ReachSources, ReachVerdict, Target,
};

use super::answer::Asked;
use super::docker::{docker_answer, docker_matrix, docker_sources, namespace_of};
use super::ends::NetworkError;
use super::goals::Goal;
use super::index::NetworkIndex;
use super::matrix::MATRIX_PAIRS_MAX;
use super::ports::{PortSet, every, everything, point, shown, span};
use super::sources::{rank, sort};

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
                let text = address.to_string();
                let containers = self.estate.docker_hosts.iter();
                let mut containers = containers.flat_map(|host| &host.containers);
                let is_own = containers
                    .any(|container| container.networks.iter().any(|(_, own)| *own == text));
                if is_own { Part::Docker } else { Part::Either }
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
        for (inside, outside) in led_to(&wanted.intersection(&within), &published) {
            let out = self.leaving(cluster, question, &outside)?;
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
        &self,
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

    /// Whether every source reaches a place; the world as a source where the place is one of the estate.
    ///
    /// # Errors
    /// When the estate has no such place.
    pub fn sources(
        &self,
        to: &Place,
        port: Option<u16>,
        protocol: Option<Protocol>,
    ) -> Result<ReachSources, NetworkError> {
        let has_docker = !self.estate.docker_hosts.is_empty();
        let Some(cluster) = self.cluster.as_ref() else {
            return docker_sources(self.estate, to, port, protocol);
        };
        if !has_docker {
            return cluster.sources(to, port, protocol);
        }
        // Sources of the other part are those that reach something there at all.
        let anywhere = Place::Target(Target::World);
        let (of_cluster, of_docker) = match self.part(to) {
            Part::Either => {
                let of_docker = docker_sources(self.estate, to, port, protocol)?;
                (cluster.sources(to, port, protocol)?, of_docker)
            }
            Part::Cluster => {
                let others = docker_sources(self.estate, &anywhere, None, None)?;
                let own = cluster.sources(to, port, protocol)?;
                (own, self.asked_again(others, to, (port, protocol))?)
            }
            Part::Docker => {
                let others = cluster.sources(&anywhere, None, None)?;
                let own = docker_sources(self.estate, to, port, protocol)?;
                (self.asked_again(others, to, (port, protocol))?, own)
            }
        };
        let mut sources = joined(of_cluster, of_docker);
        sources.to = to.clone();
        Ok(sources)
    }

    /// Sources of one part of the estate, asked about a place of the other.
    fn asked_again(
        &self,
        mut others: ReachSources,
        to: &Place,
        (port, protocol): (Option<u16>, Option<Protocol>),
    ) -> Result<ReachSources, NetworkError> {
        others.points.clear();
        for source in &mut others.sources {
            let end = ReachEnd {
                kind: source.kind,
                namespace: source.namespace.clone(),
                name: match source.example.as_str() {
                    "" => source.name.clone(),
                    pod => pod.to_owned(),
                },
                ..ReachEnd::default()
            };
            let Some(from) = place(&end) else { continue };
            let answer = self.answer(&ReachQuestion {
                from,
                to: to.clone(),
                port,
                protocol,
            })?;
            source.verdict = answer.verdict;
            source.ports = answer.ports;
            source.depends_on = answer.depends_on;
            source.because = answer.because;
        }
        Ok(others)
    }

    /// All pairs; `None` when that would be more than [`MATRIX_PAIRS_MAX`] pairs.
    pub fn matrix(&self) -> Option<ReachMatrix> {
        let has_docker = !self.estate.docker_hosts.is_empty();
        match &self.cluster {
            Some(cluster) if !has_docker => cluster.matrix(),
            None => docker_matrix(self.estate),
            Some(cluster) => {
                let (matrix, docker) = (cluster.matrix()?, docker_matrix(self.estate)?);
                let ends = matrix.ends.len() + docker.ends.len();
                if ends.saturating_mul(ends) > MATRIX_PAIRS_MAX {
                    return None;
                }
                Some(self.joined_matrix(matrix, docker))
            }
        }
    }

    fn joined_matrix(&self, mut matrix: ReachMatrix, docker: ReachMatrix) -> ReachMatrix {
        let first = u32::try_from(matrix.ends.len()).unwrap_or(u32::MAX);
        let mut cells = self.cells_across(&matrix.ends, &docker.ends, first);
        matrix.estate = format!("{}, {}", matrix.estate, docker.estate);
        matrix.cni = format!("{}, {}", matrix.cni, docker.cni);
        matrix.ends.extend(docker.ends);
        cells.extend(docker.cells.into_iter().map(|cell| ReachCell {
            from: cell.from.saturating_add(first),
            to: cell.to.saturating_add(first),
            ..cell
        }));
        matrix.cells.extend(cells);
        matrix.cells.sort_by_key(|cell| (cell.from, cell.to));
        matrix
    }

    /// What may be let through between the cluster's ends and Docker's. Each end is asked once whether it may
    /// leave, and whether it takes connections from outside.
    fn cells_across(&self, ours: &[ReachEnd], docker: &[ReachEnd], first: u32) -> Vec<ReachCell> {
        let places = |ends: &[ReachEnd]| -> Vec<(u32, Place)> {
            let numbered = (0_u32..).zip(ends);
            numbered
                .filter_map(|(at, end)| Some((at, place(end)?)))
                .collect()
        };
        let world = Place::Target(Target::World);
        let ask = |from: &Place, to: &Place| {
            let question = ReachQuestion {
                from: from.clone(),
                to: to.clone(),
                port: None,
                protocol: None,
            };
            self.answer(&question).ok()
        };
        let (ours, docker) = (places(ours), places(docker));
        let mut cells = Vec::new();
        let leaving: Vec<u32> = docker
            .iter()
            .filter(|(_, from)| ask(from, &world).is_some_and(|out| may(&out)))
            .map(|(at, _)| at.saturating_add(first))
            .collect();
        for (to, place) in &ours {
            let Some(into) = ask(&world, place).filter(may) else {
                continue;
            };
            let uncertain = shown(&set(&into.ports).union(&set(&into.uncertain_ports)));
            cells.extend(leaving.iter().map(|from| ReachCell {
                from: *from,
                to: *to,
                allowed: Vec::new(),
                uncertain: uncertain.clone(),
            }));
        }
        for (to, place) in &docker {
            if !ask(&world, place).is_some_and(|into| may(&into)) {
                continue;
            }
            for (from, source) in &ours {
                let Some(answer) = ask(source, place).filter(may) else {
                    continue;
                };
                cells.push(ReachCell {
                    from: *from,
                    to: to.saturating_add(first),
                    allowed: Vec::new(),
                    uncertain: answer.uncertain_ports,
                });
            }
        }
        cells
    }
}

fn may(answer: &ReachAnswer) -> bool {
    answer.verdict != ReachVerdict::Denied
}

/// The place that a row of a matrix is, unless it stands for addresses.
fn place(end: &ReachEnd) -> Option<Place> {
    let (namespace, name) = (end.namespace.clone(), end.name.clone());
    match end.kind {
        EndKind::Pods => Some(Place::Pod { namespace, name }),
        EndKind::Node => Some(Place::Node { name }),
        EndKind::Container => Some(Place::Container {
            host: namespace,
            name,
        }),
        EndKind::Host => Some(Place::Host { name }),
        EndKind::Outside => None,
    }
}

/// Ports at a destination, each with the ports that a source must be let out to.
fn led_to(
    wanted: &PortSet,
    published: &Option<Vec<(PortSet, PortSet)>>,
) -> Vec<(PortSet, PortSet)> {
    let Some(published) = published else {
        return match wanted.is_empty() {
            true => Vec::new(),
            false => vec![(wanted.clone(), wanted.clone())],
        };
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
    let cni = match out.cni == into.cni {
        true => out.cni.clone(),
        false => format!("{}, {}", out.cni, into.cni),
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

fn joined(mut sources: ReachSources, docker: ReachSources) -> ReachSources {
    sources.estate = format!("{}, {}", sources.estate, docker.estate);
    sources.cni = format!("{}, {}", sources.cni, docker.cni);
    for point in docker.points {
        if !sources.points.contains(&point) {
            sources.points.push(point);
        }
    }
    // The world is one source: what it reaches anywhere counts.
    for source in docker.sources {
        let known = sources
            .sources
            .iter_mut()
            .find(|known| known.kind == EndKind::Outside && source.kind == EndKind::Outside);
        match known {
            Some(known) if rank(source.verdict) < rank(known.verdict) => *known = source,
            Some(_) => {}
            None => sources.sources.push(source),
        }
    }
    sort(&mut sources.sources);
    sources.gaps.extend(docker.gaps);
    sources
}

fn set(ranges: &[PortRange]) -> PortSet {
    ranges.iter().fold(PortSet::default(), |all, range| {
        all.union(&span(range.protocol, range.first, range.last))
    })
}

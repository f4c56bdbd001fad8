//! Everything in an estate at once: who reaches a place, and all pairs.

use viewshed_model::{
    EndKind, Place, Protocol, ReachAnswer, ReachCell, ReachEnd, ReachMatrix, ReachQuestion,
    ReachSources, ReachVerdict, Target,
};

use super::{EstateNetwork, Part, set};
use crate::network::docker::{docker_matrix, docker_sources};
use crate::network::ends::NetworkError;
use crate::network::matrix::MATRIX_PAIRS_MAX;
use crate::network::ports::shown;
use crate::network::sources::{rank, sort};

impl EstateNetwork<'_> {
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
            source.uncertain_ports = answer.uncertain_ports;
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
            Some(known) => {
                let sure = set(&known.ports).union(&set(&source.ports));
                let uncertain = set(&known.uncertain_ports).union(&set(&source.uncertain_ports));
                if rank(source.verdict) < rank(known.verdict) {
                    *known = source;
                }
                known.uncertain_ports = shown(&uncertain.minus(&sure));
                known.ports = shown(&sure);
            }
            None => sources.sources.push(source),
        }
    }
    sort(&mut sources.sources);
    sources.gaps.extend(docker.gaps);
    sources
}

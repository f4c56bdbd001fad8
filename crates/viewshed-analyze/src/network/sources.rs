//! Everything that reaches one place: the column of the matrix, with a reason per source.
//!
//! The tables tell which point of a target is worth asking about for each source; that one is then
//! decided like any single question, so that the answers cannot differ.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::{
    EndKind, Place, PortRange, Protocol, ReachSource, ReachSources, ReachVerdict, Target,
};

use super::answer::{Asked, Outcome};
use super::cni::{PodToOwnNode, Ternary};
use super::ends::{End, NetworkError, Resolved};
use super::eval::Tri;
use super::goals::{Goal, TargetPoint};
use super::index::NetworkIndex;
use super::kernel::Kernel;
use super::place::{Kind, Origin, PodPlace};
use super::ports::{Point, PortSet, every, everything, point, shown};
use super::vocabulary::Term;

/// Where a source should be asked about: a point and one of its ports.
type Candidate = (usize, Point);

/// The best candidate, and the best one that is not on the same node: what the tables say of a pod's own
/// node is not the whole answer.
type Best = [(Tri, Option<Candidate>); 2];

/// Pods that are alike: namespace, workload, its kind, spot in each family, and how their own nodes
/// answer.
type GroupKey<'c> = (&'c str, &'c str, &'c str, SpotsKey);
/// Spot in each family, and the node where it counts.
type SpotsKey = ([u32; 2], Option<u32>);

/// What is asked of every source.
struct Column<'c> {
    points: Vec<TargetPoint<'c>>,
    asked: Asked,
    target: Option<Target>,
    /// Points on nodes, by node.
    by_node: BTreeMap<u32, Vec<usize>>,
    /// For each family's kernel the best candidates of every spot.
    best: Vec<Vec<Best>>,
}

impl<'c> NetworkIndex<'c> {
    /// Whether each workload, node and the world reach a place; `port` and `protocol` as in a question.
    ///
    /// # Errors
    /// When the cluster has no such place.
    pub fn sources(
        &self,
        to: &Place,
        port: Option<u16>,
        protocol: Option<Protocol>,
    ) -> Result<ReachSources, NetworkError> {
        let column = self.column(to, port, protocol)?;
        let groups = self.groups(&column);
        let of_pods = groups.par_iter().filter_map(|(key, pods)| {
            let pod = *pods.first()?;
            let from = self.pod_end(pod)?;
            let outcome = self.column_outcome(&from, &column);
            Some(self.pod_source(key, pods, outcome))
        });
        let mut sources: Vec<ReachSource> = of_pods.collect();
        let nodes = u32::try_from(self.places.nodes.len()).unwrap_or(u32::MAX);
        let of_nodes = (0..nodes).into_par_iter().map(|node| {
            let from = self.node_end(node);
            let outcome = self.column_outcome(&from, &column);
            let name = self.places.node(node).map_or("", |node| node.name);
            source(EndKind::Node, name, outcome)
        });
        sources.extend(of_nodes.collect::<Vec<_>>());
        if !matches!(to, Place::Target(Target::World | Target::Metadata)) {
            let world = Self::unknown_end("an address outside the cluster");
            let outcome = self.column_outcome(&world, &column);
            sources.push(source(EndKind::Outside, "world", outcome));
        }
        sort(&mut sources);
        Ok(ReachSources {
            estate: self.cluster().name.clone(),
            cni: self.profile.cni().name().to_owned(),
            to: to.clone(),
            points: column.points.iter().map(told).collect(),
            sources,
            gaps: self.gaps(),
        })
    }

    /// Whether each pod, by namespace and name, reaches a place on a TCP port; without one, on any of its
    /// ports. Pods that have ended are left out; of a place that the cluster does not have, every answer
    /// depends on where it is.
    pub fn verdicts_by_pod(
        &self,
        to: &Place,
        port: Option<u16>,
    ) -> FxHashMap<(&'c str, &'c str), ReachVerdict> {
        let Ok(column) = self.column(to, port, None) else {
            return FxHashMap::default();
        };
        let own_node_counts = self.own_node_counts();
        let mut groups: FxHashMap<SpotsKey, Vec<u32>> = FxHashMap::default();
        for (pod, index) in self.places.pods.iter().zip(0_u32..) {
            if !pod.has_ended {
                let key = self.spots_key(pod, index, (&column, own_node_counts));
                groups.entry(key).or_default().push(index);
            }
        }
        let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
        groups.sort_unstable();
        let judged = groups.par_iter().filter_map(|pods| {
            let first = *pods.first()?;
            if self.is_surely_let_through(first, &column) {
                return Some((pods, ReachVerdict::Allowed));
            }
            let from = self.pod_end(first)?;
            let outcome = self.column_outcome(&from, &column);
            Some((pods, outcome.decision.reach_verdict()))
        });
        let judged: Vec<(&Vec<u32>, ReachVerdict)> = judged.collect();
        let mut by_pod: Vec<Option<ReachVerdict>> = vec![None; self.places.pods.len()];
        for (pods, verdict) in judged {
            for pod in pods {
                if let Some(of_pod) = by_pod.get_mut(*pod as usize) {
                    *of_pod = Some(verdict);
                }
            }
        }
        let pods = self.places.pods.iter().zip(by_pod);
        let mut named = FxHashMap::default();
        named.reserve(self.places.pods.len());
        named.extend(pods.filter_map(|(pod, verdict)| {
            let meta = pod.origin.meta();
            let namespace = meta.namespace.as_deref().unwrap_or("default");
            Some(((namespace, meta.name.as_str()), verdict?))
        }));
        named
    }

    /// Whether the tables alone settle it: a pod on a network of its own that some point certainly lets
    /// in, and that stands on no node where the plugin itself might stop it.
    fn is_surely_let_through(&self, pod: u32, column: &Column<'c>) -> bool {
        let Some(place) = self.places.pods.get(pod as usize) else {
            return false;
        };
        let is_apart = place
            .body
            .node
            .is_none_or(|node| !column.by_node.contains_key(&node));
        let mut best = self.kernels.iter().zip(&column.best);
        !place.is_on_host
            && is_apart
            && !self.forwards()
            && best.any(|(kernel, best)| {
                let spot = kernel.space.of_pod.get(pod as usize);
                let known = spot.and_then(|spot| best.get(*spot as usize));
                known.is_some_and(|[first, _]| first.0 == Tri::Yes)
            })
    }

    /// Whether pods on the node of a point may fare otherwise than pods elsewhere.
    fn own_node_counts(&self) -> bool {
        self.profile.pod_to_own_node != PodToOwnNode::ByPolicy
            || self.forwards()
            || self.profile.enforces != Ternary::Yes
            || self
                .vocabulary
                .terms()
                .iter()
                .any(|term| matches!(term, Term::LocalNode))
    }

    /// What can make two pods differ as sources.
    fn spots_key(
        &self,
        pod: &PodPlace<'c>,
        index: u32,
        (column, own_node_counts): (&Column<'c>, bool),
    ) -> SpotsKey {
        let mut spots = [u32::MAX; 2];
        for (kernel, spot) in self.kernels.iter().zip(&mut spots) {
            let own = kernel.space.of_pod.get(index as usize);
            *spot = own.copied().unwrap_or(u32::MAX);
        }
        let node = pod.body.node.filter(|node| {
            let is_point = column.by_node.contains_key(node);
            (is_point && (own_node_counts || pod.is_on_host)) || self.forwards()
        });
        (spots, node)
    }

    fn column(
        &self,
        to: &Place,
        port: Option<u16>,
        protocol: Option<Protocol>,
    ) -> Result<Column<'c>, NetworkError> {
        let wanted = match (port, protocol) {
            (_, Some(Protocol::Icmp)) => Some(point(Protocol::Icmp, 0)),
            (Some(port), protocol) => Some(point(protocol.unwrap_or_default(), port)),
            (None, _) => None,
        };
        let within = protocol.map_or_else(everything, every);
        let asked = wanted.map_or(Asked::Every(within), Asked::Port);
        let of_goal = |goal: Goal<'c>, what: String| TargetPoint {
            goal,
            ports: wanted.into_iter().collect(),
            what,
        };
        let (points, target) = match self.resolve(to)? {
            Resolved::Ends(ends) => {
                let ends = ends.into_iter().map(|end| {
                    let what = end.what.clone();
                    of_goal(Goal::End(Box::new(end)), what)
                });
                (ends.collect(), None)
            }
            Resolved::Service(service, by) => {
                let what = format!("service `{}`", service.meta.full_name());
                (vec![of_goal(Goal::Service(service, by), what)], None)
            }
            Resolved::Target(target) => {
                let mut points = self.points_of(target);
                if let Some(port) = wanted {
                    for point in &mut points {
                        if target == Target::World {
                            point.ports = vec![port];
                        }
                        point.ports.retain(|own| *own == port);
                    }
                }
                (points, Some(target))
            }
        };
        let mut by_node: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (point, position) in points.iter().zip(0..) {
            if let Goal::End(end) | Goal::Loopback(end) = &point.goal
                && let (Kind::Node, Some(node)) = (end.body.kind, end.body.node)
            {
                by_node.entry(node).or_default().push(position);
            }
        }
        let best = self.kernels.iter();
        let best = best.map(|kernel| self.best_of(kernel, &points)).collect();
        Ok(Column {
            points,
            asked,
            target,
            by_node,
            best,
        })
    }

    /// For every spot the first point that the tables say it reaches, else may reach.
    fn best_of(&self, kernel: &Kernel<'c>, points: &[TargetPoint<'c>]) -> Vec<Best> {
        let mut best: Vec<Best> = vec![[(Tri::No, None); 2]; kernel.space.spots.len()];
        let node_of = |candidate: Option<Candidate>| node_of(points.get(candidate?.0)?);
        for (target_point, position) in points.iter().zip(0..) {
            let Goal::End(end) = &target_point.goal else {
                continue;
            };
            let Some(to) = self.spot(kernel.family, end) else {
                continue;
            };
            for port in &target_point.ports {
                let (sure, possible) = kernel.sources_of(to, *port);
                for (bits, verdict) in [(possible, Tri::Maybe), (sure, Tri::Yes)] {
                    for spot in bits.iter() {
                        let Some([first, second]) = best.get_mut(spot) else {
                            continue;
                        };
                        let candidate = (verdict, Some((position, *port)));
                        let is_beside =
                            node_of(first.1).is_none() || node_of(first.1) != node_of(candidate.1);
                        if first.0 < verdict {
                            if is_beside {
                                *second = *first;
                            }
                            *first = candidate;
                        } else if is_beside && second.0 < verdict {
                            *second = candidate;
                        }
                    }
                }
            }
        }
        best
    }

    /// What becomes of one source's connections.
    fn column_outcome(&self, from: &End<'c>, column: &Column<'c>) -> Outcome {
        let Some(target) = column.target else {
            let each = column.points.iter();
            let each = each.map(|point| self.toward(from, &point.goal, &column.asked));
            return Outcome::any(each.collect()).unwrap_or_else(|| Self::nothing_to_reach(None));
        };
        let mut outcomes = Vec::new();
        for (position, port) in self.candidates(from, column) {
            let Some(target_point) = column.points.get(position) else {
                continue;
            };
            let mut outcome = self.toward(from, &target_point.goal, &Asked::Port(port));
            outcome.decision.mention(&target_point.what);
            if outcome.decision.verdict != Tri::No {
                outcome.possible = PortSet::one(port, port);
            }
            if outcome.decision.verdict == Tri::Yes {
                outcome.sure = PortSet::one(port, port);
            }
            outcomes.push(outcome);
        }
        Outcome::any(outcomes).unwrap_or_else(|| {
            if column.points.is_empty() {
                return Self::nothing_to_reach(Some(target));
            }
            let text = format!("`{}` has no such port", target.name());
            Outcome::of(super::decide::Decision::new(Tri::No, text))
        })
    }

    fn nothing_to_reach(target: Option<Target>) -> Outcome {
        let name = target.map_or("that place", Target::name);
        let fact = format!("where `{name}` is");
        let text = format!("the estate shows no `{name}`");
        Outcome::of(super::decide::Decision::depends(fact, text))
    }

    /// Points that must be asked about one by one, those on the source's own node, and the best of the
    /// others as the tables see it; the first point where they see none.
    fn candidates(&self, from: &End<'c>, column: &Column<'c>) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        let with_ports = |position: usize| {
            let ports = column.points.get(position).into_iter();
            ports.flat_map(move |point| point.ports.iter().map(move |port| (position, *port)))
        };
        // The tables know nothing of what publishes a pod.
        // Nor of the nodes on the way.
        let is_outside = from.body.kind == Kind::Outside || self.forwards();
        for (point, position) in column.points.iter().zip(0..) {
            if is_outside || !matches!(point.goal, Goal::End(_)) {
                found.extend(with_ports(position));
            }
        }
        if is_outside && !found.is_empty() {
            return found;
        }
        if let Some(node) = from.body.node {
            for position in column.by_node.get(&node).into_iter().flatten() {
                found.extend(with_ports(*position));
            }
        }
        let mut best = (Tri::No, None);
        for (kernel, of_kernel) in self.kernels.iter().zip(&column.best) {
            let spot = self.spot(kernel.family, from);
            let known = spot.and_then(|spot| of_kernel.get(spot as usize));
            let is_elsewhere = |candidate: &&(Tri, Option<Candidate>)| {
                let point = candidate
                    .1
                    .and_then(|(position, _)| column.points.get(position));
                let node = point.and_then(node_of);
                node.is_none() || node != from.body.node
            };
            let known = known.and_then(|known| known.iter().find(is_elsewhere));
            if let Some(known) = known
                && known.0 > best.0
            {
                best = *known;
            }
        }
        found.extend(best.1);
        if best.1.is_none() {
            let first = column.points.iter().zip(0..);
            let first = first.filter(|(point, _)| matches!(point.goal, Goal::End(_)));
            found.extend(
                first
                    .map(|(_, position)| position)
                    .take(1)
                    .flat_map(with_ports),
            );
        }
        found
    }

    /// Pods by workload and by what can make them differ as sources, sorted.
    fn groups(&self, column: &Column<'c>) -> Vec<(GroupKey<'c>, Vec<u32>)> {
        let own_node_counts = self.own_node_counts();
        let mut groups: FxHashMap<GroupKey<'c>, Vec<u32>> = FxHashMap::default();
        for (pod, index) in self.places.pods.iter().zip(0_u32..) {
            if pod.has_ended {
                continue;
            }
            let meta = pod.origin.meta();
            let (kind, name) = self.places.topmost(pod);
            let spots = self.spots_key(pod, index, (column, own_node_counts));
            let key = (meta.namespace_or_empty(), name, kind, spots);
            groups.entry(key).or_default().push(index);
        }
        let mut groups: Vec<(GroupKey<'c>, Vec<u32>)> = groups.into_iter().collect();
        groups.sort_unstable();
        groups
    }

    fn pod_source(&self, key: &GroupKey<'c>, pods: &[u32], outcome: Outcome) -> ReachSource {
        let (namespace, name, kind, ..) = key;
        let names: Vec<&str> = pods
            .iter()
            .filter_map(|pod| self.places.pods.get(*pod as usize))
            .filter_map(|pod| match pod.origin {
                Origin::Pod(pod) => Some(pod.meta.name.as_str()),
                Origin::Workload(_) => None,
            })
            .collect();
        ReachSource {
            namespace: (*namespace).to_owned(),
            workload_kind: (*kind).to_owned(),
            pods: names.len() as u64,
            example: names.first().copied().unwrap_or_default().to_owned(),
            ..source(EndKind::Pods, name, outcome)
        }
    }
}

/// The node that a point is on.
fn node_of(point: &TargetPoint<'_>) -> Option<u32> {
    match &point.goal {
        Goal::End(end) if end.body.kind == Kind::Node => end.body.node,
        Goal::End(_)
        | Goal::Perhaps(..)
        | Goal::Loopback(_)
        | Goal::Service(..)
        | Goal::Missing(_) => None,
    }
}

fn source(kind: EndKind, name: &str, outcome: Outcome) -> ReachSource {
    ReachSource {
        verdict: outcome.decision.reach_verdict(),
        kind,
        namespace: String::new(),
        name: name.to_owned(),
        workload_kind: String::new(),
        pods: 0,
        example: String::new(),
        ports: shown(&outcome.sure),
        depends_on: outcome.decision.depends_on(),
        because: outcome.decision.reasons,
    }
}

/// What reaches it first, then what may, then what does not.
pub(super) fn sort(sources: &mut [ReachSource]) {
    sources.sort_by(|a, b| (rank(a.verdict).cmp(&rank(b.verdict))).then_with(|| a.cmp(b)));
}

/// The less stops it, the lower.
pub(super) const fn rank(verdict: ReachVerdict) -> u8 {
    match verdict {
        ReachVerdict::Allowed => 0,
        ReachVerdict::Depends => 1,
        ReachVerdict::Denied => 2,
    }
}

fn told(target_point: &TargetPoint<'_>) -> String {
    let ports: PortSet = target_point
        .ports
        .iter()
        .map(|port| (*port, *port))
        .collect();
    let ports: Vec<String> = shown(&ports).iter().map(PortRange::to_string).collect();
    match ports.as_slice() {
        [] => target_point.what.clone(),
        ports => format!("{}: {}", target_point.what, ports.join(", ")),
    }
}

//! Everything that reaches one place: the column of the matrix, with a reason per source.
//!
//! The tables tell which point of a target is worth asking about for each source; that one is then
//! decided like any single question, so that the answers cannot differ.

mod column;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::{
    EndKind, Place, PortRange, Protocol, ReachSource, ReachSources, ReachVerdict, Target,
};

use column::{Candidate, Column};

use super::answer::{Asked, Outcome};
use super::cni::{PodToOwnNode, Ternary};
use super::ends::{End, NetworkError, Which};
use super::eval::Tri;
use super::goals::{Goal, TargetPoint};
use super::index::NetworkIndex;
use super::place::{Kind, Origin, PodPlace};
use super::ports::{PortSet, shown};
use super::vocabulary::Term;

/// Points that a pod with networks beside the cluster's is asked about one by one, at most.
const POINTS_BESIDE_MAX: usize = 64;

/// Pods that are alike: namespace, workload, its kind, spot in each family, and how their own nodes
/// answer.
type GroupKey<'c> = (&'c str, &'c str, &'c str, SpotsKey);
/// Spot in each family, the node where it counts, whether it is a point itself, and a number for its networks beside
/// the cluster's.
type SpotsKey = ([u32; 2], Option<u32>, bool, u32);

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
        !place.is_on_host && is_apart && !self.forwards() && column.is_open(self, pod)
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
            let is_beside = pod.is_on_host && column.pods_by_node.contains_key(node);
            (is_point && (own_node_counts || pod.is_on_host)) || is_beside || self.forwards()
        });
        let networks = self.places.further_networks.number(index);
        (spots, node, column.by_pod.contains_key(&index), networks)
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
        if let Some(mut outcome) = Outcome::any(outcomes) {
            // Sources outside, and those whose way leads over guarded nodes, are asked about every point.
            if from.body.kind != Kind::Outside && !self.forwards() {
                let (sure, possible) = column.open_elsewhere(self, from);
                outcome.sure = outcome.sure.union(&sure);
                outcome.possible = outcome.possible.union(&possible);
            }
            return outcome;
        }
        if column.points.is_empty() {
            return Self::nothing_to_reach(Some(target));
        }
        let text = format!("`{}` has no such port", target.name());
        Outcome::of(super::decide::Decision::new(Tri::No, text))
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
        let has_networks = match from.which {
            Which::Pod(pod) => self.places.further_networks.number(pod) != 0,
            Which::Node(_) | Which::Address(_) | Which::SomeAddress => false,
        };
        if has_networks {
            // Nor of networks beside the cluster's.
            let points = 0..column.points.len().min(POINTS_BESIDE_MAX);
            found.extend(points.flat_map(with_ports));
        }
        let near = Self::near(from, column);
        found.extend(near.into_iter().flat_map(with_ports));
        let best = column.best_elsewhere(self, from);
        found.extend(best);
        if best.is_none() {
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

    /// Points of which the tables do not know all: those on the source's own node, the source itself, and
    /// those that lead elsewhere.
    fn near(from: &End<'c>, column: &Column<'c>) -> BTreeSet<usize> {
        let of_pods = match from.body.kind {
            Kind::Node => &column.pods_by_node,
            Kind::Pod | Kind::Outside => &BTreeMap::new(),
        };
        let on_node = from.body.node.into_iter();
        let on_node = on_node.flat_map(|node| [column.by_node.get(&node), of_pods.get(&node)]);
        let itself = match from.which {
            Which::Pod(pod) => column.by_pod.get(&pod),
            Which::Node(_) | Which::Address(_) | Which::SomeAddress => None,
        };
        let near = on_node.chain([itself, Some(&column.leading_elsewhere)]);
        near.flatten().flatten().copied().collect()
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

fn source(kind: EndKind, name: &str, outcome: Outcome) -> ReachSource {
    ReachSource {
        verdict: outcome.decision.reach_verdict(),
        kind,
        namespace: String::new(),
        name: name.to_owned(),
        workload_kind: String::new(),
        pods: 0,
        example: String::new(),
        uncertain_ports: shown(&outcome.possible.minus(&outcome.sure)),
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

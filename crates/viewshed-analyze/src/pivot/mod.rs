//! PIVOT: what an intruder in a pod may become, step by step.
//!
//! One graph per cluster: its nodes are the things that somebody can be or hold (a pod, a service
//! account, root on a node, everything), its edges are single steps: using a mounted token, executing
//! in another pod, asking for another account's token, acting as somebody else, `nodes/proxy`, approving
//! a certificate, `escalate` and `bind`, creating a pod with another account or a path of the node,
//! leaving the container. Steps that a network policy stops are not taken: a token is of no use to a pod
//! that cannot reach the API server.
//!
//! Users and groups are followed as bindings name them; who is a member of a group is not in the estate, so
//! somebody who gets hold of two identities is not credited with what only both together may do. Of rights
//! that are limited to named objects, those are followed that lead to one user, group, account, pod or node.
//! Constrained impersonation (KEP-5284) is left to `see`'s gaps.

mod build;
mod by_name;
mod compare;
mod docker;
mod doors;
mod further;
mod graph;
mod held;
mod named;
mod opened;
mod out;
mod people;
mod powers;
mod rights;
mod roles;
#[cfg(test)]
mod tests;
mod toward;
mod ways;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use viewshed_model::{
    Cluster, Identity, Link, MissingFact, Pivot, PivotKind, PivotRank, PivotReport, PivotStop,
    Place, ReachQuestion, ReachVerdict, Target,
};

use crate::checks::runners;
use crate::network::{Cni, NetworkIndex};
use crate::sight::SightIndex;
use build::Ground;
use graph::{Graph, State};
use out::UNPLACED;

pub(crate) use build::nodes_of;
pub(crate) use compare::{NewWay, gained};
use docker::sort_ranks;
pub use docker::{docker_ranks, joined_ranks};
pub(crate) use docker::{from_api, from_container};
pub(crate) use further::{HeldParts, RoleParts, gives_a_part};
pub use toward::{BY_STEPS_MAX, Sought};

/// Pivots that a view spells out; with ten links each, about ten megabytes. The rest is counted by
/// [`PivotIndex::from_pod`].
pub const PIVOTS_MAX: usize = 2000;

/// How the network of a cluster lets its pods connect, made when the first step needs it.
#[derive(Debug)]
pub struct LazyNetwork<'i, 'c> {
    given: Option<&'i NetworkIndex<'c>>,
    made: OnceLock<NetworkIndex<'c>>,
    cluster: &'c Cluster,
    cni: Option<Cni>,
}

impl<'i, 'c> LazyNetwork<'i, 'c> {
    /// For a network plugin; `None` is the one that the cluster shows.
    pub const fn of(cluster: &'c Cluster, cni: Option<Cni>) -> Self {
        Self {
            given: None,
            made: OnceLock::new(),
            cluster,
            cni,
        }
    }

    const fn given(index: &'i NetworkIndex<'c>, cluster: &'c Cluster) -> Self {
        Self {
            given: Some(index),
            made: OnceLock::new(),
            cluster,
            cni: None,
        }
    }

    fn index(&self) -> &NetworkIndex<'c> {
        match self.given {
            Some(index) => index,
            None => {
                let make = || NetworkIndex::new(self.cluster, self.cni);
                self.made.get_or_init(make)
            }
        }
    }
}

/// The steps of one cluster, ready for questions.
#[derive(Debug)]
pub struct PivotIndex<'i, 'c> {
    ground: Ground<'i, 'c>,
    /// Every state and every step, for questions about all of them.
    whole: OnceLock<Graph<'c>>,
}

impl<'i, 'c> PivotIndex<'i, 'c> {
    /// For a cluster whose network is known.
    pub fn new(sight: &'i SightIndex<'c>, network: &'i NetworkIndex<'c>) -> Self {
        Self::over(sight, LazyNetwork::given(network, sight.cluster), None)
    }

    /// The same, and the steps of one identity with all its groups together.
    pub fn asked_by(
        sight: &'i SightIndex<'c>,
        network: LazyNetwork<'i, 'c>,
        identity: &Identity,
    ) -> Self {
        Self::over(sight, network, Some(identity))
    }

    fn over(
        sight: &'i SightIndex<'c>,
        network: LazyNetwork<'i, 'c>,
        asker: Option<&Identity>,
    ) -> Self {
        Self {
            ground: Ground::new(sight, network, asker),
            whole: OnceLock::new(),
        }
    }

    fn whole(&self) -> &Graph<'c> {
        let make = || Graph::from(&self.ground, &self.ground.every_state());
        self.whole.get_or_init(make)
    }

    /// Everything that a pod, or any pod of the workload of that name, leads to in at most `depth` steps,
    /// the most powerful first, and how many more there are than [`PIVOTS_MAX`].
    pub fn from_pod(&self, namespace: &str, name: &str, depth: u32) -> (Vec<Pivot>, u64) {
        if let Some(own) = self.ground.standing(namespace, name) {
            return self.spread(&[own], depth);
        }
        let runners = runners(self.ground.sight.cluster);
        let workloads = runners
            .iter()
            .filter(|runner| runner.namespace == namespace && runner.name == name);
        let pods = workloads.flat_map(|runner| &runner.pods);
        let starts: Vec<State<'_>> = pods
            .filter_map(|pod| self.ground.standing(namespace, &pod.meta.name))
            .collect();
        self.spread(&starts, depth)
    }

    /// The same of root on a node.
    pub fn from_node(&self, name: &str, depth: u32) -> (Vec<Pivot>, u64) {
        let node: Vec<State<'_>> = self.ground.node(name).into_iter().collect();
        self.spread(&node, depth)
    }

    /// The same of the identity that the index was made for.
    pub fn from_asker(&self, depth: u32) -> (Vec<Pivot>, u64) {
        self.spread(&[State::Asker], depth)
    }

    /// Works out no more than what can be got to from there.
    fn spread(&self, starts: &[State<'c>], depth: u32) -> (Vec<Pivot>, u64) {
        let graph = Graph::from(&self.ground, starts);
        let starts: Vec<usize> = (0..starts.len()).collect();
        let walk = graph.walk(&starts);
        let own = graph.own_states(&starts);
        let mut found: Vec<(PivotKind, u32, String, usize)> = walk
            .reached(depth)
            .filter(|(state, steps)| *steps > 0 && !own.contains(state))
            .filter_map(|(state, steps)| {
                let kind = graph.kind(state)?;
                Some((kind, steps, graph.name(state), state))
            })
            .collect();
        found.sort_unstable();
        let more = found.len().saturating_sub(PIVOTS_MAX) as u64;
        let pivots = found.into_iter().take(PIVOTS_MAX);
        let pivots = pivots.filter_map(|(kind, _, _, state)| {
            self.pivot(&graph, (kind, state), walk.path(&graph, state))
        });
        (pivots.collect(), more)
    }

    /// Every workload with the most powerful thing that its pods lead to in at most `depth` steps.
    pub fn ranks(&self, depth: u32) -> PivotReport {
        let graph = self.whole();
        let goals = graph.goals();
        let mut ranks: Vec<(PivotKind, bool, u32, PivotRank)> = Vec::new();
        let mut harmless = 0;
        let network = self.ground.network.index();
        let near = crate::checks::Near::new(self.ground.sight.cluster);
        for runner in runners(self.ground.sight.cluster) {
            let names: Vec<&str> = match runner.pods.as_slice() {
                [] => vec![runner.name],
                pods => pods.iter().map(|pod| pod.meta.name.as_str()).collect(),
            };
            let starts = names.iter().filter_map(|name| {
                let start = graph.standing(runner.namespace, name)?;
                let (kind, steps, table) = goals.best(start, depth)?;
                Some((kind, table, steps, start, *name))
            });
            let best = starts.min_by_key(|one| (one.0, one.1, one.2));
            let Some((kind, table, steps, start, name)) = best else {
                harmless += 1;
                continue;
            };
            let (path, goal) = goals.path(graph, start, table);
            let pivot = self.pivot(graph, (kind, goal), path);
            let Some(pivot) = pivot else { continue };
            let mut ways_in = crate::checks::ways_to(&near, &runner);
            if !ways_in.is_empty() && self.is_shut(runner.namespace, name) {
                ways_in.clear();
            }
            let is_inside = ways_in.is_empty();
            let pod = if runner.pods.is_empty() { "" } else { name };
            let rank = PivotRank {
                from: runner.full_name(),
                workload_kind: runner.kind.to_owned(),
                pod: pod.to_owned(),
                ways_in,
                pivot,
            };
            ranks.push((kind, is_inside, steps, rank));
        }
        ranks.sort_by(|a, b| (a.0, a.1, a.2, &a.3.from).cmp(&(b.0, b.1, b.2, &b.3.from)));
        PivotReport {
            estate: self.ground.sight.cluster.name.clone(),
            cni: network.profile().cni().name().to_owned(),
            ranks: ranks.into_iter().map(|(.., rank)| rank).collect(),
            harmless,
            depends_on: self.ground.sight.access.undecided_by(),
            gaps: network.gaps(),
        }
    }

    /// Whether the network lets nobody outside reach a pod, whatever publishes it.
    fn is_shut(&self, namespace: &str, name: &str) -> bool {
        let question = ReachQuestion {
            from: Place::Target(Target::World),
            to: Place::Pod {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
            port: None,
            protocol: None,
        };
        let answer = self.ground.network.index().answer(&question);
        answer.is_ok_and(|answer| answer.verdict == ReachVerdict::Denied)
    }

    fn pivot(
        &self,
        graph: &Graph<'c>,
        (kind, state): (PivotKind, usize),
        path: Vec<(usize, &graph::Edge)>,
    ) -> Option<Pivot> {
        let mut steps: Vec<Link> = Vec::new();
        let mut facts: BTreeSet<String> = BTreeSet::new();
        let mut stops: Vec<PivotStop> = Vec::new();
        let ends = path.iter().skip(1).map(|(from, _)| *from).chain([state]);
        let ends: Vec<usize> = ends.collect();
        for ((from, edge), end) in path.into_iter().zip(ends) {
            steps.extend(graph.link(self.ground.sight, from, edge));
            // Of a group, the member that the way goes on from.
            stops.extend(graph.kind(end).map(|kind| PivotStop {
                kind,
                name: graph.name(end),
            }));
            if let Some(fact) = &edge.doubt {
                facts.insert(fact.clone());
            }
        }
        if steps.is_empty() {
            return None;
        }
        let facts = facts.into_iter().map(|fact| MissingFact { fact });
        Some(Pivot {
            kind,
            name: graph.name(state),
            steps,
            stops,
            depends_on: facts.collect(),
        })
    }
}

/// What a state is called and what kind of thing it is.
impl State<'_> {
    fn kind(&self) -> Option<PivotKind> {
        match self {
            // What lies on a known node is told of whom it belongs to.
            Self::Kubelet(node) if *node == UNPLACED => Some(PivotKind::User),
            Self::TokensOn(node) if *node == UNPLACED => Some(PivotKind::ServiceAccount),
            Self::Administrator => Some(PivotKind::Administrator),
            Self::AnyUser => Some(PivotKind::AnyUser),
            Self::AllSecrets => Some(PivotKind::AllSecrets),
            Self::Node(_) => Some(PivotKind::Node),
            Self::Account(..) => Some(PivotKind::ServiceAccount),
            Self::Entered(..) | Self::Standing(..) => Some(PivotKind::Pod),
            Self::User(_) => Some(PivotKind::User),
            Self::Group(_) => Some(PivotKind::Group),
            Self::PodsIn(_)
            | Self::PodsOn(_)
            | Self::ChangeableIn(_)
            | Self::AllChangeable
            | Self::AccountsIn(_)
            | Self::AccountsBeside(_)
            | Self::TokensIn(_)
            | Self::AllTokens
            | Self::AnyGroup
            | Self::Asker
            | Self::AllPods
            | Self::AllAccounts
            | Self::AllNodes
            | Self::Kubelet(_)
            | Self::AllKubelets
            | Self::TokensOn(_) => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Kubelet(node) if *node == UNPLACED => format!("system:node:{node}"),
            Self::TokensOn(node) if *node == UNPLACED => format!("of every pod on node {node}"),
            Self::Node(name) | Self::User(name) | Self::Group(name) => (*name).to_owned(),
            Self::Account(namespace, name)
            | Self::Entered(namespace, name)
            | Self::Standing(namespace, name) => format!("{namespace}/{name}"),
            Self::Administrator
            | Self::AnyUser
            | Self::AllSecrets
            | Self::PodsIn(_)
            | Self::PodsOn(_)
            | Self::ChangeableIn(_)
            | Self::AllChangeable
            | Self::AccountsIn(_)
            | Self::AccountsBeside(_)
            | Self::TokensIn(_)
            | Self::AllTokens
            | Self::AnyGroup
            | Self::Asker
            | Self::AllPods
            | Self::AllAccounts
            | Self::AllNodes
            | Self::Kubelet(_)
            | Self::AllKubelets
            | Self::TokensOn(_) => String::new(),
        }
    }

    /// Who acts in it; none where nobody in particular does.
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::Account(namespace, name) => Some(Identity::service_account(namespace, name)),
            Self::User("system:anonymous") => Some(Identity::anonymous()),
            Self::User(name) => Some(Identity::user(name, [])),
            Self::Group(name @ "system:unauthenticated") => Some(Identity::exactly("", [*name])),
            Self::Group(name) => Some(Identity::user("", [*name])),
            Self::Kubelet(node) => Some(Identity::node(node)),
            Self::Administrator
            | Self::AnyUser
            | Self::AnyGroup
            | Self::AllSecrets
            | Self::Node(_)
            | Self::Entered(..)
            | Self::Standing(..)
            | Self::PodsIn(_)
            | Self::PodsOn(_)
            | Self::ChangeableIn(_)
            | Self::AllChangeable
            | Self::AccountsIn(_)
            | Self::AccountsBeside(_)
            | Self::TokensIn(_)
            | Self::AllTokens
            | Self::Asker
            | Self::AllPods
            | Self::AllAccounts
            | Self::AllNodes
            | Self::AllKubelets
            | Self::TokensOn(_) => None,
        }
    }
}

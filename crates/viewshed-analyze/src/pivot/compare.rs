//! What somebody may become by steps in one cluster and not in another.
//!
//! Compared are single steps, state by state: a way that goes on over a step of somebody else is told there,
//! once, and not again for everybody who could become them all along.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use viewshed_model::{Evidence, Pivot, PivotKind, Position, Subject, SubjectKind};

use super::PivotIndex;
use super::graph::{Edge, Graph, State, Why};
use super::toward::person;
use super::ways::Goals;
use crate::checks::runners;

/// New ways that are told of one subject, the most powerful first.
const WAYS_MAX: usize = 8;

/// A way that is new.
#[derive(Debug, Clone)]
pub(crate) struct NewWay {
    /// Who has it.
    pub(crate) subject: Subject,
    /// What it leads to.
    pub(crate) pivot: Pivot,
    /// How many more of that kind the same step leads to.
    pub(crate) more: u64,
    /// Where the workload stands in a file.
    pub(crate) position: Option<Position>,
}

/// A state by names that stay when pods are made anew: tag, namespace, name.
type Key = (&'static str, String, String);

/// One cluster, with the states of each subject.
struct Side<'g, 'c> {
    index: &'g PivotIndex<'g, 'c>,
    graph: &'g Graph<'c>,
    /// Kind and name of what makes a pod.
    makers: FxHashMap<(&'c str, &'c str), (&'c str, &'c str)>,
    starts: BTreeMap<Subject, (Vec<usize>, Option<Position>)>,
}

/// The new ways of everybody, by subject. `before` and `after` exchanged give what was lost.
pub(crate) fn gained(before: &PivotIndex<'_, '_>, after: &PivotIndex<'_, '_>) -> Vec<NewWay> {
    let (old, new) = rayon::join(|| Side::of(before), || Side::of(after));
    let goals = new.graph.goals();
    let mut found = Vec::new();
    for (subject, (states, position)) in &new.starts {
        let old_states = old.starts.get(subject);
        let old_states = old_states.map_or(&[][..], |(states, _)| states);
        let mut ways = new.ways((subject, states), (&old, old_states), &goals);
        let order = |pivot: &Pivot| (!pivot.depends_on.is_empty(), pivot.steps.len());
        ways.sort_by(|(a, _), (b, _)| {
            (a.kind, &a.name, order(a)).cmp(&(b.kind, &b.name, order(b)))
        });
        ways.dedup_by(|a, b| (a.0.kind, &a.0.name) == (b.0.kind, &b.0.name));
        if let Some((first, _)) = ways.first()
            && first.kind == PivotKind::Administrator
        {
            ways.truncate(1);
        }
        found.extend(ways.into_iter().take(WAYS_MAX).map(|(pivot, more)| NewWay {
            subject: subject.clone(),
            pivot,
            more,
            position: position.clone(),
        }));
    }
    found
}

impl<'g, 'c> Side<'g, 'c> {
    fn of(index: &'g PivotIndex<'g, 'c>) -> Self {
        let graph = index.whole();
        let mut side = Self {
            index,
            graph,
            makers: FxHashMap::default(),
            starts: BTreeMap::new(),
        };
        for runner in runners(index.ground.sight.cluster) {
            let subject = Subject {
                kind: SubjectKind::Other(runner.kind.to_owned()),
                name: runner.full_name(),
                namespace: None,
            };
            let mut names: Vec<&'c str> = vec![runner.name];
            if !runner.pods.is_empty() {
                names = runner.pods.iter().map(|pod| &*pod.meta.name).collect();
            }
            let maker = (runner.kind, runner.name);
            for name in &names {
                side.makers.insert((runner.namespace, name), maker);
            }
            let states = names.iter();
            let states = states.filter_map(|name| graph.standing(runner.namespace, name));
            side.starts
                .insert(subject, (states.collect(), runner.location));
        }
        for (number, state) in graph.states() {
            if let Some(subject) = person(state) {
                side.starts.insert(subject, (vec![number], None));
            }
        }
        side
    }

    /// The ways that begin with a step which the subject did not have, each with how many more things that
    /// step leads to.
    fn ways(
        &self,
        (subject, states): (&Subject, &[usize]),
        (old, old_states): (&Side<'_, '_>, &[usize]),
        goals: &Goals,
    ) -> Vec<(Pivot, u64)> {
        let is_workload = matches!(subject.kind, SubjectKind::Other(_));
        let edges = old_states.iter().flat_map(|at| old.graph.edges_of(*at));
        let known: BTreeSet<Key> = edges.map(|edge| old.key(edge.to, is_workload)).collect();
        let mut seen: BTreeSet<Key> = BTreeSet::new();
        let mut reached: Option<BTreeSet<Key>> = None;
        let mut ways = Vec::new();
        for state in states {
            for edge in self.graph.edges_of(*state) {
                let key = self.key(edge.to, is_workload);
                if known.contains(&key) || !seen.insert(key) {
                    continue;
                }
                let allowing = self.allowing((*state, edge), old);
                if self.is_of_a_group(subject, edge, &allowing) {
                    continue;
                }
                let reached =
                    reached.get_or_insert_with(|| old.reached_by(old_states, is_workload));
                let way = self.way((*state, edge), reached, (goals, is_workload));
                ways.extend(way.map(|(mut pivot, more)| {
                    if let (Some(first), [new, ..]) = (pivot.steps.first_mut(), &*allowing) {
                        first.evidence = Some(new.clone());
                    }
                    (pivot, more)
                }));
            }
        }
        ways
    }

    /// The most powerful thing that a step leads to and that was not reached before.
    fn way(
        &self,
        (from, edge): (usize, &'g Edge),
        reached: &BTreeSet<Key>,
        (goals, is_workload): (&Goals, bool),
    ) -> Option<(Pivot, u64)> {
        if reached.contains(&everything()) {
            return None;
        }
        let is_new = |state: usize| !reached.contains(&self.key(state, is_workload));
        let kind = self.graph.kind(edge.to);
        let best = goals.best(edge.to, u32::MAX);
        let further = best.filter(|(better, ..)| kind.is_none_or(|kind| *better < kind));
        if let Some((kind, _, table)) = further {
            let (rest, goal) = goals.path(self.graph, edge.to, table);
            if is_new(goal) {
                let mut path = vec![(from, edge)];
                path.extend(rest);
                let pivot = self.index.pivot(self.graph, (kind, goal), path)?;
                return Some((pivot, 0));
            }
        }
        // Listing them is sight, which is told as such; its own token is told of the account.
        if kind == Some(PivotKind::AllSecrets) && matches!(edge.why, Why::Power(..))
            || matches!(edge.why, Why::Token(_))
        {
            return None;
        }
        // The thing itself, or the members of a group, of groups in it as well.
        let walk = self.graph.walk(&[edge.to]);
        let things = walk.reached(0).filter(|(state, _)| is_new(*state));
        let things = things.filter_map(|(state, _)| {
            Some((self.graph.kind(state)?, self.graph.name(state), state))
        });
        let things: BTreeSet<_> = things.collect();
        let (kind, _, state) = things.first()?;
        let mut path = vec![(from, edge)];
        path.extend(walk.path(self.graph, *state));
        let pivot = self.index.pivot(self.graph, (*kind, *state), path)?;
        Some((pivot, things.len() as u64 - 1))
    }

    /// What allows a step: of several rights the new ones, else that of the last.
    fn allowing(&self, (from, edge): (usize, &Edge), old: &Side<'_, '_>) -> Vec<Evidence> {
        if let (Why::Power(power, namespace), Some((identity, _))) =
            (&edge.why, self.graph.identity(from))
        {
            let before = old.index.ground.sight.access.session(&identity);
            let after = self.index.ground.sight.access.session(&identity);
            let parts = power.new_parts(&before, &after, namespace);
            if !parts.is_empty() {
                return parts;
            }
        }
        let link = self.graph.link(self.index.ground.sight, from, edge);
        link.and_then(|link| link.evidence).into_iter().collect()
    }

    /// Whether somebody has a step as a member of a group only, where it is told: whatever is new of it was
    /// granted to groups, one of which has the step by itself.
    fn is_of_a_group(&self, subject: &Subject, edge: &Edge, allowing: &[Evidence]) -> bool {
        let groups: Option<Vec<&str>> = allowing
            .iter()
            .map(|evidence| match evidence {
                Evidence::Grant { subject: entry, .. } => (entry.kind == SubjectKind::Group
                    && (subject.kind != SubjectKind::Group || entry.name != subject.name))
                    .then_some(&*entry.name),
                _ => None,
            })
            .collect();
        let groups = groups.unwrap_or_default();
        let has_it = |group: &&str| {
            let state = self.graph.number_of(State::Group(group));
            let mut edges = state
                .into_iter()
                .flat_map(|state| self.graph.edges_of(state));
            edges.any(|own| own.to == edge.to)
        };
        groups.iter().any(has_it)
    }

    /// Everything that can be got to from some states.
    fn reached_by(&self, states: &[usize], is_workload: bool) -> BTreeSet<Key> {
        let walk = self.graph.walk(states);
        let reached = walk.reached(u32::MAX);
        reached
            .map(|(state, _)| self.key(state, is_workload))
            .collect()
    }

    /// Workloads are placed anew all the time, so that for them one node is like another.
    fn key(&self, state: usize, is_workload: bool) -> Key {
        let Some(state) = self.graph.states.get(state) else {
            return Key::default();
        };
        let named = |tag, name: &str| (tag, String::new(), name.to_owned());
        let of_pod = |tag, namespace: &'c str, name: &'c str| {
            let maker = self.makers.get(&(namespace, name));
            let name =
                maker.map_or_else(|| name.to_owned(), |(kind, name)| format!("{kind} {name}"));
            (tag, namespace.to_owned(), name)
        };
        match *state {
            State::Node(_) if is_workload => named("node", ""),
            State::PodsOn(_) if is_workload => named("pods on", ""),
            State::Node(name) => named("node", name),
            State::PodsOn(name) => named("pods on", name),
            State::Kubelet(_) if is_workload => named("kubelet", ""),
            State::TokensOn(_) if is_workload => named("tokens on", ""),
            State::Kubelet(name) => named("kubelet", name),
            State::TokensOn(name) => named("tokens on", name),
            State::AllKubelets => named("all kubelets", ""),
            State::User(name) => named("user", name),
            State::Group(name) => named("group", name),
            State::PodsIn(namespace) => named("pods in", namespace),
            State::AccountsIn(namespace) => named("accounts in", namespace),
            State::AccountsBeside(kind) => named("accounts beside", kind),
            State::TokensIn(namespace) => named("tokens in", namespace),
            State::Account(namespace, name) => ("account", namespace.to_owned(), name.to_owned()),
            State::Standing(namespace, name) => of_pod("in pod", namespace, name),
            State::Entered(namespace, name) => of_pod("pod", namespace, name),
            State::Administrator => everything(),
            State::AnyUser => named("any user", ""),
            State::AnyGroup => named("any group", ""),
            State::AllSecrets => named("all secrets", ""),
            State::AllPods => named("all pods", ""),
            State::ChangeableIn(namespace) => named("changeable pods in", namespace),
            State::AllChangeable => named("all changeable pods", ""),
            State::AllAccounts => named("all accounts", ""),
            State::AllNodes => named("all nodes", ""),
            State::AllTokens => named("all tokens", ""),
            State::Asker => named("asker", ""),
        }
    }
}

fn everything() -> Key {
    ("everything", String::new(), String::new())
}

//! The graph of steps, and shortest ways in it.

use std::collections::{BTreeMap, VecDeque};

use viewshed_model::{Identity, Link, PivotKind};

use super::powers::Power;
use crate::sight::SightIndex;

/// A thing that somebody can be or hold, or a group of such things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State<'c> {
    /// May do everything.
    Administrator,
    /// May act as any user that is not in `system:masters`.
    AnyUser,
    /// May list all secrets.
    AllSecrets,
    AllPods,
    AllAccounts,
    AllNodes,
    /// Every pod of a namespace.
    PodsIn(&'c str),
    /// Every pod of a node.
    PodsOn(&'c str),
    /// Every service account of a namespace.
    AccountsIn(&'c str),
    /// In a pod, with what it can reach itself.
    Standing(&'c str, &'c str),
    /// In a pod through the API server or its node: its tokens can be used from where the intruder came.
    Entered(&'c str, &'c str),
    /// A service account's token, where it can be used.
    Account(&'c str, &'c str),
    /// Root on a node.
    Node(&'c str),
}

/// Why a step can be taken.
#[derive(Debug, Clone)]
pub(super) enum Why {
    /// In plain words.
    Text(String),
    /// Rights of the service account that is held, in a namespace or everywhere (empty).
    Power(&'static Power, String),
    /// A member of a group; no step of its own.
    Member,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) why: Why,
    /// Completes "depends on ...".
    pub(super) doubt: Option<String>,
}

impl Edge {
    const fn cost(&self) -> u32 {
        match self.why {
            Why::Member => 0,
            Why::Text(_) | Why::Power(..) => 1,
        }
    }
}

/// States and steps between them.
#[derive(Debug, Default)]
pub(super) struct Graph<'c> {
    states: Vec<State<'c>>,
    numbers: BTreeMap<State<'c>, usize>,
    edges: Vec<Vec<Edge>>,
}

impl<'c> Graph<'c> {
    pub(super) fn state(&mut self, state: State<'c>) -> usize {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let number = self.states.len();
        self.states.push(state);
        self.numbers.insert(state, number);
        self.edges.push(Vec::new());
        number
    }

    pub(super) fn step(&mut self, from: State<'c>, to: State<'c>, why: Why) {
        self.step_if(from, to, why, None);
    }

    pub(super) fn step_if(
        &mut self,
        from: State<'c>,
        to: State<'c>,
        why: Why,
        doubt: Option<String>,
    ) {
        let (from, to) = (self.state(from), self.state(to));
        if let Some(edges) = self.edges.get_mut(from) {
            edges.push(Edge { to, why, doubt });
        }
    }

    pub(super) fn standing(&self, namespace: &str, name: &str) -> Option<usize> {
        self.numbers.get(&State::Standing(namespace, name)).copied()
    }

    pub(super) fn kind(&self, state: usize) -> Option<PivotKind> {
        self.states.get(state)?.kind()
    }

    pub(super) fn name(&self, state: usize) -> String {
        self.states.get(state).map(State::name).unwrap_or_default()
    }

    fn edges_of(&self, state: usize) -> &[Edge] {
        self.edges.get(state).map_or(&[], Vec::as_slice)
    }

    /// The step in words with its evidence; none for what is no step of its own.
    pub(super) fn link(&self, sight: &SightIndex<'c>, from: usize, edge: &Edge) -> Option<Link> {
        match &edge.why {
            Why::Member => None,
            Why::Text(text) => Some(Link {
                text: text.clone(),
                evidence: None,
            }),
            Why::Power(power, namespace) => {
                let State::Account(own, account) = self.states.get(from)? else {
                    return None;
                };
                let session = sight
                    .access
                    .session(&Identity::service_account(own, account));
                let (evidence, right) = power.evidence(&session, namespace)?;
                let place = match namespace.as_str() {
                    "" => "everywhere".to_owned(),
                    namespace => format!("in namespace {namespace}"),
                };
                Some(Link {
                    text: format!(
                        "service account {own}/{account} may {right} {place}: {}",
                        power.effect
                    ),
                    evidence: Some(evidence),
                })
            }
        }
    }

    /// Shortest ways from a state to all others; certain ways are preferred to doubtful ones of any
    /// length.
    pub(super) fn walk(&self, start: usize) -> Walk {
        let mut walk = Walk {
            came: vec![None; self.states.len()],
            start,
        };
        walk.run(self, &[start], false);
        let known: Vec<usize> = walk.reached(u32::MAX).map(|(state, _)| state).collect();
        walk.run(self, &known, true);
        walk
    }

    /// For every state the shortest ways to the most powerful things, certain ones apart.
    pub(super) fn goals(&self) -> Goals {
        let mut back: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.states.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for (number, edge) in edges.iter().enumerate() {
                if let Some(list) = back.get_mut(edge.to) {
                    list.push((from, number));
                }
            }
        }
        let kinds = [
            PivotKind::Administrator,
            PivotKind::AnyUser,
            PivotKind::AllSecrets,
            PivotKind::Node,
        ];
        let tables = kinds.into_iter().flat_map(|kind| {
            [false, true].map(|is_doubtful| (kind, self.toward(kind, is_doubtful, &back)))
        });
        Goals {
            tables: tables.collect(),
        }
    }

    /// Shortest ways backwards from everything of a kind.
    fn toward(
        &self,
        kind: PivotKind,
        is_doubtful: bool,
        back: &[Vec<(usize, usize)>],
    ) -> Vec<Option<Ahead>> {
        let mut ahead: Vec<Option<Ahead>> = vec![None; self.states.len()];
        let mut queue: VecDeque<(usize, Ahead)> = VecDeque::new();
        for (number, state) in self.states.iter().enumerate() {
            if state.kind() == Some(kind) {
                queue.push_back((number, (0, None)));
            }
        }
        while let Some((state, (steps, edge))) = queue.pop_front() {
            match ahead.get_mut(state) {
                Some(slot @ None) => *slot = Some((steps, edge)),
                Some(Some(_)) | None => continue,
            }
            for (from, number) in back.get(state).into_iter().flatten() {
                let Some(edge) = self.edges_of(*from).get(*number) else {
                    continue;
                };
                if edge.doubt.is_some() && !is_doubtful {
                    continue;
                }
                let next = (steps + edge.cost(), Some(*number));
                match edge.cost() {
                    0 => queue.push_front((*from, next)),
                    _ => queue.push_back((*from, next)),
                }
            }
        }
        ahead
    }
}

/// Steps to the goal, and the edge that leads on; none at the goal itself.
type Ahead = (u32, Option<usize>);

/// How each state gets to the most powerful things.
pub(super) struct Goals {
    /// By kind, the certain ways before those that depend on facts.
    tables: Vec<(PivotKind, Vec<Option<Ahead>>)>,
}

impl Goals {
    /// The most powerful kind that a state leads to, in how many steps, and which table tells how.
    pub(super) fn best(&self, state: usize, depth: u32) -> Option<(PivotKind, u32, usize)> {
        let mut tables = self.tables.iter().zip(0_usize..);
        tables.find_map(|((kind, ahead), table)| {
            let (steps, _) = (*ahead.get(state)?)?;
            (steps > 0 && steps <= depth).then_some((*kind, steps, table))
        })
    }

    /// The edges of that way, each with the state that it leaves, and where it ends.
    pub(super) fn path<'g>(
        &self,
        graph: &'g Graph<'_>,
        start: usize,
        table: usize,
    ) -> (Vec<(usize, &'g Edge)>, usize) {
        let mut path = Vec::new();
        let mut at = start;
        let ahead = self.tables.get(table).map(|(_, ahead)| ahead.as_slice());
        let ahead = ahead.unwrap_or_default();
        while let Some((_, Some(number))) = ahead.get(at).copied().flatten() {
            let Some(edge) = graph.edges_of(at).get(number) else {
                break;
            };
            path.push((at, edge));
            at = edge.to;
        }
        (path, at)
    }
}

/// How a state was first reached: steps so far, from which state, by which of its edges.
type Came = (u32, usize, Option<usize>);

/// Shortest ways from one state.
#[derive(Debug)]
pub(super) struct Walk {
    came: Vec<Option<Came>>,
    start: usize,
}

impl Walk {
    /// Goes on from the given states, over doubtful steps too where `is_doubtful`.
    fn run(&mut self, graph: &Graph<'_>, from: &[usize], is_doubtful: bool) {
        let mut queue: VecDeque<(usize, Came)> = VecDeque::new();
        let mut order: Vec<(u32, usize)> = from
            .iter()
            .map(|state| {
                let known = self.came.get(*state).copied().flatten();
                (known.map_or(0, |came| came.0), *state)
            })
            .collect();
        order.sort_unstable();
        for (steps, state) in &order {
            if self.came.get(*state).copied().flatten().is_none() {
                self.set(*state, (*steps, *state, None));
            }
        }
        // States that are known already only pass their steps on.
        for (steps, state) in order {
            self.push_edges(graph, (state, steps), is_doubtful, &mut queue);
        }
        while let Some((state, came)) = queue.pop_front() {
            let known = self.came.get(state).copied().flatten();
            if known.is_some() {
                continue;
            }
            self.set(state, came);
            self.push_edges(graph, (state, came.0), is_doubtful, &mut queue);
        }
    }

    fn set(&mut self, state: usize, came: Came) {
        if let Some(slot) = self.came.get_mut(state) {
            *slot = Some(came);
        }
    }

    fn push_edges(
        &self,
        graph: &Graph<'_>,
        (state, steps): (usize, u32),
        is_doubtful: bool,
        queue: &mut VecDeque<(usize, Came)>,
    ) {
        for (number, edge) in graph.edges_of(state).iter().enumerate() {
            if (edge.doubt.is_some() && !is_doubtful)
                || self.came.get(edge.to).copied().flatten().is_some()
            {
                continue;
            }
            let came = (steps + edge.cost(), state, Some(number));
            match edge.cost() {
                0 => queue.push_front((edge.to, came)),
                _ => queue.push_back((edge.to, came)),
            }
        }
    }

    /// States within `depth` steps, with the number of steps.
    pub(super) fn reached(&self, depth: u32) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.came
            .iter()
            .enumerate()
            .filter_map(|(state, came)| Some((state, (*came)?.0)))
            .filter(move |(_, steps)| *steps <= depth)
    }

    /// The edges from the start to a state, each with the state that it leaves.
    pub(super) fn path<'g>(&self, graph: &'g Graph<'_>, state: usize) -> Vec<(usize, &'g Edge)> {
        let mut path = Vec::new();
        let mut at = state;
        while at != self.start {
            let Some((_, from, Some(number))) = self.came.get(at).copied().flatten() else {
                break;
            };
            let Some(edge) = graph.edges_of(from).get(number) else {
                break;
            };
            path.push((from, edge));
            at = from;
        }
        path.reverse();
        path
    }
}

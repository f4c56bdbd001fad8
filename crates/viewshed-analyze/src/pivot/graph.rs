//! The graph of steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::{Decision, Identity, Link, PivotKind};

use super::build::Ground;
use super::named::Named;
use super::powers::Power;
use crate::sight::SightIndex;

/// A thing that somebody can be or hold, or a group of such things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Every pod of a namespace that the API server lets change: not those that mirror static pods.
    ChangeableIn(&'c str),
    AllChangeable,
    /// Every pod of a node.
    PodsOn(&'c str),
    /// Every service account of a namespace.
    AccountsIn(&'c str),
    /// Every service account of the namespaces that have a workload of a kind.
    AccountsBeside(&'static str),
    /// Every service account of which a Secret of that namespace keeps a token.
    TokensIn(&'c str),
    AllTokens,
    /// May act as a member of any group that is not `system:masters`.
    AnyGroup,
    /// A user, as bindings name it.
    User(&'c str),
    /// A member of a group, whoever it is.
    Group(&'c str),
    /// Whoever the question is about.
    Asker,
    /// In a pod, with what it can reach itself.
    Standing(&'c str, &'c str),
    /// In a pod through the API server or its node: its tokens can be used from where the intruder came.
    Entered(&'c str, &'c str),
    /// A service account's token, where it can be used.
    Account(&'c str, &'c str),
    /// Root on a node.
    Node(&'c str),
    /// The credential of a node's kubelet.
    Kubelet(&'c str),
    /// Those of all kubelets.
    AllKubelets,
    /// The tokens that the kubelet keeps for the pods of a node.
    TokensOn(&'c str),
}

/// Why a step can be taken.
#[derive(Debug, Clone)]
pub(super) enum Why {
    /// In plain words.
    Text(String),
    /// A token that the pod mounts itself, in plain words.
    Token(String),
    /// Rights of the identity that is held, in a namespace or everywhere (empty).
    Power(&'static Power, String),
    /// A right of the identity that is held on one object by name.
    Named(Named),
    /// The same of a right over a role, with what follows.
    Role(Named, String),
    /// A member of a group; no step of its own.
    Member,
}

/// One step, as it follows from a state.
#[derive(Debug, Clone)]
pub(super) struct Step<'c> {
    pub(super) to: State<'c>,
    pub(super) why: Why,
    /// Completes "depends on ...".
    pub(super) doubt: Option<String>,
}

impl<'c> Step<'c> {
    pub(super) const fn to(to: State<'c>, why: Why) -> Self {
        Self {
            to,
            why,
            doubt: None,
        }
    }
}

/// The steps that leave a state.
#[derive(Debug)]
pub(super) enum Steps<'c> {
    Own(Vec<Step<'c>>),
    /// Those of an identity, which the ground keeps where others have them too.
    Kept(Arc<[Step<'c>]>),
}

impl Steps<'_> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Own(steps) => steps.is_empty(),
            Self::Kept(steps) => steps.is_empty(),
        }
    }
}

/// One step in the graph.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) why: Why,
    /// Completes "depends on ...".
    pub(super) doubt: Option<String>,
}

impl Edge {
    pub(super) const fn cost(&self) -> u32 {
        match self.why {
            Why::Member => 0,
            Why::Text(_) | Why::Token(_) | Why::Power(..) | Why::Named(_) | Why::Role(..) => 1,
        }
    }
}

/// From how many states on their steps are worked out by all threads.
const SHARED_FROM: usize = 64;

/// States and steps between them.
#[derive(Debug, Default)]
pub(super) struct Graph<'c> {
    pub(super) states: Vec<State<'c>>,
    numbers: FxHashMap<State<'c>, usize>,
    /// By state; one list for all whom the same rights let take the same steps.
    pub(super) edges: Vec<Arc<[Edge]>>,
    /// Who [`State::Asker`] is.
    pub(super) asker: Option<Identity>,
}

impl<'c> Graph<'c> {
    /// The given states, all that can be got to from them, and the steps between.
    pub(super) fn from(ground: &Ground<'_, 'c>, starts: &[State<'c>]) -> Self {
        let mut graph = Self {
            asker: ground.asker.clone(),
            ..Self::default()
        };
        for state in starts {
            graph.state(*state);
        }
        let mut shared = FxHashMap::default();
        while graph.edges.len() < graph.states.len() {
            let fresh = graph.states.get(graph.edges.len()..).unwrap_or_default();
            let steps: Vec<Steps<'c>> = if fresh.len() < SHARED_FROM {
                fresh.iter().map(|state| ground.steps_of(*state)).collect()
            } else {
                let fresh = fresh.par_iter();
                fresh.map(|state| ground.steps_of(*state)).collect()
            };
            for steps in steps {
                let edges = graph.edges_from(steps, &mut shared);
                graph.edges.push(edges);
            }
        }
        graph
    }

    /// The edges of a list of steps. A list that the ground keeps for others stays at its address, by which its edges
    /// are found again.
    fn edges_from(
        &mut self,
        steps: Steps<'c>,
        shared: &mut FxHashMap<usize, Arc<[Edge]>>,
    ) -> Arc<[Edge]> {
        let mut edge = |step: Step<'c>| Edge {
            to: self.state(step.to),
            why: step.why,
            doubt: step.doubt,
        };
        let kept = match steps {
            Steps::Own(own) => return own.into_iter().map(edge).collect(),
            Steps::Kept(kept) => kept,
        };
        let is_shared = Arc::strong_count(&kept) > 1;
        let address = kept.as_ptr().addr();
        if let Some(known) = shared.get(&address).filter(|_| is_shared) {
            return Arc::clone(known);
        }
        let edges: Arc<[Edge]> = kept.iter().cloned().map(&mut edge).collect();
        if is_shared {
            shared.insert(address, Arc::clone(&edges));
        }
        edges
    }

    fn state(&mut self, state: State<'c>) -> usize {
        let number = self.states.len();
        let known = *self.numbers.entry(state).or_insert(number);
        if known == number {
            self.states.push(state);
        }
        known
    }

    pub(super) fn number_of(&self, state: State<'_>) -> Option<usize> {
        self.numbers.get(&state).copied()
    }

    pub(super) fn standing(&self, namespace: &str, name: &str) -> Option<usize> {
        self.number_of(State::Standing(namespace, name))
    }

    /// The states that somebody who starts there is in anyhow.
    pub(super) fn own_states(&self, starts: &[usize]) -> BTreeSet<usize> {
        let mut own = BTreeSet::new();
        for start in starts {
            let Some(state) = self.states.get(*start) else {
                continue;
            };
            if let State::Standing(namespace, name) = state {
                own.extend(self.number_of(State::Entered(namespace, name)));
            }
            if let (State::Asker, Some(asker)) = (state, &self.asker) {
                own.extend(self.number_of(State::User(&asker.user)));
                let groups = asker.groups.iter();
                own.extend(groups.filter_map(|group| self.number_of(State::Group(group))));
                let account = asker.as_service_account();
                let account = account.map(|(namespace, name)| State::Account(namespace, name));
                own.extend(account.and_then(|account| self.number_of(account)));
            }
        }
        own
    }

    /// Every state with its number.
    pub(super) fn states(&self) -> impl Iterator<Item = (usize, State<'c>)> + '_ {
        self.states.iter().copied().enumerate()
    }

    /// Who acts in a state.
    pub(super) fn identity(&self, state: usize) -> Option<(Identity, String)> {
        let state = self.states.get(state)?;
        let identity = state.identity().or_else(|| self.asker.clone())?;
        let words = match state {
            State::Group(group) => format!("a member of group {group}"),
            State::User(user) => format!("user {user}"),
            _ => identity.to_string(),
        };
        Some((identity, words))
    }

    pub(super) fn kind(&self, state: usize) -> Option<PivotKind> {
        self.states.get(state)?.kind()
    }

    pub(super) fn name(&self, state: usize) -> String {
        self.states.get(state).map(State::name).unwrap_or_default()
    }

    pub(super) fn edges_of(&self, state: usize) -> &[Edge] {
        self.edges.get(state).map_or(&[], AsRef::as_ref)
    }

    /// The step in words with its evidence; none for what is no step of its own.
    pub(super) fn link(&self, sight: &SightIndex<'c>, from: usize, edge: &Edge) -> Option<Link> {
        match &edge.why {
            Why::Member => None,
            Why::Text(text) | Why::Token(text) => Some(Link {
                text: text.clone(),
                evidence: None,
            }),
            Why::Power(power, namespace) => {
                let (identity, who) = self.identity(from)?;
                let session = sight.access.session(&identity);
                let (evidence, right) = power.evidence(&session, namespace)?;
                let place = match namespace.as_str() {
                    "" => "everywhere".to_owned(),
                    namespace => format!("in namespace {namespace}"),
                };
                Some(Link {
                    text: format!("{who} may {right} {place}: {}", power.effect),
                    evidence: Some(evidence),
                })
            }
            Why::Named(named) | Why::Role(named, _) => {
                let (identity, who) = self.identity(from)?;
                let session = sight.access.session(&identity);
                let Decision::Allowed(evidence) = session.decide(named.question()) else {
                    return None;
                };
                let effect = match &edge.why {
                    Why::Role(_, effect) => effect.as_str(),
                    _ => named.effect(),
                };
                Some(Link {
                    text: format!("{who} may {}: {effect}", named.words()),
                    evidence: Some(evidence),
                })
            }
        }
    }
}

//! What an answer hangs on beside policies: whose an address is, and networks that policies know nothing of.
//!
//! Single questions and tables of all pairs ask the same, so that they cannot differ.

use super::address::{Family, private};
use super::answer::{Asked, Outcome};
use super::decide::Decision;
use super::ends::{End, Which};
use super::eval::Tri;
use super::goals::Goal;
use super::index::NetworkIndex;
use super::place::Kind;
use super::policy::is_route;
use super::ports::PortSet;
use super::ranges::Ranges;

/// A fact that is missing, and what is unsure without it; or one that beats policies.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// Completes "depends on ..."; a sentence of its own where it opens ports.
    pub(super) fact: String,
    pub(super) ports: PortSet,
    pub(super) about: About,
}

/// What is unsure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Whatever the answer is.
    Everything,
    /// What is denied: it may be let through all the same.
    Denials,
    /// Nothing: the ports are open whatever policies say.
    Passes,
}

impl Doubt {
    /// Ports that are open for certain, and those that may be.
    pub(super) fn apply(&self, (sure, possible): (PortSet, PortSet)) -> (PortSet, PortSet) {
        let possible = possible.union(&self.ports);
        match self.about {
            About::Everything => (sure.minus(&self.ports), possible),
            About::Denials => (sure, possible),
            About::Passes => (sure.union(&self.ports), possible),
        }
    }
}

impl Outcome {
    fn doubted(mut self, doubt: Doubt, asked: &Asked) -> Self {
        let is_denied = self.decision.verdict == Tri::No;
        if let (About::Denials, Asked::Port(_), false) = (doubt.about, asked, is_denied) {
            return self;
        }
        (self.sure, self.possible) = doubt.apply((self.sure, self.possible));
        if doubt.about == About::Passes {
            if self.decision.verdict != Tri::Yes {
                self.decision = Decision::new(Tri::Yes, doubt.fact);
            }
            return self;
        }
        let is_unsure = match doubt.about {
            About::Everything => self.sure.is_empty(),
            About::Denials | About::Passes => is_denied,
        };
        if is_unsure {
            let text = format!("the estate does not tell {}", doubt.fact);
            let mut decision = Decision::depends(doubt.fact, text);
            decision.facts.extend(self.decision.facts);
            decision.reasons.extend(self.decision.reasons);
            self.decision = decision;
        }
        self
    }
}

impl<'c> NetworkIndex<'c> {
    /// An answer with what it hangs on beside policies.
    pub(super) fn with_doubts(
        &self,
        outcome: Outcome,
        (from, goal): (&End<'c>, &Goal<'c>),
        asked: &Asked,
    ) -> Outcome {
        let Goal::End(to) = goal else {
            let doubt = self.unlisted_doubt(from, None, asked);
            return match doubt {
                Some(doubt) => outcome.doubted(doubt, asked),
                None => outcome,
            };
        };
        let doubts = self.doubts_between(from, to, asked).into_iter();
        doubts.fold(outcome, |outcome, doubt| outcome.doubted(doubt, asked))
    }

    /// Everything that hangs over connections between two ends.
    pub(super) fn doubts_between(&self, from: &End<'c>, to: &End<'c>, asked: &Asked) -> Vec<Doubt> {
        let unlisted = self.unlisted_doubt(from, Some(to), asked);
        let beside = self.beside(from, to, asked);
        let way_out = self.way_out(from, to, asked);
        unlisted.into_iter().chain(beside).chain(way_out).collect()
    }

    /// Whether there may be any.
    pub(super) fn has_doubts(&self) -> bool {
        !self.referred.unread.is_empty()
            || self.nodes_are_told_apart()
            || !self.places.further_networks.is_empty()
            || self.cluster().others.iter().any(is_route)
            || self.takes_ports_from_config()
            || self.profile.has_ipv4_way_out
    }

    /// Whether an end alone makes answers about it unsure, whoever asks.
    pub(super) fn is_doubted(&self, to: &End<'c>) -> bool {
        let some = Self::unknown_end("");
        let every = Asked::Every(PortSet::all());
        self.unlisted_doubt(&some, Some(to), &every).is_some()
            || self.networks_of(to).next().is_some()
            || self.is_beyond_way_out(to)
    }

    /// Networks of pods beside the cluster's, at which the policies of its plugin do not hold (Multus, "Quickstart":
    /// each has an interface of its own; `MultiNetworkPolicy` is what restricts them).
    fn beside(&self, from: &End<'c>, to: &End<'c>, asked: &Asked) -> Option<Doubt> {
        if self.places.further_networks.is_empty() {
            return None;
        }
        let is_pod = |end: &End<'c>| match end.which {
            Which::Pod(pod) => self
                .places
                .pods
                .get(pod as usize)
                .is_some_and(|place| !place.has_ended && !place.is_on_host),
            Which::Node(_) | Which::Address(_) | Which::SomeAddress => false,
        };
        let (name, pod) = match (is_pod(from), is_pod(to)) {
            (true, true) => {
                let mut shared = self.networks_of(from);
                let shared = shared.find(|name| self.networks_of(to).any(|own| own == *name))?;
                (shared, from)
            }
            (true, false) => (self.networks_of(from).next()?, from),
            (false, true) => (self.networks_of(to).next()?, to),
            (false, false) => return None,
        };
        Some(Doubt {
            fact: format!(
                "what network `{name}` lets through, where network policies do not hold and which {} is attached to \
                 beside the cluster's",
                pod.what
            ),
            ports: asked.ports(),
            about: About::Denials,
        })
    }

    fn networks_of(&self, end: &End<'c>) -> impl Iterator<Item = &str> {
        let pod = match (end.which, end.body.kind) {
            (Which::Pod(pod), Kind::Pod) => Some(pod),
            _ => None,
        };
        let pods = pod.into_iter();
        pods.flat_map(|pod| self.places.further_networks.of(pod))
    }

    /// Address ranges in parts of which each is doubted, or not, as a whole.
    pub(super) fn parts_by_doubt(
        &self,
        family: Family,
        ranges: &Ranges<u128>,
    ) -> Vec<Ranges<u128>> {
        if self.referred.unread.is_empty() && !self.nodes_are_told_apart() {
            return vec![ranges.clone()];
        }
        let inside = ranges.intersection(&private(family));
        let of_pods = inside.intersection(self.places.pod_ranges(family));
        let parts = [ranges.minus(&inside), inside.minus(&of_pods), of_pods];
        parts.into_iter().filter(|part| !part.is_empty()).collect()
    }
}

impl Asked {
    /// All ports that are asked for.
    pub(super) fn ports(&self) -> PortSet {
        match self {
            Self::Port(port) => PortSet::one(*port, *port),
            Self::Every(within) => within.clone(),
        }
    }
}

//! Calico's host endpoints: what a node that a connection passes makes of it.
//!
//! A connection to or from a pod passes the pod's node, on which policies with `applyOnForward` hold for
//! what goes on to somewhere else (tigera/docs "Apply policy to forwarded traffic", whose table of
//! defaults this follows). First come policies before translation, which see the address and port that
//! the client asked for; one that allows ends it (projectcalico/calico `felix/rules/static.go`,
//! `StaticManglePreroutingChain`, `StaticFilterForwardChains`). What ends at a node or begins there is
//! decided by its policies like a pod's, see [`super::decide`].

use viewshed_model::ReachSide;

use super::address::Family;
use super::cni::Cni;
use super::decide::Decision;
use super::ends::End;
use super::eval::{Guard, Locality, Tri, by_which_interface};
use super::index::NetworkIndex;
use super::place::{Kind, Passage};
use super::policy::{Direction, Forwarded, in_order_of_walk};
use super::ports::Point;
use super::walk::{Applying, Outcome, Walk};

/// A connection on its way.
#[derive(Clone, Copy)]
struct Crossing<'e, 'c> {
    family: Family,
    from: &'e End<'c>,
    to: &'e End<'c>,
    point: Point,
}

/// One node on the way, for one direction of its host endpoint.
pub(super) struct Passing<'e, 'c> {
    pub(super) direction: Direction,
    pub(super) family: Family,
    /// As the policies' own end and as their other end.
    pub(super) own: &'e End<'c>,
    pub(super) peer: &'e End<'c>,
    pub(super) point: Point,
    pub(super) phases: Phases,
}

/// Which of a host endpoint's policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phases {
    /// Those before translation.
    Before,
    /// Those after it.
    After,
    Both,
}

impl<'c> NetworkIndex<'c> {
    /// Whether any policy holds for what nodes only pass on.
    pub(super) fn forwards(&self) -> bool {
        self.profile.cni() == Cni::Calico
            && !self.places.host_endpoints.is_empty()
            && self
                .policies
                .iter()
                .any(|policy| policy.forwarded.is_some())
    }

    /// Where ports begin to matter to policies that hold for what nodes pass on.
    pub(super) fn forwarded_starts(&self) -> Vec<Point> {
        let policies = self.policies.iter();
        let failsafe = self.stages.failsafe();
        let policies = policies.filter(|one| one.forwarded.is_some() || one.stage == failsafe);
        let rules =
            policies.flat_map(|policy| policy.ingress.rules.iter().chain(&policy.egress.rules));
        let matches = rules.filter_map(|rule| self.vocabulary.port_match(rule.ports));
        let ranges = matches.flat_map(|ports| ports.fixed.iter());
        let mut starts: Vec<Point> = ranges
            .flat_map(|(first, last)| [Some(first), last.checked_add(1)])
            .flatten()
            .collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    /// What the nodes on the way make of a connection; `None` where they have no say. `is_translated`:
    /// the destination is not the one that was asked for.
    pub(super) fn on_the_way(
        &self,
        family: Family,
        (from, to): (&End<'c>, &End<'c>),
        point: Point,
        is_translated: bool,
    ) -> Option<Decision> {
        if !self.forwards() {
            return None;
        }
        let is_local = from.body.node.is_some() && from.body.node == to.body.node;
        let before = if is_translated {
            Phases::After
        } else {
            Phases::Both
        };
        let (workload, host) = (Passage::Workload, Passage::Host);
        let crossing = Crossing {
            family,
            from,
            to,
            point,
        };
        let through = |end: &End<'c>, passages, phases| {
            self.at_node_of(end, |node| {
                self.cross_node(node, &crossing, passages, phases)
            })
        };
        match (from.body.kind, to.body.kind) {
            (Kind::Pod, Kind::Pod) if is_local => Some(through(from, (workload, workload), before)),
            (Kind::Pod, Kind::Pod) => {
                let leaving = through(from, (workload, host), before);
                Some(leaving.and(through(to, (host, workload), Phases::Both)))
            }
            // To its own node nothing is passed on, but it is looked at before translation.
            (Kind::Pod, Kind::Node) if is_local && is_translated => None,
            (Kind::Pod, Kind::Node) if is_local => Some(self.at_node_of(from, |node| {
                self.passing(
                    node,
                    workload,
                    &Passing {
                        direction: Direction::Ingress,
                        family,
                        own: to,
                        peer: from,
                        point,
                        phases: Phases::Before,
                    },
                )
            })),
            (Kind::Pod, _) => Some(through(from, (workload, host), before)),
            // What a node sends to its own pods leaves by their interfaces, unseen.
            (Kind::Node, Kind::Pod) if is_local => None,
            (Kind::Node | Kind::Outside, Kind::Pod) => {
                Some(through(to, (host, workload), Phases::Both))
            }
            _ => None,
        }
    }

    /// Asks the node of an end; all of them where it is not known on which it is.
    pub(super) fn at_node_of(&self, end: &End<'c>, judge: impl Fn(u32) -> Decision) -> Decision {
        if let Some(node) = end.body.node {
            return judge(node);
        }
        let nodes = u32::try_from(self.places.nodes.len()).unwrap_or(u32::MAX);
        let fact = format!("on which node {} runs", end.what);
        all_alike((0..nodes).map(judge), &fact)
    }

    fn cross_node(
        &self,
        node: u32,
        crossing: &Crossing<'_, 'c>,
        (enters, leaves): (Passage, Passage),
        phases: Phases,
    ) -> Decision {
        let into = Passing {
            direction: Direction::Ingress,
            family: crossing.family,
            own: crossing.to,
            peer: crossing.from,
            point: crossing.point,
            phases,
        };
        let out = Passing {
            direction: Direction::Egress,
            own: crossing.from,
            peer: crossing.to,
            phases: Phases::After,
            ..into
        };
        let entering = self.passing(node, enters, &into);
        entering.and(self.passing(node, leaves, &out))
    }

    pub(super) fn passing(
        &self,
        node: u32,
        passage: Passage,
        passing: &Passing<'_, 'c>,
    ) -> Decision {
        let at = self.node_end(node);
        let guards = self.places.guards_at(node, passage);
        let each = guards.into_iter();
        let each = each.map(|guard| self.past(&at, (guard, passage), passing));
        all_alike(each, &by_which_interface(&at.what))
    }

    /// The same for what arrives at the node that is asked for, by the interface with its address.
    pub(super) fn passing_end(&self, passing: &Passing<'_, 'c>) -> Decision {
        let at = passing.own;
        let guards = self.places.guards_of(&at.body).into_iter();
        let each = guards.map(|guard| self.past(at, (guard, Passage::Host), passing));
        all_alike(each, &by_which_interface(&at.what))
    }

    /// One host endpoint.
    fn past(
        &self,
        at: &End<'c>,
        (guard, passage): (Option<u32>, Passage),
        passing: &Passing<'_, 'c>,
    ) -> Decision {
        let Some(number) = guard else {
            return Decision::open();
        };
        let mut walk = Walk {
            policies: &self.policies,
            stages: &self.stages,
            context: self.inputs().context(passing.family, Locality::None),
            direction: passing.direction,
            applying: &[],
        };
        walk.context.guard = Guard::Exactly(guard);
        let is_wildcard = self.places.is_wildcard(number);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (policy, position) in self.policies.iter().zip(0_u32..) {
            let Some(Forwarded { nodes, own }) = policy.forwarded else {
                continue;
            };
            let selected = walk.context.holds(nodes, &at.body);
            let certainty = selected.min(walk.context.holds(own, &passing.own.body));
            let stage = policy.stage;
            // "Host endpoints with interfaceName `*` do not support untracked policy."
            let is_untracked = stage == self.stages.untracked();
            let is_unheard = is_untracked && (is_wildcard || passage == Passage::Workload);
            if certainty == Tri::No || is_unheard || !policy.side(passing.direction).applies() {
                continue;
            }
            let list = if is_untracked || stage == self.stages.pre_dnat() {
                &mut before
            } else {
                &mut after
            };
            list.push(Applying {
                policy: position,
                is_sure: certainty == Tri::Yes,
            });
        }
        in_order_of_walk(&self.policies, &mut before);
        in_order_of_walk(&self.policies, &mut after);
        let mut outcome = Outcome::default();
        let mut arrives = true;
        if passing.phases != Phases::After && !self.is_failsafe(at, guard, passing) {
            let (found, goes_on) = Walk {
                applying: &before,
                ..walk
            }
            .decided(&passing.own.body, &passing.peer.body, passing.point);
            (outcome, arrives) = (found, goes_on);
        }
        if passing.phases != Phases::Before && arrives {
            let (found, goes_on) = Walk {
                applying: &after,
                ..walk
            }
            .decided(&passing.own.body, &passing.peer.body, passing.point);
            outcome.may_allow |= found.may_allow;
            outcome.may_deny |= found.may_deny;
            outcome.steps.extend(found.steps);
            arrives = goes_on;
        }
        let is_decided = !arrives;
        outcome.may_allow |= arrives;
        self.told(at, &walk, (outcome, is_decided), passing)
    }

    fn told(
        &self,
        at: &End<'c>,
        walk: &Walk<'_, 'c>,
        (outcome, is_decided): (Outcome, bool),
        passing: &Passing<'_, 'c>,
    ) -> Decision {
        let mut decision = Decision {
            verdict: outcome.verdict(),
            ..Decision::open()
        };
        // That a node has nothing against it is not worth a word.
        if decision.verdict == Tri::Yes && !is_decided {
            return decision;
        }
        let side = match passing.direction {
            Direction::Ingress => ReachSide::Ingress,
            Direction::Egress => ReachSide::Egress,
        };
        decision.reasons = self.reasons(side, at, walk, &outcome);
        if decision.verdict == Tri::Maybe {
            for policy in outcome
                .steps
                .iter()
                .filter_map(|step| self.policies.get(step.policy))
            {
                if let Some(Forwarded { nodes, own }) = policy.forwarded {
                    let (node, end) = (at, passing.own);
                    let facts = &mut decision.facts;
                    (walk.context).doubts(nodes, (&node.body, &node.what), facts);
                    (walk.context).doubts(own, (&end.body, &end.what), facts);
                }
            }
            if decision.facts.is_empty() {
                decision.facts = self.doubts((at, passing.peer), walk, &outcome);
            }
        }
        decision
    }

    /// Whether a port stays open before translation, whatever the policies there say.
    fn is_failsafe(&self, at: &End<'c>, guard: Option<u32>, passing: &Passing<'_, 'c>) -> bool {
        let stage = self.stages.failsafe();
        let mut context = self.inputs().context(passing.family, Locality::None);
        context.guard = Guard::Exactly(guard);
        let mut applying = Vec::new();
        for (policy, position) in self.policies.iter().zip(0_u32..) {
            if policy.stage != stage {
                continue;
            }
            // Nodes may have lists of their own.
            match context.holds(policy.subject, &at.body) {
                Tri::No => {}
                sure => applying.push(Applying {
                    policy: position,
                    is_sure: sure == Tri::Yes,
                }),
            }
        }
        let walk = Walk {
            policies: &self.policies,
            stages: &self.stages,
            context,
            direction: passing.direction,
            applying: &applying,
        };
        let (outcome, arrives) = walk.decided(&at.body, &passing.peer.body, passing.point);
        outcome.may_allow && !arrives
    }
}

/// All of them must come out alike; else it depends on the fact that tells them apart.
pub(super) fn all_alike(decisions: impl Iterator<Item = Decision>, fact: &str) -> Decision {
    let mut joined: Option<Decision> = None;
    let mut differ = false;
    for decision in decisions {
        joined = Some(match joined {
            None => decision,
            Some(known) if known.verdict == decision.verdict && known.verdict != Tri::Maybe => {
                known
            }
            Some(known) => {
                differ |= known.verdict != decision.verdict;
                known.agree(decision)
            }
        });
    }
    let mut joined = joined.unwrap_or_else(Decision::open);
    if differ {
        joined.facts.insert(fact.to_owned());
    }
    joined
}

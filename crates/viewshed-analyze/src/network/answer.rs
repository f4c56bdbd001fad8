//! Questions as users ask them, answered with their reasons.
//!
//! A place may stand for several ends: the pods of a workload, which must all agree, or the points of a
//! target, of which one that is reached is enough.

use std::collections::BTreeSet;

use viewshed_model::{Place, Protocol, ReachAnswer, ReachQuestion, Target};

use super::cni::Ternary;
use super::decide::Decision;
use super::ends::{End, NetworkError, Resolved, Which};
use super::eval::Tri;
use super::goals::{Goal, TargetPoint};
use super::index::NetworkIndex;
use super::place::{Kind, Origin};
use super::ports::{Point, PortSet, every, everything, point, shown, span};

/// Ends that a disagreement between the pods of a workload names.
const NAMED_ENDS_MAX: usize = 3;

/// What is asked of a connection beside its ends.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// One port.
    Port(Point),
    /// Every port of a set.
    Every(PortSet),
}

impl Asked {
    fn of(question: &ReachQuestion) -> Self {
        let protocol = question.protocol;
        match (question.port, protocol) {
            (_, Some(Protocol::Icmp)) => Self::Port(point(Protocol::Icmp, 0)),
            (Some(port), protocol) => Self::Port(point(protocol.unwrap_or_default(), port)),
            (None, Some(protocol)) => Self::Every(every(protocol)),
            (None, None) => Self::Every(everything()),
        }
    }
}

/// What comes of one pair of ends.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) decision: Decision,
    /// Ports that are let through, where every port was asked for.
    pub(super) sure: PortSet,
    /// Ports that may be let through.
    pub(super) possible: PortSet,
}

impl Outcome {
    pub(super) fn of(decision: Decision) -> Self {
        Self {
            decision,
            sure: PortSet::default(),
            possible: PortSet::default(),
        }
    }

    /// One of them is enough.
    pub(super) fn any(outcomes: Vec<Self>) -> Option<Self> {
        outcomes.into_iter().reduce(|one, two| Self {
            decision: one.decision.or(two.decision),
            sure: one.sure.union(&two.sure),
            possible: one.possible.union(&two.possible),
        })
    }
}

impl<'c> NetworkIndex<'c> {
    /// Whether a connection is let through, and why. What was not understood of the policies is left to
    /// [`Self::gaps`].
    ///
    /// # Errors
    /// When the cluster has no such place, or connections do not start from it.
    pub fn answer(&self, question: &ReachQuestion) -> Result<ReachAnswer, NetworkError> {
        let sources = self.sources_at(&question.from)?;
        let asked = Asked::of(question);
        let outcome = match self.resolve(&question.to)? {
            Resolved::Ends(ends) => self.between_ends(&sources, &ends, &asked),
            Resolved::Service(service, by) => Self::of_each(&sources, &[], |from, _| {
                self.toward(from, &Goal::Service(service, by), &asked)
            }),
            Resolved::Target(target) => {
                let points = self.points_of(target);
                Self::of_each(&sources, &[], |from, _| {
                    self.toward_target(from, target, &points, &asked)
                })
            }
        };
        Ok(self.answered(question.clone(), outcome))
    }

    /// The same for a goal that no place of the cluster stands for.
    pub(super) fn answer_toward(
        &self,
        question: &ReachQuestion,
        goal: &Goal<'c>,
        asked: &Asked,
    ) -> Result<ReachAnswer, NetworkError> {
        let sources = self.sources_at(&question.from)?;
        let outcome = Self::of_each(&sources, &[], |from, _| self.toward(from, goal, asked));
        Ok(self.answered(question.clone(), outcome))
    }

    fn answered(&self, question: ReachQuestion, outcome: Outcome) -> ReachAnswer {
        let Outcome {
            decision,
            sure,
            possible,
        } = outcome;
        ReachAnswer {
            question,
            verdict: decision.reach_verdict(),
            depends_on: decision.depends_on(),
            uncertain_ports: shown(&possible.minus(&sure)),
            ports: shown(&sure),
            because: decision.reasons,
            cni: self.profile.cni().name().to_owned(),
            gaps: Vec::new(),
        }
    }

    /// Ends that connections may start from.
    pub(super) fn sources_at(&self, place: &Place) -> Result<Vec<End<'c>>, NetworkError> {
        let no_source = || NetworkError::NoSource {
            place: place.clone(),
        };
        match self.resolve(place)? {
            Resolved::Ends(ends) => Ok(ends),
            Resolved::Target(Target::World) => {
                Ok(vec![Self::unknown_end("an address outside the cluster")])
            }
            Resolved::Target(target @ (Target::Apiserver | Target::Kubelet)) => {
                let points = self.points_of(target).into_iter();
                let ends: Vec<End<'c>> = points
                    .filter_map(|point| match point.goal {
                        Goal::End(end) => Some(*end),
                        Goal::Service(..)
                        | Goal::Perhaps(..)
                        | Goal::Missing(_)
                        | Goal::Loopback(_) => None,
                    })
                    .collect();
                if ends.is_empty() {
                    return Err(no_source());
                }
                Ok(ends)
            }
            Resolved::Service(..) | Resolved::Target(_) => Err(no_source()),
        }
    }

    fn between_ends(&self, sources: &[End<'c>], ends: &[End<'c>], asked: &Asked) -> Outcome {
        Self::of_each(sources, ends, |from, to| match to {
            Some(to) => self.toward(from, &Goal::End(Box::new(to.clone())), asked),
            None => Outcome::of(Decision::new(Tri::No, "there is no such end".to_owned())),
        })
    }

    /// Judges every source (with every end, where there are some) and joins what comes of them: they
    /// must agree, else it depends on which is meant.
    fn of_each(
        sources: &[End<'c>],
        ends: &[End<'c>],
        judge: impl Fn(&End<'c>, Option<&End<'c>>) -> Outcome,
    ) -> Outcome {
        let is_alone = sources.len() == 1 && ends.len() <= 1;
        let mut judged: Vec<(String, Outcome)> = Vec::new();
        for from in sources {
            if ends.is_empty() {
                judged.push((from.what.clone(), judge(from, None)));
            }
            for to in ends {
                // Between the pods of one workload, a pod and itself is no pair that is asked for.
                let is_itself = from.which == to.which && matches!(from.which, Which::Pod(_));
                if !is_itself || is_alone {
                    let what = format!("{} to {}", from.what, to.what);
                    judged.push((what, judge(from, Some(to))));
                }
            }
        }
        agreed(judged)
    }

    /// One end to one goal.
    pub(super) fn toward(&self, from: &End<'c>, goal: &Goal<'c>, asked: &Asked) -> Outcome {
        let outcome = self.judged(from, goal, asked);
        self.with_doubts(outcome, (from, goal), asked)
    }

    /// The same by what the estate has.
    fn judged(&self, from: &End<'c>, goal: &Goal<'c>, asked: &Asked) -> Outcome {
        match (goal, asked) {
            // A connection to the loopback address never leaves the place that opens it.
            (Goal::End(to), asked) if is_loopback(to) => {
                let open = match asked {
                    Asked::Port(_) => PortSet::default(),
                    Asked::Every(within) => within.clone(),
                };
                let text = format!("{} reaches itself at {}", from.what, to.what);
                Outcome {
                    decision: Decision::new(Tri::Yes, text),
                    sure: open.clone(),
                    possible: open,
                }
            }
            (Goal::End(to), asked)
                if from.body.kind == Kind::Outside && to.body.kind == Kind::Pod =>
            {
                self.entering_pod(from, to, asked)
            }
            (Goal::End(to), Asked::Port(point)) => Outcome::of(self.at_port(from, to, *point)),
            (Goal::End(to), Asked::Every(within)) => self.every_port(from, to, within),
            (Goal::Service(service, by), asked) => {
                self.service_outcome(from, (service, *by), asked)
            }
            (Goal::Perhaps(to, fact), asked) => {
                let there = Goal::End(to.clone());
                let mut outcome = self.toward(from, &there, asked);
                let text = format!("the estate does not tell {fact}");
                let perhaps = Decision::depends((*fact).to_owned(), text);
                outcome.decision = outcome.decision.and(perhaps);
                outcome.sure = PortSet::default();
                outcome
            }
            (Goal::Missing(fact), _) => {
                let text = format!("the estate does not tell {fact}");
                Outcome::of(Decision::depends(fact.clone(), text))
            }
            (Goal::Loopback(node), Asked::Port(point)) => {
                Outcome::of(self.to_loopback(from, node, *point))
            }
            (Goal::Loopback(node), Asked::Every(_)) => {
                Outcome::of(self.to_loopback(from, node, super::ports::ICMP))
            }
        }
    }

    /// One port of an end, where ports of nodes may lead elsewhere.
    fn at_port(&self, from: &End<'c>, to: &End<'c>, port: Point) -> Decision {
        let published = self.at_published_port(from, to, port);
        published.unwrap_or_else(|| self.pair(from, to, port))
    }

    fn to_loopback(&self, from: &End<'c>, node: &End<'c>, port: Point) -> Decision {
        let is_there = from.body.kind == Kind::Node && from.which == node.which
            || from.body.kind == Kind::Node
                && from.body.node.is_some()
                && from.body.node == node.body.node;
        if is_there {
            return self.pair(from, node, port);
        }
        let text = format!("it listens on the loopback address of {} only", node.what);
        Decision::new(Tri::No, text)
    }

    pub(super) fn every_port(&self, from: &End<'c>, to: &End<'c>, within: &PortSet) -> Outcome {
        let (sure, possible) = self.open_ports(from, to);
        let open = (sure.intersection(within), possible.intersection(within));
        let (sure, possible) = self.at_published(from, to, within, open);
        // The reasons are those of one port: an open one where there is one.
        let first = [&sure, &possible, within]
            .into_iter()
            .find_map(first_port)
            .unwrap_or_else(|| point(Protocol::Tcp, 1));
        let decision = self.at_port(from, to, first);
        Outcome {
            decision,
            sure,
            possible,
        }
    }

    /// The points of a target; one that is reached is enough.
    pub(super) fn toward_target(
        &self,
        from: &End<'c>,
        target: Target,
        points: &[TargetPoint<'c>],
        asked: &Asked,
    ) -> Outcome {
        // Addresses outside and what nobody knows the place of may listen anywhere.
        let has_ports = target != Target::World;
        let has_points = points.iter().any(|point| !point.ports.is_empty());
        let mut outcomes = Vec::new();
        for target_point in points {
            let asked_here: Vec<Point> = match asked {
                Asked::Port(port) if has_ports && !target_point.ports.contains(port) => continue,
                Asked::Port(port) => vec![*port],
                Asked::Every(within) => {
                    let ports = target_point.ports.iter().copied();
                    ports.filter(|port| within.contains(*port)).collect()
                }
            };
            for port in asked_here {
                let mut outcome = self.toward(from, &target_point.goal, &Asked::Port(port));
                outcome.decision.mention(&target_point.what);
                if let Asked::Every(_) = asked {
                    let set = PortSet::one(port, port);
                    match outcome.decision.verdict {
                        Tri::Yes => (outcome.sure, outcome.possible) = (set.clone(), set),
                        Tri::Maybe => outcome.possible = set,
                        Tri::No => {}
                    }
                }
                outcomes.push(outcome);
            }
        }
        Outcome::any(outcomes).unwrap_or_else(|| {
            if has_points {
                let text = format!("`{}` has no such port", target.name());
                return Outcome::of(Decision::new(Tri::No, text));
            }
            let fact = format!("where `{}` is", target.name());
            let text = format!("the estate shows no `{}`", target.name());
            Outcome::of(Decision::depends(fact, text))
        })
    }

    /// Whether the policies decide at all under the plugin.
    pub(super) fn is_enforcing(&self) -> bool {
        self.profile.enforces != Ternary::No
    }

    /// Whether an end stands for several pods that may yet come.
    pub(super) fn is_template(&self, end: &End<'c>) -> bool {
        match end.which {
            Which::Pod(pod) => self
                .places
                .pods
                .get(pod as usize)
                .is_some_and(|pod| matches!(pod.origin, Origin::Workload(_))),
            Which::Node(_) | Which::Address(_) | Which::SomeAddress => false,
        }
    }
}

fn is_loopback(end: &End<'_>) -> bool {
    matches!(end.which, Which::Address(address) if address.is_loopback())
}

/// The first port of a set that can be shown.
pub(super) fn first_port(set: &PortSet) -> Option<Point> {
    let ported = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Icmp];
    ported
        .into_iter()
        .find_map(|protocol| set.intersection(&span(protocol, 1, u16::MAX)).first())
}

/// All must come out alike; else it depends on which is meant.
fn agreed(judged: Vec<(String, Outcome)>) -> Outcome {
    let verdicts: BTreeSet<Tri> = judged
        .iter()
        .map(|(_, outcome)| outcome.decision.verdict)
        .collect();
    let mixed = verdicts.contains(&Tri::Yes) && verdicts.contains(&Tri::No);
    let mut facts = BTreeSet::new();
    if mixed {
        let named = |wanted: Tri| {
            let names: Vec<&str> = judged
                .iter()
                .filter(|(_, outcome)| outcome.decision.verdict == wanted)
                .map(|(what, _)| what.as_str())
                .collect();
            let more = names.len().saturating_sub(NAMED_ENDS_MAX);
            let shown = names.iter().take(NAMED_ENDS_MAX).copied();
            let text = shown.collect::<Vec<_>>().join(", ");
            if more > 0 {
                format!("{text} and {more} more")
            } else {
                text
            }
        };
        facts.insert(format!(
            "which pod is meant: {} is let through, {} is not",
            named(Tri::Yes),
            named(Tri::No)
        ));
    }
    let mut outcome = joined(judged);
    outcome.decision.facts.extend(facts);
    outcome
}

/// What holds for all of them.
pub(super) fn joined(judged: Vec<(String, Outcome)>) -> Outcome {
    let joined = judged.into_iter().map(|(_, outcome)| outcome);
    let joined = joined.reduce(|one, two| Outcome {
        sure: one.sure.intersection(&two.sure),
        possible: one.possible.union(&two.possible),
        decision: one.decision.agree(two.decision),
    });
    joined.unwrap_or_else(|| {
        let text = "it is one pod alone, which always reaches itself".to_owned();
        Outcome::of(Decision::new(Tri::Yes, text))
    })
}

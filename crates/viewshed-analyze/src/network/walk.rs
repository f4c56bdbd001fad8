//! One connection through the stages of one side, place by place: the slow way that also says why.
//!
//! Facts that are missing leave several outcomes possible; all of them are followed. The tables of
//! [`super::kernel`] follow the same rules for all places at once.

use super::eval::{Context, Tri};
use super::place::Body;
use super::policy::{Action, Direction, End, Policy, Rule, Stages, settled};
use super::ports::Point;

/// What may come of a connection on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) may_allow: bool,
    pub(super) may_deny: bool,
    /// What led there, in the order of the walk.
    pub(super) steps: Vec<Step>,
}

impl Outcome {
    /// Yes: allowed. No: denied. Maybe: either.
    pub(super) fn verdict(&self) -> Tri {
        match (self.may_allow, self.may_deny) {
            (true, false) => Tri::Yes,
            (true, true) => Tri::Maybe,
            (false, _) => Tri::No,
        }
    }
}

/// Something that decided, or may have decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Position of the policy.
    pub(super) policy: usize,
    /// List and position of the rule; `None` when the policy isolates and nothing else matched.
    pub(super) rule: Option<(&'static str, usize)>,
    pub(super) action: Action,
    /// Whether it matches for certain.
    pub(super) certainty: Tri,
}

/// A policy that applies to a place, or may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Applying {
    pub(super) policy: u32,
    pub(super) is_sure: bool,
}

/// Everything of one side that does not change from connection to connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'n, 'c> {
    pub(super) policies: &'n [Policy],
    pub(super) stages: &'n Stages,
    pub(super) context: Context<'n, 'c>,
    pub(super) direction: Direction,
    /// In the order of the walk.
    pub(super) applying: &'n [Applying],
}

/// Where a connection may be within a stage.
#[derive(Debug, Clone, Copy)]
struct Inside {
    /// It may still be undecided.
    undecided: bool,
    /// It may go on to the next stage.
    passed: bool,
}

impl<'c> Walk<'_, 'c> {
    /// Follows a connection between `subject`, which the policies apply to, and `peer`.
    pub(super) fn follow(&self, subject: &Body<'c>, peer: &Body<'c>, point: Point) -> Outcome {
        let (mut outcome, arrives) = self.decided(subject, peer, point);
        // What nobody decides is let through.
        outcome.may_allow |= arrives;
        outcome
    }

    /// The same without what nobody decides; and whether there may be such.
    pub(super) fn decided(
        &self,
        subject: &Body<'c>,
        peer: &Body<'c>,
        point: Point,
    ) -> (Outcome, bool) {
        let mut outcome = Outcome::default();
        let mut arrives = true;
        let ends = Ends {
            subject,
            peer,
            point,
        };
        for stage in self
            .applying
            .chunk_by(|a, b| self.stage_of(*a) == self.stage_of(*b))
        {
            if !arrives {
                break;
            }
            arrives = self.stage(stage, &ends, &mut outcome);
        }
        (outcome, arrives)
    }

    fn policy(&self, applying: Applying) -> Option<&Policy> {
        self.policies.get(usize::try_from(applying.policy).ok()?)
    }

    fn stage_of(&self, applying: Applying) -> Option<usize> {
        self.policy(applying).map(|policy| policy.stage.index())
    }

    /// Whether the connection may go on after this stage.
    fn stage(&self, stage: &[Applying], ends: &Ends<'_, 'c>, outcome: &mut Outcome) -> bool {
        let mut inside = Inside {
            undecided: true,
            passed: false,
        };
        let mut isolated = Tri::No;
        let mut isolating = Vec::new();
        for applying in stage {
            let Some(policy) = self.policy(*applying) else {
                continue;
            };
            if policy.side(self.direction).isolates {
                isolated = isolated.max(sureness(*applying));
                isolating.push(*applying);
            }
        }
        let order = |applying: &Applying| self.policy(*applying).map(|policy| policy.order);
        let rough = |applying: &Applying| order(applying).map(|order| order.0.to_bits());
        for run in stage.chunk_by(|a, b| rough(a) == rough(b)) {
            if let Some(sorted) = self.sorted(run) {
                for applying in sorted {
                    self.rules(applying, ends, &mut inside, outcome);
                }
                continue;
            }
            for group in run.chunk_by(|a, b| order(a) == order(b)) {
                if inside.undecided {
                    self.group(group, ends, &mut inside, outcome);
                }
            }
        }
        if inside.undecided {
            let first = stage.first().and_then(|applying| self.policy(*applying));
            let end = first
                .and_then(|policy| self.stages.get(policy.stage))
                .map_or(End::Pass, |stage| stage.end);
            finish(end, isolated, &isolating, outcome);
            inside.passed |= isolated != Tri::Yes || end == End::Pass;
        }
        inside.passed
    }

    /// Policies of one order as the plugin asks them, where that matters and is known.
    fn sorted(&self, run: &[Applying]) -> Option<Vec<Applying>> {
        self.policy(*run.first()?)?.tie.as_ref()?;
        if run.len() == 1 || self.is_uniform(run) {
            return None;
        }
        let policies: Option<Vec<&Policy>> = run.iter().map(|one| self.policy(*one)).collect();
        let sorted = settled(&policies?)?.into_iter();
        Some(sorted.filter_map(|at| run.get(at).copied()).collect())
    }

    /// Policies of one order. Where their order matters, each of them may be the first that decides.
    fn group(
        &self,
        group: &[Applying],
        ends: &Ends<'_, 'c>,
        inside: &mut Inside,
        outcome: &mut Outcome,
    ) {
        if group.len() == 1 || self.is_uniform(group) {
            for applying in group {
                self.rules(*applying, ends, inside, outcome);
            }
            return;
        }
        let mut undecided_by_all = true;
        for applying in group {
            let mut alone = Inside {
                undecided: true,
                passed: false,
            };
            self.rules(*applying, ends, &mut alone, outcome);
            inside.passed |= alone.passed;
            undecided_by_all &= alone.undecided;
        }
        inside.undecided = undecided_by_all;
    }

    /// Whether all rules of a group do the same, so that their order changes nothing.
    fn is_uniform(&self, group: &[Applying]) -> bool {
        let mut actions = group
            .iter()
            .filter_map(|applying| self.policy(*applying))
            .flat_map(|policy| &policy.side(self.direction).rules)
            .map(|rule| rule.action);
        let first = actions.next();
        first != Some(Action::Pass) && actions.all(|action| Some(action) == first)
    }

    fn rules(
        &self,
        applying: Applying,
        ends: &Ends<'_, 'c>,
        inside: &mut Inside,
        outcome: &mut Outcome,
    ) {
        let Some(policy) = self.policy(applying) else {
            return;
        };
        for rule in &policy.side(self.direction).rules {
            if !inside.undecided {
                return;
            }
            let certainty = self.matches(rule, ends).min(sureness(applying));
            if certainty == Tri::No {
                continue;
            }
            outcome.steps.push(Step {
                policy: usize::try_from(applying.policy).unwrap_or(usize::MAX),
                rule: Some((rule.list, rule.number)),
                action: rule.action,
                certainty,
            });
            match rule.action {
                Action::Allow => outcome.may_allow = true,
                Action::Deny => outcome.may_deny = true,
                Action::Pass => inside.passed = true,
            }
            inside.undecided = certainty != Tri::Yes;
        }
    }

    fn matches(&self, rule: &Rule, ends: &Ends<'_, 'c>) -> Tri {
        let destination = match self.direction {
            Direction::Ingress => ends.subject,
            Direction::Egress => ends.peer,
        };
        let ports = self.context.vocabulary.port_match(rule.ports);
        let has_port =
            ports.is_some_and(|ports| ports.resolve(&destination.ports).contains(ends.point));
        if !has_port {
            return Tri::No;
        }
        self.context.holds(rule.peer, ends.peer)
    }
}

struct Ends<'e, 'c> {
    subject: &'e Body<'c>,
    peer: &'e Body<'c>,
    point: Point,
}

const fn sureness(applying: Applying) -> Tri {
    if applying.is_sure {
        Tri::Yes
    } else {
        Tri::Maybe
    }
}

/// The end of a stage for what its isolating policies left undecided.
fn finish(end: End, isolated: Tri, isolating: &[Applying], outcome: &mut Outcome) {
    if isolated == Tri::No || end == End::Pass {
        return;
    }
    outcome.may_deny = true;
    for applying in isolating {
        outcome.steps.push(Step {
            policy: usize::try_from(applying.policy).unwrap_or(usize::MAX),
            rule: None,
            action: Action::Deny,
            certainty: sureness(*applying),
        });
    }
}

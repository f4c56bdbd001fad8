//! Why one side of a connection came out as it did, and on what it hangs.

use std::collections::BTreeSet;

use viewshed_model::{Position, ReachReason, ReachSide};

use super::decide::REASONS_MAX;
use super::ends::End;
use super::eval::Tri;
use super::index::NetworkIndex;
use super::policy::{Action, UNTOLD};
use super::walk::{Outcome, Step, Walk};

impl<'c> NetworkIndex<'c> {
    /// Why a side came to its outcome: what decided first, or that nothing applies.
    pub(super) fn reasons(
        &self,
        side: ReachSide,
        subject: &End<'c>,
        walk: &Walk<'_, 'c>,
        outcome: &Outcome,
    ) -> Vec<ReachReason> {
        let wanted = |action: Action| match action {
            Action::Allow => outcome.may_allow,
            Action::Deny => outcome.may_deny,
            Action::Pass => false,
        };
        let mut reasons: Vec<ReachReason> = Vec::new();
        let mut allows = false;
        let deciding = || outcome.steps.iter().filter(|step| wanted(step.action));
        // Beside what decides for certain, what might have decided before it explains nothing.
        let is_firm =
            outcome.verdict() != Tri::Maybe && deciding().any(|step| step.certainty == Tri::Yes);
        for step in deciding().filter(|step| !is_firm || step.certainty == Tri::Yes) {
            // One allowance is enough; every denial might be the one.
            if step.action == Action::Allow && std::mem::replace(&mut allows, true) {
                continue;
            }
            reasons.extend(self.reason(side, subject, step));
        }
        let default = outcome.may_allow && !allows;
        if default {
            let direction = match side {
                ReachSide::Ingress => "ingress",
                ReachSide::Egress | ReachSide::Path => "egress",
            };
            let text = if walk.applying.is_empty() {
                format!("no policy isolates {} for {direction}", subject.what)
            } else {
                format!("no policy of {} decides it for {direction}", subject.what)
            };
            reasons.insert(
                0,
                ReachReason {
                    side,
                    policy: None,
                    rule: None,
                    location: None,
                    text,
                },
            );
        }
        reasons.truncate(REASONS_MAX);
        reasons
    }

    fn reason(&self, side: ReachSide, subject: &End<'c>, step: &Step) -> Option<ReachReason> {
        let policy = &self.policies.get(step.policy)?.reference;
        let may = match step.certainty {
            Tri::Maybe => "may ",
            Tri::No | Tri::Yes => "",
        };
        let verb = |plain: &'static str, single: &'static str| match may {
            "" => single,
            _ => plain,
        };
        let text = match (step.rule, step.action) {
            (None, _) => format!(
                "{policy} {may}{} {}, and no rule lets this through",
                verb("isolate", "isolates"),
                subject.what
            ),
            (Some((UNTOLD, _)), Action::Deny) => {
                format!("{policy} {may}{} it", verb("deny", "denies"))
            }
            (Some((UNTOLD, _)), Action::Allow | Action::Pass) => {
                format!("{policy} {may}{} it through", verb("let", "lets"))
            }
            (Some((list, number)), Action::Deny) => format!(
                "`{list}[{number}]` of {policy} {may}{} it",
                verb("deny", "denies")
            ),
            (Some((list, number)), Action::Allow | Action::Pass) => format!(
                "`{list}[{number}]` of {policy} {may}{} it through",
                verb("let", "lets")
            ),
        };
        Some(ReachReason {
            side,
            policy: Some(policy.clone()),
            rule: step
                .rule
                .filter(|(list, _)| *list != UNTOLD)
                .map(|(_, number)| number),
            location: self.location(step.policy),
            text,
        })
    }

    /// Where a policy stands in a file.
    fn location(&self, policy: usize) -> Option<Position> {
        let source = self.policies.get(policy)?.source?;
        let policy = self.cluster().network_policies.get(source)?;
        policy.meta.position.as_deref().cloned()
    }

    /// The facts that would settle an outcome.
    pub(super) fn doubts(
        &self,
        (subject, peer): (&End<'c>, &End<'c>),
        walk: &Walk<'_, 'c>,
        outcome: &Outcome,
    ) -> BTreeSet<String> {
        let mut facts = BTreeSet::new();
        let unsure = outcome
            .steps
            .iter()
            .filter(|step| step.certainty == Tri::Maybe);
        for step in unsure {
            let Some(policy) = self.policies.get(step.policy) else {
                continue;
            };
            let of_subject = (&subject.body, subject.what.as_str());
            walk.context.doubts(policy.subject, of_subject, &mut facts);
            if let Some((list, number)) = step.rule {
                let rules = &policy.side(walk.direction).rules;
                let rule = rules
                    .iter()
                    .find(|rule| rule.list == list && rule.number == number);
                if let Some(rule) = rule {
                    let of_peer = (&peer.body, peer.what.as_str());
                    walk.context.doubts(rule.peer, of_peer, &mut facts);
                }
            }
        }
        if facts.is_empty() {
            let mut names: Vec<String> = outcome
                .steps
                .iter()
                .filter_map(|step| self.policies.get(step.policy))
                .map(|policy| policy.reference.to_string())
                .collect();
            names.sort();
            names.dedup();
            facts.insert(format!(
                "which of these the network plugin applies first: {}",
                names.join(", ")
            ));
        }
        facts
    }
}

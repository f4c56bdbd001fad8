//! Sigma rules and correlations, through the engine of rsigma.
//!
//! rsigma reads the rules and compares values; ours is what an activity looks like to it ([`event`]), under
//! which names rules may ask for it ([`names`]), and which rules need not be asked at all ([`lower`]).

mod documents;
mod event;
mod load;
mod lower;
mod names;
mod state;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rsigma_eval::compiler::eval_condition;
use rsigma_eval::{CorrelationEngine, EvaluationResult, evaluate_rule};
use viewshed_model::Activity;

use self::event::ActivityEvent;
use super::matches::{RuleIdentity, RuleMatch};
use super::outline::{RuleEngine, RuleOutline};
use super::problem::Problems;
use super::reading::Reading;

/// Most groups that all correlations together count for at a time: one per source or user, as a rule says.
/// Names come from clients, so there are as many as they like; the stalest are forgotten.
const GROUPS_MAX: usize = 20_000;

/// Most events, or distinct values, that one group of a correlation keeps; the oldest go. A rule with a
/// higher threshold could never fire, which is told when it is loaded.
const GROUP_ENTRIES_MAX: usize = 10_000;

/// Microseconds in a second.
const SECOND_US: i64 = 1_000_000;

/// The rules and correlations of all Sigma files.
pub(super) struct SigmaRules {
    engine: CorrelationEngine,
    /// Detection rules in the engine's order, then correlations.
    outlines: Vec<RuleOutline>,
    /// Whether matches of a detection rule are shown: not if it only feeds correlations.
    shown: Vec<bool>,
    /// Position of each correlation in `outlines`, by its id.
    correlations: BTreeMap<String, usize>,
    unread_bodies: u64,
}

impl fmt::Debug for SigmaRules {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigmaRules")
            .field("outlines", &self.outlines)
            .finish_non_exhaustive()
    }
}

impl SigmaRules {
    /// Reads files in their order.
    pub(super) fn load(files: &[(&str, &str)], problems: &mut Problems) -> Self {
        load::load(files, problems)
    }

    fn identity(&self, at: usize) -> Option<Arc<RuleIdentity>> {
        self.outlines
            .get(at)
            .map(|outline| Arc::clone(&outline.identity))
    }

    /// Counts matches in the correlations and adds those that fire.
    fn correlate(
        &mut self,
        event: &ActivityEvent<'_>,
        matches: Vec<EvaluationResult>,
        found: &mut Vec<RuleMatch>,
    ) {
        let seconds = event.reading().activity.at_us.div_euclid(SECOND_US);
        let results = self.engine.process_with_detections(event, matches, seconds);
        for result in results {
            let Some(body) = result.as_correlation() else {
                continue;
            };
            let id = result.header.rule_id.as_deref().unwrap_or_default();
            let Some(rule) = self.correlations.get(id).and_then(|at| self.identity(*at)) else {
                continue;
            };
            let group: Vec<String> = body
                .group_key
                .iter()
                .map(|(field, value)| format!("{field}={value}"))
                .collect();
            let message = format!(
                "{}: {} within {} seconds ({})",
                rule.title,
                body.aggregated_value,
                body.timespan_secs,
                group.join(", ")
            );
            found.push(RuleMatch { rule, message });
        }
    }
}

impl RuleEngine for SigmaRules {
    fn outlines(&self) -> &[RuleOutline] {
        &self.outlines
    }

    fn judge(&mut self, candidates: &[u32], activity: &Activity<'_>, found: &mut Vec<RuleMatch>) {
        let reading = Reading::new(activity);
        let event = ActivityEvent::new(&reading);
        let mut matches = Vec::new();
        let is_counted = !self.correlations.is_empty();
        let mut selections = Vec::new();
        for at in candidates {
            let Ok(at) = usize::try_from(*at) else {
                continue;
            };
            // Positions behind the rules are correlations: they are asked by what they count.
            let Some(rule) = self.engine.engine().rules().get(at) else {
                break;
            };
            // All about a match is copied only where somebody counts it.
            let result = is_counted.then(|| evaluate_rule(rule, &event)).flatten();
            let has_matched = if is_counted {
                result.is_some()
            } else {
                let mut conditions = rule.conditions.iter();
                conditions.any(|condition| {
                    eval_condition(condition, &rule.detections, &event, &mut selections)
                })
            };
            if !has_matched {
                continue;
            }
            if self.shown.get(at) == Some(&true)
                && let Some(rule) = self.identity(at)
            {
                let message = message(&rule.title, activity);
                found.push(RuleMatch { rule, message });
            }
            matches.extend(result);
        }
        if !matches.is_empty() {
            self.correlate(&event, matches, found);
        }
        self.unread_bodies += u64::from(reading.unread_bodies());
    }

    fn state(&self) -> Vec<u8> {
        self.saved()
    }

    fn resume(&mut self, state: &[u8]) -> bool {
        self.go_on(state)
    }

    fn unread_bodies(&self) -> u64 {
        self.unread_bodies
    }
}

/// Sigma has no output template: who did what, and what came of it.
fn message(title: &str, activity: &Activity<'_>) -> String {
    let object = &activity.object;
    let user = match &*activity.actor.user {
        "" => "(no user)",
        user => user,
    };
    let mut text = format!("{title}: {user} {} ", activity.verb);
    if object.resource.is_empty() {
        text.push_str(&activity.uri);
    }
    for (before, part) in [
        ("", &object.resource),
        ("/", &object.subresource),
        (" ", &object.name),
        (" in ", &object.namespace),
    ] {
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(part);
        }
    }
    if activity.code != 0 {
        text.push_str(", answered ");
        text.push_str(&activity.code.to_string());
    }
    super::matches::cut(&mut text);
    text
}

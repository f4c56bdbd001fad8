//! The verdict on each step, and why something is missing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use viewshed_model::{
    AuditPolicy, CoverageReport, CoverageRow, Identity, Incident, JudgedStep, Level,
    RehearsalIncident, RehearsedStep, SentRequest, StepReason, StepVerdict, Surface, Visibility,
};

use super::{Finder, Found};
use crate::coverage::{Asked, Target, recorded};

/// What is known of the logs that were read, beside their events.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// What they can show.
    pub coverage: &'a CoverageReport,
    /// The audit policy in force, where it is known.
    pub policy: Option<&'a AuditPolicy>,
}

impl Finder<'_> {
    /// The incidents that hold events of the run, the one with most of them first.
    pub fn incidents(&self, incidents: &[Incident]) -> Vec<RehearsalIncident> {
        let mut own: Vec<RehearsalIncident> = incidents
            .iter()
            .filter_map(|incident| {
                let events: Vec<&Found> = self
                    .events()
                    .filter(|event| Self::holds(incident, event))
                    .collect();
                let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
                let detections: BTreeSet<&str> = incident
                    .reasons
                    .iter()
                    .filter(|reason| ids.contains(reason.audit_id.as_str()))
                    .map(|reason| reason.detection.as_str())
                    .collect();
                (!events.is_empty()).then(|| RehearsalIncident {
                    id: incident.id.clone(),
                    severity: incident.severity,
                    actor: incident.actor.name.clone(),
                    opened_at: incident.opened_at,
                    request_count: events.len() as u64,
                    detections: detections.into_iter().map(str::to_owned).collect(),
                })
            })
            .collect();
        own.sort_by(|a, b| {
            b.request_count
                .cmp(&a.request_count)
                .then_with(|| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)))
        });
        own
    }

    /// The verdict on each step, in the run's order.
    pub fn steps(&self, incidents: &[Incident], sources: Sources<'_>) -> Vec<JudgedStep> {
        let identity = self.run.identity.as_ref();
        self.run
            .steps
            .iter()
            .zip(&self.found)
            .map(|(step, found)| {
                let begins_us = self.begins_us.get(&step.surface).copied();
                judged(step, found, incidents, (identity, sources, begins_us))
            })
            .collect()
    }
}

/// The verdict where no log was read.
pub fn unjudged(step: &RehearsedStep) -> JudgedStep {
    let verdict = match verdict_without_logs(step) {
        Some(verdict) => verdict,
        None => StepVerdict::NotJudged,
    };
    JudgedStep {
        verdict,
        why: step.not_sent.clone(),
        ..empty(step)
    }
}

fn empty(step: &RehearsedStep) -> JudgedStep {
    JudgedStep {
        step: step.name.clone(),
        verdict: StepVerdict::NotJudged,
        sent: step.requests.len() as u64,
        shown: 0,
        level: None,
        incidents: Vec::new(),
        reasons: Vec::new(),
        why: String::new(),
        change: String::new(),
        fragment: String::new(),
    }
}

/// What does not depend on any log.
fn verdict_without_logs(step: &RehearsedStep) -> Option<StepVerdict> {
    if step.requests.is_empty() {
        return Some(StepVerdict::NotSent);
    }
    let is_unanswered = |request: &SentRequest| request.status.is_none();
    step.requests
        .iter()
        .all(is_unanswered)
        .then_some(StepVerdict::Failed)
}

/// Who sent the requests, what the logs can show, and when those of the step's surface begin.
type Known<'a> = (Option<&'a Identity>, Sources<'a>, Option<i64>);

fn judged(
    step: &RehearsedStep,
    found: &[Option<Found>],
    incidents: &[Incident],
    known: Known<'_>,
) -> JudgedStep {
    let shown: Vec<&Found> = found.iter().flatten().collect();
    let mut judged = JudgedStep {
        shown: shown.len() as u64,
        level: shown.iter().map(|event| event.level).min(),
        ..empty(step)
    };
    for incident in incidents {
        let mut held = shown.iter().filter(|event| Finder::holds(incident, event));
        if held.next().is_some() {
            judged.incidents.push(incident.id.clone());
        }
        let reasons = incident.reasons.iter().filter(|reason| {
            !reason.audit_id.is_empty() && shown.iter().any(|event| event.id == reason.audit_id)
        });
        judged.reasons.extend(reasons.map(|reason| StepReason {
            detection: reason.detection.clone(),
            text: reason.text.clone(),
        }));
    }
    judged.verdict = match verdict_without_logs(step) {
        // An answer that was lost on its way may have been logged all the same.
        Some(StepVerdict::Failed) if !shown.is_empty() => StepVerdict::InPart,
        Some(verdict) => verdict,
        None if shown.is_empty() && is_closed(step) => StepVerdict::Closed,
        None if shown.is_empty() => StepVerdict::NotShown,
        None if shown.len() < step.requests.len() => StepVerdict::InPart,
        None if judged.incidents.is_empty() => StepVerdict::Shown,
        None => StepVerdict::Caught,
    };
    explain(&mut judged, step, found, known);
    judged
}

/// A kubelet without anonymous access answers 401 before it asks anybody (kubernetes
/// `pkg/kubelet/server/server.go`, `InstallAuthFilter`).
fn is_closed(step: &RehearsedStep) -> bool {
    step.surface == Surface::DelegatedReview
        && step
            .requests
            .iter()
            .all(|request| request.status == Some(401))
}

fn explain(
    judged: &mut JudgedStep,
    step: &RehearsedStep,
    found: &[Option<Found>],
    (identity, sources, begins_us): Known<'_>,
) {
    let row = best_row(sources.coverage, step);
    match judged.verdict {
        StepVerdict::Caught | StepVerdict::NotJudged => {}
        StepVerdict::NotSent => judged.why.clone_from(&step.not_sent),
        StepVerdict::Failed => {
            let first = step.requests.first();
            judged.why = first.map_or_else(String::new, |request| request.failure.clone());
        }
        StepVerdict::Closed => {
            "it was refused before anybody was asked about it, and disclosed nothing"
                .clone_into(&mut judged.why);
        }
        StepVerdict::Shown => {
            judged.why = match row {
                Some(row) if row.visibility == Visibility::Partial => {
                    format!("no detection made an incident of it: {}", row.why)
                }
                _ => "no detection made an incident of it".to_owned(),
            };
            change(judged, row);
        }
        StepVerdict::InPart | StepVerdict::NotShown => {
            if let Some(begin) = begins_us.and_then(|begin| begins_later(step, found, begin)) {
                judged.why = format!(
                    "the log that was read begins at {begin}, and this was sent before: name the folder of its rotated files"
                );
                return;
            }
            judged.why = missing(step, found, row, (identity, sources));
            change(judged, row);
        }
    }
}

fn change(judged: &mut JudgedStep, row: Option<&CoverageRow>) {
    if let Some(row) = row.filter(|row| row.visibility != Visibility::Visible) {
        judged.change.clone_from(&row.change);
        judged.fragment.clone_from(&row.fragment);
    }
}

/// The source that shows such an action best.
fn best_row<'a>(coverage: &'a CoverageReport, step: &RehearsedStep) -> Option<&'a CoverageRow> {
    let rows = || {
        let rows = coverage.rows.iter();
        rows.filter(|row| row.action == step.action)
    };
    let best = Visibility::best(rows().map(|row| row.visibility))?;
    rows().find(|row| row.visibility == best)
}

/// When the log begins, if all that does not show was sent before.
fn begins_later(
    step: &RehearsedStep,
    found: &[Option<Found>],
    begins_us: i64,
) -> Option<Timestamp> {
    let is_earlier = |request: &SentRequest| request.sent_at.as_microsecond() < begins_us;
    lost(step, found)
        .all(is_earlier)
        .then(|| Timestamp::from_microsecond(begins_us).ok())?
}

/// The requests that do not show.
fn lost<'s>(
    step: &'s RehearsedStep,
    found: &'s [Option<Found>],
) -> impl Iterator<Item = &'s SentRequest> {
    step.requests
        .iter()
        .zip(found)
        .filter(|(_, found)| found.is_none())
        .map(|(request, _)| request)
}

/// Why requests do not show: what the policy says of them, else what the source can show at all.
fn missing(
    step: &RehearsedStep,
    found: &[Option<Found>],
    row: Option<&CoverageRow>,
    (identity, sources): (Option<&Identity>, Sources<'_>),
) -> String {
    let lost = lost(step, found);
    if let (Surface::KubernetesApi, Some(policy)) = (step.surface, sources.policy) {
        let reasons: BTreeSet<String> = lost
            .map(|request| by_policy(policy, request, identity))
            .collect();
        return reasons.into_iter().collect::<Vec<_>>().join("; ");
    }
    let lost = lost.map(|request| request.path.as_str());
    match row {
        Some(row) if row.visibility != Visibility::Visible && !row.why.is_empty() => {
            row.why.clone()
        }
        Some(_) => {
            let paths: BTreeSet<&str> = lost.collect();
            format!(
                "the log has other requests of this kind, but not {}",
                paths.into_iter().collect::<Vec<_>>().join(", ")
            )
        }
        None => "no log was read that could show it".to_owned(),
    }
}

/// What an audit policy does with one request.
fn by_policy(policy: &AuditPolicy, request: &SentRequest, identity: Option<&Identity>) -> String {
    let anonymous = Identity::anonymous();
    let identity = if request.is_anonymous {
        Some(&anonymous)
    } else {
        identity
    };
    let groups: Vec<&str> = identity
        .map(|identity| identity.groups.iter().map(String::as_str).collect())
        .unwrap_or_default();
    let asked = &request.asked;
    let path = super::without_query(&request.path);
    let recorded = recorded(
        policy,
        &Asked {
            user: identity.map(|identity| identity.user.as_str()),
            groups: &groups,
            verb: &asked.verb,
            target: if asked.resource.is_empty() {
                Target::Path(path)
            } else {
                Target::Object {
                    api_group: &asked.api_group,
                    resource: &asked.resource,
                    subresource: &asked.subresource,
                    namespace: &asked.namespace,
                    name: &asked.name,
                }
            },
        },
    );
    match (recorded.level, recorded.rule) {
        (Level::None, Some(rule)) => format!("the audit policy leaves it out (`rules[{rule}]`)"),
        (Level::None, None) => "no rule of the audit policy fits it, so it is left out".to_owned(),
        (level, _) => format!(
            "the audit policy records it at level `{level:?}`, but the log does not hold it: wait longer, read \
             every API server's log, and compare the policy with the one in force"
        ),
    }
}

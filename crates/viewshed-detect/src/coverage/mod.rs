//! What the sources can show at all: every discovery action against every source.
//!
//! "Nothing found" means nothing unless the log could have shown it. Verdicts follow from the audit policy,
//! from the log itself, from the Docker daemon's settings and from what managed services document, and each
//! names where it can be checked. What deliberately does not live here: the reading of policy files (the
//! decoders), and any guess.

mod action;
mod actions;
mod askers;

mod fragment;
mod hosts;
mod kind;
mod log;
mod managed;
mod policy;
mod profile;
mod recorded;
mod verdict;

#[cfg(test)]
mod tests;

pub use fragment::{fragment, policy_file};
pub use kind::LogKind;
pub use profile::{ProfileCollector, SHAPES_MAX};
pub use recorded::{Asked, Recorded, Target, recorded};

use viewshed_model::{
    AuditPolicy, AuditRule, CoverageReport, CoverageRow, CoveredSource, Daemon, Gap, Level,
    LogProfile, Skips, Visibility,
};

use action::{Action, Ask, Way};
use actions::ACTIONS;
use verdict::{Verdict, corrected};

/// A source and what is known of it. Less knowledge makes more rows unknown, never wrong.
#[derive(Debug, Clone)]
pub struct KnownSource<'a> {
    /// File, folder, listener, cluster.
    pub name: &'a str,
    /// What it is.
    pub kind: LogKind,
    /// The audit policy in force; [`AuditPolicy::default`] when audit is off.
    pub policy: Option<&'a AuditPolicy>,
    /// What the log was seen to hold.
    pub profile: Option<&'a LogProfile>,
    /// The Docker daemon's settings.
    pub daemon: Option<&'a Daemon>,
    /// What was skipped while it was read.
    pub skips: Skips,
}

/// The names and titles of every action, in the order of the report.
pub fn actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    ACTIONS.iter().map(|action| (action.name, action.title))
}

/// Judges every action against every source.
pub fn coverage(sources: &[KnownSource<'_>], gaps: Vec<Gap>) -> CoverageReport {
    let mut rows = Vec::with_capacity(ACTIONS.len() * sources.len());
    let mut rules_by_source: Vec<Vec<AuditRule>> = vec![Vec::new(); sources.len()];
    for action in ACTIONS {
        for (source, rules) in sources.iter().zip(&mut rules_by_source) {
            let verdict = judged(action, source);
            rules.extend(verdict.rules.iter().cloned());
            rows.push(CoverageRow {
                action: action.name.to_owned(),
                title: action.title.to_owned(),
                surface: action.surface,
                source: source.name.to_owned(),
                visibility: verdict.visibility,
                why: verdict.why,
                change: verdict.change,
                fragment: fragment(&verdict.rules),
                cited: verdict.cited.to_owned(),
            });
        }
    }
    let sources = sources
        .iter()
        .zip(rules_by_source)
        .map(|(source, rules)| CoveredSource {
            name: source.name.to_owned(),
            format: source.kind.to_string(),
            basis: basis(source),
            event_count: source.profile.map_or(0, |profile| profile.event_count),
            skips: source.skips.clone(),
            fragment: fragment(&fragment::merged(&rules)),
        })
        .collect();
    CoverageReport {
        sources,
        rows,
        gaps,
    }
}

fn basis(source: &KnownSource<'_>) -> String {
    let mut parts = Vec::new();
    if source.kind == LogKind::KubernetesAudit && source.policy.is_some() {
        parts.push("the audit policy".to_owned());
    }
    parts.extend(managed::basis(source.kind).map(str::to_owned));
    if source.daemon.is_some() {
        parts.push("the daemon's settings".to_owned());
    }
    if let Some(profile) = source.profile {
        parts.push(format!("{} entries of the log", profile.event_count));
    }
    if parts.is_empty() {
        parts.push("what a source of this kind can hold".to_owned());
    }
    parts.join(" and ")
}

fn judged(action: &Action, source: &KnownSource<'_>) -> Verdict {
    if !source.kind.is_kubernetes() {
        return hosts::verdict(source.kind, action, source.daemon, source.profile);
    }
    match action.way {
        Way::Api(ask) => api(&ask, source),
        Way::Delegated => delegated(source),
        Way::Direct { why, change } => {
            Verdict::new(Visibility::Invisible, why, "").with_change(change)
        }
        Way::Behind(ask) => behind(&ask, source),
        Way::Docker(_) => Verdict::new(
            Visibility::Invisible,
            "no request reaches the API server",
            "",
        )
        .with_change(hosts::DOCKER_CHANGE),
        Way::Host | Way::Dns => Verdict::new(
            Visibility::Invisible,
            "no request reaches the API server",
            "",
        ),
    }
}

fn api(ask: &Ask, source: &KnownSource<'_>) -> Verdict {
    let log = source.profile.map(|profile| log::by_log(profile, ask));
    if let Some(documented) = managed::by_service(source.kind, ask) {
        return match log {
            Some(log) if matches!(log.visibility, Visibility::Visible | Visibility::Partial) => log,
            _ => documented,
        };
    }
    match (source.policy, log) {
        (Some(policy), log) => corrected(policy::by_policy(policy, ask), log),
        (None, Some(log)) => log.with_rules(policy::rules_for(ask, Level::None)),
        (None, None) => unknown().with_rules(policy::rules_for(ask, Level::None)),
    }
}

/// What a server asks in its own name shows as that server, where it shows at all.
fn behind(ask: &Ask, source: &KnownSource<'_>) -> Verdict {
    let verdict = api(ask, source);
    if verdict.visibility != Visibility::Visible {
        return verdict;
    }
    Verdict {
        visibility: Visibility::Partial,
        why: "shows as the dashboard's own account, unless it passes the user's credential on"
            .to_owned(),
        change: "let the dashboard ask with each user's own token".to_owned(),
        ..verdict
    }
}

fn delegated(source: &KnownSource<'_>) -> Verdict {
    let log = source.profile.map(log::reviews_by_log);
    if let Some(documented) = managed::reviews(source.kind) {
        return match log {
            Some(log) if log.visibility == Visibility::Partial => log,
            _ => documented,
        };
    }
    match (source.policy, log) {
        (Some(policy), log) => corrected(policy::reviews_by_policy(policy), log),
        (None, Some(log)) if log.visibility == Visibility::Unknown => {
            log.with_rules(policy::review_rules())
        }
        (None, Some(log)) => log,
        (None, None) => unknown().with_rules(policy::review_rules()),
    }
}

fn unknown() -> Verdict {
    Verdict::new(
        Visibility::Unknown,
        "neither the audit policy nor a log was given",
        policy::CHECKER,
    )
    .with_change("give the audit policy or a log; these rules would show it")
}

//! How bad an incident is.

use viewshed_model::{Confidence, Incident, Severity, Verdict};

use super::behaviour::Op;
use super::evidence::Evidence;
use crate::detections::tool;

/// How bad it is: what was shown, or else what was asked.
pub(super) fn severity(incident: &Incident, evidence: &[Evidence]) -> Severity {
    let has = |name: &str| {
        incident
            .reasons
            .iter()
            .any(|reason| reason.detection == name && reason.weight >= 20)
    };
    let shown = |kind: &str, everywhere: bool| {
        incident
            .disclosed
            .iter()
            .any(|one| one.kind == kind && (!everywhere || one.namespace.is_empty()))
    };
    let is_answered = incident
        .requests
        .iter()
        .any(|one| one.verdict != Verdict::Refused);
    let reaches_nodes = incident
        .disclosed
        .iter()
        .any(|one| one.kind.starts_with("nodes/proxy"));
    let runs = incident.disclosed.iter().any(|one| {
        one.kind.starts_with("kubelet:nodes/proxy")
            || one.kind.ends_with("/exec")
            || one.kind == "docker:exec"
    });
    // What may be a tool that was just installed is doubtful, and no smaller for it.
    if looks_installed(incident, evidence) && shown("secrets", true) {
        return Severity::High;
    }
    if shown("secrets", true) || (runs && is_answered) {
        return Severity::Critical;
    }
    let is_stolen = has("token-used-elsewhere") || has("tokens-from-one-address");
    let is_written_out = incident
        .reasons
        .iter()
        .any(|reason| reason.detection == "cluster-dump" && reason.weight >= 60);
    if shown("secrets", false)
        || reaches_nodes
        || (is_written_out && !incident.disclosed.is_empty())
        || (is_stolen && is_answered)
        || has("impersonation")
    {
        return Severity::High;
    }
    let is_anonymous = incident.actor.name == "system:anonymous";
    // A program that is refused on every side is in somebody's hands, whether its rights held or not.
    let is_program = incident.actor.name.starts_with("system:serviceaccount:");
    let is_stranger = incident
        .reasons
        .iter()
        .any(|reason| reason.detection == "cluster-survey" && reason.weight >= 60);
    match incident.disclosed.len() {
        0 if is_program || is_stranger => Severity::Medium,
        0 => Severity::Low,
        _ if is_anonymous => Severity::High,
        _ => Severity::Medium,
    }
}

/// Says of what may be a tool that was just installed that it may be one.
pub(super) fn doubt(incident: &mut Incident, evidence: &[Evidence]) {
    if !looks_installed(incident, evidence) {
        return;
    }
    incident.confidence = Confidence::Low;
    let mut reasons = incident.reasons.iter_mut();
    if let Some(reason) = reasons.find(|reason| reason.detection == "new-identity") {
        reason.text.push_str(INSTALLED);
    }
}

/// What has to be known about a newcomer that was refused nothing.
const INSTALLED: &str =
    ". A tool that was just installed begins like this as well: ask who installed it";

/// What a tool that was just installed gives rise to, and reads everything, as backup tools and scanners do.
const OF_INSTALLED: [&str; 6] = [
    "many-kinds",
    "new-identity",
    "pod-query-threshold",
    "rbac-survey",
    "secret-sweep",
    "unwatched-list",
];

/// Pauses from this length on are those of somebody who takes his time ... Microseconds.
const SLOW_US: i64 = 3 * 60 * 1_000_000;
/// ... if there are so many: what runs every hour may do something else the next time.
const SLOW_PAUSES: usize = 2;

/// Whether this is just as well the first run of a tool that was installed with the rights for what it does: a
/// service account that nobody knew, one client that carries its own name, one address, nothing refused, nothing but
/// reading, and that in one go. By its behaviour it cannot be told from somebody in a hurry with a token that was never
/// used before.
fn looks_installed(incident: &Incident, evidence: &[Evidence]) -> bool {
    let is_service_account = incident.actor.name.starts_with("system:serviceaccount:");
    let is_new = incident
        .reasons
        .iter()
        .any(|reason| reason.detection == "new-identity" && reason.weight >= 20);
    let is_plain = incident
        .reasons
        .iter()
        .all(|reason| reason.weight < 5 || OF_INSTALLED.contains(&&*reason.detection));
    let agents = &incident.actor.user_agents;
    let has_own_name = !agents.is_empty() && agents.iter().all(|agent| tool(agent).is_none());
    let is_served = incident
        .requests
        .iter()
        .all(|one| one.verdict != Verdict::Refused);
    is_service_account
        && is_new
        && is_plain
        && has_own_name
        && is_served
        && incident.also_as.is_empty()
        && incident.source_addresses.len() == 1
        && !is_slow(evidence)
}

/// Whether somebody took his time between one new thing that he read and the next: programs read what they need at once.
fn is_slow(evidence: &[Evidence]) -> bool {
    let reads = evidence
        .iter()
        .filter(|one| matches!(one.op, Op::List | Op::Watch | Op::Get));
    let mut times: Vec<i64> = reads.map(|one| one.at_us).collect();
    times.sort_unstable();
    let pauses = times.iter().zip(times.iter().skip(1));
    let long = pauses.filter(|(one, next)| next.saturating_sub(**one) >= SLOW_US);
    long.count() >= SLOW_PAUSES
}

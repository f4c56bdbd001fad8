//! How bad an incident is.

use viewshed_model::{Incident, Severity, Verdict};

/// How bad it is: what was shown, or else what was asked.
pub(super) fn severity(incident: &Incident) -> Severity {
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
    if shown("secrets", true) || (runs && is_answered) {
        return Severity::Critical;
    }
    let is_stolen = has("token-used-elsewhere") || has("tokens-from-one-address");
    if shown("secrets", false)
        || reaches_nodes
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

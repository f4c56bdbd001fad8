//! LEAVES: JSON in the shape of Falco's alerts, so that Falcosidekick and what reads Falco take incidents.
//!
//! Source: falcosecurity/falcosidekick `types/types.go` (`FalcoPayload`); priorities as in falco.org, Rules,
//! "Priority".

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use viewshed_model::{Incident, Severity, WatchReport};

use crate::clean::clean;
use crate::json;
use crate::wording::incident::{detection, grants, known, shown, title, told_at};

#[derive(Serialize)]
struct Payload<'a> {
    uuid: &'a str,
    output: String,
    priority: &'static str,
    rule: &'a str,
    time: Timestamp,
    source: &'static str,
    hostname: &'a str,
    tags: Vec<&'a str>,
    output_fields: BTreeMap<&'static str, Value>,
}

/// Every incident of a report, one per line.
pub fn lines(report: &WatchReport) -> String {
    let incidents = report.incidents.iter();
    incidents
        .map(|incident| falco(incident, told_at(report)))
        .collect()
}

/// One incident as one line, ending with a line break: the body of a request to Falcosidekick. That takes no alert
/// without a time: where the log has none, it is `told_at`.
pub fn falco(incident: &Incident, told_at: Timestamp) -> String {
    let reasons: Vec<String> = incident
        .reasons
        .iter()
        .map(|reason| clean(&reason.text).into_owned())
        .collect();
    let mut tags = vec!["k8s", "mitre_discovery"];
    tags.extend(incident.techniques.iter().map(String::as_str));
    json::line(&Payload {
        uuid: &incident.id,
        output: format!(
            "{}: {} (incident={} events={})",
            clean(&title(incident)),
            reasons.join("; "),
            clean(&incident.id),
            incident.event_count
        ),
        priority: priority(incident.severity),
        rule: detection(incident),
        time: known(incident.last_event.time).unwrap_or(told_at),
        source: "viewshed",
        hostname: &incident.cluster,
        tags,
        output_fields: fields(incident),
    })
}

/// The names of Falco's own `k8saudit` fields where they mean the same. Falcosidekick makes labels of
/// them: texts and numbers alone, no lists.
fn fields(incident: &Incident) -> BTreeMap<&'static str, Value> {
    let shown: Vec<String> = incident.disclosed.iter().map(shown).collect();
    let actor = &incident.actor;
    let texts = [
        ("ka.user.name", actor.name.clone()),
        ("ka.user.groups", actor.groups.join(",")),
        ("ka.impuser.name", actor.acted_as.join(",")),
        ("ka.sourceips", incident.source_addresses.join(",")),
        ("ka.auth.reason", grants(incident).join("; ")),
        ("viewshed.incident.id", incident.id.clone()),
        (
            "viewshed.confidence",
            format!("{:?}", incident.confidence).to_lowercase(),
        ),
        ("viewshed.shown", shown.join("; ")),
        ("viewshed.pod", actor.pod.clone().unwrap_or_default()),
        ("viewshed.node", actor.node.clone().unwrap_or_default()),
    ];
    let mut fields: BTreeMap<&'static str, Value> = texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name, Value::String(clean(&text).into_owned())))
        .collect();
    fields.insert("viewshed.incident.revision", incident.revision.into());
    fields.insert("viewshed.events", incident.event_count.into());
    fields
}

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "Error",
        Severity::Medium => "Warning",
        Severity::Low => "Notice",
        Severity::Info => "Informational",
    }
}

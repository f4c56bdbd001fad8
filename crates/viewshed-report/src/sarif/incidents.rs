//! Incidents as SARIF results: one per incident, one rule per detection.

use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::{Confidence, DetectionPage, Incident, Severity, WatchReport};

use super::location::Location;
use super::{
    Configuration, Help, RESULTS_MAX, ResultEntry, Rule, Text, level, log, message, notifications,
    plain, properties,
};
use crate::json;
use crate::wording::incident::{detection, title, worst_first};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentProperties<'a> {
    severity: Severity,
    confidence: Confidence,
    incident: &'a str,
    revision: u64,
    event_count: u64,
    source_addresses: &'a [String],
    audit_ids: &'a [String],
    techniques: &'a [String],
}

/// The SARIF log of a watch, worst incidents first.
pub fn incidents(report: &WatchReport) -> String {
    let sorted = worst_first(&report.incidents);
    let rules = rules(report, &sorted);
    let index: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id, index))
        .collect();
    let results = sorted.iter().take(RESULTS_MAX).map(|incident| {
        let rule_index = index.get(detection(incident)).copied().unwrap_or_default();
        result(report, incident, rule_index)
    });
    let results = results.collect();
    let notifications = notifications(&report.gaps, sorted.len(), "incidents");
    let made = (
        report.program_version.as_str(),
        report.generated_at.as_str(),
    );
    json::pretty(&log(made, rules, notifications, results))
}

/// The detections that ran, and, should an incident name another, that one too.
fn rules<'a>(report: &'a WatchReport, incidents: &[&'a Incident]) -> Vec<Rule<'a>> {
    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    for incident in incidents {
        let severity = worst
            .entry(detection(incident))
            .or_insert(incident.severity);
        *severity = incident.severity.max(*severity);
    }
    let severity = |name: &str| worst.get(name).copied().unwrap_or(Severity::Medium);
    let mut rules: BTreeMap<&str, Rule<'_>> = report
        .detections
        .iter()
        .map(|page| (page.name.as_str(), rule(page, severity(&page.name))))
        .collect();
    for incident in incidents {
        let name = detection(incident);
        rules.entry(name).or_insert_with(|| Rule {
            id: name,
            short_description: plain(name),
            full_description: plain(name),
            help: Help {
                text: message(name),
                markdown: "",
            },
            default_configuration: Configuration {
                level: level(severity(name)),
            },
            properties: properties(severity(name), &incident.techniques, None),
        });
    }
    rules.into_values().collect()
}

fn rule(page: &DetectionPage, severity: Severity) -> Rule<'_> {
    Rule {
        id: &page.name,
        short_description: plain(&page.title),
        full_description: plain(&page.title),
        help: Help {
            text: message(&page.title),
            markdown: &page.markdown,
        },
        default_configuration: Configuration {
            level: level(severity),
        },
        properties: properties(severity, &page.techniques, None),
    }
}

fn result<'a>(
    report: &WatchReport,
    incident: &'a Incident,
    rule_index: usize,
) -> ResultEntry<'a, IncidentProperties<'a>> {
    let reasons: Vec<String> = incident
        .reasons
        .iter()
        .map(|reason| message(reason.text.trim_end_matches('.')))
        .collect();
    let mut text = format!("{}.", message(&title(incident)));
    if !reasons.is_empty() {
        text = format!("{text} Why: {}.", reasons.join("; "));
    }
    let cluster = if incident.cluster.is_empty() {
        "cluster"
    } else {
        &incident.cluster
    };
    let place = [cluster, "incidents", &incident.id];
    ResultEntry {
        rule_id: detection(incident),
        rule_index,
        level: level(incident.severity),
        message: Text { text },
        locations: [Location::at(
            report.positions.get(&incident.id),
            place,
            "resource",
        )],
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", format!("{}:1", incident.id)),
            ("viewshedIncident/v1", incident.id.clone()),
        ]),
        properties: IncidentProperties {
            severity: incident.severity,
            confidence: incident.confidence,
            incident: &incident.id,
            revision: incident.revision,
            event_count: incident.event_count,
            source_addresses: &incident.source_addresses,
            audit_ids: &incident.audit_ids,
            techniques: &incident.techniques,
        },
    }
}

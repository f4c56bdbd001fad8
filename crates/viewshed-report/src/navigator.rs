//! LEAVES: a layer for ATT&CK Navigator: which techniques were seen, how often, and by whom.
//!
//! Source: mitre-attack/attack-navigator `layers/spec/v4.5/layerformat.md`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::{Incident, Severity, WatchReport};

use crate::clean::clean;
use crate::json;
use crate::wording::count;
use crate::wording::incident::{title, worst_first};

/// Incidents named in the comment of one technique.
const COMMENTS_MAX: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Layer<'a> {
    name: String,
    versions: Versions,
    domain: &'static str,
    description: String,
    sorting: u8,
    techniques: Vec<Technique<'a>>,
    gradient: Gradient,
    legend_items: Vec<LegendItem>,
}

#[derive(Serialize)]
struct Versions {
    attack: &'static str,
    navigator: &'static str,
    layer: &'static str,
}

#[derive(Serialize)]
struct Technique<'a> {
    #[serde(rename = "techniqueID")]
    id: &'a str,
    score: usize,
    color: &'static str,
    comment: String,
    enabled: bool,
    metadata: Vec<Metadata>,
    #[serde(rename = "showSubtechniques")]
    shows_subtechniques: bool,
}

#[derive(Serialize)]
struct Metadata {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gradient {
    colors: [&'static str; 2],
    min_value: usize,
    max_value: usize,
}

#[derive(Serialize)]
struct LegendItem {
    label: String,
    color: &'static str,
}

/// The layer of a report.
pub fn layer(report: &WatchReport) -> String {
    let mut by_technique: BTreeMap<&str, Vec<&Incident>> = BTreeMap::new();
    for incident in worst_first(&report.incidents) {
        for technique in &incident.techniques {
            by_technique.entry(technique).or_default().push(incident);
        }
    }
    let most = by_technique.values().map(Vec::len).max().unwrap_or(1);
    let all = count(report.incidents.len() as u64, "incident", "incidents");
    json::pretty(&Layer {
        name: "Viewshed incidents".to_owned(),
        versions: Versions {
            attack: "18",
            navigator: "5.1.0",
            layer: "4.5",
        },
        domain: "enterprise-attack",
        description: format!("{all} in {}", count(report.event_count, "event", "events")),
        sorting: 3,
        techniques: by_technique
            .into_iter()
            .map(|(id, incidents)| technique(id, &incidents))
            .collect(),
        gradient: Gradient {
            colors: ["#ffffff", "#ad430b"],
            min_value: 0,
            max_value: most,
        },
        legend_items: Severity::ALL
            .into_iter()
            .map(|severity| LegendItem {
                label: format!("worst incident: {severity}"),
                color: colour(severity),
            })
            .collect(),
    })
}

fn technique<'a>(id: &'a str, incidents: &[&Incident]) -> Technique<'a> {
    let worst = incidents.iter().map(|incident| incident.severity).max();
    let mut comment: Vec<String> = incidents
        .iter()
        .take(COMMENTS_MAX)
        .map(|incident| format!("{}: {}", incident.severity, clean(&title(incident))))
        .collect();
    if incidents.len() > COMMENTS_MAX {
        comment.push(format!("and {} more", incidents.len() - COMMENTS_MAX));
    }
    let events: u64 = incidents
        .iter()
        .fold(0, |sum, incident| sum.saturating_add(incident.event_count));
    Technique {
        id,
        score: incidents.len(),
        color: worst.map_or("", colour),
        comment: comment.join("\n"),
        enabled: true,
        metadata: vec![
            Metadata {
                name: "incidents",
                value: incidents.len().to_string(),
            },
            Metadata {
                name: "events",
                value: events.to_string(),
            },
        ],
        shows_subtechniques: id.contains('.'),
    }
}

/// Those of the page.
const fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#a3123a",
        Severity::High => "#ad430b",
        Severity::Medium => "#7d5a00",
        Severity::Low => "#17657f",
        Severity::Info => "#545d66",
    }
}

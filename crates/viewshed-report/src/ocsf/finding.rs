//! Detection Finding, class 2004.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use viewshed_model::{Confidence, Incident, Severity, WatchReport};

use super::{Actor, Api, Endpoint, Metadata, Named, Resource, Shown, User};
use crate::json;
use crate::wording::incident::{detection, known, title, told_at};

/// Requests given as evidence; the rest is in the counts.
const EVIDENCES_MAX: usize = 50;

/// Discovery, TA0007: the techniques of its containers and cloud platforms that detections name. Others
/// are given without a tactic, because a technique may have several.
const DISCOVERY: [&str; 9] = [
    "T1613", "T1046", "T1069", "T1083", "T1087", "T1526", "T1580", "T1619", "T1057",
];

#[derive(Debug, Serialize)]
struct DetectionFinding<'a> {
    class_uid: u32,
    class_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    count: u64,
    severity_id: u8,
    severity: &'static str,
    confidence_id: u8,
    confidence: &'static str,
    status_id: u8,
    status: &'static str,
    is_alert: bool,
    message: String,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    evidences: Vec<Evidence<'a>>,
    resources: Vec<Resource<'a>>,
    unmapped: Unmapped<'a>,
}

#[derive(Debug, Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: String,
    desc: String,
    types: [&'static str; 1],
    analytic: Analytic<'a>,
    related_analytics: Vec<Analytic<'a>>,
    attacks: Vec<Attack<'a>>,
    created_time: i64,
    modified_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_time: Option<i64>,
    related_events: Vec<RelatedEvent<'a>>,
    related_events_count: u64,
}

#[derive(Debug, Serialize)]
struct Analytic<'a> {
    name: &'a str,
    uid: &'a str,
    type_id: u8,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Attack<'a> {
    technique: Identified<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tactic: Option<Identified<'a>>,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Identified<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct RelatedEvent<'a> {
    uid: &'a str,
    type_uid: u32,
}

#[derive(Debug, Serialize)]
struct Evidence<'a> {
    actor: Actor<'a>,
    api: Api<'a>,
    src_endpoint: Endpoint<'a>,
    resources: [Resource<'a>; 1],
    data: Tally,
}

#[derive(Debug, Serialize)]
struct Tally {
    count: u64,
    verdict: viewshed_model::Verdict,
}

#[derive(Debug, Serialize)]
struct Unmapped<'a> {
    incident_revision: u64,
    cluster: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    acted_as: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    source_addresses: &'a [String],
    allowed_by: &'a BTreeMap<String, u64>,
}

/// Every incident of a report, one per line.
pub fn findings(report: &WatchReport) -> String {
    let incidents = report.incidents.iter();
    incidents
        .map(|incident| detection_finding(incident, &report.program_version, told_at(report)))
        .collect()
}

/// One incident as one line, ending with a line break. Revisions of an incident have the same
/// `finding_info.uid`. `told_at` is the time of the finding where the log has none: `time` is required, and is "the
/// normalized event occurrence time or the finding creation time" (ocsf-schema, `dictionary.json`).
pub fn detection_finding(incident: &Incident, program_version: &str, told_at: Timestamp) -> String {
    const CLASS: u32 = 2004;
    // A session that has ended is not a finding that somebody closed: only people resolve findings.
    let (activity_id, activity_name) = if incident.revision <= 1 {
        (1, "Create")
    } else {
        (2, "Update")
    };
    let (severity_id, severity) = severity(incident.severity);
    let (confidence_id, confidence) = confidence(incident.confidence);
    json::line(&DetectionFinding {
        class_uid: CLASS,
        class_name: "Detection Finding",
        category_uid: 2,
        category_name: "Findings",
        activity_id,
        activity_name,
        type_uid: CLASS * 100 + activity_id,
        time: known(incident.last_event.time)
            .unwrap_or(told_at)
            .as_millisecond(),
        start_time: milliseconds(incident.first_event.time),
        end_time: milliseconds(incident.last_event.time),
        count: incident.event_count,
        severity_id,
        severity,
        confidence_id,
        confidence,
        status_id: 1,
        status: "New",
        is_alert: incident.revision <= 1,
        message: title(incident),
        metadata: Metadata {
            uid: format!("{}/{}", incident.id, incident.revision),
            correlation_uid: &incident.id,
            event_code: detection(incident),
            ..Metadata::new(program_version)
        },
        finding_info: finding_info(incident, told_at),
        evidences: evidences(incident),
        resources: incident.disclosed.iter().map(resource).collect(),
        unmapped: Unmapped {
            incident_revision: incident.revision,
            cluster: &incident.cluster,
            pod: incident.actor.pod.as_deref(),
            node: incident.actor.node.as_deref(),
            acted_as: &incident.actor.acted_as,
            source_addresses: &incident.source_addresses,
            allowed_by: &incident.allowed_by,
        },
    })
}

/// Unless the log has no times.
fn milliseconds(time: Timestamp) -> Option<i64> {
    known(time).map(Timestamp::as_millisecond)
}

fn finding_info(incident: &Incident, told_at: Timestamp) -> FindingInfo<'_> {
    let reasons: Vec<&str> = incident
        .reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    let more = incident.reasons.iter().skip(1);
    FindingInfo {
        uid: &incident.id,
        title: title(incident),
        desc: reasons.join("; "),
        types: ["Discovery"],
        analytic: analytic(detection(incident)),
        related_analytics: more.map(|reason| analytic(&reason.detection)).collect(),
        attacks: incident.techniques.iter().map(|id| attack(id)).collect(),
        created_time: known(incident.opened_at)
            .unwrap_or(told_at)
            .as_millisecond(),
        modified_time: known(incident.last_event.time)
            .unwrap_or(told_at)
            .as_millisecond(),
        first_seen_time: milliseconds(incident.first_event.time),
        last_seen_time: milliseconds(incident.last_event.time),
        related_events: incident
            .audit_ids
            .iter()
            .filter(|id| !id.is_empty())
            .map(|uid| RelatedEvent {
                uid,
                type_uid: 600_302,
            })
            .collect(),
        related_events_count: incident.event_count,
    }
}

fn analytic(name: &str) -> Analytic<'_> {
    Analytic {
        name,
        uid: name,
        type_id: 2,
        kind: "Behavioral",
    }
}

fn attack(id: &str) -> Attack<'_> {
    let parent = id.split('.').next().unwrap_or(id);
    Attack {
        technique: Identified {
            uid: id,
            name: if id == "T1613" {
                "Container and Resource Discovery"
            } else {
                ""
            },
        },
        tactic: DISCOVERY.contains(&parent).then_some(Identified {
            uid: "TA0007",
            name: "Discovery",
        }),
        version: "18.1",
    }
}

fn evidences(incident: &Incident) -> Vec<Evidence<'_>> {
    let requests = incident.requests.iter().take(EVIDENCES_MAX);
    let address = incident.source_addresses.first();
    let evidences = requests.map(|tally| Evidence {
        actor: Actor {
            user: User::new(
                &incident.actor.name,
                incident.actor.groups.iter().map(String::as_str).collect(),
            ),
            app_name: incident.actor.user_agents.first().map(String::as_str),
            authorizations: Vec::new(),
        },
        api: Api {
            operation: &tally.verb,
            service: Some(Named {
                name: crate::wording::incident::surface(tally.surface),
            }),
            group: None,
            version: "",
            request: None,
            response: None,
        },
        src_endpoint: Endpoint::of(address.map_or("", String::as_str)),
        resources: [Resource {
            name: &tally.kind,
            kind: tally.kind.clone(),
            namespace: &tally.namespace,
            data: None,
        }],
        data: Tally {
            count: tally.count,
            verdict: tally.verdict,
        },
    });
    evidences.collect()
}

fn resource(shown: &viewshed_model::Disclosure) -> Resource<'_> {
    Resource {
        name: &shown.kind,
        kind: shown.kind.clone(),
        namespace: &shown.namespace,
        data: Some(Shown {
            answers: shown.answers,
            objects: shown.objects,
            names: &shown.names,
        }),
    }
}

const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

const fn confidence(confidence: Confidence) -> (u8, &'static str) {
    match confidence {
        Confidence::Low => (1, "Low"),
        Confidence::Medium => (2, "Medium"),
        Confidence::High => (3, "High"),
    }
}

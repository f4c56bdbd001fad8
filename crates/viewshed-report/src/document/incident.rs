//! The incident, as docs/reference/schemas/viewshed-incident-2.json promises it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use viewshed_model::{
    Confidence, Explored, Incident, IncidentActor, IncidentState, Severity, Surface, Verdict,
};

use crate::wording::incident;

/// Version of the incident; raised when a field goes, changes its meaning, or becomes required.
const INCIDENT_SCHEMA_VERSION: u32 = 2;

/// One incident.
#[derive(Debug, Serialize)]
pub(crate) struct IncidentDocument<'a> {
    schema_version: u32,
    kind: &'static str,
    id: &'a str,
    revision: u64,
    state: IncidentState,
    title: String,
    cluster: &'a str,
    severity: Severity,
    confidence: Confidence,
    actor: ActorDocument<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_as: Vec<ActorDocument<'a>>,
    source_addresses: &'a [String],
    opened_at: Option<Timestamp>,
    first_event: EventDocument<'a>,
    last_event: EventDocument<'a>,
    event_count: u64,
    audit_ids: &'a [String],
    requests: Vec<RequestDocument<'a>>,
    further_requests: u64,
    disclosed: Vec<DisclosureDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guessed: Vec<GuessedDocument<'a>>,
    reasons: Vec<ReasonDocument<'a>>,
    techniques: &'a [String],
    allowed_by: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explored: Option<ExploredDocument<'a>>,
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ActorDocument<'a> {
    name: &'a str,
    groups: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_by: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    acted_as: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    user_agents: &'a [String],
}

#[derive(Debug, Serialize)]
struct EventDocument<'a> {
    time: Option<Timestamp>,
    audit_id: &'a str,
}

#[derive(Debug, Serialize)]
struct RequestDocument<'a> {
    surface: Surface,
    verb: &'a str,
    kind: &'a str,
    namespace: &'a str,
    verdict: Verdict,
    count: u64,
}

#[derive(Debug, Serialize)]
struct DisclosureDocument<'a> {
    kind: &'a str,
    namespace: &'a str,
    answers: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    names: &'a [String],
}

#[derive(Debug, Serialize)]
struct GuessedDocument<'a> {
    kind: &'a str,
    namespace: &'a str,
    names: &'a [String],
    further: u64,
}

#[derive(Debug, Serialize)]
struct ReasonDocument<'a> {
    detection: &'a str,
    text: &'a str,
    weight: u32,
    at: Option<Timestamp>,
    audit_id: &'a str,
}

#[derive(Debug, Serialize)]
struct ExploredDocument<'a> {
    visible: u64,
    asked: u64,
    new_kinds: &'a [String],
}

impl<'a> IncidentDocument<'a> {
    pub(crate) fn of(source: &'a Incident) -> Self {
        let event = |event: &'a viewshed_model::EventReference| EventDocument {
            time: incident::known(event.time),
            audit_id: &event.audit_id,
        };
        Self {
            schema_version: INCIDENT_SCHEMA_VERSION,
            kind: "incident",
            id: &source.id,
            revision: source.revision,
            state: source.state,
            title: incident::title(source),
            cluster: &source.cluster,
            severity: source.severity,
            confidence: source.confidence,
            actor: ActorDocument::of(&source.actor),
            also_as: source.also_as.iter().map(ActorDocument::of).collect(),
            source_addresses: &source.source_addresses,
            opened_at: incident::known(source.opened_at),
            first_event: event(&source.first_event),
            last_event: event(&source.last_event),
            event_count: source.event_count,
            audit_ids: &source.audit_ids,
            requests: requests(source),
            further_requests: source.further_requests,
            disclosed: disclosed(source),
            guessed: guessed(source),
            reasons: reasons(source),
            techniques: &source.techniques,
            allowed_by: &source.allowed_by,
            explored: source.explored.as_ref().map(ExploredDocument::of),
            next: incident::next(source),
        }
    }
}

fn requests(source: &Incident) -> Vec<RequestDocument<'_>> {
    let requests = source.requests.iter().map(|tally| RequestDocument {
        surface: tally.surface,
        verb: &tally.verb,
        kind: &tally.kind,
        namespace: &tally.namespace,
        verdict: tally.verdict,
        count: tally.count,
    });
    requests.collect()
}

fn disclosed(source: &Incident) -> Vec<DisclosureDocument<'_>> {
    let disclosed = source.disclosed.iter().map(|shown| DisclosureDocument {
        kind: &shown.kind,
        namespace: &shown.namespace,
        answers: shown.answers,
        objects: shown.objects,
        names: &shown.names,
    });
    disclosed.collect()
}

fn guessed(source: &Incident) -> Vec<GuessedDocument<'_>> {
    let guessed = source.guessed.iter().map(|one| GuessedDocument {
        kind: &one.kind,
        namespace: &one.namespace,
        names: &one.names,
        further: one.further,
    });
    guessed.collect()
}

fn reasons(source: &Incident) -> Vec<ReasonDocument<'_>> {
    let reasons = source.reasons.iter().map(|reason| ReasonDocument {
        detection: &reason.detection,
        text: &reason.text,
        weight: reason.weight,
        at: incident::known(reason.at),
        audit_id: &reason.audit_id,
    });
    reasons.collect()
}

impl<'a> ActorDocument<'a> {
    fn of(actor: &'a IncidentActor) -> Self {
        Self {
            name: &actor.name,
            groups: &actor.groups,
            impersonated_by: actor.impersonated_by.as_deref(),
            acted_as: &actor.acted_as,
            pod: actor.pod.as_deref(),
            node: actor.node.as_deref(),
            user_agents: &actor.user_agents,
        }
    }
}

impl<'a> ExploredDocument<'a> {
    fn of(explored: &'a Explored) -> Self {
        Self {
            visible: explored.visible,
            asked: explored.asked,
            new_kinds: &explored.new_kinds,
        }
    }
}

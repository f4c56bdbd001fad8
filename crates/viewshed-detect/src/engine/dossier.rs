//! The incident of a session that opened: what was asked, what was shown, how it was allowed.

use std::collections::BTreeMap;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use viewshed_model::{
    Confidence, Disclosure, EventReference, Guessed, Incident, IncidentActor, IncidentState,
    RequestTally, Severity,
};

use super::behaviour::{Op, Outcome};
use super::evidence::{Evidence, reasons};
use super::order::is_earlier;
use super::session::{Member, Note, Session};
use super::severity::{doubt, severity};
use super::who::{display_name, door_of};
use crate::detections;

/// Audit ids kept of one incident, the earliest: enough to find them all by time and name.
const AUDIT_IDS_MAX: usize = 256;
/// Shapes of requests and of answers kept; the rest is counted in `further_requests`.
const TALLIES_MAX: usize = 128;
/// Names kept of what single requests got.
const NAMES_MAX: usize = 16;
/// Kinds and namespaces of which guessed names are kept.
const GUESSED_MAX: usize = 32;
/// Addresses kept.
const ADDRESSES_MAX: usize = 16;
/// An incident that goes on after so long is told again. Seconds.
const PAUSE_S: i64 = 6 * 60 * 60;
/// Grants kept; further ones are counted under `(others)`.
const GRANTS_MAX: usize = 32;

/// An incident with what is needed to update it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dossier {
    pub(crate) incident: Incident,
    told_events: u64,
    told_severity: Severity,
    told_reasons: usize,
    told_until: Timestamp,
    /// The largest answer of each disclosure by one identical request: a repeated list counts once.
    listed: BTreeMap<String, u64>,
}

/// A time of an event; 0 where it cannot be one.
pub(crate) fn time(at_us: i64) -> Timestamp {
    Timestamp::from_microsecond(at_us).unwrap_or_default()
}

/// A stable id from what an incident begins with.
pub(crate) fn incident_id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    let bytes: [u8; 32] = digest.finalize().into();
    let start = bytes.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(start))
}

impl Dossier {
    /// Opens the incident of a session from its notes and evidence.
    pub(crate) fn open(
        session: &mut Session,
        threshold: f64,
        now_s: u32,
        half_life_s: u32,
    ) -> Option<Self> {
        session.put_in_order();
        session.forget_prelude(threshold, now_s, half_life_s);
        let opened_us = session.turning_point(threshold, half_life_s)?.at_us;
        let first = session.notes.first()?;
        let member = session
            .members
            .iter()
            .find(|one| one.identity == first.identity);
        let (key, actor) = member
            .map(|one| (&*one.key, one.actor.clone()))
            .unwrap_or_default();
        let at = first.at_us.to_string();
        let event = EventReference {
            time: time(first.at_us),
            audit_id: first.audit_id.to_string(),
        };
        let id = incident_id(&[&session.cluster, key, &at, &first.audit_id]);
        let mut dossier = Self::begin(id, &session.cluster, actor, event);
        dossier.incident.opened_at = time(opened_us);
        for note in std::mem::take(&mut session.notes) {
            dossier.fold(&note, &session.members);
        }
        Some(dossier)
    }

    /// An incident that begins with this event, and has none yet.
    pub(crate) fn begin(
        id: String,
        cluster: &str,
        actor: IncidentActor,
        event: EventReference,
    ) -> Self {
        let incident = Incident {
            id,
            revision: 0,
            state: IncidentState::Open,
            cluster: cluster.to_owned(),
            actor,
            also_as: Vec::new(),
            source_addresses: Vec::new(),
            opened_at: event.time,
            first_event: event.clone(),
            last_event: event,
            event_count: 0,
            audit_ids: Vec::new(),
            requests: Vec::new(),
            further_requests: 0,
            disclosed: Vec::new(),
            guessed: Vec::new(),
            severity: Severity::Low,
            confidence: Confidence::Low,
            reasons: Vec::new(),
            techniques: Vec::new(),
            allowed_by: BTreeMap::new(),
            explored: None,
        };
        Self {
            incident,
            told_events: 0,
            told_severity: Severity::Info,
            told_reasons: 0,
            told_until: Timestamp::default(),
            listed: BTreeMap::new(),
        }
    }

    /// Adds one event.
    pub(crate) fn fold<Text: Deref<Target = str>>(
        &mut self,
        note: &Note<Text>,
        members: &[Member],
    ) {
        let incident = &mut self.incident;
        incident.event_count += 1;
        let at = time(note.at_us);
        if is_earlier(note.at_us, incident.first_event.time.as_microsecond()) {
            // Servers send batches again that they could not deliver; the id stays.
            incident.first_event.time = at;
            (*note.audit_id).clone_into(&mut incident.first_event.audit_id);
        }
        let last = &mut incident.last_event;
        if at >= last.time {
            last.time = at;
            (*note.audit_id).clone_into(&mut last.audit_id);
        }
        if !note.audit_id.is_empty() && incident.audit_ids.len() < AUDIT_IDS_MAX {
            incident.audit_ids.push((*note.audit_id).to_owned());
        }
        remember(&mut incident.source_addresses, &note.address, ADDRESSES_MAX);
        let key = |identity: u32| members.iter().find(|one| one.identity == identity);
        if let Some(member) = key(note.identity)
            && member.actor.name != incident.actor.name
            && !incident
                .also_as
                .iter()
                .any(|one| one.name == member.actor.name)
        {
            incident.also_as.push(member.actor.clone());
        }
        if !note.reason.is_empty() && note.outcome != Outcome::Refused {
            count_grant(&mut incident.allowed_by, &note.reason);
        }
        self.tally(note);
        if note.outcome == Outcome::Shown && note.op.shows() {
            self.disclose(note);
        }
        let is_hidden = matches!(note.outcome, Outcome::Missing | Outcome::Refused);
        if is_hidden && matches!(note.op, Op::Get | Op::Log) && !note.name.is_empty() {
            guess(&mut self.incident.guessed, note);
        }
    }

    /// Brings actors up to date: a member may have changed since.
    pub(crate) fn refresh(&mut self, members: &[Member]) {
        for member in members {
            let incident = &mut self.incident;
            let mut actors = std::iter::once(&mut incident.actor).chain(&mut incident.also_as);
            if let Some(actor) = actors.find(|one| one.name == member.actor.name) {
                *actor = member.actor.clone();
            }
        }
    }

    /// Works reasons, severity and confidence out anew.
    pub(crate) fn weigh(&mut self, evidence: &[Evidence], threshold: f64) {
        self.incident.reasons = reasons(evidence);
        let techniques = self
            .incident
            .reasons
            .iter()
            .filter_map(|reason| detections::find(&reason.detection));
        let mut techniques: Vec<String> = techniques
            .flat_map(|one| one.techniques)
            .map(|id| (*id).to_owned())
            .collect();
        techniques.sort();
        techniques.dedup();
        self.incident.techniques = techniques;
        let total: u32 = self
            .incident
            .reasons
            .iter()
            .map(|reason| reason.weight)
            .sum();
        let strong = self
            .incident
            .reasons
            .iter()
            .filter(|reason| reason.weight >= 15)
            .count();
        self.incident.confidence = match strong {
            _ if f64::from(total) >= 2.0 * threshold && strong >= 2 => Confidence::High,
            3.. => Confidence::High,
            2 => Confidence::Medium,
            _ => Confidence::Low,
        };
        self.incident.severity = self
            .incident
            .severity
            .max(severity(&self.incident, evidence));
        doubt(&mut self.incident, evidence);
    }

    /// The next revision, if there is something worth telling: a new reason, a higher severity, twice the
    /// events, one more after a long pause, or the end.
    pub(crate) fn tell(&mut self, state: IncidentState) -> Option<Incident> {
        self.has_news(state).then(|| self.revise(state))
    }

    /// The next revision, if there were events since the last one.
    pub(crate) fn tell_rest(&mut self) -> Option<Incident> {
        let is_news = self.incident.event_count > self.told_events;
        is_news.then(|| self.revise(self.incident.state))
    }

    fn revise(&mut self, state: IncidentState) -> Incident {
        let incident = &mut self.incident;
        incident.state = state;
        incident.revision += 1;
        self.told_until = incident.last_event.time;
        self.told_events = incident.event_count;
        self.told_severity = incident.severity;
        self.told_reasons = incident.reasons.len();
        incident.clone()
    }

    /// Whether [`tell`](Self::tell) has something to tell.
    pub(crate) fn has_news(&self, state: IncidentState) -> bool {
        let incident = &self.incident;
        incident.revision == 0
            || incident.state != state
            || incident.severity > self.told_severity
            || incident.reasons.len() > self.told_reasons
            || incident.event_count >= self.told_events.saturating_mul(2)
            || incident.last_event.time.as_second() - self.told_until.as_second() >= PAUSE_S
    }

    fn tally<Text: Deref<Target = str>>(&mut self, note: &Note<Text>) {
        let verdict = note.outcome.verdict();
        let requests = &mut self.incident.requests;
        let known = requests.iter_mut().find(|one| {
            one.surface == note.surface
                && one.verb == *note.verb
                && one.kind == *note.kind
                && one.namespace == *note.namespace
                && one.verdict == verdict
        });
        if let Some(known) = known {
            known.count += 1;
        } else if requests.len() < TALLIES_MAX {
            requests.push(RequestTally {
                surface: note.surface,
                verb: (*note.verb).to_owned(),
                kind: (*note.kind).to_owned(),
                namespace: (*note.namespace).to_owned(),
                verdict,
                count: 1,
            });
        } else {
            self.incident.further_requests += 1;
        }
    }

    fn disclose<Text: Deref<Target = str>>(&mut self, note: &Note<Text>) {
        let disclosed = &mut self.incident.disclosed;
        let known = disclosed
            .iter_mut()
            .position(|one| one.kind == *note.kind && one.namespace == *note.namespace);
        let place = known.unwrap_or_else(|| {
            if disclosed.len() < TALLIES_MAX {
                disclosed.push(Disclosure {
                    kind: (*note.kind).to_owned(),
                    namespace: (*note.namespace).to_owned(),
                    answers: 0,
                    objects: None,
                    names: Vec::new(),
                });
            }
            disclosed.len() - 1
        });
        let Some(entry) = disclosed
            .get_mut(place)
            .filter(|one| one.kind == *note.kind)
        else {
            return;
        };
        entry.answers += 1;
        if let Some(count) = note.disclosed.filter(|_| note.name.is_empty()) {
            let count = u64::from(count);
            let request = format!("{}\u{1f}{}\u{1f}", &*note.kind, &*note.namespace);
            if self.listed.len() < TALLIES_MAX || self.listed.contains_key(&request) {
                let largest = self.listed.entry(request).or_default();
                let more = count.saturating_sub(*largest);
                *largest = count.max(*largest);
                entry.objects = Some(entry.objects.unwrap_or_default() + more);
            }
        }
        remember(&mut entry.names, &note.name, NAMES_MAX);
    }
}

/// The actor as a request shows it, without what tells several of that name apart.
pub(crate) fn actor(key: &str) -> IncidentActor {
    IncidentActor {
        name: display_name(key).to_owned(),
        impersonated_by: door_of(key).map(str::to_owned),
        ..IncidentActor::default()
    }
}

/// Counts one more event that a grant allowed.
fn count_grant(grants: &mut BTreeMap<String, u64>, grant: &str) {
    if let Some(count) = grants.get_mut(grant) {
        *count += 1;
        return;
    }
    let grant = if grants.len() >= GRANTS_MAX {
        "(others)"
    } else {
        grant
    };
    *grants.entry(grant.to_owned()).or_default() += 1;
}

/// Remembers a name that was asked for and not shown.
fn guess<Text: Deref<Target = str>>(guessed: &mut Vec<Guessed>, note: &Note<Text>) {
    let known = guessed
        .iter()
        .position(|one| one.kind == *note.kind && one.namespace == *note.namespace);
    let place = match known {
        Some(place) => place,
        None if guessed.len() < GUESSED_MAX => {
            guessed.push(Guessed {
                kind: (*note.kind).to_owned(),
                namespace: (*note.namespace).to_owned(),
                names: Vec::new(),
                further: 0,
            });
            guessed.len() - 1
        }
        // The requests are counted in the tallies all the same.
        None => return,
    };
    let Some(entry) = guessed.get_mut(place) else {
        return;
    };
    remember(&mut entry.names, &note.name, NAMES_MAX);
    if !entry.names.iter().any(|one| *one == *note.name) {
        entry.further += 1;
    }
}

/// Adds a text to a short list, once.
pub(crate) fn remember(list: &mut Vec<String>, text: &str, several: usize) {
    if !text.is_empty() && list.len() < several && !list.iter().any(|one| one == text) {
        list.push(text.to_owned());
    }
}

impl Op {
    /// Verb of a tally where the log's own is empty.
    pub(crate) fn verb_or(self, verb: &str) -> &str {
        if verb.is_empty() { self.word() } else { verb }
    }
}

//! Incidents that no single activity shows: a source that fell silent, a flood of made-up identities.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use viewshed_model::{Confidence, EventReference, Incident, IncidentState, Reason, Severity};

use super::dossier::{actor, incident_id, time};
use crate::detections;

/// Sources that are listened to; more than anybody has, further ones are not.
const SOURCES_MAX: usize = 1_024;
/// A source must have been heard so often before its silence means anything.
const HEARD_MIN: u32 = 12;
/// A silence shorter than this means nothing in any source. Seconds.
const SILENCE_MIN_S: i64 = 10 * 60;
/// So many times its usual longest pause is a silence.
const PAUSES: i64 = 6;
/// Whoever listens looks every minute: what is longer is a pause of his own (stopped, restarted, suspended), and
/// nobody knows who spoke in it. Seconds.
const OWN_PAUSE_S: i64 = 3 * 60;
/// Window in which new identities are counted. Seconds.
pub(super) const FLOOD_WINDOW_S: u32 = 10 * 60;
/// So many new identities in one window are a flood, if they are also many times what is usual.
const FLOOD_MIN: u32 = 2_000;
const FLOOD_TIMES_USUAL: u32 = 20;

/// How a live source speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Voice {
    last_s: i64,
    heard: u32,
    longest_pause_s: i64,
    /// Time since it was heard in which nobody listened.
    unheard_s: i64,
}

impl Voice {
    /// How long it has said nothing to somebody who listened.
    fn silent_for_s(&self, now_s: i64) -> i64 {
        now_s - self.last_s - self.unheard_s
    }
}

/// The engine's own incidents, and what they follow from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    voices: BTreeMap<String, Voice>,
    /// When somebody last listened; 0 for never.
    listened_s: i64,
    open: BTreeMap<String, Incident>,
    flood_window_s: u32,
    flood_count: u32,
    flood_usual: u32,
    flood_told: u32,
}

impl Own {
    /// A source spoke at this time.
    pub(crate) fn heard(&mut self, now: Timestamp, source: &str, incidents: &mut Vec<Incident>) {
        let now_s = now.as_second();
        self.attend(now_s);
        if self.voices.len() >= SOURCES_MAX && !self.voices.contains_key(source) {
            return;
        }
        let voice = self.voices.entry(source.to_owned()).or_default();
        let pause_s = voice.silent_for_s(now_s);
        if voice.heard > 0 && pause_s > 0 {
            // A pause counts for a while and fades: a source that has become busier is missed sooner.
            voice.longest_pause_s = pause_s.max(voice.longest_pause_s - voice.longest_pause_s / 64);
        }
        if voice.heard == 0 || pause_s > 0 {
            voice.heard = voice.heard.saturating_add(1);
        }
        if now_s >= voice.last_s {
            (voice.last_s, voice.unheard_s) = (now_s, 0);
        }
        self.close(&silence_key(source), now, incidents);
    }

    /// Raises an incident for each source that has been silent for too long.
    pub(crate) fn listen(&mut self, now: Timestamp, incidents: &mut Vec<Incident>) {
        let now_s = now.as_second();
        self.attend(now_s);
        let silent = self.voices.iter().filter(|(source, voice)| {
            let tolerated_s = SILENCE_MIN_S.max(voice.longest_pause_s * PAUSES);
            voice.heard >= HEARD_MIN
                && voice.silent_for_s(now_s) > tolerated_s
                && !self.open.contains_key(&silence_key(source))
        });
        let silent: Vec<(String, Voice)> = silent
            .map(|(source, voice)| (source.clone(), *voice))
            .collect();
        for (source, voice) in silent {
            let last = Timestamp::from_second(voice.last_s).unwrap_or_default();
            let minutes = voice.silent_for_s(now_s) / 60;
            let mut text = format!(
                "`{source}` has said nothing for {minutes} minutes; its longest pause was {} minutes",
                (voice.longest_pause_s / 60).max(1)
            );
            if voice.unheard_s > 0 {
                let unheard = (voice.unheard_s / 60).max(1);
                let more = format!("; {unheard} more in which nobody listened do not count");
                text.push_str(&more);
            }
            let mut incident = own_incident("silent-source", &source, last, text);
            incident.opened_at = now;
            self.raise(silence_key(&source), incident, incidents);
        }
    }

    /// Somebody listens now. What he missed since he last did is held against no source.
    fn attend(&mut self, now_s: i64) {
        let missed_s = now_s - self.listened_s;
        if self.listened_s > 0 && missed_s > OWN_PAUSE_S {
            for voice in self.voices.values_mut() {
                voice.unheard_s = voice.unheard_s.saturating_add(missed_s);
            }
        }
        self.listened_s = self.listened_s.max(now_s);
    }

    /// When somebody last listened, if that is so long ago that something may have been missed.
    pub(crate) fn missed_since(&self, now: Timestamp) -> Option<Timestamp> {
        let missed_s = now.as_second() - self.listened_s;
        let is_pause = self.listened_s > 0 && missed_s > OWN_PAUSE_S;
        Timestamp::from_second(self.listened_s)
            .ok()
            .filter(|_| is_pause)
    }

    /// A new identity appeared.
    pub(crate) fn new_identity(
        &mut self,
        cluster: &str,
        now_s: u32,
        incidents: &mut Vec<Incident>,
    ) {
        let passed_s = now_s.saturating_sub(self.flood_window_s);
        if passed_s >= FLOOD_WINDOW_S {
            let at = time(i64::from(now_s) * 1_000_000);
            let goes_on = self.flood_told > 0 && passed_s < 2 * FLOOD_WINDOW_S;
            match self.open.get_mut("flood") {
                // What came since it was last told belongs to it.
                Some(flood) if goes_on => {
                    flood.event_count += u64::from(self.flood_count - self.flood_told);
                }
                _ => self.close("flood", at, incidents),
            }
            self.flood_usual = self.flood_usual.max(1) / 2 + self.flood_count.min(FLOOD_MIN) / 2;
            self.flood_window_s = now_s;
            self.flood_count = 0;
            self.flood_told = 0;
        }
        self.flood_count += 1;
        let limit = FLOOD_MIN.max(self.flood_usual.saturating_mul(FLOOD_TIMES_USUAL));
        let is_more = self.flood_count >= self.flood_told.saturating_mul(2);
        if self.flood_count < limit || !is_more {
            return;
        }
        let new = u64::from(self.flood_count - self.flood_told);
        self.flood_told = self.flood_count;
        let at = time(i64::from(now_s) * 1_000_000);
        let known = self.open.get("flood");
        let number = new + known.map_or(0, |known| known.event_count);
        let since_s = known.map_or(0, |known| {
            at.as_second() - known.first_event.time.as_second()
        });
        let minutes = (since_s + i64::from(FLOOD_WINDOW_S)) / 60;
        let text =
            format!("{number} identities that were never seen before within {minutes} minutes");
        let mut incident = own_incident("identity-flood", "(many identities)", at, text);
        cluster.clone_into(&mut incident.cluster);
        incident.event_count = number;
        if let Some(known) = known {
            incident.id.clone_from(&known.id);
            incident.revision = known.revision;
            incident.opened_at = known.opened_at;
            incident.first_event = known.first_event.clone();
        }
        self.raise("flood".to_owned(), incident, incidents);
    }

    /// Closes everything.
    pub(crate) fn finish(&mut self, now: Timestamp, incidents: &mut Vec<Incident>) {
        for key in self.open.keys().cloned().collect::<Vec<String>>() {
            self.close(&key, now, incidents);
        }
    }

    fn raise(&mut self, key: String, mut incident: Incident, incidents: &mut Vec<Incident>) {
        incident.revision += 1;
        incidents.push(incident.clone());
        self.open.insert(key, incident);
    }

    fn close(&mut self, key: &str, now: Timestamp, incidents: &mut Vec<Incident>) {
        if let Some(mut incident) = self.open.remove(key) {
            incident.revision += 1;
            incident.state = IncidentState::Closed;
            incident.last_event.time = now.max(incident.last_event.time);
            incidents.push(incident);
        }
    }
}

fn silence_key(source: &str) -> String {
    format!("silence {source}")
}

pub(super) fn own_incident(name: &str, about: &str, at: Timestamp, text: String) -> Incident {
    let event = EventReference {
        time: at,
        audit_id: String::new(),
    };
    let detection = detections::find(name);
    Incident {
        id: incident_id(&[name, about, &at.as_microsecond().to_string()]),
        revision: 0,
        state: IncidentState::Open,
        cluster: String::new(),
        actor: actor(about),
        also_as: Vec::new(),
        source_addresses: Vec::new(),
        opened_at: at,
        first_event: event.clone(),
        last_event: event,
        event_count: 0,
        audit_ids: Vec::new(),
        requests: Vec::new(),
        further_requests: 0,
        disclosed: Vec::new(),
        guessed: Vec::new(),
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        reasons: vec![Reason {
            detection: name.to_owned(),
            text,
            weight: detection.map_or(100, |one| one.cap),
            at,
            audit_id: String::new(),
        }],
        techniques: detection.map_or_else(Vec::new, |one| {
            one.techniques.iter().map(|id| (*id).to_owned()).collect()
        }),
        allowed_by: BTreeMap::new(),
        explored: None,
    }
}

//! Everything that `viewshed watch` has to say at its end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CoverageReport, Gap, Incident, Position, Severity, Skips};

/// What was found in the logs, and what they could have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchReport {
    /// RFC 3339 time of the report.
    pub generated_at: String,
    /// Version of the program.
    pub program_version: String,
    /// Events that were judged.
    pub event_count: u64,
    /// Each incident once, in its last revision.
    pub incidents: Vec<Incident>,
    /// By incident id: where its first event stands, for logs that are files.
    pub positions: BTreeMap<String, Position>,
    /// By incident id: how it grew.
    pub timelines: BTreeMap<String, Timeline>,
    /// Rules that people brought along and that matched, the most severe first.
    pub rules: Vec<RuleTally>,
    /// The detections that ran.
    pub detections: Vec<DetectionPage>,
    /// Entries that were not judged, over all sources.
    pub skips: Skips,
    /// What came nearest to an incident and is none.
    pub nearest: Option<NearMiss>,
    /// Identities that the allow list names, in short form, with how many of their activities would have counted.
    pub let_through: BTreeMap<String, u64>,
    /// What the sources can show.
    pub coverage: CoverageReport,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A session that is no incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearMiss {
    /// Who, in short form: `shop/cart` for a service account.
    pub actor: String,
    /// Its points when it had the most.
    pub points: u32,
    /// From how many points on it is an incident.
    pub threshold: u32,
    /// The detection that weighed most.
    pub detection: String,
    /// What that said.
    pub reason: String,
}

/// How often a rule that somebody brought along matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTally {
    /// Name among the reasons of incidents, as in [`Reason::detection`](crate::Reason::detection).
    pub name: String,
    /// `Falco`, `Sigma`, `Sigma correlation`.
    pub language: String,
    /// The rule's own name or title.
    pub title: String,
    /// The file that defines it.
    pub file: String,
    /// Line in that file, from 1, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How severe a match is.
    pub severity: Severity,
    /// ATT&CK technique ids that its tags name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// Entries that satisfied it.
    pub count: u64,
}

/// A built-in detection and its page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectionPage {
    /// Name, as in [`Reason::detection`](crate::Reason::detection).
    pub name: String,
    /// One line: what it notices.
    pub title: String,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The page, as Markdown.
    pub markdown: String,
}

/// How many events an incident had by when; gathered from its revisions, whether they come one by one or
/// in large steps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Time and number of events so far, in order.
    pub points: Vec<(Timestamp, u64)>,
}

/// Points of one timeline: more than a page is wide would not be seen. Beyond it every second point is
/// given up, so that a long incident keeps its shape.
pub const TIMELINE_POINTS_MAX: usize = 512;

impl Timeline {
    /// Takes a revision into account; one that goes back in time or shrinks is left out.
    pub fn add(&mut self, incident: &Incident) {
        if self.points.is_empty() {
            self.points.push((incident.first_event.time, 1));
        }
        let point = (incident.last_event.time, incident.event_count);
        let is_later = self
            .points
            .last()
            .is_none_or(|last| point.0 >= last.0 && point.1 > last.1);
        if !is_later {
            return;
        }
        if self.points.len() >= TIMELINE_POINTS_MAX {
            let mut is_kept = false;
            self.points.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
        self.points.push(point);
    }
}

//! A rehearsal of T1613 against one's own estate: what was sent, and what the logs showed of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Gap, Identity, Level, Severity, Surface};

/// What one run sent: everything that is needed to find it in a log again. It holds no answer's body and no
/// credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalRun {
    /// Stands in the user agent of every request; nothing else in a log has it.
    pub id: String,
    /// `User-Agent` of every request.
    pub user_agent: String,
    /// Version of the program that sent it.
    pub program_version: String,
    /// When the first request was about to leave, by the clock of the sending machine.
    pub started_at: Timestamp,
    /// When the last one was answered.
    pub ended_at: Timestamp,
    /// The context's name, or the server's address; empty when no API server was asked.
    #[serde(default)]
    pub cluster: String,
    /// The API server's address.
    #[serde(default)]
    pub server: String,
    /// Who the API server takes the credential for, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The steps, in the order of the sequence.
    pub steps: Vec<RehearsedStep>,
}

/// One step of the sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsedStep {
    /// Stable name, for example `pods`.
    pub name: String,
    /// What it does, in words.
    pub title: String,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The log surface that it can show on: a request to a kubelet shows as a delegated review.
    pub surface: Surface,
    /// The action of [`CoverageRow::action`](crate::CoverageRow) that it is an example of.
    pub action: String,
    /// Why nothing was sent; empty when something was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub not_sent: String,
    /// The requests in the order in which they left.
    #[serde(default)]
    pub requests: Vec<SentRequest>,
}

/// One request that left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRequest {
    /// When, by the clock of the sending machine.
    pub sent_at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What a log names it by.
    pub asked: AskedFor,
    /// Whether it carried no credential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_anonymous: bool,
    /// HTTP status of the answer; `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no answer; empty when there was one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure: String,
}

/// A request's attributes as `audit.k8s.io` has them; for paths only the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AskedFor {
    /// Kubernetes verb, or lower-case HTTP method.
    pub verb: String,
    /// API group; empty for core.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_group: String,
    /// Plural resource; empty for a path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// Subresource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Object name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A run, and what the logs showed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalReport {
    /// RFC 3339 time of the report.
    pub generated_at: String,
    /// Version of the program that judged.
    pub program_version: String,
    /// What was sent.
    pub run: RehearsalRun,
    /// The logs that were read; empty when nothing was judged.
    pub logs: Vec<RehearsalLog>,
    /// One per step of the run, in its order.
    pub steps: Vec<JudgedStep>,
    /// The incidents that hold events of the run, the one with most of them first.
    pub incidents: Vec<RehearsalIncident>,
    /// Events that carry the run's id and that no request of its record explains: somebody reads the same
    /// record twice, or another program forges it.
    pub unexplained_events: u64,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalLog {
    /// File, folder, or `-`.
    pub name: String,
    /// Format in words; empty when it was not recognised.
    pub format: String,
    /// Events in it.
    pub event_count: u64,
}

/// An incident that the run became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalIncident {
    /// The incident's id, as `viewshed watch` has it.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// Who acted.
    pub actor: String,
    /// When it opened.
    pub opened_at: Timestamp,
    /// Requests of the run that belong to it.
    pub request_count: u64,
    /// The detections that the run's requests set off.
    pub detections: Vec<String>,
}

/// What the logs showed of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedStep {
    /// Name of the step.
    pub step: String,
    /// The verdict.
    pub verdict: StepVerdict,
    /// Requests that left.
    pub sent: u64,
    /// Of them, those that a log shows.
    pub shown: u64,
    /// The least that was recorded of one that shows; `None` when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Incidents that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<String>,
    /// What set them off, in the words of the incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<StepReason>,
    /// Why it is not shown, not whole, or not caught; empty when nothing is missing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What would show it; empty when nothing is missing or no change is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub change: String,
    /// That change as rules (YAML) to put first into the audit policy, where it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fragment: String,
}

/// One reason of an incident that a step's request gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReason {
    /// Name of the detection.
    pub detection: String,
    /// In plain words.
    pub text: String,
}

/// What came of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepVerdict {
    /// Every request shows, and at least one is part of an incident.
    Caught,
    /// Every request shows, and none is part of an incident.
    Shown,
    /// Some requests show.
    InPart,
    /// No request shows.
    NotShown,
    /// It was refused before anybody was asked about it: nothing was disclosed, and no log can show it.
    Closed,
    /// No request was answered, so it is not known what a log should hold.
    Failed,
    /// Nothing was sent.
    NotSent,
    /// No log was read.
    NotJudged,
}

impl StepVerdict {
    /// Whether something was disclosed, or could have been, that the logs do not wholly show.
    pub const fn is_miss(self) -> bool {
        match self {
            Self::InPart | Self::NotShown => true,
            Self::Caught
            | Self::Shown
            | Self::Closed
            | Self::Failed
            | Self::NotSent
            | Self::NotJudged => false,
        }
    }
}

impl RehearsalReport {
    /// Whether logs were read.
    pub fn is_judged(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Whether a step that left does not wholly show, or the whole sequence became no incident.
    pub fn has_missed(&self) -> bool {
        self.is_judged()
            && (self.incidents.is_empty() || self.steps.iter().any(|step| step.verdict.is_miss()))
    }

    /// Whether something is not known: requests without an answer, or logs that could not be read.
    pub fn is_partial(&self) -> bool {
        !self.gaps.is_empty()
            || self
                .steps
                .iter()
                .any(|step| step.verdict == StepVerdict::Failed)
            || self.unanswered() > 0
    }

    /// Requests without an answer.
    pub fn unanswered(&self) -> u64 {
        let requests = self.run.steps.iter().flat_map(|step| &step.requests);
        requests.filter(|request| request.status.is_none()).count() as u64
    }
}

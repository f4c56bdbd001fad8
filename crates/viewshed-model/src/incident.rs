//! Who was looking: one incident per session of activity.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Confidence, Severity, Surface, Verdict};

/// One session of discovery by one actor, from first to last event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Stable: the same log gives the same id, whether read live or later.
    pub id: String,
    /// Counts the updates of one incident, from 1.
    pub revision: u64,
    /// Whether more may come, or the session has ended.
    pub state: IncidentState,
    /// Cluster or host.
    pub cluster: String,
    /// Who really acted.
    pub actor: IncidentActor,
    /// Further identities that the same hand used: several stolen tokens from one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_as: Vec<IncidentActor>,
    /// The addresses that requests came from (last hop only), earliest first; bounded.
    pub source_addresses: Vec<String>,
    /// Time of the event that opened it.
    pub opened_at: Timestamp,
    /// The first event of the session.
    pub first_event: EventReference,
    /// The last event so far.
    pub last_event: EventReference,
    /// How many events belong to it.
    pub event_count: u64,
    /// Their audit ids, the earliest kept; bounded, see `event_count`.
    pub audit_ids: Vec<String>,
    /// What was asked, by kind and namespace; bounded, the rest is in `further_requests`.
    pub requests: Vec<RequestTally>,
    /// Requests that no entry of `requests` counts.
    #[serde(default)]
    pub further_requests: u64,
    /// What was shown, by kind and namespace.
    pub disclosed: Vec<Disclosure>,
    /// Names that were asked for one by one and not shown, by kind and namespace; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guessed: Vec<Guessed>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is unusual, the weightiest first.
    pub reasons: Vec<Reason>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// By which grants its requests were allowed, with how many each.
    pub allowed_by: BTreeMap<String, u64>,
    /// How much of what the identity could see it has asked for; only with an estate at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explored: Option<Explored>,
}

/// Whether an incident may still grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// It may.
    Open,
    /// The session has ended.
    Closed,
}

/// Who acted.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct IncidentActor {
    /// User name of the credential; `(invalid credential)` when authentication failed.
    pub name: String,
    /// Groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whom it acted as, by impersonation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acted_as: Vec<String>,
    /// Set when `name` is a mask: who wore it. The field of that name in the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonated_by: Option<String>,
    /// Pod of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Node of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What clients called themselves; a hint, bounded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_agents: Vec<String>,
}

/// One event, findable in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReference {
    /// When.
    pub time: Timestamp,
    /// `auditID`; empty when the source has none.
    pub audit_id: String,
}

/// Requests of one shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTally {
    /// What was asked.
    pub surface: Surface,
    /// Verb.
    pub verb: String,
    /// Resource with group and subresource (`deployments.apps`, `pods/log`), or a path.
    pub kind: String,
    /// Namespace; empty for all of them and for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// What came of it.
    pub verdict: Verdict,
    /// How many.
    pub count: u64,
}

/// What was shown of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Resource with group and subresource.
    pub kind: String,
    /// Namespace; empty for all of them and for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Answers that showed it.
    pub answers: u64,
    /// Objects shown, where the log tells; a repeated list counts once, by its largest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    /// Names that single requests got, where they are names; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// Names of one kind that were asked for one by one and not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guessed {
    /// Resource with group and subresource.
    pub kind: String,
    /// Namespace; empty for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The names, the earliest kept; bounded, see `further`.
    pub names: Vec<String>,
    /// Answers for names that `names` has no room for; a repeated one counts each time.
    #[serde(default)]
    pub further: u64,
}

/// One reason why this is unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Name of the detection: its page, and `viewshed explain NAME`.
    pub detection: String,
    /// In plain words: `first time in 34 days that shop/cart lists nodes`.
    pub text: String,
    /// Its weight; an incident opens when the weights of a session reach the threshold.
    pub weight: u32,
    /// When the event was that `text` tells of.
    pub at: Timestamp,
    /// That event.
    pub audit_id: String,
}

/// How much of its own view an identity has looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explored {
    /// Objects that the identity can discover.
    pub visible: u64,
    /// Of them, in the kinds and namespaces that it asked for with success.
    pub asked: u64,
    /// Kinds it can see but never asked for before this session.
    pub new_kinds: Vec<String>,
}

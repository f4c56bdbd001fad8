//! What somebody did: one request, query, command or event, whatever log it came from.
//!
//! An [`Activity`] borrows from the bytes of its log. It is the meeting point of the decoders, which make
//! it, and of the engine, which judges it; it holds nothing that only one log format has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{LazyText, Texts};

/// One thing that was done.
///
/// Text is as the log has it: written by clients, hence untrusted, and not yet cleaned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Activity<'a> {
    /// When the request was received, in microseconds since 1970 (UTC); 0 when the log does not tell.
    pub at_us: i64,
    /// When it had come as far as [`stage`](Self::stage) tells, in microseconds since 1970 (UTC); 0 when the log
    /// does not tell. For a finished watch this is when it ended.
    pub stage_at_us: i64,
    /// What was asked: an API server, a kubelet, a Docker daemon, ...
    pub surface: Surface,
    /// How far the request had come when this was written.
    pub stage: Stage,
    /// How much of the request was recorded.
    pub level: Level,
    /// The log's own id: `auditID`, `insertId`; empty when it has none.
    pub id: Cow<'a, str>,
    /// Cluster or host, where the log names it.
    pub cluster: Cow<'a, str>,
    /// Who.
    pub actor: Actor<'a>,
    /// Kubernetes verb, lower-case HTTP method, DNS query type, Docker action, or program name.
    pub verb: Cow<'a, str>,
    /// On what.
    pub object: ActivityObject<'a>,
    /// Path and query; empty when the log has none.
    pub uri: Cow<'a, str>,
    /// HTTP status; 0 when there is none yet.
    pub code: u16,
    /// What the authorizer said.
    pub verdict: Verdict,
    /// The authorizer's reason, for example `RBAC: allowed by ...`.
    pub reason: LazyText<'a>,
    /// The server's message, for example `... cannot impersonate resource ...`.
    pub message: Cow<'a, str>,
    /// The question of an access review, where the log holds the body.
    pub review: Option<Box<ReviewedAccess<'a>>>,
    /// How many objects the answer held, where the log tells.
    pub disclosed_count: Option<u32>,
    /// The process behind it, where the source knows.
    pub process: Option<Box<Process<'a>>>,
    /// Whether the log cut parts of this entry away.
    pub is_truncated: bool,
    /// The event as JSON in the shape of `audit.k8s.io/v1`; empty when the source has no such thing.
    pub raw: &'a str,
    /// `requestObject` as JSON; empty when it was not recorded.
    pub request_body: &'a str,
    /// `responseObject` as JSON; empty when it was not recorded.
    pub response_body: &'a str,
}

/// What is asked of.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// kube-apiserver, from its audit log.
    #[default]
    KubernetesApi,
    /// A kubelet, metrics endpoint or aggregated server, from the review that it sent to the API server.
    DelegatedReview,
    /// Docker's or Podman's API: its log, events, or an authorization plugin.
    DockerApi,
    /// A command that ran, from Falco, Tetragon or auditd.
    Process,
    /// A name server's query log.
    Dns,
}

/// Audit stages (`audit.k8s.io/v1` `Stage`).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Stage {
    /// `RequestReceived`.
    RequestReceived,
    /// `ResponseStarted`.
    ResponseStarted,
    /// `ResponseComplete`; also every source that knows no stages.
    #[default]
    ResponseComplete,
    /// `Panic`.
    Panic,
}

/// Audit levels (`audit.k8s.io/v1` `Level`).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Level {
    /// `None`: never logged.
    None,
    /// `Metadata`; also every source that knows no levels.
    #[default]
    Metadata,
    /// `Request`.
    Request,
    /// `RequestResponse`.
    RequestResponse,
}

/// What the authorizer said.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The log does not tell.
    #[default]
    Unknown,
    /// Allowed.
    Allowed,
    /// Refused.
    Refused,
}

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actor<'a> {
    /// The authenticated user, never the impersonated one; empty when authentication failed or the source
    /// knows no users.
    pub user: Cow<'a, str>,
    /// `user.uid`.
    pub uid: Cow<'a, str>,
    /// `user.groups`.
    pub groups: Texts<'a>,
    /// Pod of a bound token (`authentication.kubernetes.io/pod-name`), or of the process.
    pub pod: Cow<'a, str>,
    /// Node of a bound token (`authentication.kubernetes.io/node-name`), or of the process.
    pub node: Cow<'a, str>,
    /// The very credential (`authentication.kubernetes.io/credential-id`: `JTI=...` or `X509SHA256=...`).
    pub credential: Cow<'a, str>,
    /// The mask, for requests with impersonation headers.
    pub impersonated: Option<Box<Impersonated<'a>>>,
    /// The last source address, the only one that a client cannot choose
    /// (`audit.k8s.io/v1` `Event.sourceIPs`).
    pub address: Cow<'a, str>,
    /// How many further source addresses the client claimed.
    pub claimed_address_count: u16,
    /// `userAgent`: a hint, never trusted.
    pub user_agent: Cow<'a, str>,
}

/// `impersonatedUser`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Impersonated<'a> {
    /// User name.
    pub user: Cow<'a, str>,
    /// Groups.
    pub groups: Texts<'a>,
}

/// What a request was about; all fields empty for a request that is not for an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActivityObject<'a> {
    /// API group; empty for core.
    pub api_group: Cow<'a, str>,
    /// API version.
    pub api_version: Cow<'a, str>,
    /// Plural resource; `containers`, `images`, ... for Docker.
    pub resource: Cow<'a, str>,
    /// Subresource; empty for the resource itself.
    pub subresource: Cow<'a, str>,
    /// Namespace; empty for all namespaces and for cluster-scoped objects.
    pub namespace: Cow<'a, str>,
    /// Name; empty for lists.
    pub name: Cow<'a, str>,
}

/// The question of a SelfSubjectAccessReview, SelfSubjectRulesReview or SubjectAccessReview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewedAccess<'a> {
    /// Whom a SubjectAccessReview is about; empty for self reviews.
    pub user: Cow<'a, str>,
    /// That subject's groups.
    pub groups: Vec<Cow<'a, str>>,
    /// That subject's credential id.
    pub credential: Cow<'a, str>,
    /// That subject's pod.
    pub pod: Cow<'a, str>,
    /// Verb.
    pub verb: Cow<'a, str>,
    /// API group.
    pub api_group: Cow<'a, str>,
    /// Resource; for a rules review empty.
    pub resource: Cow<'a, str>,
    /// Subresource.
    pub subresource: Cow<'a, str>,
    /// Namespace.
    pub namespace: Cow<'a, str>,
    /// Object name.
    pub name: Cow<'a, str>,
    /// Path of a non-resource question.
    pub path: Cow<'a, str>,
    /// The answer, where the response was recorded.
    pub is_allowed: Option<bool>,
}

/// The process behind an activity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process<'a> {
    /// Path or name of the executable.
    pub executable: Cow<'a, str>,
    /// The command line as the source joined it.
    pub command: Cow<'a, str>,
    /// Name of the parent's executable.
    pub parent: Cow<'a, str>,
    /// Container id.
    pub container: Cow<'a, str>,
    /// Image.
    pub image: Cow<'a, str>,
    /// File that was opened, for file events.
    pub file: Cow<'a, str>,
}

/// Why an entry of a log is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Not what the format demands.
    Malformed,
    /// Ends early.
    Truncated,
    /// Longer than the limit of the format.
    TooLong,
    /// Of another kind: health text, control messages, other categories.
    OtherKind,
    /// The same request was read before, at another stage or from another file.
    Duplicate,
    /// Has no time, or one that cannot be.
    BadTime,
}

impl SkipReason {
    /// In words for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "not what the format demands",
            Self::Truncated => "cut off",
            Self::TooLong => "longer than the limit",
            Self::OtherKind => "of another kind",
            Self::Duplicate => "read before",
            Self::BadTime => "without a usable time",
        }
    }
}

/// How many entries were skipped, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skips {
    /// Count per reason.
    pub counts: BTreeMap<SkipReason, u64>,
    /// Where the first of each was, as `line 12` or `byte 4711`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub first: BTreeMap<SkipReason, String>,
    /// Lines of the source that were read so far; places are counted from here, so one value per source.
    #[serde(default)]
    pub lines_read: u64,
}

impl Skips {
    /// Counts one.
    pub fn add(&mut self, reason: SkipReason, place: impl FnOnce() -> String) {
        *self.counts.entry(reason).or_default() += 1;
        self.first.entry(reason).or_insert_with(place);
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Adds those of another part of the same source.
    pub fn merge(&mut self, other: Self) {
        for (reason, count) in other.counts {
            *self.counts.entry(reason).or_default() += count;
        }
        for (reason, place) in other.first {
            self.first.entry(reason).or_insert(place);
        }
        self.lines_read += other.lines_read;
    }
}

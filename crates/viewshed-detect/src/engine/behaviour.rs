//! What an activity amounts to: the many forms of asking, folded into few.

use serde::{Deserialize, Serialize};
use viewshed_model::{Activity, Surface, Verdict};

use super::path;
use super::who::clip;

/// Longer kinds are cut. Bytes; real ones have at most 253 + 63 + 63 and usually 30.
const KIND_MAX: usize = 200;
/// A namespace is a DNS label. Bytes (RFC 1123).
const NAMESPACE_MAX: usize = 63;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Op {
    /// Reads all objects of a kind.
    List,
    /// Follows all objects of a kind.
    Watch,
    /// Reads one object.
    Get,
    /// Reads a log.
    Log,
    /// Reaches a kubelet, a service or a pod.
    Proxy,
    /// Runs a command in a container.
    Exec,
    /// Asks what it may do.
    Ask,
    /// Asks what somebody else may do: ordinary work of servers.
    Review,
    /// Reads what kinds there are.
    Discover,
    /// Reads a path that is no object.
    Path,
    /// Health, version, metrics.
    Health,
    /// Runs a program.
    Command,
    /// Reads a file.
    File,
    /// Resolves a name.
    Query,
    /// Changes something.
    Write,
}

impl Op {
    /// In one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Watch => "watch",
            Self::Get => "get",
            Self::Log => "read log",
            Self::Proxy => "proxy",
            Self::Exec => "exec",
            Self::Ask => "ask",
            Self::Review => "review",
            Self::Discover => "discover",
            Self::Path => "path",
            Self::Health => "health",
            Self::Command => "command",
            Self::File => "file",
            Self::Query => "query",
            Self::Write => "write",
        }
    }

    /// Whether each object, question, document or name is a step of its own, so that the habit alone says little.
    pub(crate) fn is_diverse(self) -> bool {
        matches!(
            self,
            Self::Log
                | Self::Proxy
                | Self::Ask
                | Self::Discover
                | Self::Path
                | Self::Command
                | Self::File
                | Self::Query
        )
    }

    /// Whether it shows something of the estate when it succeeds.
    pub(crate) fn shows(self) -> bool {
        !matches!(
            self,
            Self::Ask | Self::Review | Self::Health | Self::Write | Self::Query
        )
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It was answered.
    Shown,
    /// It was refused.
    Refused,
    /// There is no such thing.
    Missing,
    /// The server failed, or there was a conflict.
    Failed,
}

impl Outcome {
    /// Reads it from the status and the authorizer's word.
    pub(crate) fn of(activity: &Activity<'_>) -> Self {
        match activity.code {
            401 | 403 => Self::Refused,
            404 | 410 => Self::Missing,
            0 | 101 | 200..=399 if activity.verdict == Verdict::Refused => Self::Refused,
            0 | 101 | 200..=399 => Self::Shown,
            _ => Self::Failed,
        }
    }

    /// In words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Shown => "allowed",
            Self::Refused => "refused",
            Self::Missing => "not found",
            Self::Failed => "failed",
        }
    }

    /// As the incident has it.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Shown | Self::Missing => Verdict::Allowed,
            Self::Refused => Verdict::Refused,
            Self::Failed => Verdict::Unknown,
        }
    }
}

/// What an activity amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behaviour<'a> {
    pub(crate) surface: Surface,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
    /// `pods`, `deployments.apps`, `pods/log`, `discovery`, `/metrics`; with `docker:` and the like before it
    /// for other surfaces.
    pub(crate) kind: &'a str,
    /// Empty for all of them and for kinds without.
    pub(crate) namespace: &'a str,
    /// Whether a program lists or follows a part of the objects only, by a selector: that it does so by habit makes
    /// it no habit to read them all.
    pub(crate) is_part: bool,
}

impl<'a> Behaviour<'a> {
    /// Folds an activity; `scratch` holds the kind.
    pub(crate) fn of(activity: &'a Activity<'_>, scratch: &'a mut String) -> Self {
        scratch.clear();
        let op = match activity.surface {
            Surface::KubernetesApi if activity.object.resource.is_empty() => {
                path::classify(&activity.uri, &activity.verb, scratch)
            }
            Surface::KubernetesApi => {
                push_kind(activity, scratch);
                api_op(activity)
            }
            Surface::DelegatedReview => {
                scratch.push_str("kubelet:");
                push_kind(activity, scratch);
                delegated_op(activity, scratch)
            }
            Surface::DockerApi => super::docker::classify(activity, scratch),
            Surface::Process => super::command::classify(activity, scratch),
            Surface::Dns => {
                scratch.push_str("dns:");
                scratch.extend(
                    activity
                        .verb
                        .chars()
                        .take(10)
                        .map(|letter| letter.to_ascii_lowercase()),
                );
                Op::Query
            }
        };
        let is_of_program = activity.actor.user.starts_with("system:serviceaccount:");
        Self {
            surface: activity.surface,
            op,
            is_part: matches!(op, Op::List | Op::Watch)
                && is_of_program
                && path::is_part(&activity.uri),
            outcome: Outcome::of(activity),
            kind: clip(scratch, KIND_MAX),
            namespace: match activity.object.namespace.as_ref() {
                // The API server has the name of a namespace here as well, though no namespace is in another.
                _ if scratch == "namespaces" => "",
                namespace => clip(namespace, NAMESPACE_MAX),
            },
        }
    }

    /// Whether whoever does this reads many objects at once.
    pub(crate) fn is_enumeration(&self) -> bool {
        matches!(self.op, Op::List | Op::Watch)
    }

    /// Whether the habit alone settles it: nothing in single requests of this shape tells more.
    pub(crate) fn is_settled_by_habit(&self) -> bool {
        !self.op.is_diverse() && matches!(self.outcome, Outcome::Shown | Outcome::Failed)
    }
}

fn push_kind(activity: &Activity<'_>, scratch: &mut String) {
    let object = &activity.object;
    scratch.push_str(clip(&object.resource, KIND_MAX));
    if !object.api_group.is_empty() {
        scratch.push('.');
        scratch.push_str(clip(&object.api_group, KIND_MAX));
    }
    if !object.subresource.is_empty() {
        scratch.push('/');
        // A proxied path follows the subresource in some shapes; the first word is the subresource.
        let first = object.subresource.split('/').next().unwrap_or_default();
        scratch.push_str(clip(first, KIND_MAX));
    }
}

fn api_op(activity: &Activity<'_>) -> Op {
    let object = &activity.object;
    match &*object.subresource {
        "log" => return Op::Log,
        "exec" | "attach" | "portforward" => return Op::Exec,
        text if text == "proxy" || text.starts_with("proxy/") => return Op::Proxy,
        _ => {}
    }
    if &*activity.verb == "create" {
        match &*object.resource {
            "selfsubjectaccessreviews" | "selfsubjectrulesreviews" | "selfsubjectreviews" => {
                return Op::Ask;
            }
            "subjectaccessreviews" | "localsubjectaccessreviews" | "tokenreviews" => {
                return Op::Review;
            }
            _ => return Op::Write,
        }
    }
    if let Some(op) = dry_op(activity) {
        return op;
    }
    read_op(activity)
}

/// What a change amounts to that is only tried out.
fn dry_op(activity: &Activity<'_>) -> Option<Op> {
    let op = match &*activity.verb {
        "deletecollection" => Op::List,
        _ => Op::Get,
    };
    is_dry_run(activity).then_some(op)
}

/// Whether a change is only tried out, which is answered with what it would change: with all objects, for those of a
/// collection, or with one. Deployers compare so what they are about to apply; nobody so applies the removal of
/// objects or changes of Secrets. Removals may say it in their body, and a patch that changes nothing reads as well.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`, `DeleteCollection`;
/// `pkg/endpoints/handlers/delete.go`, where options in the body replace those of the query.
#[inline]
pub(crate) fn is_dry_run(activity: &Activity<'_>) -> bool {
    let is_of_secrets = activity.object.resource == "secrets";
    match &*activity.verb {
        "delete" | "deletecollection" => {
            is_tried(activity) || says_dry_run(activity.request_body.as_bytes())
        }
        "patch" if is_of_secrets => {
            is_tried(activity) || matches!(activity.request_body, "{}" | "[]")
        }
        "update" if is_of_secrets => is_tried(activity),
        _ => false,
    }
}

/// Whether the query says that a change is only tried out.
pub(crate) fn is_tried(activity: &Activity<'_>) -> bool {
    path::has_query(&activity.uri, "dryRun", "All")
}

/// Whether `DeleteOptions` say it. Quotes within their texts are escaped, so that no text looks like the field.
fn says_dry_run(body: &[u8]) -> bool {
    const FIELD: &[u8] = br#""dryRun""#;
    let rest = memchr::memmem::find(body, FIELD).and_then(|at| body.get(at + FIELD.len()..));
    let is_plain = |byte: &&u8| !byte.is_ascii_whitespace();
    let value = rest.into_iter().flatten().filter(is_plain);
    value.copied().take(7).eq(*br#":["All""#)
}

fn read_op(activity: &Activity<'_>) -> Op {
    // A name in a list is a field selector for one object (RequestInfo), so one object is read.
    let is_single = !activity.object.name.is_empty();
    match &*activity.verb {
        "list" | "watch" if is_single => Op::Get,
        "list" | "LIST" => Op::List,
        "watch" | "WATCH" => Op::Watch,
        "get" | "head" | "GET" | "HEAD" => Op::Get,
        _ => Op::Write,
    }
}

/// A kubelet asks for the part of the node that a path stands for.
///
/// Source: kubernetes `pkg/kubelet/server/auth.go`.
fn delegated_op(activity: &Activity<'_>, scratch: &str) -> Op {
    let object = &activity.object;
    if &*object.resource != "nodes" {
        return if object.resource.is_empty() && scratch.ends_with(':') {
            Op::Health
        } else {
            read_op(activity)
        };
    }
    match &*object.subresource {
        "metrics" | "stats" | "healthz" | "checkpoint" | "spec" => Op::Health,
        _ => Op::Proxy,
    }
}

//! GKE: audit entries of Cloud Logging (`LogEntry` with an `AuditLog` payload).
//!
//! Google translates the event before it logs it: groups, the token's claims, the real URI with its query and
//! the HTTP status are gone (docs/reference/logs.md).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use viewshed_model::{Activity, ActivityObject, Actor, Level, SkipReason, Stage, Surface, Verdict};

use super::kubernetes::accept;
use super::sink::Sink;
use super::time::rfc3339_us;
use crate::borrowed::Text;
use crate::nullable::Nullable;

/// `google.logging.v2.LogEntry`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry<'a> {
    #[serde(borrow, default)]
    insert_id: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    receive_timestamp: Text<'a>,
    #[serde(borrow, default)]
    proto_payload: Nullable<Option<AuditLog<'a>>>,
    #[serde(borrow, default)]
    labels: Nullable<Labels<'a>>,
    #[serde(borrow, default)]
    resource: Nullable<Resource<'a>>,
    #[serde(borrow, default)]
    operation: Nullable<Operation<'a>>,
}

/// `google.cloud.audit.AuditLog`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditLog<'a> {
    #[serde(borrow, default)]
    service_name: Text<'a>,
    #[serde(borrow, default)]
    method_name: Text<'a>,
    #[serde(borrow, default)]
    resource_name: Text<'a>,
    #[serde(borrow, default)]
    authentication_info: Nullable<Authentication<'a>>,
    #[serde(default)]
    authorization_info: Nullable<Vec<Authorization>>,
    #[serde(borrow, default)]
    request_metadata: Nullable<RequestMetadata<'a>>,
    #[serde(borrow, default)]
    status: Option<Status<'a>>,
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    #[serde(borrow, default)]
    principal_email: Text<'a>,
}

#[derive(Debug, Deserialize)]
struct Authorization {
    #[serde(default)]
    granted: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestMetadata<'a> {
    // The API says `callerIp`; exports with the other spelling are public.
    #[serde(borrow, default, alias = "callerIP")]
    caller_ip: Text<'a>,
    #[serde(borrow, default)]
    caller_supplied_user_agent: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Status<'a> {
    #[serde(default)]
    code: Nullable<i64>,
    #[serde(borrow, default)]
    message: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Labels<'a> {
    #[serde(borrow, default, rename = "authorization.k8s.io/decision")]
    decision: Text<'a>,
    #[serde(borrow, default, rename = "authorization.k8s.io/reason")]
    reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    labels: Nullable<ResourceLabels<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct ResourceLabels<'a> {
    #[serde(borrow, default)]
    cluster_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Operation<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(default)]
    first: bool,
    #[serde(default)]
    last: bool,
}

pub(super) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_object(text, one);
}

fn one<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let Ok(mut entry) = serde_json::from_str::<LogEntry<'a>>(text) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    match entry.proto_payload.0.take() {
        Some(payload) if &*payload.service_name == "k8s.io" => {
            let activity = activity(entry, payload, sink);
            accept(activity, sink);
        }
        _ => sink.skip(SkipReason::OtherKind),
    }
}

fn activity<'a>(entry: LogEntry<'a>, payload: AuditLog<'a>, sink: &Sink<'a, '_>) -> Activity<'a> {
    let method = sink.arena.keep_owned(payload.method_name.0);
    let name = sink.arena.keep_owned(payload.resource_name.0);
    let (verb, method_subresource) = verb_of(method);
    let mut object = object_of(name).unwrap_or_default();
    if object.subresource.is_empty() && !object.resource.is_empty() {
        object.subresource = Cow::Borrowed(method_subresource);
    }
    let level = match (&payload.request, &payload.response) {
        (_, Some(_)) => Level::RequestResponse,
        (Some(_), None) => Level::Request,
        (None, None) => Level::Metadata,
    };
    let (code, message) = match payload.status {
        Some(status) => (http_status(status.code.0), status.message.0),
        None => (0, Cow::Borrowed("")),
    };
    let operation = entry.operation.0;
    let is_start = operation.first && !operation.last;
    let labels = entry.labels.0;
    Activity {
        at_us: rfc3339_us(&entry.timestamp)
            .or_else(|| rfc3339_us(&entry.receive_timestamp))
            .unwrap_or_default(),
        surface: Surface::KubernetesApi,
        stage: if is_start {
            Stage::ResponseStarted
        } else {
            Stage::ResponseComplete
        },
        level,
        // Both entries of a watch or exec share the operation.
        id: if operation.id.is_empty() {
            entry.insert_id.0
        } else {
            operation.id.0
        },
        cluster: entry.resource.0.labels.0.cluster_name.0,
        actor: Actor {
            user: payload.authentication_info.0.principal_email.0,
            address: payload.request_metadata.0.caller_ip.0,
            user_agent: payload.request_metadata.0.caller_supplied_user_agent.0,
            ..Actor::default()
        },
        verb: Cow::Borrowed(verb),
        object,
        uri: Cow::Borrowed(sink.arena.join(["/", name])),
        code,
        verdict: verdict(&labels.decision, &payload.authorization_info.0),
        reason: labels.reason.0.into(),
        message,
        request_body: payload.request.map_or("", RawValue::get),
        response_body: payload.response.map_or("", RawValue::get),
        ..Activity::default()
    }
}

fn verdict(decision: &str, authorization: &[Authorization]) -> Verdict {
    match decision {
        "allow" => Verdict::Allowed,
        "forbid" => Verdict::Refused,
        _ if authorization.is_empty() => Verdict::Unknown,
        _ if authorization.iter().all(|info| info.granted) => Verdict::Allowed,
        _ => Verdict::Refused,
    }
}

/// `io.k8s.core.v1.pods.exec.create`: the verb is the last word, the subresource stands between resource and verb.
fn verb_of(method: &str) -> (&str, &str) {
    let Some((rest, verb)) = method.rsplit_once('.') else {
        return (method, "");
    };
    let mut words = rest.split('.').skip_while(|word| !is_version(word)).skip(2);
    (verb, words.next().unwrap_or_default())
}

/// `core/v1/namespaces/NAMESPACE/pods/NAME/SUBRESOURCE`; `None` for a request that is for no object.
fn object_of(name: &str) -> Option<ActivityObject<'_>> {
    let mut parts = name.split('/');
    let group = parts.next()?;
    let version = parts.next().filter(|part| is_version(part))?;
    let mut resource = parts.next()?;
    let mut name = parts.next().unwrap_or_default();
    let mut subresource = parts.next().unwrap_or_default();
    let mut namespace = "";
    if resource == "namespaces" {
        namespace = name;
        if !matches!(subresource, "" | "status" | "finalize") {
            resource = subresource;
            name = parts.next().unwrap_or_default();
            subresource = parts.next().unwrap_or_default();
        }
    }
    Some(ActivityObject {
        api_group: Cow::Borrowed(if group == "core" { "" } else { group }),
        api_version: Cow::Borrowed(version),
        resource: Cow::Borrowed(resource),
        subresource: Cow::Borrowed(subresource),
        namespace: Cow::Borrowed(namespace),
        name: Cow::Borrowed(name),
    })
}

/// `v1`, `v1beta1`, ...
fn is_version(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// The HTTP status of a `google.rpc.Code` (googleapis, `google/rpc/code.proto`); 0 for others.
fn http_status(code: i64) -> u16 {
    match code {
        0 => 200,
        1 => 499,
        2 | 13 | 15 => 500,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 0,
    }
}

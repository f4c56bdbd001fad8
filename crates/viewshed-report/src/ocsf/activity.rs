//! API Activity, class 6003.

use jiff::Timestamp;
use serde::Serialize;
use viewshed_model::{Activity, Level, Surface, Verdict};

use super::{
    Actor, Api, Authorization, Endpoint, Metadata, Named, Request, Resource, Response, User,
};
use crate::json;
use crate::wording::incident::surface;

#[derive(Debug, Serialize)]
struct ApiActivity<'a> {
    class_uid: u32,
    class_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    time: i64,
    severity_id: u8,
    severity: &'static str,
    status_id: u8,
    metadata: Metadata<'a>,
    actor: Actor<'a>,
    api: Api<'a>,
    src_endpoint: Endpoint<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_endpoint: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<HttpRequest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_response: Option<HttpResponse>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmapped: Option<Unmapped<'a>>,
}

#[derive(Debug, Serialize)]
struct HttpRequest<'a> {
    http_method: &'static str,
    url: Url<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
}

#[derive(Debug, Serialize)]
struct Url<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    query_string: &'a str,
}

#[derive(Debug, Serialize)]
struct HttpResponse {
    code: u16,
}

#[derive(Debug, Default, Serialize)]
struct Unmapped<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    impersonated_user: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pod: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_address_count: Option<u16>,
}

/// One activity as one line, ending with a line break. The source is the last hop's address, the only one
/// that a client cannot choose; OCSF's own mapping takes the first, which it can.
/// `read_at` is the time of an event whose line has none: `time` is required.
pub fn api_activity(activity: &Activity<'_>, program_version: &str, read_at: Timestamp) -> String {
    const CLASS: u32 = 6003;
    let (activity_id, activity_name, method) = operation(activity);
    let is_refused = activity.verdict == Verdict::Refused || activity.code >= 400;
    let is_known = activity.code != 0 || activity.verdict != Verdict::Unknown;
    let resource_type = resource_type(activity);
    json::line(&ApiActivity {
        class_uid: CLASS,
        class_name: "API Activity",
        category_uid: 6,
        category_name: "Application Activity",
        activity_id,
        activity_name,
        type_uid: CLASS * 100 + activity_id,
        time: match activity.at_us {
            0 => read_at.as_millisecond(),
            at_us => at_us.div_euclid(1_000),
        },
        severity_id: 1,
        severity: "Informational",
        status_id: match (is_known, is_refused) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        },
        metadata: Metadata {
            uid: activity.id.clone().into_owned(),
            log_name: surface(activity.surface),
            log_level: level(activity.level),
            ..Metadata::new(program_version)
        },
        actor: actor(activity),
        api: api(activity),
        src_endpoint: Endpoint::of(&activity.actor.address),
        dst_endpoint: (!activity.cluster.is_empty()).then(|| Endpoint {
            ip: None,
            name: Some(&activity.cluster),
        }),
        http_request: http_request(activity, method),
        http_response: (activity.code != 0).then_some(HttpResponse {
            code: activity.code,
        }),
        resources: (!resource_type.is_empty())
            .then(|| Resource {
                name: if activity.object.name.is_empty() {
                    &activity.object.resource
                } else {
                    &activity.object.name
                },
                kind: resource_type,
                namespace: &activity.object.namespace,
                data: None,
            })
            .into_iter()
            .collect(),
        unmapped: unmapped(activity),
    })
}

fn actor<'a>(activity: &'a Activity<'_>) -> Actor<'a> {
    let actor = &activity.actor;
    let name: &str = match &*actor.user {
        "" if activity.code == 401 => "(invalid credential)",
        "" => "(not in the log)",
        name => name,
    };
    let decision = match activity.verdict {
        Verdict::Unknown => None,
        Verdict::Allowed => Some("allowed"),
        Verdict::Refused => Some("denied"),
    };
    let agent = &*actor.user_agent;
    Actor {
        user: User {
            uid: &actor.uid,
            credential_uid: &actor.credential,
            ..User::new(name, actor.groups.iter().collect())
        },
        app_name: (!agent.is_empty()).then_some(agent),
        authorizations: decision
            .map(|decision| Authorization {
                decision,
                policy: (!activity.reason.is_empty()).then(|| Named {
                    name: &activity.reason,
                }),
            })
            .into_iter()
            .collect(),
    }
}

fn api<'a>(activity: &'a Activity<'_>) -> Api<'a> {
    let object = &activity.object;
    Api {
        operation: if activity.verb.is_empty() {
            "unknown"
        } else {
            &activity.verb
        },
        service: Some(Named {
            name: surface(activity.surface),
        }),
        group: (!object.api_group.is_empty()).then(|| Named {
            name: &object.api_group,
        }),
        version: &object.api_version,
        request: (!activity.id.is_empty()).then(|| Request { uid: &activity.id }),
        response: (activity.code != 0).then(|| Response {
            code: activity.code,
            message: &activity.message,
        }),
    }
}

fn http_request<'a>(activity: &'a Activity<'_>, method: &'static str) -> Option<HttpRequest<'a>> {
    if activity.uri.is_empty() || method.is_empty() {
        return None;
    }
    let (path, query_string) = activity.uri.split_once('?').unwrap_or((&activity.uri, ""));
    Some(HttpRequest {
        http_method: method,
        url: Url { path, query_string },
        user_agent: &activity.actor.user_agent,
    })
}

fn resource_type(activity: &Activity<'_>) -> String {
    let object = &activity.object;
    let mut text = object.resource.clone().into_owned();
    if !object.api_group.is_empty() && !text.is_empty() {
        text = format!("{text}.{}", object.api_group);
    }
    if !object.subresource.is_empty() {
        text = format!("{text}/{}", object.subresource);
    }
    text
}

fn unmapped<'a>(activity: &'a Activity<'_>) -> Option<Unmapped<'a>> {
    let actor = &activity.actor;
    let claimed = actor.claimed_address_count;
    let mask = actor.impersonated.as_ref().map_or("", |mask| &*mask.user);
    let is_empty = mask.is_empty() && actor.pod.is_empty() && actor.node.is_empty() && claimed == 0;
    (!is_empty).then(|| Unmapped {
        impersonated_user: mask,
        pod: &actor.pod,
        node: &actor.node,
        claimed_address_count: (claimed > 0).then_some(claimed),
    })
}

/// Activity id and name, and the HTTP method where there is one.
fn operation(activity: &Activity<'_>) -> (u32, &'static str, &'static str) {
    let has_http = match activity.surface {
        Surface::KubernetesApi | Surface::DelegatedReview | Surface::DockerApi => true,
        Surface::Process | Surface::Dns => false,
    };
    let (id, name, method) = match &*activity.verb {
        "get" | "list" | "watch" | "proxy" => (2, "Read", "GET"),
        "head" => (2, "Read", "HEAD"),
        "options" => (2, "Read", "OPTIONS"),
        "create" | "post" => (1, "Create", "POST"),
        "update" | "put" => (3, "Update", "PUT"),
        "patch" => (3, "Update", "PATCH"),
        "delete" | "deletecollection" => (4, "Delete", "DELETE"),
        _ => (99, "Other", ""),
    };
    (id, name, if has_http { method } else { "" })
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::None => "None",
        Level::Metadata => "Metadata",
        Level::Request => "Request",
        Level::RequestResponse => "RequestResponse",
    }
}

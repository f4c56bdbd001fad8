//! Audit events as JSON to activities, for tests only: the real reader is a decoder's business.

use serde_json::Value;
use viewshed_model::{Activity, ActivityObject, Actor, Impersonated, Level, Stage, Texts, Verdict};

/// An event's JSON and its bodies, kept for the activity that borrows from them.
#[derive(Debug)]
pub(crate) struct AuditEvent {
    event: Value,
    raw: String,
    request: String,
    response: String,
}

impl AuditEvent {
    pub(crate) fn new(event: Value) -> Self {
        let body = |key: &str| event.get(key).map(Value::to_string).unwrap_or_default();
        Self {
            raw: event.to_string(),
            request: body("requestObject"),
            response: body("responseObject"),
            event,
        }
    }

    /// Every event of a file: lines, lists, one document.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value {
                Ok(Value::Array(events)) => found.extend(events.into_iter().map(Self::new)),
                Ok(value) if value["kind"] == "EventList" => {
                    let items = value["items"].as_array().cloned().unwrap_or_default();
                    found.extend(items.into_iter().map(Self::new));
                }
                Ok(value) if value["kind"] == "Event" => found.push(Self::new(value)),
                _ => {}
            }
        }
        found
    }

    fn text(&self, pointer: &str) -> std::borrow::Cow<'_, str> {
        self.event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .into()
    }

    fn actor(&self) -> Actor<'_> {
        let groups = self.event["user"]["groups"].as_array();
        Actor {
            user: self.text("/user/username"),
            groups: Texts::List(
                groups
                    .into_iter()
                    .flatten()
                    .filter_map(|group| Some(group.as_str()?.into()))
                    .collect(),
            ),
            impersonated: self.event.get("impersonatedUser").map(|_| {
                Box::new(Impersonated {
                    user: self.text("/impersonatedUser/username"),
                    groups: Texts::Empty,
                })
            }),
            address: self.event["sourceIPs"]
                .as_array()
                .and_then(|all| all.last()?.as_str())
                .unwrap_or_default()
                .into(),
            user_agent: self.text("/userAgent"),
            ..Actor::default()
        }
    }

    pub(crate) fn activity(&self) -> Activity<'_> {
        let time = self.text("/requestReceivedTimestamp");
        let time = if time.is_empty() {
            self.text("/timestamp")
        } else {
            time
        };
        Activity {
            at_us: time
                .parse::<jiff::Timestamp>()
                .map_or(0, jiff::Timestamp::as_microsecond),
            stage: match &*self.text("/stage") {
                "RequestReceived" => Stage::RequestReceived,
                "ResponseStarted" => Stage::ResponseStarted,
                "Panic" => Stage::Panic,
                _ => Stage::ResponseComplete,
            },
            level: match &*self.text("/level") {
                "Request" => Level::Request,
                "RequestResponse" => Level::RequestResponse,
                _ => Level::Metadata,
            },
            id: self.text("/auditID"),
            actor: self.actor(),
            verb: self.text("/verb"),
            object: ActivityObject {
                api_group: self.text("/objectRef/apiGroup"),
                api_version: self.text("/objectRef/apiVersion"),
                resource: self.text("/objectRef/resource"),
                subresource: self.text("/objectRef/subresource"),
                namespace: self.text("/objectRef/namespace"),
                name: self.text("/objectRef/name"),
            },
            uri: self.text("/requestURI"),
            code: self.event["responseStatus"]["code"]
                .as_u64()
                .and_then(|code| code.try_into().ok())
                .unwrap_or(0),
            verdict: match &*self.text("/annotations/authorization.k8s.io~1decision") {
                "allow" => Verdict::Allowed,
                "forbid" => Verdict::Refused,
                _ => Verdict::Unknown,
            },
            reason: self
                .text("/annotations/authorization.k8s.io~1reason")
                .into(),
            message: self.text("/responseStatus/message"),
            raw: &self.raw,
            request_body: &self.request,
            response_body: &self.response,
            ..Activity::default()
        }
    }
}

//! An activity as rsigma sees an event: fields by their native names, borrowed where they can be.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue};
use serde_json::Value;

use super::super::reading::{Body, Reading, decision_name, level_name, stage_name};
use super::names::DECISION;

/// Deepest nesting of bodies whose texts keyword rules look through; Kubernetes objects nest 20 deep.
const DEPTH_MAX: usize = 64;

/// Where pod specs stand: pods, workloads, cron jobs.
const POD_SPECS: [&[&str]; 3] = [
    &["spec"],
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
];

const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Top-level keys of an event beside the bodies (types.go of `audit.k8s.io/v1`, and v1beta1's own).
const TOP_LEVEL: [&str; 19] = [
    "annotations",
    "apiVersion",
    "auditID",
    "authenticationMetadata",
    "impersonatedUser",
    "kind",
    "level",
    "metadata",
    "objectRef",
    "requestReceivedTimestamp",
    "requestURI",
    "responseStatus",
    "sourceIPs",
    "stage",
    "stageTimestamp",
    "timestamp",
    "user",
    "userAgent",
    "verb",
];

/// Whether native events have a field of this name at all.
pub(super) fn is_native(field: &str) -> bool {
    let top = field.split(['.', '[']).next().unwrap_or_default();
    matches!(field, "hostPath" | "capabilities" | "privileged" | "image")
        || matches!(top, "requestObject" | "responseObject")
        || TOP_LEVEL.contains(&top)
}

/// An event.
#[derive(Debug)]
pub(super) struct ActivityEvent<'a> {
    reading: &'a Reading<'a>,
}

impl<'a> ActivityEvent<'a> {
    pub(super) const fn new(reading: &'a Reading<'a>) -> Self {
        Self { reading }
    }

    pub(super) const fn reading(&self) -> &'a Reading<'a> {
        self.reading
    }

    /// Fields that need no parsing; the outer `None` for any other field. An empty text is an absent field.
    #[expect(
        clippy::option_option,
        reason = "no such field here, and absent, are two answers"
    )]
    fn envelope(&self, field: &str) -> Option<Option<EventValue<'a>>> {
        let activity = self.reading.activity;
        let object = &activity.object;
        let text: &'a str = match field {
            "verb" => &activity.verb,
            "objectRef.resource" => &object.resource,
            "objectRef.subresource" => &object.subresource,
            "objectRef.namespace" => &object.namespace,
            "objectRef.name" => &object.name,
            "objectRef.apiGroup" => &object.api_group,
            "objectRef.apiVersion" => &object.api_version,
            "requestURI" => &activity.uri,
            "userAgent" => &activity.actor.user_agent,
            "user.username" => &activity.actor.user,
            "user.uid" => &activity.actor.uid,
            "impersonatedUser.username" => activity
                .actor
                .impersonated
                .as_ref()
                .map_or("", |mask| &mask.user),
            "auditID" => &activity.id,
            "stage" => stage_name(activity.stage),
            "level" => level_name(activity.level),
            DECISION => decision_name(activity.verdict),
            "annotations.authorization.k8s.io/reason" => &activity.reason,
            "responseStatus.message" => &activity.message,
            "responseStatus.code" => {
                let code = i64::from(activity.code);
                return Some((code != 0).then_some(EventValue::Int(code)));
            }
            "user.groups" => {
                return Some(list(activity.actor.groups.iter().map(text_value).collect()));
            }
            _ => return None,
        };
        Some((!text.is_empty()).then(|| text_value(text)))
    }

    fn field(&self, field: &str) -> Option<EventValue<'a>> {
        if let Some(value) = self.envelope(field) {
            return value;
        }
        match field {
            "hostPath" => list(self.in_pods(|spec, found| {
                let paths = members(spec, "volumes")
                    .filter_map(|volume| inside(volume, &["hostPath", "path"]));
                found.extend(paths.map(EventValue::from));
            })),
            "privileged" => self.of_containers(|container, found| {
                found.extend(inside(container, PRIVILEGED).map(EventValue::from));
            }),
            "capabilities" => self.of_containers(|container, found| {
                // "Privileged" gives a container every capability (Kubernetes documentation, "Pod Security
                // Standards" and `SecurityContext`).
                if inside(container, PRIVILEGED) == Some(&Value::Bool(true)) {
                    found.push(text_value("ALL"));
                }
                let added = inside(container, &["securityContext", "capabilities", "add"]);
                found.extend(
                    added
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .map(EventValue::from),
                );
            }),
            "image" => self.of_containers(|container, found| {
                found.extend(container.get("image").map(EventValue::from));
            }),
            "sourceIPs" => self.addresses(),
            _ => self.in_json(field),
        }
    }

    fn of_containers(
        &self,
        read: impl Fn(&'a Value, &mut Vec<EventValue<'a>>),
    ) -> Option<EventValue<'a>> {
        list(self.in_pods(|spec, found| {
            for container in CONTAINER_LISTS.iter().flat_map(|key| members(spec, key)) {
                read(container, found);
            }
        }))
    }

    fn in_pods(&self, read: impl Fn(&'a Value, &mut Vec<EventValue<'a>>)) -> Vec<EventValue<'a>> {
        let mut found = Vec::new();
        for keys in POD_SPECS {
            if let Some(spec) = self.reading.at(Body::Request, keys.iter().copied()) {
                read(spec, &mut found);
            }
        }
        found
    }

    fn addresses(&self) -> Option<EventValue<'a>> {
        let all = self.reading.at(Body::Event, ["sourceIPs"]);
        match all.and_then(Value::as_array) {
            Some(all) => list(all.iter().map(EventValue::from).collect()),
            None if self.reading.activity.actor.address.is_empty() => None,
            None => list(vec![text_value(&self.reading.activity.actor.address)]),
        }
    }

    /// Any other place in the event's JSON.
    fn in_json(&self, field: &str) -> Option<EventValue<'a>> {
        if !is_native(field) {
            return None;
        }
        let reading = self.reading;
        let (root, rest) = match field.split_once('.') {
            Some(("requestObject", rest)) => (reading.body(Body::Request)?, rest),
            Some(("responseObject", rest)) => (reading.body(Body::Response)?, rest),
            _ if field == "requestObject" => {
                return reading.body(Body::Request).map(EventValue::from);
            }
            _ if field == "responseObject" => {
                return reading.body(Body::Response).map(EventValue::from);
            }
            _ => (reading.body(Body::Event)?, field),
        };
        let mut found = Vec::new();
        walk(root, rest, &mut found);
        match found.len() {
            0 | 1 => found.into_iter().next().map(EventValue::from),
            _ => list(found.into_iter().map(EventValue::from).collect()),
        }
    }

    fn visit(&self, visit: &mut dyn FnMut(&str)) {
        match self.reading.body(Body::Event) {
            Some(event) => visit_texts(event, visit, 0),
            None => {
                let activity = self.reading.activity;
                let object = &activity.object;
                for text in [
                    &activity.verb,
                    &activity.uri,
                    &activity.actor.user,
                    &activity.actor.user_agent,
                    &object.resource,
                    &object.subresource,
                    &object.namespace,
                    &object.name,
                ] {
                    visit(text);
                }
            }
        }
    }
}

const PRIVILEGED: &[&str] = &["securityContext", "privileged"];

impl Event for ActivityEvent<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.field(path)
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |text| found = found || pred(text));
        found
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        self.visit(&mut |text| all.push(Cow::Owned(text.to_owned())));
        all
    }

    fn to_json(&self) -> Value {
        self.reading.body(Body::Event).cloned().unwrap_or_default()
    }
}

const fn text_value(text: &str) -> EventValue<'_> {
    EventValue::Str(Cow::Borrowed(text))
}

fn list(values: Vec<EventValue<'_>>) -> Option<EventValue<'_>> {
    (!values.is_empty()).then_some(EventValue::Array(values))
}

fn inside<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

fn members<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Follows a dotted path through maps, through every member of arrays, and through keys that hold dots
/// themselves, as annotations do.
fn walk<'v>(value: &'v Value, path: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Null => {}
        _ if path.is_empty() => found.push(value),
        Value::Array(all) => {
            for member in all {
                walk(member, path, found);
            }
        }
        Value::Object(map) => {
            let ends = path
                .match_indices('.')
                .map(|(at, _)| at)
                .chain([path.len()]);
            for end in ends {
                let (Some(key), Some(rest)) = (path.get(..end), path.get(end..)) else {
                    continue;
                };
                if let Some(value) = map.get(key) {
                    walk(value, rest.strip_prefix('.').unwrap_or(rest), found);
                    return;
                }
            }
        }
        _ => {}
    }
}

fn visit_texts(value: &Value, visit: &mut dyn FnMut(&str), depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::String(text) => visit(text),
        Value::Array(all) => {
            for member in all {
                visit_texts(member, visit, depth.saturating_add(1));
            }
        }
        Value::Object(map) => {
            for member in map.values() {
                visit_texts(member, visit, depth.saturating_add(1));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

//! `audit.k8s.io` v1 and v1beta1: lines of the log backend, bodies of the webhook, annotations of `OpenShift`.

mod annotations;
mod cursor;
mod extra;
mod repeats;
mod review;
mod scan;
mod sender;
mod wire;

#[cfg(test)]
mod tests;

use viewshed_model::{Activity, SkipReason};

use super::arena::Arena;
use super::shape::{field, fields, items};
use super::sink::Sink;
use crate::lines::offset_in;

use repeats::Repeats;

pub(super) use scan::scan_head;
pub(super) use wire::Entry;

/// Reads lines, lists and documents.
pub(super) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let mut rest = text;
    let mut repeats = Repeats::of_chunk();
    while !rest.is_empty() {
        let count = sink.activities.len();
        let length = scan::scan(rest, sink.arena, &mut repeats, sink.activities);
        if let Some(after) = length.and_then(|length| after_line(rest, length)) {
            sink.begin_line();
            if sink.activities.last().is_some_and(has_bodies)
                && let Some(activity) = sink.activities.pop()
            {
                accept(activity, sink);
            }
            rest = after;
        } else {
            // A line that goes on behind its event.
            sink.activities.truncate(count);
            rest = sink.json_line(rest, &mut entry);
        }
    }
}

/// What follows the line that ends at `length`; `None` when the line goes on.
#[inline]
fn after_line(text: &str, length: usize) -> Option<&str> {
    let rest = text.get(length..)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('\n')
        .or_else(|| rest.strip_prefix("\r\n"))
}

/// Reads an object or a list of objects.
pub(super) fn entry<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    if text.starts_with('[') {
        for item in items(text) {
            event(item, sink);
        }
    } else if is_list(text) {
        // One item that is none loses no other.
        for item in items(field(text, "items").unwrap_or_default()) {
            event(item, sink);
        }
    } else {
        event(text, sink);
    }
}

/// Whether this is an `EventList`: by its kind, or, where that is missing, by its items.
fn is_list(object: &str) -> bool {
    for (key, value) in fields(object) {
        match key {
            "kind" => return matches!(value, "\"EventList\"" | "\"List\""),
            "items" => return true,
            // Every event has one.
            "auditID" | "verb" => return false,
            _ => {}
        }
    }
    false
}

/// What an envelope tells about the event in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Envelope<'a> {
    /// The cluster's name.
    pub(super) cluster: &'a str,
    /// When the entry was made; stands in where the event lost its own time.
    pub(super) at_us: i64,
}

/// Reads one event, which Docker's json-file driver may have wrapped, and counts what is none.
pub(super) fn event<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    if take(text, Envelope::default(), sink) {
        return;
    }
    let inside = sink.text_of(text, "log").trim_ascii();
    if inside.starts_with('{') {
        enveloped(inside, Envelope::default(), sink);
    } else {
        sink.skip(SkipReason::OtherKind);
    }
}

/// Reads the text of one event that an envelope held.
pub(super) fn enveloped<'a>(text: &'a str, envelope: Envelope<'a>, sink: &mut Sink<'a, '_>) {
    if !take(text, envelope, sink) {
        sink.skip(SkipReason::OtherKind);
    }
}

/// False when this is JSON of another kind.
fn take<'a>(text: &'a str, envelope: Envelope<'a>, sink: &mut Sink<'a, '_>) -> bool {
    match read(text, sink.arena) {
        Ok(Entry::Event(mut activity)) => {
            activity.cluster = envelope.cluster.into();
            if activity.at_us == 0 {
                activity.at_us = envelope.at_us;
            }
            accept(*activity, sink);
        }
        Ok(Entry::Other) => return false,
        Ok(Entry::NoVerb) | Err(_) => sink.skip(SkipReason::Malformed),
    }
    true
}

/// Reads one event, the fast way if it has the form for it.
pub(super) fn read<'a>(text: &'a str, arena: &'a Arena) -> Result<Entry<'a>, serde_json::Error> {
    let mut activities = Vec::new();
    let length = scan::scan(text, arena, &mut Repeats::default(), &mut activities);
    match activities.pop() {
        Some(activity) if length == Some(text.len()) => Ok(Entry::Event(Box::new(activity))),
        _ => wire::read(text),
    }
}

/// Looks into the bodies, as far as something is kept of them, and passes the event on.
pub(super) fn accept<'a>(mut activity: Activity<'a>, sink: &mut Sink<'a, '_>) {
    if !has_bodies(&activity) {
        sink.push(activity);
        return;
    }
    if activity.verb == "list" && (200..300).contains(&activity.code) {
        activity.disclosed_count =
            super::shape::count_of(activity.response_body, &["items", "rows"]);
    }
    let delegated = review::examine(&mut activity);
    if holds_secrets(&activity) {
        hide_bodies(&mut activity, sink.arena);
    }
    let delegated = delegated.map(|access| Activity {
        raw: activity.raw,
        request_body: activity.request_body,
        response_body: activity.response_body,
        ..access
    });
    sink.push(activity);
    if let Some(delegated) = delegated {
        sink.push(delegated);
    }
}

fn has_bodies(activity: &Activity<'_>) -> bool {
    !activity.request_body.is_empty() || !activity.response_body.is_empty()
}

/// `DeleteOptions` of which nothing else is kept.
const DRY_RUN: &str = r#"{"dryRun":["All"]}"#;

/// Objects whose bodies are credentials: nothing of them goes further.
fn holds_secrets(activity: &Activity<'_>) -> bool {
    match &*activity.object.resource {
        "secrets" | "tokenreviews" | "oauthaccesstokens" | "oauthauthorizetokens" => true,
        "serviceaccounts" => activity.object.subresource == "token",
        _ => false,
    }
}

/// Takes the bodies out, also of the whole.
fn hide_bodies<'a>(activity: &mut Activity<'a>, arena: &'a Arena) {
    let raw = activity.raw;
    let mut pieces = Vec::new();
    let mut kept_until = 0;
    let mut bodies = [activity.request_body, activity.response_body]
        .into_iter()
        .filter_map(|body| Some((offset_in(raw, body)?, body.len())))
        .filter(|(_, length)| *length > 0)
        .collect::<Vec<_>>();
    bodies.sort_unstable();
    for (start, length) in bodies {
        pieces.extend([raw.get(kept_until..start).unwrap_or_default(), "null"]);
        kept_until = start + length;
    }
    pieces.push(raw.get(kept_until..).unwrap_or_default());
    activity.raw = arena.join(pieces);
    activity.request_body = kept_of(activity);
    activity.response_body = "";
}

/// What is told of the body of a request for credentials, which decides whether it changed anything: that it was only
/// tried out, and that there was nothing to change.
fn kept_of(activity: &Activity<'_>) -> &'static str {
    let body = activity.request_body;
    match &*activity.verb {
        "delete" | "deletecollection" => {
            let mut options = fields(body);
            let is_tried = options.any(|(key, value)| key == "dryRun" && value.contains("\"All\""));
            if is_tried { DRY_RUN } else { "" }
        }
        "patch" if matches!(body, "{}" | "[]") => "{}",
        _ => "",
    }
}

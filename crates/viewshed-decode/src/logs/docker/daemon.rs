//! dockerd's own log in debug mode, as text and as JSON: each request, but not who made it.
//!
//! `level=debug msg="Calling GET /v1.41/containers/json"` before 28; since then
//! `msg="handling GET request" method=GET module=api request-url="/v1.47/containers/json"` (moby,
//! `daemon/server/middleware/debug.go`). Requests that failed have a second line with the error.

use std::borrow::Cow;

use viewshed_model::{Activity, SkipReason, Surface};

use super::path::{object_of, verb_of};
use crate::logs::shape::{field, fields, string_length};
use crate::logs::shipped::Shipped;
use crate::logs::sink::Sink;
use crate::logs::time::rfc3339_us;

/// The fields of one line that mean something here.
#[derive(Debug, Default)]
struct Line<'a> {
    time: &'a str,
    message: &'a str,
    method: &'a str,
    url: &'a str,
    status: &'a str,
    error: &'a str,
}

impl<'a> Line<'a> {
    fn set(&mut self, key: &str, value: &'a str) {
        match key {
            "time" => self.time = value,
            "msg" | "message" => self.message = value,
            "method" => self.method = value,
            "request-url" => self.url = value,
            "status" => self.status = value,
            "error" | "error-response" => self.error = value,
            _ => {}
        }
    }
}

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_line(text, |line, sink| {
        let shipped = Shipped::of(line, sink);
        match request(shipped, sink) {
            Some(activity) => sink.push(activity),
            None => sink.skip(SkipReason::OtherKind),
        }
    });
}

/// What only dockerd says, and says when it starts: in debug mode hundreds of lines before the first request.
///
/// Source: moby `daemon/command/daemon.go`, `daemon/daemon.go` and `daemon/server/server.go`; before 29
/// `cmd/dockerd/daemon.go` and `api/server/server.go`.
const AT_START: [&str; 9] = [
    "Listener created for HTTP on ",
    "containerd not running, starting ",
    "Registering routers",
    "Registering route\"",
    "Registering GET, /",
    "Loading containers: ",
    "Docker daemon\"",
    "Daemon has completed initialization",
    "API listen on ",
];

/// Whether this is a line of dockerd at all, as text or as JSON.
pub(in crate::logs) fn is_line(line: &str) -> bool {
    let says = |before: &str, starts: &[&str]| {
        let message = line.split_once(before).map_or("", |(_, message)| message);
        starts.iter().any(|start| message.starts_with(start))
    };
    says("msg=\"", &["Calling ", "handling ", "Handler for "])
        || says("msg=\"", &AT_START)
        || says("\"msg\":\"", &AT_START)
        || (line.contains("request-url") && line.contains("module"))
}

fn request<'a>(shipped: Shipped<'a>, sink: &Sink<'a, '_>) -> Option<Activity<'a>> {
    let line = read(shipped.text, sink);
    let (method, url, error) = if !line.method.is_empty() && !line.url.is_empty() {
        (line.method, line.url, line.error)
    } else if let Some(call) = line.message.strip_prefix("Calling ") {
        let (method, url) = call.split_once(' ')?;
        (method, url, "")
    } else {
        let failed = line.message.strip_prefix("Handler for ")?;
        let (call, error) = failed.split_once(" returned error: ")?;
        let (method, url) = call.split_once(' ')?;
        (method, url, error)
    };
    Some(Activity {
        at_us: rfc3339_us(line.time).unwrap_or(shipped.at_us),
        surface: Surface::DockerApi,
        verb: verb_of(method),
        object: object_of(url),
        uri: Cow::Borrowed(url),
        code: line.status.parse().unwrap_or_default(),
        message: Cow::Borrowed(error),
        ..Activity::default()
    })
}

/// JSON, or the text of logrus: `key=value key="quoted value"`, with whatever journald put in front.
fn read<'a>(text: &'a str, sink: &Sink<'a, '_>) -> Line<'a> {
    let mut line = Line::default();
    if text.starts_with('{') {
        for (key, value) in fields(text) {
            line.set(key, sink.text(value).unwrap_or(value));
        }
        // journalctl -o json wraps the text once more.
        if let Some(inner) = field(text, "MESSAGE").and_then(|inner| sink.text(inner)) {
            return read_pairs(inner, sink);
        }
        return line;
    }
    read_pairs(text, sink)
}

fn read_pairs<'a>(text: &'a str, sink: &Sink<'a, '_>) -> Line<'a> {
    let mut line = Line::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.rsplit(' ').next().unwrap_or_default();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let Some(length) = string_length(quoted.as_bytes()) else {
                    break;
                };
                let written = after.get(..length + 2).unwrap_or_default();
                (
                    sink.text(written).unwrap_or_default(),
                    quoted.get(length + 1..),
                )
            }
            None => match after.split_once(' ') {
                Some((value, next)) => (value, Some(next)),
                None => (after, None),
            },
        };
        line.set(key, value);
        rest = next.unwrap_or_default();
    }
    line
}

//! One activity as rules read it: the envelope borrowed, the bodies parsed when a rule asks for them.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use serde_json::Value;
use viewshed_model::{Activity, Level, Stage, Verdict};

/// Longest body, in bytes, that is parsed for a rule. kube-apiserver takes at most 3 MiB of request
/// (`MaxRequestBodyBytes`); recorded lists can be larger and are not what rules look into. A longer body
/// counts as not recorded and is counted in [`Reading::unread_bodies`].
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Part of an event that is JSON of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// `requestObject`.
    Request,
    /// `responseObject`.
    Response,
    /// The whole event.
    Event,
}

/// An activity and what was parsed of it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) activity: &'a Activity<'a>,
    request: OnceCell<Option<Value>>,
    response: OnceCell<Option<Value>>,
    event: OnceCell<Option<Value>>,
    unread_bodies: Cell<u32>,
}

impl<'a> Reading<'a> {
    pub(crate) const fn new(activity: &'a Activity<'a>) -> Self {
        Self {
            activity,
            request: OnceCell::new(),
            response: OnceCell::new(),
            event: OnceCell::new(),
            unread_bodies: Cell::new(0),
        }
    }

    /// How many bodies were too long or no JSON.
    pub(crate) const fn unread_bodies(&self) -> u32 {
        self.unread_bodies.get()
    }

    /// A part of the event, parsed once.
    pub(crate) fn body(&self, body: Body) -> Option<&Value> {
        let (cell, text) = match body {
            Body::Request => (&self.request, self.activity.request_body),
            Body::Response => (&self.response, self.activity.response_body),
            Body::Event => (&self.event, self.activity.raw),
        };
        cell.get_or_init(|| self.parse(text)).as_ref()
    }

    fn parse(&self, text: &str) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        let value = (text.len() <= BODY_BYTES_MAX)
            .then(|| serde_json::from_str(text).ok())
            .flatten();
        if value.is_none() {
            self.unread_bodies
                .set(self.unread_bodies.get().saturating_add(1));
        }
        value
    }

    /// Follows keys and array positions from the root of a part.
    pub(crate) fn at<'k>(
        &self,
        body: Body,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Option<&Value> {
        keys.into_iter()
            .try_fold(self.body(body)?, |value, key| match value {
                Value::Object(map) => map.get(key),
                Value::Array(list) => list.get(key.parse::<usize>().ok()?),
                _ => None,
            })
            .filter(|value| !value.is_null())
    }
}

/// A value as text: strings as they are, everything else as JSON.
pub(crate) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        other => Cow::Owned(other.to_string()),
    }
}

/// The stage as audit events spell it.
pub(crate) const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::RequestReceived => "RequestReceived",
        Stage::ResponseStarted => "ResponseStarted",
        Stage::ResponseComplete => "ResponseComplete",
        Stage::Panic => "Panic",
    }
}

/// The level as audit events spell it.
pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::None => "None",
        Level::Metadata => "Metadata",
        Level::Request => "Request",
        Level::RequestResponse => "RequestResponse",
    }
}

/// The annotation `authorization.k8s.io/decision`; empty when there is none.
pub(crate) const fn decision_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "",
        Verdict::Allowed => "allow",
        Verdict::Refused => "forbid",
    }
}

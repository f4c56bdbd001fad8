//! Records of what dockerd asks an authorization plugin (moby, `pkg/authorization/api.go`).
//!
//! The daemon asks twice per request, before and after; the second question has the response in it. `User` is
//! known only for TLS clients with a certificate.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use viewshed_model::{Activity, Actor, SkipReason, Stage, Surface, Verdict};

use super::path::{object_of, verb_of};
use crate::borrowed::Text;
use crate::logs::sink::Sink;
use crate::logs::time::{rfc3339_us, unix_us};
use crate::nullable::Nullable;

/// `authorization.Request`, with what plugins log beside it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    #[serde(borrow, default)]
    user: Text<'a>,
    #[serde(borrow, default)]
    request_method: Text<'a>,
    #[serde(borrow, default, alias = "RequestURI")]
    request_uri: Text<'a>,
    #[serde(borrow, default)]
    request_headers: Nullable<Headers<'a>>,
    #[serde(default)]
    response_status_code: Option<u16>,
    #[serde(default)]
    allow: Option<bool>,
    #[serde(borrow, default)]
    msg: Text<'a>,
    #[serde(
        borrow,
        default,
        alias = "time",
        alias = "timestamp",
        alias = "Timestamp"
    )]
    time: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct Headers<'a> {
    #[serde(borrow, default, rename = "User-Agent")]
    user_agent: Text<'a>,
}

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_object(text, one);
}

fn one<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let Ok(record) = serde_json::from_str::<Record<'a>>(text) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    if record.request_method.is_empty() || record.request_uri.is_empty() {
        sink.skip(SkipReason::OtherKind);
        return;
    }
    let method = sink.arena.keep_owned(record.request_method.0);
    let uri = sink.arena.keep_owned(record.request_uri.0);
    let code = record.response_status_code;
    sink.push(Activity {
        at_us: record.time.map_or(0, |time| time_of(time.get(), sink)),
        surface: Surface::DockerApi,
        stage: if code.is_some() {
            Stage::ResponseComplete
        } else {
            Stage::RequestReceived
        },
        actor: Actor {
            user: record.user.0,
            user_agent: record.request_headers.0.user_agent.0,
            ..Actor::default()
        },
        verb: verb_of(method),
        object: object_of(uri),
        uri: Cow::Borrowed(uri),
        code: code.unwrap_or_default(),
        verdict: match record.allow {
            Some(true) => Verdict::Allowed,
            Some(false) => Verdict::Refused,
            None => Verdict::Unknown,
        },
        reason: record.msg.0.into(),
        ..Activity::default()
    });
}

fn time_of<'a>(written: &'a str, sink: &Sink<'a, '_>) -> i64 {
    match written.parse::<f64>() {
        Ok(number) => unix_us(number),
        Err(_) => sink.text(written).and_then(rfc3339_us).unwrap_or_default(),
    }
}

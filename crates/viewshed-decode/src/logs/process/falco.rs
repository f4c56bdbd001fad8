//! Alerts of Falco in JSON (`json_output: true`), from system calls.
//!
//! What an alert holds depends on the output of its rule: a rule without `proc.cmdline` tells no command.

use std::borrow::Cow;

use serde::Deserialize;
use viewshed_model::{Activity, Actor, Process, SkipReason};

use super::accept;
use crate::borrowed::Text;
use crate::logs::shape::{field, fields};
use crate::logs::sink::Sink;
use crate::logs::time::{rfc3339_us, unix_us};

#[derive(Debug, Deserialize)]
struct Alert<'a> {
    #[serde(borrow, default)]
    rule: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    time: Text<'a>,
    #[serde(borrow, default)]
    hostname: Text<'a>,
}

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_object(text, one);
}

fn one<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let Ok(alert) = serde_json::from_str::<Alert<'a>>(text) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    // Other sources (k8s_audit, aws_cloudtrail) have logs of their own, which tell more.
    if alert.rule.is_empty() || !matches!(&*alert.source, "" | "syscall" | "syscalls") {
        sink.skip(SkipReason::OtherKind);
        return;
    }
    let mut event = Event::default();
    for (key, value) in fields(field(text, "output_fields").unwrap_or_default()) {
        event.set(key, sink.text(value).unwrap_or(value));
    }
    let at_us = rfc3339_us(&alert.time).unwrap_or(event.at_us);
    accept(
        Activity {
            at_us,
            id: Cow::Borrowed(""),
            cluster: alert.hostname.0.clone(),
            actor: Actor {
                user: Cow::Borrowed(event.user),
                uid: Cow::Borrowed(event.uid),
                pod: Cow::Borrowed(event.pod),
                node: alert.hostname.0,
                ..Actor::default()
            },
            message: alert.rule.0,
            ..Activity::default()
        },
        event.process,
        sink,
    );
}

#[derive(Debug, Default)]
struct Event<'a> {
    at_us: i64,
    user: &'a str,
    uid: &'a str,
    pod: &'a str,
    process: Process<'a>,
}

impl<'a> Event<'a> {
    /// Fields of Falco's supported fields reference; absent ones are `null` or `<NA>`.
    fn set(&mut self, key: &str, value: &'a str) {
        if matches!(value, "null" | "<NA>" | "") {
            return;
        }
        let process = &mut self.process;
        match key {
            "evt.time" => self.at_us = value.parse().map_or(0, unix_us),
            "user.name" => self.user = value,
            "user.uid" => self.uid = value,
            "k8s.pod.name" | "k8smeta.pod.name" => self.pod = value,
            "proc.exepath" => process.executable = Cow::Borrowed(value),
            "proc.name" if process.executable.is_empty() => {
                process.executable = Cow::Borrowed(value);
            }
            "proc.cmdline" => process.command = Cow::Borrowed(value),
            "proc.pname" => process.parent = Cow::Borrowed(value),
            "container.id" if value != "host" => process.container = Cow::Borrowed(value),
            "container.image.repository" => process.image = Cow::Borrowed(value),
            // A connection or pipe has a name too, but no path.
            "fd.name" if value.starts_with('/') => process.file = Cow::Borrowed(value),
            _ => {}
        }
    }
}

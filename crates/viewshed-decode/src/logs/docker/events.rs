//! The events stream (`docker events --format json`, `GET /events`), also as Wazuh and Elastic wrap it.
//!
//! There is no event for `ps`, `inspect`, `images`, `logs`, `info` or `version`, and none names who asked.

use std::borrow::Cow;

use serde::Deserialize;
use viewshed_model::{Activity, ActivityObject, Process, SkipReason, Surface};

use crate::borrowed::Text;
use crate::logs::shape::field;
use crate::logs::sink::Sink;
use crate::logs::time::unix_us;
use crate::nullable::Nullable;

/// `events.Message` (moby, `api/types/events/events.go`) and its spelling in Elastic's module.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, rename = "Type", alias = "type")]
    kind: Text<'a>,
    #[serde(borrow, default, rename = "Action", alias = "action")]
    action: Text<'a>,
    #[serde(borrow, default, rename = "Actor", alias = "actor")]
    actor: Nullable<EventActor<'a>>,
    #[serde(default)]
    time: Nullable<f64>,
    #[serde(default, rename = "timeNano")]
    time_nano: Nullable<f64>,
    /// Of daemons before 1.10, and still beside the others.
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    from: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct EventActor<'a> {
    #[serde(borrow, default, rename = "ID", alias = "id")]
    id: Text<'a>,
    #[serde(borrow, default, rename = "Attributes", alias = "attributes")]
    attributes: Nullable<Attributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Attributes<'a> {
    #[serde(borrow, default)]
    image: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_object(text, one);
}

fn one<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    // Wazuh: `{"integration":"docker","docker":{event}}`; Elastic: `docker.event`.
    let docker = field(text, "docker").filter(|value| value.starts_with('{'));
    let event = docker.map_or(text, |docker| field(docker, "event").unwrap_or(docker));
    let Ok(message) = serde_json::from_str::<Message<'a>>(event) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    if message.action.is_empty() && message.status.is_empty() {
        sink.skip(SkipReason::OtherKind);
        return;
    }
    sink.push(activity(message, sink));
}

fn activity<'a>(message: Message<'a>, sink: &Sink<'a, '_>) -> Activity<'a> {
    let action = if message.action.is_empty() {
        message.status
    } else {
        message.action
    };
    let action = sink.arena.keep_owned(action.0);
    // The command is glued to the action: `exec_create: /bin/sh`.
    let (verb, command) = action.split_once(": ").unwrap_or((action, ""));
    let at_us = match (message.time_nano.0, message.time.0) {
        (nanos, _) if nanos > 0.0 => unix_us(nanos),
        (_, seconds) => unix_us(seconds),
    };
    let actor = message.actor.0;
    let id = if actor.id.is_empty() {
        message.id.0
    } else {
        actor.id.0
    };
    let attributes = actor.attributes.0;
    let image = if attributes.image.is_empty() {
        message.from.0
    } else {
        attributes.image.0
    };
    let kind = sink.arena.keep_owned(message.kind.0);
    let is_container = matches!(kind, "container" | "");
    let process = (is_container && verb.starts_with("exec_")).then(|| {
        Box::new(Process {
            command: Cow::Borrowed(command),
            container: id.clone(),
            image,
            ..Process::default()
        })
    });
    Activity {
        at_us,
        surface: Surface::DockerApi,
        verb: Cow::Borrowed(verb),
        object: ActivityObject {
            resource: Cow::Borrowed(resource_of(kind)),
            name: if attributes.name.is_empty() {
                id
            } else {
                attributes.name.0
            },
            ..ActivityObject::default()
        },
        process,
        ..Activity::default()
    }
}

/// The collection in the API's paths of a type of event.
fn resource_of(kind: &str) -> &str {
    match kind {
        "" | "container" => "containers",
        "image" => "images",
        "network" => "networks",
        "volume" => "volumes",
        "plugin" => "plugins",
        "node" => "nodes",
        "service" => "services",
        "secret" => "secrets",
        "config" => "configs",
        other => other,
    }
}

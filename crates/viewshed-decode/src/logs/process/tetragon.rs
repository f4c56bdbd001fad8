//! Events of Tetragon in JSON (cilium/tetragon, `api/v1/tetragon/tetragon.proto`): commands and, where a tracing
//! policy asks for them, files.

use std::borrow::Cow;

use serde::Deserialize;
use viewshed_model::{Activity, Actor, Process, SkipReason};

use super::accept;
use crate::borrowed::Text;
use crate::logs::shape::{field, items};
use crate::logs::sink::Sink;
use crate::logs::time::rfc3339_us;
use crate::nullable::Nullable;

#[derive(Debug, Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    process_exec: Option<Event<'a>>,
    #[serde(borrow, default)]
    process_kprobe: Option<Event<'a>>,
    #[serde(borrow, default)]
    process_lsm: Option<Event<'a>>,
    #[serde(borrow, default)]
    node_name: Text<'a>,
    #[serde(borrow, default)]
    cluster_name: Text<'a>,
    #[serde(borrow, default)]
    time: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    process: Nullable<WireProcess<'a>>,
    #[serde(borrow, default)]
    parent: Nullable<WireProcess<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireProcess<'a> {
    #[serde(borrow, default)]
    exec_id: Text<'a>,
    #[serde(default)]
    uid: Option<u32>,
    #[serde(borrow, default)]
    binary: Text<'a>,
    #[serde(borrow, default)]
    arguments: Text<'a>,
    #[serde(borrow, default)]
    docker: Text<'a>,
    #[serde(borrow, default)]
    pod: Nullable<Pod<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Pod<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    container: Nullable<Container<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    image: Nullable<Image<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Image<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_object(text, one);
}

fn one<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let Ok(response) = serde_json::from_str::<Response<'a>>(text) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    let (event, file) = match response.process_exec {
        Some(event) => (event, ""),
        None => match response.process_kprobe.or(response.process_lsm) {
            // Exits, throttles, kprobes on sockets.
            None => return sink.skip(SkipReason::OtherKind),
            Some(event) => match file_of(text, sink) {
                Some(file) => (event, file),
                None => return sink.skip(SkipReason::OtherKind),
            },
        },
    };
    let process = event.process.0;
    let command = [&*process.binary, &*process.arguments].join(" ");
    let pod = process.pod.0;
    let container = pod.container.0;
    let id = if container.id.is_empty() {
        process.docker.0
    } else {
        container.id.0
    };
    let activity = Activity {
        at_us: rfc3339_us(&response.time).unwrap_or_default(),
        id: process.exec_id.0,
        cluster: response.cluster_name.0,
        actor: Actor {
            uid: process
                .uid
                .map_or(Cow::Borrowed(""), |uid| Cow::Owned(uid.to_string())),
            pod: pod.name.0,
            node: response.node_name.0,
            ..Actor::default()
        },
        ..Activity::default()
    };
    let process = Process {
        executable: process.binary.0,
        command: Cow::Owned(command.trim_ascii().to_owned()),
        parent: event.parent.0.binary.0,
        container: id,
        image: container.image.0.name.0,
        file: Cow::Borrowed(file),
    };
    accept(activity, process, sink);
}

/// The file among the arguments that the tracing policy asked for.
fn file_of<'a>(text: &'a str, sink: &Sink<'a, '_>) -> Option<&'a str> {
    let event = field(text, "process_kprobe").or_else(|| field(text, "process_lsm"))?;
    items(field(event, "args")?).find_map(|argument| {
        let file = field(argument, "file_arg").or_else(|| field(argument, "path_arg"))?;
        sink.text(field(file, "path")?)
    })
}

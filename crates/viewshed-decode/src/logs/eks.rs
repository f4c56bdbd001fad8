//! EKS: audit events in `CloudWatch` Logs.
//!
//! Shapes: items of `FilterLogEvents` (one, a list, or the whole answer), the envelope of a subscription, plain, as
//! Lambda gets it (`awslogs.data`), as Kinesis hands it on (`Records[].kinesis.data`) and as its records hold it (a
//! line of base64), rows of an Insights query (`@message`). `CloudWatch` cuts entries at 256 KiB.

use viewshed_model::SkipReason;

use super::kubernetes::{self, Envelope};
use super::packed;
use super::shape::{Breaks, container_length, field, items};
use super::sink::Sink;
use super::time::{rfc3339_us, unix_us};

/// How the EKS control plane ends what it had to cut.
const CUT_MARK: &str = "[Truncated...]";

pub(super) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let mut rest = text;
    while !rest.is_empty() {
        rest = if packed::is_packed(rest.trim_ascii_start()) {
            let rest = rest.trim_ascii_start();
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            sink.begin_line();
            record(line, sink);
            after
        } else {
            sink.json_line(rest, &mut entry)
        };
    }
}

/// The envelopes in a record of a subscription.
fn record(text: &str, sink: &mut Sink<'_, '_>) {
    let unpacked = match packed::unpack(text, sink.room_to_unfold) {
        Ok(unpacked) => sink.arena.keep(&unpacked),
        Err(reason) => return sink.skip(reason),
    };
    sink.room_to_unfold -= unpacked.len();
    let mut rest = unpacked.trim_ascii_start();
    while !rest.is_empty() {
        let Some(length) = container_length(rest.as_bytes(), Breaks::Allowed) else {
            return sink.skip(SkipReason::Malformed);
        };
        envelope(rest.get(..length).unwrap_or_default(), sink);
        rest = rest.get(length..).unwrap_or_default().trim_ascii_start();
    }
}

/// A record in a field of JSON.
fn record_in<'a>(object: Option<&'a str>, sink: &mut Sink<'a, '_>) {
    match object.map(|object| sink.text_of(object, "data")) {
        Some(data) if !data.is_empty() => record(data, sink),
        _ => sink.skip(SkipReason::OtherKind),
    }
}

fn entry<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    if let Some(lambda) = field(text, "awslogs") {
        record_in(Some(lambda), sink);
    } else if let Some(records) = field(text, "Records") {
        for one in items(records) {
            record_in(field(one, "kinesis"), sink);
        }
    } else {
        envelope(text, sink);
    }
}

/// What is not packed.
fn envelope<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    if text.starts_with('[') {
        each(text, "", sink);
    } else if field(text, "messageType") == Some("\"CONTROL_MESSAGE\"") {
        sink.skip(SkipReason::OtherKind);
    } else if let Some(list) = field(text, "logEvents") {
        each(list, cluster_of(sink.text_of(text, "logGroup")), sink);
    } else if let Some(list) = field(text, "events") {
        each(list, "", sink);
    } else {
        item(text, "", sink);
    }
}

fn each<'a>(list: &'a str, cluster: &'a str, sink: &mut Sink<'a, '_>) {
    for one in items(list) {
        item(one, cluster, sink);
    }
}

/// `/aws/eks/NAME/cluster`.
fn cluster_of(log_group: &str) -> &str {
    log_group
        .strip_prefix("/aws/eks/")
        .and_then(|rest| rest.strip_suffix("/cluster"))
        .unwrap_or_default()
}

fn item<'a>(text: &'a str, cluster: &'a str, sink: &mut Sink<'a, '_>) {
    let message = field(text, "message").or_else(|| field(text, "@message"));
    let Some(message) = message else {
        kubernetes::event(text, sink);
        return;
    };
    let group = match cluster {
        "" => cluster_of(sink.text_of(text, "logGroup")),
        known => known,
    };
    let envelope = Envelope {
        cluster: group,
        at_us: time_of(text, sink),
    };
    // Shippers take the string apart already.
    if message.starts_with('{') {
        kubernetes::enveloped(message, envelope, sink);
        return;
    }
    let Some(message) = sink.text(message).map(str::trim_ascii) else {
        sink.skip(SkipReason::Malformed);
        return;
    };
    if let Some(cut) = message.strip_suffix(CUT_MARK) {
        cut_off(cut, envelope, sink);
    } else if message.starts_with('{') {
        kubernetes::enveloped(message, envelope, sink);
    } else {
        // The other log streams of the group: scheduler, authenticator, ...
        sink.skip(SkipReason::OtherKind);
    }
}

/// Milliseconds in the API, a time of day in Insights.
fn time_of<'a>(text: &'a str, sink: &Sink<'a, '_>) -> i64 {
    let written = field(text, "timestamp")
        .or_else(|| field(text, "@timestamp"))
        .unwrap_or_default();
    match written.parse::<f64>() {
        Ok(number) => unix_us(number),
        Err(_) => sink.text(written).and_then(rfc3339_us).unwrap_or_default(),
    }
}

/// Who asked for what stands at the start of an event, so that a cut rarely takes it.
fn cut_off<'a>(text: &'a str, envelope: Envelope<'a>, sink: &mut Sink<'a, '_>) {
    let Some(mut activity) = kubernetes::scan_head(text, sink.arena) else {
        sink.skip(SkipReason::Truncated);
        return;
    };
    activity.cluster = envelope.cluster.into();
    activity.at_us = envelope.at_us;
    activity.is_truncated = true;
    sink.push(activity);
}

//! A field's values in one event.

use std::borrow::Cow;

use viewshed_model::Activity;

use super::super::reading::{Body, Reading, decision_name, level_name, stage_name, text_of};
use super::fields::{Envelope, Field, Path, TimeForm};
use super::pod;

/// What a field holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extracted<'v> {
    None,
    One(Cow<'v, str>),
    Many(Vec<Cow<'v, str>>),
}

/// Reads a field.
pub(super) fn extract<'v>(field: &Field, reading: &'v Reading<'_>) -> Extracted<'v> {
    match field {
        Field::Envelope(envelope) => envelope_text(*envelope, reading.activity),
        Field::Groups => Extracted::Many(
            reading
                .activity
                .actor
                .groups
                .iter()
                .map(Cow::from)
                .collect(),
        ),
        Field::SourceAddresses(index) => source_addresses(reading, *index),
        Field::UriParameter(key) => parameter(&reading.activity.uri, key),
        Field::Time(form) => time(reading.activity.at_us, *form),
        Field::Constant(text) => Extracted::One(Cow::Borrowed(text)),
        Field::Whole => present(reading.activity.raw),
        Field::Path(path) => at_path(path, reading),
        Field::Subjects(kind) => pod::subjects(reading, *kind),
        Field::RoleRules(key, index) => pod::role_rules(reading, key, *index),
        Field::Containers(containers) => pod::containers(reading, *containers),
        Field::Volumes(fact, index) => pod::volumes(reading, *fact, *index),
        Field::HasHostPath(path) => pod::has_host_path(reading, path),
        Field::ServicePorts(index) => pod::service_ports(reading, *index),
    }
}

fn present(text: &str) -> Extracted<'_> {
    if text.is_empty() {
        Extracted::None
    } else {
        Extracted::One(Cow::Borrowed(text))
    }
}

fn envelope_text<'v>(envelope: Envelope, activity: &'v Activity<'_>) -> Extracted<'v> {
    let object = &activity.object;
    present(match envelope {
        Envelope::AuditId => &activity.id,
        Envelope::Stage => stage_name(activity.stage),
        Envelope::Level => level_name(activity.level),
        Envelope::Decision => decision_name(activity.verdict),
        Envelope::Reason => &activity.reason,
        Envelope::User => &activity.actor.user,
        Envelope::Impersonated => activity
            .actor
            .impersonated
            .as_ref()
            .map_or("", |impersonated| &impersonated.user),
        Envelope::Verb => &activity.verb,
        Envelope::Uri => &activity.uri,
        Envelope::Name => &object.name,
        Envelope::Namespace => &object.namespace,
        Envelope::Resource => &object.resource,
        Envelope::Subresource => &object.subresource,
        Envelope::ApiGroup => &object.api_group,
        Envelope::PodName if object.resource == "pods" => &object.name,
        Envelope::PodName => "",
        Envelope::UserAgent => &activity.actor.user_agent,
        Envelope::Cluster => &activity.cluster,
        Envelope::Code if activity.code == 0 => "",
        Envelope::Code => return Extracted::One(Cow::Owned(activity.code.to_string())),
    })
}

/// The event's list where it is at hand, else the one address that is kept.
fn source_addresses<'v>(reading: &'v Reading<'_>, index: Option<usize>) -> Extracted<'v> {
    let all = match reading.at(Body::Event, ["sourceIPs"]) {
        Some(list) => pod::texts(list.as_array().into_iter().flatten()),
        None if reading.activity.actor.address.is_empty() => return Extracted::None,
        None => vec![Cow::Borrowed(&*reading.activity.actor.address)],
    };
    pod::picked(all, index)
}

fn at_path<'v>(path: &Path, reading: &'v Reading<'_>) -> Extracted<'v> {
    let Some(value) = reading.at(path.body, path.keys.iter().map(AsRef::as_ref)) else {
        return Extracted::None;
    };
    if !path.is_list {
        return Extracted::One(text_of(value));
    }
    value.as_array().map_or(Extracted::None, |list| {
        Extracted::Many(pod::texts(list.iter()))
    })
}

/// The public rules spell "always" as `jevt.rawtime exists` and "never" as `jevt.rawtime=0`: so an event
/// without a time has the smallest one.
fn time(at_us: i64, form: TimeForm) -> Extracted<'static> {
    let at_us = at_us.max(1);
    match form {
        TimeForm::Nanoseconds => Extracted::One(Cow::Owned(
            i128::from(at_us).saturating_mul(1000).to_string(),
        )),
        TimeForm::Iso8601 => match jiff::Timestamp::from_microsecond(at_us) {
            Ok(time) => Extracted::One(Cow::Owned(time.to_string())),
            Err(_) => Extracted::None,
        },
    }
}

/// The first value of a query parameter, with `+` and `%XX` decoded (Go `url.ParseQuery`).
fn parameter<'v>(uri: &'v str, key: &str) -> Extracted<'v> {
    let Some((_, query)) = uri.split_once('?') else {
        return Extracted::None;
    };
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(name, _)| decoded(name) == key)
        .map_or(Extracted::None, |(_, value)| Extracted::One(decoded(value)))
}

/// Undoes percent encoding; text that is no valid encoding stays as it is.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match (byte, hexadecimal_pair(rest.clone())) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some(value)) => {
                bytes.push(value);
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hexadecimal_pair(mut ahead: std::str::Bytes<'_>) -> Option<u8> {
    let high = char::from(ahead.next()?).to_digit(16)?;
    let low = char::from(ahead.next()?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

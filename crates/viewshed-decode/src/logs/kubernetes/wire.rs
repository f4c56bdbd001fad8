//! The slow way: an event in any form that is JSON, with fields in any order.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use viewshed_model::{Activity, ActivityObject, Actor, Impersonated, Level, Stage, Surface};

use super::annotations::Annotations;
use super::extra::KeptExtra;
use crate::borrowed::Text;
use crate::logs::json::Written;
use crate::logs::time::rfc3339_us;
use crate::nullable::Nullable;

/// `audit.k8s.io/v1` and `v1beta1` `Event`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    level: Text<'a>,
    #[serde(borrow, default, rename = "auditID")]
    audit_id: Text<'a>,
    #[serde(borrow, default)]
    stage: Text<'a>,
    #[serde(borrow, default, rename = "requestURI")]
    request_uri: Text<'a>,
    #[serde(borrow, default)]
    verb: Text<'a>,
    #[serde(borrow, default)]
    user: Nullable<WireUser<'a>>,
    #[serde(borrow, default)]
    impersonated_user: Option<WireUser<'a>>,
    #[serde(borrow, default, rename = "sourceIPs")]
    source_ips: Nullable<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    user_agent: Text<'a>,
    #[serde(borrow, default)]
    object_ref: Nullable<WireObject<'a>>,
    #[serde(borrow, default)]
    response_status: Nullable<WireStatus<'a>>,
    #[serde(borrow, default)]
    request_object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response_object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_received_timestamp: Text<'a>,
    #[serde(borrow, default)]
    stage_timestamp: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    metadata: Nullable<WireMetadata<'a>>,
    #[serde(borrow, default)]
    annotations: Annotations<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct WireUser<'a> {
    #[serde(borrow, default)]
    username: Text<'a>,
    #[serde(borrow, default)]
    uid: Text<'a>,
    #[serde(borrow, default)]
    groups: Written<'a>,
    #[serde(borrow, default)]
    extra: KeptExtra<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireObject<'a> {
    #[serde(borrow, default)]
    resource: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    api_group: Text<'a>,
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    subresource: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct WireStatus<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(default)]
    code: Nullable<i32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMetadata<'a> {
    #[serde(borrow, default)]
    creation_timestamp: Text<'a>,
}

/// What came out of a piece of JSON.
#[derive(Debug)]
pub(in crate::logs) enum Entry<'a> {
    /// An event.
    Event(Box<Activity<'a>>),
    /// JSON of another kind.
    Other,
    /// Says that it is an event, but has no verb.
    NoVerb,
}

/// Reads one event.
///
/// # Errors
/// When the text is not JSON, or a field has the wrong type.
pub(in crate::logs) fn read(text: &str) -> Result<Entry<'_>, serde_json::Error> {
    let wire: WireEvent<'_> = serde_json::from_str(text)?;
    let is_audit = wire.api_version.starts_with("audit.k8s.io/");
    let is_event = match &*wire.kind {
        // Events of 2018 (Falco's samples) name the kind but no version.
        "Event" => is_audit || (wire.api_version.is_empty() && !wire.audit_id.is_empty()),
        // Items of a list may leave out what the list says.
        "" => !wire.audit_id.is_empty() && (is_audit || wire.api_version.is_empty()),
        _ => false,
    };
    if !is_event {
        return Ok(Entry::Other);
    }
    if wire.verb.is_empty() {
        return Ok(Entry::NoVerb);
    }
    Ok(Entry::Event(Box::new(activity(wire, text))))
}

fn activity<'a>(wire: WireEvent<'a>, raw: &'a str) -> Activity<'a> {
    let mut annotations = wire.annotations;
    let mut actor = actor(wire.user.0);
    actor.impersonated = wire.impersonated_user.map(|user| {
        let mask = self::actor(user);
        Box::new(Impersonated {
            user: mask.user,
            groups: mask.groups,
        })
    });
    let mut addresses = wire.source_ips.0;
    actor.address = addresses.pop().unwrap_or_default().0;
    actor.claimed_address_count = u16::try_from(addresses.len()).unwrap_or(u16::MAX);
    actor.user_agent = wire.user_agent.0;
    let status = wire.response_status.0;
    let mut message = status.message.0;
    annotations.apply_login(&mut actor.user, &mut message);
    let times = [
        &wire.request_received_timestamp,
        &wire.stage_timestamp,
        &wire.timestamp,
        &wire.metadata.creation_timestamp,
    ];
    let object = wire.object_ref.0;
    Activity {
        at_us: times
            .into_iter()
            .find_map(|time| rfc3339_us(time))
            .unwrap_or_default(),
        stage_at_us: rfc3339_us(&wire.stage_timestamp).unwrap_or_default(),
        surface: Surface::KubernetesApi,
        stage: stage(&wire.stage),
        level: level(&wire.level),
        id: wire.audit_id.0,
        actor,
        verb: wire.verb.0,
        object: ActivityObject {
            api_group: object.api_group.0,
            api_version: object.api_version.0,
            resource: object.resource.0,
            subresource: object.subresource.0,
            namespace: object.namespace.0,
            name: object.name.0,
        },
        uri: wire.request_uri.0,
        code: u16::try_from(status.code.0).unwrap_or_default(),
        verdict: annotations.verdict,
        reason: annotations.reason,
        message,
        is_truncated: annotations.is_truncated,
        raw,
        request_body: wire.request_object.map_or("", RawValue::get),
        response_body: wire.response_object.map_or("", RawValue::get),
        ..Activity::default()
    }
}

fn actor(wire: WireUser<'_>) -> Actor<'_> {
    let mut extra = wire.extra;
    Actor {
        user: wire.username.0,
        uid: wire.uid.0,
        groups: wire.groups.0,
        pod: std::mem::take(&mut extra.pod),
        node: std::mem::take(&mut extra.node),
        credential: extra.credential(),
        ..Actor::default()
    }
}

pub(super) fn level(name: &str) -> Level {
    match name {
        "None" => Level::None,
        "Request" => Level::Request,
        "RequestResponse" => Level::RequestResponse,
        _ => Level::Metadata,
    }
}

pub(super) fn stage(name: &str) -> Stage {
    match name {
        "RequestReceived" => Stage::RequestReceived,
        "ResponseStarted" => Stage::ResponseStarted,
        "Panic" => Stage::Panic,
        _ => Stage::ResponseComplete,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Annotations<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map of texts")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Annotations::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut annotations = Annotations::default();
                while let Some((key, value)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    annotations.set(&key, value.0);
                }
                Ok(annotations)
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

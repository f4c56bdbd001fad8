//! The fast way: an event in the very form in which kube-apiserver's log backend writes it.
//!
//! The backend writes each event with Go's encoder in the order of the struct (kubernetes/apiserver,
//! `plugin/pkg/audit/log/backend.go` and `pkg/apis/audit/v1/types.go`), so that one walk forward finds
//! everything. Whatever deviates goes the slow way, [`super::wire`], with the same result; a property test
//! holds both to it. The walk never leaves a line: no JSON string holds a line break.

use std::borrow::Cow;

use viewshed_model::{Activity, ActivityObject, Actor, Impersonated, Level, Stage, Surface, Texts};

use super::annotations::Annotations;
use super::cursor::Cursor;
use crate::logs::arena::Arena;
use crate::logs::time::micro_time_us;

/// How every line of the log backend starts, up to the level.
const LINE_START: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;
/// How every item starts that the webhook backend sends: the list names kind and version for all.
const ITEM_START: &str = r#"{"level":""#;

/// Reads the event at the start of `text`, which may hold further lines; also how long it is.
pub(super) fn scan<'a>(text: &'a str, arena: &'a Arena) -> Option<(Activity<'a>, usize)> {
    let mut cursor = Cursor::new(text, arena);
    let mut head = head(&mut cursor)?;
    let request_body = body(&mut cursor, r#","requestObject":"#)?;
    let response_body = body(&mut cursor, r#","responseObject":"#)?;
    cursor.require(r#","requestReceivedTimestamp":""#)?;
    head.at_us = micro_time_us(cursor.chunk()?)?;
    cursor.require(r#"","stageTimestamp":""#)?;
    micro_time_us(cursor.chunk()?)?;
    cursor.require("\"")?;
    let mut annotations = annotations(&mut cursor)?;
    cursor.require("}")?;
    annotations.apply_login(&mut head.actor.user, &mut head.message);
    Some((
        Activity {
            verdict: annotations.verdict,
            reason: annotations.reason,
            is_truncated: annotations.is_truncated,
            raw: cursor.since(0)?,
            request_body,
            response_body,
            ..head
        },
        cursor.position(),
    ))
}

/// Reads the event up to its response status: all that is left of one whose end was cut off.
pub(in crate::logs) fn scan_head<'a>(text: &'a str, arena: &'a Arena) -> Option<Activity<'a>> {
    head(&mut Cursor::new(text, arena))
}

#[inline]
fn head<'a>(cursor: &mut Cursor<'a>) -> Option<Activity<'a>> {
    if !cursor.eat(LINE_START) {
        cursor.require(ITEM_START)?;
    }
    let level = level(cursor)?;
    cursor.require(r#","auditID":""#)?;
    let id = cursor.string()?;
    cursor.require(r#","stage":""#)?;
    let stage = stage(cursor)?;
    cursor.require(r#","requestURI":""#)?;
    let uri = cursor.string()?;
    cursor.require(r#","verb":""#)?;
    let verb = cursor.string()?;
    cursor.require(r#","user":"#)?;
    let mut actor = actor(cursor)?;
    if cursor.eat(r#","impersonatedUser":"#) {
        let mask = self::actor(cursor)?;
        actor.impersonated = Some(Box::new(Impersonated {
            user: mask.user,
            groups: mask.groups,
        }));
    }
    if cursor.eat(r#","authenticationMetadata":"#) {
        cursor.container()?;
    }
    addresses(cursor, &mut actor)?;
    actor.user_agent = cursor.optional_string(r#","userAgent":""#)?;
    let object = object(cursor)?;
    let (code, message) = status(cursor)?;
    // The slow way knows what to do with events that lack what every event has.
    if verb.is_empty() || id.is_empty() {
        return None;
    }
    Some(Activity {
        surface: Surface::KubernetesApi,
        stage,
        level,
        id,
        actor,
        verb,
        object,
        uri,
        code,
        message,
        ..Activity::default()
    })
}

#[inline]
fn level(cursor: &mut Cursor<'_>) -> Option<Level> {
    if cursor.eat("Metadata\"") {
        Some(Level::Metadata)
    } else if cursor.eat("RequestResponse\"") {
        Some(Level::RequestResponse)
    } else if cursor.eat("Request\"") {
        Some(Level::Request)
    } else {
        None
    }
}

#[inline]
fn stage(cursor: &mut Cursor<'_>) -> Option<Stage> {
    if cursor.eat("ResponseComplete\"") {
        Some(Stage::ResponseComplete)
    } else if cursor.eat("RequestReceived\"") {
        Some(Stage::RequestReceived)
    } else if cursor.eat("ResponseStarted\"") {
        Some(Stage::ResponseStarted)
    } else if cursor.eat("Panic\"") {
        Some(Stage::Panic)
    } else {
        None
    }
}

#[inline]
fn actor<'a>(cursor: &mut Cursor<'a>) -> Option<Actor<'a>> {
    let mut actor = Actor::default();
    // A request whose authentication failed.
    if cursor.eat("{}") {
        return Some(actor);
    }
    cursor.require(r#"{"username":""#)?;
    actor.user = cursor.string()?;
    actor.uid = cursor.optional_string(r#","uid":""#)?;
    if cursor.eat(r#","groups":["#) {
        actor.groups = groups(cursor)?;
    }
    if cursor.eat(r#","extra":{"#) {
        extra(cursor, &mut actor)?;
    }
    cursor.require("}")?;
    Some(actor)
}

#[inline]
fn groups<'a>(cursor: &mut Cursor<'a>) -> Option<Texts<'a>> {
    let start = cursor.position();
    loop {
        cursor.require("\"")?;
        cursor.plain_string()?;
        if !cursor.eat(",") {
            break;
        }
    }
    let written = cursor.since(start)?;
    cursor.require("]")?;
    Some(Texts::Written(written))
}

/// `user.extra`: a map from text to lists of text, whose keys Go sorts.
#[inline]
fn extra<'a>(cursor: &mut Cursor<'a>, actor: &mut Actor<'a>) -> Option<()> {
    let mut access_key = Cow::Borrowed("");
    loop {
        cursor.require("\"")?;
        let key = cursor.plain_string()?;
        cursor.require(":[\"")?;
        let first = cursor.string()?;
        while cursor.eat(",\"") {
            cursor.string()?;
        }
        cursor.require("]")?;
        super::keep_extra(key, first, actor, &mut access_key);
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.require("}")?;
    super::settle_credential(actor, access_key);
    Some(())
}

#[inline]
fn addresses<'a>(cursor: &mut Cursor<'a>, actor: &mut Actor<'a>) -> Option<()> {
    if !cursor.eat(r#","sourceIPs":["#) {
        return Some(());
    }
    let mut count = 0_u16;
    loop {
        cursor.require("\"")?;
        actor.address = cursor.string()?;
        count = count.saturating_add(1);
        if !cursor.eat(",") {
            break;
        }
    }
    actor.claimed_address_count = count - 1;
    cursor.require("]")
}

#[inline]
fn object<'a>(cursor: &mut Cursor<'a>) -> Option<ActivityObject<'a>> {
    let mut object = ActivityObject::default();
    if !cursor.eat(r#","objectRef":{"#) {
        return Some(object);
    }
    cursor.require(r#""resource":""#)?;
    object.resource = cursor.string()?;
    object.namespace = cursor.optional_string(r#","namespace":""#)?;
    object.name = cursor.optional_string(r#","name":""#)?;
    cursor.optional_string(r#","uid":""#)?;
    object.api_group = cursor.optional_string(r#","apiGroup":""#)?;
    object.api_version = cursor.optional_string(r#","apiVersion":""#)?;
    cursor.optional_string(r#","resourceVersion":""#)?;
    object.subresource = cursor.optional_string(r#","subresource":""#)?;
    cursor.require("}")?;
    Some(object)
}

/// `responseStatus`: code and message.
#[inline]
fn status<'a>(cursor: &mut Cursor<'a>) -> Option<(u16, Cow<'a, str>)> {
    if !cursor.eat(r#","responseStatus":{"metadata":{}"#) {
        let is_absent = !cursor.eat(r#","responseStatus""#);
        return is_absent.then_some((0, Cow::Borrowed("")));
    }
    cursor.optional_string(r#","status":""#)?;
    let message = cursor.optional_string(r#","message":""#)?;
    cursor.optional_string(r#","reason":""#)?;
    if cursor.eat(r#","details":"#) {
        cursor.container()?;
    }
    let mut code = 0;
    if cursor.eat(r#","code":"#) {
        for digit in cursor.chunk::<3>()? {
            code = code * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
    }
    cursor.require("}")?;
    // JSON allows no leading zeros.
    (code == 0 || code >= 100).then_some((code, message))
}

#[inline]
fn body<'a>(cursor: &mut Cursor<'a>, key: &str) -> Option<&'a str> {
    if cursor.eat(key) {
        cursor.container()
    } else {
        Some("")
    }
}

#[inline]
fn annotations<'a>(cursor: &mut Cursor<'a>) -> Option<Annotations<'a>> {
    let mut annotations = Annotations::default();
    if !cursor.eat(r#","annotations":{"#) {
        return Some(annotations);
    }
    loop {
        cursor.require("\"")?;
        let key = cursor.plain_string()?;
        cursor.require(":\"")?;
        annotations.set(key, cursor.string()?);
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.require("}")?;
    Some(annotations)
}

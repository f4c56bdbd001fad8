//! The fast way: an event in the very form in which kube-apiserver's log backend writes it.
//!
//! The backend writes each event with Go's encoder in the order of the struct (kubernetes/apiserver,
//! `plugin/pkg/audit/log/backend.go` and `pkg/apis/audit/v1/types.go`), so that one walk forward finds
//! everything. Whatever deviates goes the slow way, [`super::wire`], with the same result; a property test
//! holds both to it. The walk never leaves a line: no JSON string holds a line break.

#![expect(
    clippy::inline_always,
    reason = "calls between the steps of one walk cost a tenth of it"
)]

use std::borrow::Cow;

use viewshed_model::{
    Activity, ActivityObject, Actor, LazyText, Level, Stage, Surface, Texts, Verdict,
};

use super::annotations::Annotations;
use super::cursor::Cursor;
use super::repeats::Repeats;
use super::sender::sender;
use crate::logs::arena::Arena;
use crate::logs::time::micro_time_us;

/// How every line of the log backend starts, up to the level.
const LINE_START: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;
/// How every item starts that the webhook backend sends: the list names kind and version for all.
const ITEM_START: &str = r#"{"level":""#;

/// An event of which nothing is known: the fields of a line are written over it.
const BLANK: Activity<'static> = Activity {
    at_us: 0,
    stage_at_us: 0,
    surface: Surface::KubernetesApi,
    stage: Stage::ResponseComplete,
    level: Level::Metadata,
    id: NOTHING,
    cluster: NOTHING,
    actor: Actor {
        user: NOTHING,
        uid: NOTHING,
        groups: Texts::Empty,
        pod: NOTHING,
        node: NOTHING,
        credential: NOTHING,
        impersonated: None,
        address: NOTHING,
        claimed_address_count: 0,
        user_agent: NOTHING,
    },
    verb: NOTHING,
    object: ActivityObject {
        api_group: NOTHING,
        api_version: NOTHING,
        resource: NOTHING,
        subresource: NOTHING,
        namespace: NOTHING,
        name: NOTHING,
    },
    uri: NOTHING,
    code: 0,
    verdict: Verdict::Unknown,
    reason: LazyText::EMPTY,
    message: NOTHING,
    review: None,
    disclosed_count: None,
    process: None,
    is_truncated: false,
    raw: "",
    request_body: "",
    response_body: "",
};

const NOTHING: Cow<'static, str> = Cow::Borrowed("");

/// Reads the event at the start of `text`, which may hold further lines, into `activities`; gives its length.
/// The activity is made in its place: it is too large to be moved about for each line.
#[inline]
pub(super) fn scan<'a>(
    text: &'a str,
    arena: &'a Arena,
    repeats: &mut Repeats<'a>,
    activities: &mut Vec<Activity<'a>>,
) -> Option<usize> {
    activities.push(BLANK);
    let length = event(Cursor::new(text, arena), repeats, activities.last_mut()?);
    if length.is_none() {
        activities.pop();
    }
    length
}

#[inline(always)]
fn event<'a>(
    mut cursor: Cursor<'a>,
    repeats: &mut Repeats<'a>,
    found: &mut Activity<'a>,
) -> Option<usize> {
    let text = cursor.rest();
    head(&mut cursor, repeats, found)?;
    found.request_body = body(&mut cursor, r#","requestObject":"#)?;
    found.response_body = body(&mut cursor, r#","responseObject":"#)?;
    cursor.require(r#","requestReceivedTimestamp":""#)?;
    found.at_us = micro_time_us(cursor.chunk()?, &mut repeats.second)?;
    cursor.require(r#"","stageTimestamp":""#)?;
    found.stage_at_us = micro_time_us(cursor.chunk()?, &mut repeats.second)?;
    cursor.require("\"")?;
    annotations(&mut cursor, found)?;
    cursor.require("}")?;
    found.raw = cursor.since(text)?;
    Some(found.raw.len())
}

/// Reads the event up to its response status: all that is left of one whose end was cut off.
pub(in crate::logs) fn scan_head<'a>(text: &'a str, arena: &'a Arena) -> Option<Activity<'a>> {
    let mut activity = BLANK;
    head(
        &mut Cursor::new(text, arena),
        &mut Repeats::default(),
        &mut activity,
    )?;
    Some(activity)
}

#[inline(always)]
fn head<'a>(
    cursor: &mut Cursor<'a>,
    repeats: &mut Repeats<'a>,
    found: &mut Activity<'a>,
) -> Option<()> {
    if !cursor.eat(LINE_START) {
        cursor.require(ITEM_START)?;
    }
    found.level = level(cursor)?;
    cursor.require(r#","auditID":""#)?;
    found.id = Cow::Borrowed(cursor.uuid()?);
    cursor.require(r#","stage":""#)?;
    found.stage = stage(cursor)?;
    cursor.require(r#","requestURI":""#)?;
    found.uri = Cow::Borrowed(cursor.string()?);
    cursor.require(r#","verb":""#)?;
    found.verb = Cow::Borrowed(cursor.short_string()?);
    cursor.require(r#","user":"#)?;
    sender(cursor, repeats, &mut found.actor)?;
    object(cursor, &mut found.object)?;
    status(cursor, found)?;
    // The slow way knows what to do with events that lack what every event has.
    (!found.verb.is_empty() && !found.id.is_empty()).then_some(())
}

#[inline(always)]
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

#[inline(always)]
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

#[inline(always)]
fn object<'a>(cursor: &mut Cursor<'a>, object: &mut ActivityObject<'a>) -> Option<()> {
    if !cursor.eat(r#","objectRef":{"#) {
        return Some(());
    }
    cursor.require(r#""resource":""#)?;
    object.resource = Cow::Borrowed(cursor.short_string()?);
    if cursor.eat(r#","namespace":""#) {
        object.namespace = Cow::Borrowed(cursor.short_string()?);
    }
    if cursor.eat(r#","name":""#) {
        object.name = Cow::Borrowed(cursor.string()?);
    }
    if cursor.eat(r#","uid":""#) {
        cursor.uuid()?;
    }
    if cursor.eat(r#","apiGroup":""#) {
        object.api_group = Cow::Borrowed(cursor.string()?);
    }
    if cursor.eat(r#","apiVersion":""#) {
        object.api_version = Cow::Borrowed(cursor.short_string()?);
    }
    if cursor.eat(r#","resourceVersion":""#) {
        cursor.string()?;
    }
    if cursor.eat(r#","subresource":""#) {
        object.subresource = Cow::Borrowed(cursor.short_string()?);
    }
    cursor.require("}")
}

/// `responseStatus`: code and message.
#[inline(always)]
fn status<'a>(cursor: &mut Cursor<'a>, found: &mut Activity<'a>) -> Option<()> {
    if !cursor.eat(r#","responseStatus":{"metadata":{}"#) {
        return (!cursor.eat(r#","responseStatus""#)).then_some(());
    }
    cursor.optional_string(r#","status":""#)?;
    found.message = Cow::Borrowed(cursor.optional_string(r#","message":""#)?);
    cursor.optional_string(r#","reason":""#)?;
    if cursor.eat(r#","details":"#) {
        cursor.container()?;
    }
    if cursor.eat(r#","code":"#) {
        for digit in cursor.chunk::<3>()? {
            let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
            found.code = found.code * 10 + u16::from(digit);
        }
        // JSON allows no leading zeros.
        (found.code >= 100).then_some(())?;
    }
    cursor.require("}")
}

#[inline(always)]
fn body<'a>(cursor: &mut Cursor<'a>, key: &'static str) -> Option<&'a str> {
    if cursor.eat(key) {
        cursor.container()
    } else {
        Some("")
    }
}

#[inline(always)]
fn annotations<'a>(cursor: &mut Cursor<'a>, found: &mut Activity<'a>) -> Option<()> {
    if !cursor.eat(r#","annotations":{"#) {
        return Some(());
    }
    let mut annotations = Annotations::default();
    // As nearly every event has them.
    if cursor.eat(r#""authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""#) {
        let reason = cursor.lazy_string()?;
        if cursor.eat("}") {
            found.verdict = Verdict::Allowed;
            found.reason = reason;
            return Some(());
        }
        cursor.require(",")?;
        annotations.verdict = Verdict::Allowed;
        annotations.reason = reason;
    }
    further_annotations(cursor, &mut annotations)?;
    annotations.apply_login(&mut found.actor.user, &mut found.message);
    found.verdict = annotations.verdict;
    found.reason = annotations.reason;
    found.is_truncated = annotations.is_truncated;
    Some(())
}

#[inline(never)]
fn further_annotations<'a>(
    cursor: &mut Cursor<'a>,
    annotations: &mut Annotations<'a>,
) -> Option<()> {
    loop {
        cursor.require("\"")?;
        let key = cursor.plain_string()?;
        cursor.require(":\"")?;
        annotations.set(key, Cow::Borrowed(cursor.string()?));
        if !cursor.eat(",") {
            return cursor.require("}");
        }
    }
}

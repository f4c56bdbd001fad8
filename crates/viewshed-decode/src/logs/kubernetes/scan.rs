//! The fast way: an event in the very form in which kube-apiserver's log backend writes it.
//!
//! The backend writes each event with Go's encoder in the order of the struct (kubernetes/apiserver,
//! `plugin/pkg/audit/log/backend.go` and `pkg/apis/audit/v1/types.go`), so that one walk forward finds
//! everything. Whatever deviates goes the slow way, [`super::wire`], with the same result; a property test
//! holds both to it. The walk never leaves a line: no JSON string holds a line break.

use std::borrow::Cow;

use viewshed_model::{
    Activity, ActivityObject, Actor, Impersonated, Level, Stage, Surface, Texts, Verdict,
};

use super::annotations::Annotations;
use super::cursor::Cursor;
use super::extra::{EXTRA_PREFIX, KeptExtra};
use crate::logs::arena::Arena;
use crate::logs::time::micro_time_us;

/// How every line of the log backend starts, up to the level.
const LINE_START: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;
/// How every item starts that the webhook backend sends: the list names kind and version for all.
const ITEM_START: &str = r#"{"level":""#;

/// What is found, all of it borrowed: nothing here needs to be dropped when a line deviates.
#[derive(Debug, Default)]
struct Found<'a> {
    at_us: i64,
    stage_at_us: i64,
    level: Level,
    stage: Stage,
    id: &'a str,
    uri: &'a str,
    verb: &'a str,
    user: User<'a>,
    impersonated: Option<(&'a str, &'a str)>,
    address: &'a str,
    claimed_address_count: u16,
    user_agent: &'a str,
    object: Object<'a>,
    code: u16,
    message: &'a str,
    raw: &'a str,
    request_body: &'a str,
    response_body: &'a str,
}

#[derive(Debug, Default)]
struct User<'a> {
    name: &'a str,
    uid: &'a str,
    groups: &'a str,
    extra: KeptExtra<&'a str>,
}

#[derive(Debug, Default)]
struct Object<'a> {
    api_group: &'a str,
    api_version: &'a str,
    resource: &'a str,
    subresource: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// Reads the event at the start of `text`, which may hold further lines, into `activities`; gives its length.
/// The activity is made in its place: it is too large to be moved about for each line.
#[inline]
pub(super) fn scan<'a>(
    text: &'a str,
    arena: &'a Arena,
    activities: &mut Vec<Activity<'a>>,
) -> Option<usize> {
    let mut cursor = Cursor::new(text, arena);
    let mut found = Found::default();
    head(&mut cursor, &mut found)?;
    found.request_body = body(&mut cursor, r#","requestObject":"#)?;
    found.response_body = body(&mut cursor, r#","responseObject":"#)?;
    cursor.require(r#","requestReceivedTimestamp":""#)?;
    found.at_us = micro_time_us(cursor.chunk()?)?;
    cursor.require(r#"","stageTimestamp":""#)?;
    found.stage_at_us = micro_time_us(cursor.chunk()?)?;
    cursor.require("\"")?;
    let annotations = annotations(&mut cursor)?;
    cursor.require("}")?;
    found.raw = cursor.since(0)?;
    activities.push(activity(found, annotations));
    Some(cursor.position())
}

/// Reads the event up to its response status: all that is left of one whose end was cut off.
pub(in crate::logs) fn scan_head<'a>(text: &'a str, arena: &'a Arena) -> Option<Activity<'a>> {
    let mut found = Found::default();
    head(&mut Cursor::new(text, arena), &mut found)?;
    Some(activity(found, Annotations::default()))
}

#[inline]
fn activity<'a>(found: Found<'a>, mut annotations: Annotations<'a>) -> Activity<'a> {
    let mut user = Cow::Borrowed(found.user.name);
    let mut message = Cow::Borrowed(found.message);
    annotations.apply_login(&mut user, &mut message);
    let extra = found.user.extra;
    Activity {
        at_us: found.at_us,
        stage_at_us: found.stage_at_us,
        surface: Surface::KubernetesApi,
        stage: found.stage,
        level: found.level,
        id: Cow::Borrowed(found.id),
        cluster: Cow::Borrowed(""),
        actor: Actor {
            user,
            uid: Cow::Borrowed(found.user.uid),
            groups: texts(found.user.groups),
            pod: Cow::Borrowed(extra.pod),
            node: Cow::Borrowed(extra.node),
            credential: Cow::Borrowed(extra.credential()),
            impersonated: found.impersonated.map(|(user, groups)| {
                Box::new(Impersonated {
                    user: Cow::Borrowed(user),
                    groups: texts(groups),
                })
            }),
            address: Cow::Borrowed(found.address),
            claimed_address_count: found.claimed_address_count,
            user_agent: Cow::Borrowed(found.user_agent),
        },
        verb: Cow::Borrowed(found.verb),
        object: ActivityObject {
            api_group: Cow::Borrowed(found.object.api_group),
            api_version: Cow::Borrowed(found.object.api_version),
            resource: Cow::Borrowed(found.object.resource),
            subresource: Cow::Borrowed(found.object.subresource),
            namespace: Cow::Borrowed(found.object.namespace),
            name: Cow::Borrowed(found.object.name),
        },
        uri: Cow::Borrowed(found.uri),
        code: found.code,
        verdict: annotations.verdict,
        reason: annotations.reason,
        message,
        review: None,
        disclosed_count: None,
        process: None,
        is_truncated: annotations.is_truncated,
        raw: found.raw,
        request_body: found.request_body,
        response_body: found.response_body,
    }
}

#[inline]
fn texts(written: &str) -> Texts<'_> {
    if written.is_empty() {
        Texts::Empty
    } else {
        Texts::Written(written)
    }
}

#[inline]
fn head<'a>(cursor: &mut Cursor<'a>, found: &mut Found<'a>) -> Option<()> {
    if !cursor.eat(LINE_START) {
        cursor.require(ITEM_START)?;
    }
    found.level = level(cursor)?;
    cursor.require(r#","auditID":""#)?;
    found.id = cursor.uuid()?;
    cursor.require(r#","stage":""#)?;
    found.stage = stage(cursor)?;
    cursor.require(r#","requestURI":""#)?;
    found.uri = cursor.string()?;
    cursor.require(r#","verb":""#)?;
    found.verb = cursor.string()?;
    cursor.require(r#","user":"#)?;
    user(cursor, &mut found.user)?;
    if cursor.eat(r#","impersonatedUser":"#) {
        let mut mask = User::default();
        user(cursor, &mut mask)?;
        found.impersonated = Some((mask.name, mask.groups));
    }
    if cursor.eat(r#","authenticationMetadata":"#) {
        cursor.container()?;
    }
    addresses(cursor, found)?;
    found.user_agent = cursor.optional_string(r#","userAgent":""#)?;
    object(cursor, &mut found.object)?;
    status(cursor, found)?;
    // The slow way knows what to do with events that lack what every event has.
    (!found.verb.is_empty() && !found.id.is_empty()).then_some(())
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
fn user<'a>(cursor: &mut Cursor<'a>, user: &mut User<'a>) -> Option<()> {
    // A request whose authentication failed.
    if cursor.eat("{}") {
        return Some(());
    }
    cursor.require(r#"{"username":""#)?;
    user.name = cursor.string()?;
    if cursor.eat(r#","uid":""#) {
        user.uid = cursor.uuid()?;
    }
    if cursor.eat(r#","groups":["#) {
        user.groups = groups(cursor)?;
    }
    if cursor.eat(r#","extra":{"#) {
        extra(cursor, &mut user.extra)?;
    }
    cursor.require("}")
}

#[inline]
fn groups<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
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
    Some(written)
}

/// `user.extra`: a map from text to lists of text, whose keys Go sorts.
#[inline]
fn extra<'a>(cursor: &mut Cursor<'a>, extra: &mut KeptExtra<&'a str>) -> Option<()> {
    loop {
        cursor.require("\"")?;
        let is_known = cursor.eat(EXTRA_PREFIX);
        let is_uid = is_known && (cursor.eat("node-uid\":[\"") || cursor.eat("pod-uid\":[\""));
        if is_uid {
            cursor.uuid()?;
        } else {
            let key = cursor.plain_string()?;
            cursor.require(":[\"")?;
            let first = cursor.string()?;
            if is_known {
                extra.keep(key, first);
            } else {
                extra.keep_foreign(key, first);
            }
        }
        while cursor.eat(",\"") {
            cursor.string()?;
        }
        cursor.require("]")?;
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.require("}")
}

#[inline]
fn addresses<'a>(cursor: &mut Cursor<'a>, found: &mut Found<'a>) -> Option<()> {
    if !cursor.eat(r#","sourceIPs":["#) {
        return Some(());
    }
    cursor.require("\"")?;
    found.address = cursor.string()?;
    while cursor.eat(",\"") {
        found.address = cursor.string()?;
        found.claimed_address_count = found.claimed_address_count.saturating_add(1);
    }
    cursor.require("]")
}

#[inline]
fn object<'a>(cursor: &mut Cursor<'a>, object: &mut Object<'a>) -> Option<()> {
    if !cursor.eat(r#","objectRef":{"#) {
        return Some(());
    }
    cursor.require(r#""resource":""#)?;
    object.resource = cursor.string()?;
    object.namespace = cursor.optional_string(r#","namespace":""#)?;
    object.name = cursor.optional_string(r#","name":""#)?;
    if cursor.eat(r#","uid":""#) {
        cursor.uuid()?;
    }
    object.api_group = cursor.optional_string(r#","apiGroup":""#)?;
    object.api_version = cursor.optional_string(r#","apiVersion":""#)?;
    cursor.optional_string(r#","resourceVersion":""#)?;
    object.subresource = cursor.optional_string(r#","subresource":""#)?;
    cursor.require("}")
}

/// `responseStatus`: code and message.
#[inline]
fn status<'a>(cursor: &mut Cursor<'a>, found: &mut Found<'a>) -> Option<()> {
    if !cursor.eat(r#","responseStatus":{"metadata":{}"#) {
        return (!cursor.eat(r#","responseStatus""#)).then_some(());
    }
    cursor.optional_string(r#","status":""#)?;
    found.message = cursor.optional_string(r#","message":""#)?;
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
        if cursor.eat(r#"authorization.k8s.io/decision":"allow""#) {
            annotations.verdict = Verdict::Allowed;
        } else if cursor.eat(r#"authorization.k8s.io/reason":""#) {
            annotations.reason = Cow::Borrowed(cursor.string()?);
        } else {
            let key = cursor.plain_string()?;
            cursor.require(":\"")?;
            annotations.set(key, Cow::Borrowed(cursor.string()?));
        }
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.require("}")?;
    Some(annotations)
}

//! The part of a line that tells who sent the request, from where and with what.

#![expect(
    clippy::inline_always,
    reason = "calls between the steps of one walk cost a tenth of it"
)]

use std::borrow::Cow;

use viewshed_model::{Actor, Impersonated, Texts};

use super::cursor::Cursor;
use super::extra::{EXTRA_PREFIX, KeptExtra};
use super::repeats::{Repeats, Sender, User};

/// From the user to the user agent. The same bytes are the same sender: then only their end is looked for.
#[inline(always)]
pub(super) fn sender<'a>(
    cursor: &mut Cursor<'a>,
    repeats: &mut Repeats<'a>,
    actor: &mut Actor<'a>,
) -> Option<()> {
    let sender = match repeats.sender(cursor.rest()) {
        Ok((sender, after)) => {
            cursor.go_on_with(after);
            sender
        }
        Err(key) => {
            let start = cursor.rest();
            let user = user(cursor)?;
            let is_plain = between(cursor, actor)?;
            let mut sender = Sender {
                user,
                ..Sender::default()
            };
            addresses(cursor, &mut sender)?;
            let has_agent = cursor.eat(r#","userAgent":""#);
            if has_agent {
                sender.user_agent = cursor.string()?;
            }
            if let Some(key) = key.filter(|_| is_plain && has_agent) {
                repeats.note(key, cursor.since(start)?, sender);
            }
            sender
        }
    };
    actor.user = Cow::Borrowed(sender.user.name);
    actor.uid = Cow::Borrowed(sender.user.uid);
    actor.groups = texts(sender.user.groups);
    actor.pod = Cow::Borrowed(sender.user.pod);
    actor.node = Cow::Borrowed(sender.user.node);
    actor.credential = Cow::Borrowed(sender.user.credential);
    actor.address = Cow::Borrowed(sender.address);
    actor.claimed_address_count = sender.claimed_address_count;
    actor.user_agent = Cow::Borrowed(sender.user_agent);
    Some(())
}

/// What stands between the user and the addresses, seldom anything; gives whether nothing did.
#[inline(always)]
fn between<'a>(cursor: &mut Cursor<'a>, actor: &mut Actor<'a>) -> Option<bool> {
    let start = cursor.rest();
    if cursor.eat(r#","impersonatedUser":"#) {
        actor.impersonated = Some(impersonated(cursor)?);
    }
    if cursor.eat(r#","authenticationMetadata":"#) {
        cursor.container()?;
    }
    Some(cursor.rest().len() == start.len())
}

#[inline(always)]
fn texts(written: &str) -> Texts<'_> {
    if written.is_empty() {
        Texts::Empty
    } else {
        Texts::Written(written)
    }
}

/// Of the mask nothing is kept but its name and groups.
#[cold]
fn impersonated<'a>(cursor: &mut Cursor<'a>) -> Option<Box<Impersonated<'a>>> {
    let mask = user(cursor)?;
    Some(Box::new(Impersonated {
        user: Cow::Borrowed(mask.name),
        groups: texts(mask.groups),
    }))
}

#[inline]
fn user<'a>(cursor: &mut Cursor<'a>) -> Option<User<'a>> {
    let mut user = User::default();
    // A request whose authentication failed.
    if cursor.eat("{}") {
        return Some(user);
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
        let mut kept = KeptExtra::default();
        extra(cursor, &mut kept)?;
        user.pod = kept.pod;
        user.node = kept.node;
        user.credential = kept.credential();
    }
    cursor.require("}")?;
    Some(user)
}

#[inline(always)]
fn groups<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let start = cursor.rest();
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
#[inline(always)]
fn extra<'a>(cursor: &mut Cursor<'a>, extra: &mut KeptExtra<&'a str>) -> Option<()> {
    loop {
        cursor.require("\"")?;
        let is_known = cursor.eat(EXTRA_PREFIX);
        if is_known && cursor.eat("credential-id\":[\"") {
            extra.keep("credential-id", cursor.string()?);
        } else if is_known && cursor.eat("node-name\":[\"") {
            extra.keep("node-name", cursor.string()?);
        } else if is_known && cursor.eat("pod-name\":[\"") {
            extra.keep("pod-name", cursor.string()?);
        } else if is_known && (cursor.eat("node-uid\":[\"") || cursor.eat("pod-uid\":[\"")) {
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

#[inline(always)]
fn addresses<'a>(cursor: &mut Cursor<'a>, found: &mut Sender<'a>) -> Option<()> {
    if !cursor.eat(r#","sourceIPs":["#) {
        return Some(());
    }
    cursor.require("\"")?;
    found.address = cursor.short_string()?;
    while cursor.eat(",\"") {
        found.address = cursor.short_string()?;
        found.claimed_address_count = found.claimed_address_count.saturating_add(1);
    }
    cursor.require("]")
}

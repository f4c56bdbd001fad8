//! The query log of `CoreDNS` (its `log` plugin in the default format).
//!
//! `[INFO] 10.244.0.5:35231 - 5 "SRV IN any.any.svc.cluster.local. udp 60 false 512" NOERROR qr,aa,rd 146 0.0002s`
//! The line itself has no time: it comes from what the container runtime put in front.

use std::borrow::Cow;

use viewshed_model::{Activity, ActivityObject, Actor, SkipReason, Surface, Verdict};

use super::shipped::Shipped;
use super::sink::Sink;

pub(super) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_line(text, |line, sink| {
        let shipped = Shipped::of(line, sink);
        match query(&shipped) {
            Some(activity) => sink.push(activity),
            None => sink.skip(SkipReason::OtherKind),
        }
    });
}

/// Whether this is a line of a query.
pub(super) fn is_query(line: &str) -> bool {
    query(&Shipped::bare(line)).is_some()
}

fn query<'a>(shipped: &Shipped<'a>) -> Option<Activity<'a>> {
    let (_, rest) = shipped.text.split_once("[INFO] ")?;
    let (head, rest) = rest.split_once(" \"")?;
    let (question, answer) = rest.split_once("\" ")?;
    let mut head = head.split(' ');
    let (address, port) = head.next()?.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let mut words = question.split(' ');
    let kind = words.next()?;
    // The class; CHAOS queries ask the server about itself.
    let class = words.next()?;
    let name = words.next()?;
    let code = answer.split(' ').next()?;
    let is_class = matches!(class, "IN" | "CH" | "HS" | "ANY") || class.starts_with("CLASS");
    if kind.is_empty() || !is_class {
        return None;
    }
    Some(Activity {
        at_us: shipped.at_us,
        surface: Surface::Dns,
        actor: Actor {
            address: Cow::Borrowed(address),
            ..Actor::default()
        },
        verb: Cow::Borrowed(kind),
        object: ActivityObject {
            name: Cow::Borrowed(name),
            ..ActivityObject::default()
        },
        verdict: if code == "REFUSED" {
            Verdict::Refused
        } else {
            Verdict::Unknown
        },
        message: Cow::Borrowed(code),
        ..Activity::default()
    })
}

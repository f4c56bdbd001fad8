//! Requests with a credential that is not valid, for one thing after the other.

use super::tool_on_workload::{is_raw, tool};
use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "invalid-credential",
    title: "uses credentials that are not valid",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/invalid-credential.md"),
    judge,
};

/// So often one and the same request with a credential that is not valid counts.
const TRIES_MAX: u16 = 4;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.class != Class::Invalid || look.behaviour.op == Op::Health || look.is_usual {
        return None;
    }
    let kind = look.behaviour.kind;
    let is_new = look.facts.nth(Sort::Path, [kind, look.behaviour.namespace]);
    let nth = look.facts.count(Sort::Path);
    // A program whose credential ran out repeats its few requests from where it runs; somebody else tries one.
    let agent: &str = &look.activity.actor.user_agent;
    let is_tried = look.origin.is_nobodys && tool(agent).is_some_and(is_raw);
    let weight = match is_new {
        None if is_tried => {
            look.facts.nth_time(Sort::Crawled, kind, TRIES_MAX)?;
            22.0
        }
        None => return None,
        Some(1) if is_tried => 14.0,
        Some(_) if is_tried => 24.0,
        Some(1..=3) => 5.0,
        // Nobody's program asks for many kinds.
        Some(_) => 10.0,
    };
    let address = &look.activity.actor.address;
    let things = if nth == 1 {
        "thing"
    } else {
        "different things"
    };
    Some(Sign::quiet(
        weight,
        format!("invalid credentials from {address}, for {nth} {things}"),
    ))
}

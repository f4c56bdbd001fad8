//! Asks about its own rights, one question after the other.

use super::tool_on_workload::tool;
use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "access-question-storm",
    title: "asks many questions about its own rights",
    techniques: &["T1613", "T1069"],
    cap: 80,
    page: include_str!("../../../../docs/detections/access-question-storm.md"),
    judge,
};

/// Questions whose body was not recorded: so many count as different ones.
const UNREAD_MAX: u16 = 5;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op != Op::Ask
        || look.is_usual
        || look.behaviour.kind.starts_with("selfsubjectrules")
    {
        return None;
    }
    let is_tool = tool(&look.activity.actor.user_agent).is_some();
    let Some(review) = look.activity.review.as_ref() else {
        return unread(look, is_tool);
    };
    let (verb, resource) = (review.verb.as_ref(), review.resource.as_ref());
    let nth = look.facts.nth(Sort::Question, [verb, resource])?;
    look.facts.asked(resource, look.now_s);
    let weight = match (look.class, nth) {
        // Dashboards ask for every verb of every kind.
        (Class::Person | Class::System, 21..) => 0.0,
        (Class::Person | Class::System, _) => 0.5,
        _ if is_tool => 16.0,
        (_, 1) => 12.0,
        // Operators ask for all that they need when they start.
        (_, 7..) => 0.0,
        _ => 10.0,
    };
    Some(sign(look.who, weight, nth))
}

/// Without the body every question looks like the other.
fn unread(look: &mut Look<'_>, is_tool: bool) -> Option<Sign> {
    let nth = look
        .facts
        .nth_time(Sort::Question, look.behaviour.kind, UNREAD_MAX)?;
    let weight = match look.class {
        Class::Person | Class::System => 0.5,
        _ if is_tool || nth == 1 => 12.0,
        _ => 6.0,
    };
    Some(sign(look.who, weight, nth))
}

fn sign(who: &str, weight: f64, nth: u16) -> Sign {
    let text = format!("{who} asks what it may do, {nth} different questions so far");
    Sign::quiet(weight, text)
}

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

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op != Op::Ask
        || look.is_usual
        || look.behaviour.kind.starts_with("selfsubjectrules")
    {
        return None;
    }
    let (verb, resource) = match look.activity.review.as_ref() {
        Some(review) => (review.verb.as_ref(), review.resource.as_ref()),
        // Without the body every question looks like the other: the habit alone must do.
        None => ("", look.behaviour.kind),
    };
    let nth = look.facts.nth(Sort::Question, [verb, resource])?;
    look.facts.asked(resource, look.now_s);
    let weight = match (look.class, nth) {
        // Dashboards ask for every verb of every kind.
        (Class::Person | Class::System, 21..) => 0.0,
        (Class::Person | Class::System, _) => 0.5,
        _ if tool(&look.activity.actor.user_agent).is_some() => 16.0,
        (_, 1) => 12.0,
        // Operators ask for all that they need when they start.
        (_, 7..) => 0.0,
        _ => 10.0,
    };
    Some(Sign::quiet(
        weight,
        format!(
            "{} asks what it may do, {nth} different questions so far",
            look.who
        ),
    ))
}

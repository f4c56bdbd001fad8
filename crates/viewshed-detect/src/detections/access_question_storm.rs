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
    cap: 110,
    page: include_str!("../../../../docs/detections/access-question-storm.md"),
    judge,
};

/// Questions whose body was not recorded: so many count as different ones.
const UNREAD_MAX: u16 = 5;
/// So many questions are a series; an operator that asks for all that it needs asks for more kinds.
const SERIES: u16 = 5;

/// Questions about others whose body was not recorded: a server that checks who reads its metrics asks one and the
/// same again and again.
const UNREAD_REVIEWS_MAX: u16 = 2;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op == Op::Review {
        return of_others(look);
    }
    if look.behaviour.op != Op::Ask
        || look.is_usual
        || look.behaviour.kind.starts_with("selfsubjectrules")
    {
        return None;
    }
    let nth = match look.activity.review.as_ref() {
        Some(review) => {
            let (verb, resource) = (review.verb.as_ref(), review.resource.as_ref());
            // Operators ask for what they need in each of their namespaces, when they start.
            let asks_there = look.is_midway && look.class == Class::ServiceAccount;
            let verb_there = if asks_there {
                format!("{verb} {}", review.namespace)
            } else {
                verb.to_owned()
            };
            let nth = look.facts.nth(Sort::Question, [&verb_there, resource])?;
            look.facts.asked(resource, look.now_s);
            nth
        }
        // Without the body every question looks like the other.
        None => look
            .facts
            .nth_time(Sort::Question, look.behaviour.kind, UNREAD_MAX)?,
    };
    let text = format!(
        "{} asks what it may do, {nth} different questions so far",
        look.who
    );
    if matches!(look.class, Class::Person | Class::System) {
        // Dashboards ask for every verb of every kind.
        return (nth <= 20).then(|| Sign::quiet(0.5, text));
    }
    if tool(&look.activity.actor.user_agent).is_some() {
        return Some(Sign::quiet(16.0, text));
    }
    if nth > SERIES {
        return None;
    }
    // Programs ask for what they need when they start, and go to work at once or have long been at it.
    if look.works_somewhere {
        let is_unread = look.activity.review.is_none();
        // One that has long been running asks for nothing that it needs.
        let weight = match nth {
            1 if look.is_midway => 16.0,
            1 => 12.0,
            _ if is_unread => 6.0,
            _ if look.is_midway => 16.0,
            _ => 10.0,
        };
        return Some(Sign::quiet(weight, text));
    }
    Some(Sign::unless_at_work(22.0, text))
}

/// A program that has long been running without it asks what others may do, or whose a token is: servers do that from
/// their start on.
fn of_others(look: &mut Look<'_>) -> Option<Sign> {
    let is_program = look.class == Class::ServiceAccount && look.is_midway;
    if !is_program || look.is_usual || look.acquaintance <= 0.0 {
        return None;
    }
    let kind = look.behaviour.kind;
    let nth = match look.activity.review.as_ref() {
        Some(review) => {
            let about = format!("{} {} {}", review.user, review.verb, review.namespace);
            look.facts.nth(Sort::Reviewed, [&about, &review.resource])?
        }
        // Each is about one namespace.
        None if kind.starts_with("localsubjectaccessreviews") => look
            .facts
            .nth(Sort::Reviewed, [kind, look.behaviour.namespace])?,
        None => {
            let is_tool = tool(&look.activity.actor.user_agent).is_some();
            let several = if is_tool {
                UNREAD_MAX
            } else {
                UNREAD_REVIEWS_MAX
            };
            look.facts.nth_time(Sort::Reviewed, kind, several)?
        }
    };
    let things = if nth == 1 {
        "question"
    } else {
        "different questions"
    };
    let text = format!(
        "{} asks what others may do, {nth} {things} so far",
        look.who
    );
    Some(Sign::quiet(23.0 * look.acquaintance, text))
}

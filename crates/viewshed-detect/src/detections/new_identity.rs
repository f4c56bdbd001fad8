//! An identity that nobody knew looks around in a log that is well known.

use super::{Detection, Look, Sign, tool};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "new-identity",
    title: "an unknown identity looks around",
    techniques: &["T1613"],
    cap: 70,
    page: include_str!("../../../../docs/detections/new-identity.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let is_young = look.known_days == 0 && look.log_days > 0;
    if !is_young || look.is_usual || look.is_nobody() {
        return None;
    }
    let base = match look.behaviour.op {
        Op::List | Op::Watch | Op::Get => look.list_points() * 0.8,
        Op::Ask | Op::Proxy | Op::Log | Op::Exec => 12.0,
        _ => return None,
    };
    let shape = format!("young {} {}", look.behaviour.op.word(), look.behaviour.kind);
    look.facts
        .nth(Sort::Novelty, [&shape, look.behaviour.namespace])?;
    // What strangers among people read has a detection of its own.
    let is_other = look.class == Class::Node && tool(&look.activity.actor.user_agent).is_some();
    let people = if look.share() < 1.0 && !is_other {
        0.1
    } else {
        1.0
    };
    let is_refused = look.behaviour.outcome == Outcome::Refused;
    // A new program without the rights that it wants tries for ever.
    let mistake = if is_refused && look.is_reflector_style() {
        0.3
    } else {
        1.0
    };
    let weight =
        base * people * mistake * look.following_share() * look.log_acquaintance * look.surprise();
    let text = format!(
        "{} was never seen in {} days before today, and {} {}{}{}",
        look.who,
        look.log_days,
        look.does(),
        look.behaviour.kind,
        look.scope_words(),
        look.outcome_words()
    );
    if is_refused || !look.may_follow {
        Some(Sign::quiet(weight, text))
    } else {
        Some(Sign::held(weight, text))
    }
}

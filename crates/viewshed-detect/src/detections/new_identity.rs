//! An identity that nobody knew looks around in a log that is well known.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;

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
        Op::Ask => 12.0,
        Op::Proxy | Op::Log | Op::Exec => 10.0,
        _ => return None,
    };
    let people = if look.share() < 1.0 { 0.4 } else { 1.0 };
    let weight = base * people * look.log_acquaintance * look.surprise();
    let text = format!(
        "{} was never seen in {} days before today, and {} {}{}{}",
        look.who,
        look.log_days,
        look.does(),
        look.behaviour.kind,
        look.scope_words(),
        look.outcome_words()
    );
    Sign::held(weight, text)
}

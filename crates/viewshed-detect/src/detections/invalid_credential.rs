//! Requests with a credential that is not valid, for one thing after the other.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "invalid-credential",
    title: "uses credentials that are not valid",
    techniques: &["T1613"],
    cap: 70,
    page: include_str!("../../../../docs/detections/invalid-credential.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.class != Class::Invalid || look.behaviour.op == Op::Health || look.is_usual {
        return None;
    }
    let nth = look
        .facts
        .nth(Sort::Path, [look.behaviour.kind, look.behaviour.namespace])?;
    // A program whose token ran out repeats its few requests; nobody's program asks for many kinds.
    let weight = if nth <= 3 { 5.0 } else { 10.0 };
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

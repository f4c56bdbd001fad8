//! A program asks for the list of everything that it may do.

use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "rules-review",
    title: "asks for the list of its own rights",
    techniques: &["T1613", "T1069"],
    cap: 90,
    page: include_str!("../../../../docs/detections/rules-review.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.kind != "selfsubjectrulesreviews.authorization.k8s.io" || look.is_usual {
        return None;
    }
    let nth = match look.activity.review.as_ref() {
        Some(review) => look
            .facts
            .nth(Sort::RulesNamespace, [&review.namespace, ""])?,
        // Without the body a second time may be for another namespace.
        None => look.facts.nth_time(Sort::RulesNamespace, "", 2)?,
    };
    let weight = match (look.class, nth) {
        (Class::Person, 1) => 6.0 + 10.0 * look.acquaintance,
        (Class::Person, _) => 2.0,
        (_, 1) => 60.0,
        _ => 30.0,
    };
    Some(Sign::new(
        weight,
        format!("{} asks for the list of its own rights", look.who),
    ))
}

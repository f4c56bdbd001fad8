//! Asks whether it may read, and reads at once.

use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;

pub(super) static DETECTION: Detection = Detection {
    name: "question-then-list",
    title: "asks whether it may read a kind and reads it at once",
    techniques: &["T1613"],
    cap: 60,
    page: include_str!("../../../../docs/detections/question-then-list.md"),
    judge,
};

/// Tools do both within a second; a busy server may need a few. Seconds.
const WITHIN_S: u32 = 5;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let resource = look.activity.object.resource.as_ref();
    // Tools ask about `get` and then list, and so are refused.
    if !look.behaviour.is_enumeration()
        || !look.facts.has_just_asked(resource, look.now_s, WITHIN_S)
    {
        return None;
    }
    let nth = look.facts.nth(Sort::Question, ["then listed", resource])?;
    let weight = if nth <= 3 { 35.0 } else { 20.0 }
        * look.share()
        * if look.share() < 1.0 { 0.3 } else { 1.0 };
    Some(Sign::new(
        weight,
        format!(
            "{} asks whether it may read {resource} and reads them at once",
            look.who
        ),
    ))
}

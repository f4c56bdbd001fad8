//! More enumerations of pods or nodes within the time window than one identity makes.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Outcome;
use crate::engine::facts::Sort;

pub(super) static DETECTION: Detection = Detection {
    name: "pod-query-threshold",
    title: "asks for pods or nodes very often",
    techniques: &["T1613"],
    cap: 40,
    page: include_str!("../../../../docs/detections/pod-query-threshold.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let (count, tolerated) = look.window;
    if count <= tolerated {
        return None;
    }
    look.facts
        .nth(Sort::Document, ["often", look.behaviour.kind])?;
    let is_mistake = look.behaviour.outcome == Outcome::Refused && look.is_reflector_style();
    let weight = if is_mistake {
        4.0
    } else {
        15.0 + 25.0 * look.acquaintance
    };
    let text = format!(
        "{} {} {}{} {count} times within the time window; {tolerated} are tolerated",
        look.who,
        look.does(),
        look.behaviour.kind,
        look.scope_words()
    );
    Some(Sign::quiet(weight * look.share().max(0.3), text))
}

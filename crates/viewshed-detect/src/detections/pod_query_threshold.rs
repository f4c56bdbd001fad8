//! More enumerations of pods or nodes within the time window than one identity makes.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Outcome;
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "pod-query-threshold",
    title: "asks for pods or nodes very often",
    techniques: &["T1613"],
    cap: 100,
    page: include_str!("../../../../docs/detections/pod-query-threshold.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let (count, tolerated) = look.window;
    // Agents that ask for the pods of their node are as many as there are nodes, under one name.
    if count <= tolerated || look.is_of_own_node() {
        return None;
    }
    look.facts
        .nth(Sort::Document, ["often", look.behaviour.kind])?;
    let is_mistake = look.behaviour.outcome == Outcome::Refused && look.is_reflector_style();
    let weight = if is_mistake {
        4.0
    } else if look.behaviour.is_enumeration() && !matches!(look.class, Class::Node | Class::System)
    {
        if is_of_habit(look) || is_of_own_pods(look) {
            25.0
        } else {
            // What the parameter of AN1352 is for: by itself an incident.
            100.0
        }
    } else {
        (15.0 + 25.0 * look.acquaintance) * look.share().max(0.3)
    };
    let text = format!(
        "{} {} {}{} {count} times within the time window; {tolerated} are tolerated",
        look.who,
        look.does(),
        look.behaviour.kind,
        look.scope_words()
    );
    Some(Sign::quiet(weight, text))
}

/// Whether a program asks again and again for those pods of its namespace, by a label, among which it changes something:
/// members of one cluster that look after each other.
fn is_of_own_pods(look: &Look<'_>) -> bool {
    look.is_own_namespace() && look.is_labelled() && look.works_here && !look.is_other_hand
}

/// Whether it repeats what it has been asking for a day or longer in one namespace, from where it does: whoever waits
/// for something sees no more the thirtieth time than the first.
fn is_of_habit(look: &Look<'_>) -> bool {
    !look.behaviour.namespace.is_empty()
        && look.is_usual
        && !look.is_other_hand
        && !look.origin.is_new_address
        && look
            .baseline
            .has_long_done(look.index, &look.behaviour, look.now_s)
}

//! Asks for names that do not exist, one after the other.

use super::tool_on_workload::{is_raw, tool};
use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds::is_telling;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "name-guessing",
    title: "guesses names",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/name-guessing.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let behaviour = look.behaviour;
    let name = look.activity.object.name.as_ref();
    // A refused name of a kind that tells much is a guess as well: nobody can know whether it exists.
    let is_refused = behaviour.outcome == Outcome::Refused
        && is_telling(behaviour.kind)
        && behaviour.op == Op::Get;
    let is_miss = is_refused
        || (behaviour.outcome == Outcome::Missing && matches!(behaviour.op, Op::Get | Op::Log));
    if !is_miss || name.is_empty() || look.is_usual || look.class == Class::Node {
        return None;
    }
    // Who follows a kind knows its names: the garbage collector looks for owners that are gone.
    if look.watches_it {
        return None;
    }
    let nth = look.facts.nth(Sort::Guess, [behaviour.kind, name])?;
    let is_first_of_kind = look
        .facts
        .nth(Sort::GuessedKind, [behaviour.kind, ""])
        .is_some();
    let base = match nth {
        1 => 8.0,
        2 => 14.0,
        3 => 26.0,
        // People look for what was deleted, and for what they wrote down wrongly.
        13.. if look.class == Class::Person => 0.0,
        _ => 30.0,
    };
    // Deployers look before they create, controllers look after what they follow.
    let at_work = if look.works_here { 0.15 } else { 1.0 };
    let following = if look.watches_something { 0.3 } else { 1.0 };
    // Deployers look for one object of each kind that a chart has, who guesses for one name after the other.
    let is_of_chart = !is_refused && is_first_of_kind && nth > 1 && !is_raw_tool(look);
    let chart = if is_of_chart { 0.2 } else { 1.0 };
    let share = match (behaviour.kind, look.class) {
        // People mistype names of pods; of Secrets they name few at all.
        ("secrets", Class::Person) => (look.share_away() * 1.5).min(1.0),
        _ => look.share_away(),
    };
    let weight = base * share * at_work * following * chart;
    if is_refused {
        let kind = if behaviour.kind == "secrets" {
            0.9
        } else {
            0.4
        };
        let text = format!(
            "{} asks for names that it may not read, {nth} so far",
            look.who
        );
        return Some(Sign::quiet(weight * kind, text));
    }
    let text = format!(
        "{} asks for names that do not exist, {nth} so far",
        look.who
    );
    Some(Sign::unless_made(weight, text))
}

fn is_raw_tool(look: &Look<'_>) -> bool {
    tool(&look.activity.actor.user_agent).is_some_and(is_raw)
}

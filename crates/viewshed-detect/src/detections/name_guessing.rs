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
    let tells =
        is_telling(behaviour.kind) || look.facts.has(Sort::GuessedKind, [behaviour.kind, ""]);
    let is_refused = behaviour.outcome == Outcome::Refused && tells && behaviour.op == Op::Get;
    let is_tried =
        look.tries_secrets() && matches!(behaviour.outcome, Outcome::Missing | Outcome::Failed);
    let is_miss = is_refused
        || is_tried
        || (behaviour.outcome == Outcome::Missing && matches!(behaviour.op, Op::Get | Op::Log));
    if !is_miss || name.is_empty() || look.is_usual {
        return None;
    }
    if look.class == Class::Node {
        return is_refused.then(|| of_node(look)).flatten();
    }
    // Who follows a kind knows its names: the garbage collector looks for owners that are gone.
    if look.watches_it {
        return None;
    }
    let place = format!("{}/{name}", behaviour.namespace);
    if look.is_own_name() {
        // Frameworks look for settings under the program's own name, with and without endings.
        look.facts.nth(Sort::Document, ["own name", &place])?;
        let text = format!("{} asks for {name}, which it is not given", look.who);
        return Some(Sign::unless_made(1.5, text));
    }
    look.facts.nth(Sort::Guess, [behaviour.kind, &place])?;
    let nth = look.names_tried(Sort::Guess);
    let guesses = look.facts.count(Sort::Guess);
    let is_first_of_kind = look
        .facts
        .nth(Sort::GuessedKind, [behaviour.kind, ""])
        .is_some();
    let base = of_progress(look, nth);
    // Deployers look before they create, controllers look after what they follow.
    let at_work = if look.works_here && !is_tried {
        0.15
    } else {
        1.0
    };
    let following = if look.watches_something { 0.3 } else { 1.0 };
    // Deployers look for one object of each kind that a chart has, who guesses for one name after the other.
    let is_of_chart = !is_refused && is_first_of_kind && nth > 1 && !is_raw_tool(look);
    let chart = if is_of_chart && !is_tried { 0.2 } else { 1.0 };
    let share = match (behaviour.kind, look.class) {
        // People mistype names of pods; of Secrets they name few at all.
        ("secrets", Class::Person) => (look.share_away() * 1.5).min(1.0),
        _ => look.share_away(),
    };
    let weight = base * share * at_work * following * chart;
    if is_refused {
        let kind = match behaviour.kind {
            // The names of these are a map of the cluster; no program is set up to look for one after the other.
            "secrets" | "namespaces" | "nodes" => 0.9,
            _ => 0.4,
        };
        let text = format!(
            "{} asks for names that it may not read, {guesses} so far",
            look.who
        );
        return Some(Sign::quiet(weight * kind, text));
    }
    let text = format!(
        "{} asks for names that do not exist, {guesses} so far",
        look.who
    );
    if is_tried {
        // Another one that it does change makes no work of these.
        return Some(Sign::quiet(weight, text));
    }
    Some(Sign::unless_made(weight, text))
}

/// Points for one more name, of so many that were tried.
fn of_progress(look: &Look<'_>, nth: u16) -> f64 {
    match nth {
        1 if look.behaviour.kind == "secrets" && look.class != Class::Person => 12.0,
        1 => 8.0,
        2 => 14.0,
        3 => 26.0,
        // People look for what was deleted, and for what they wrote down wrongly.
        13.. if look.class == Class::Person => 0.0,
        _ => 30.0,
    }
}

fn is_raw_tool(look: &Look<'_>) -> bool {
    tool(&look.activity.actor.user_agent).is_some_and(is_raw)
}

/// A kubelet asks for what its pods name, and is refused where those are gone: in namespaces in which it has or had
/// pods. From one namespace to the next where none of its pods ever were, with one name after the other, somebody
/// else asks.
fn of_node(look: &mut Look<'_>) -> Option<Sign> {
    // A new node gets its pods just now.
    let is_new = look.known_days == 0;
    let is_kubelet = !look.is_new_tool;
    let has_pods = look.baseline.has_been_in(look.index, look.namespace);
    if look.namespace.is_empty() || (is_kubelet && (is_new || has_pods)) {
        return None;
    }
    let (kind, name) = (look.behaviour.kind, &*look.activity.object.name);
    look.facts.nth(Sort::Guess, [kind, name])?;
    look.facts
        .nth(Sort::SurveyedNamespace, [look.namespace, ""]);
    let guesses = look.facts.count(Sort::Guess);
    let weight = match look.facts.count(Sort::SurveyedNamespace).min(guesses) {
        0..=2 => 4.0,
        3 => 20.0,
        _ => 38.0,
    };
    let text = format!(
        "{} asks for names that it may not read where none of its pods are, {guesses} so far",
        look.who
    );
    Some(Sign::quiet(weight, text))
}

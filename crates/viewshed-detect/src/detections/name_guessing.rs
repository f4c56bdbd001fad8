//! Asks for names that do not exist, one after the other.

use viewshed_model::Activity;

use super::tool_on_workload::{is_raw, tool};
use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome, is_tried};
use crate::engine::facts::Sort;
use crate::engine::kinds::{is_guessed_by_writes, is_telling};
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "name-guessing",
    title: "guesses names",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/name-guessing.md"),
    judge,
};

/// What was learned about a name, and how.
#[derive(Clone, Copy, PartialEq)]
enum Learned {
    /// It does not exist.
    Missing,
    /// It may not be read, so nobody can know whether it exists.
    Refused,
    /// A write told, with this share of a plain answer: whether it exists, or what is there. Sure of a program that
    /// tries Secret after Secret and never changed any there.
    ByWrite { is_sure: bool, share: f64 },
}

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let behaviour = look.behaviour;
    let name = look.activity.object.name.as_ref();
    if name.is_empty() || look.is_usual {
        return None;
    }
    let learned = learned(look)?;
    if look.class == Class::Node {
        return (learned == Learned::Refused)
            .then(|| of_node(look))
            .flatten();
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
    let is_first_of_kind = look
        .facts
        .nth(Sort::GuessedKind, [behaviour.kind, ""])
        .is_some();
    let base = of_progress(look, learned, nth);
    let weight = base * share(look, learned, is_first_of_kind && nth > 1);
    Some(sign(look, learned, weight))
}

/// Points for one more name, of so many that were tried.
fn of_progress(look: &Look<'_>, learned: Learned, nth: u16) -> f64 {
    match (nth, learned) {
        // Writes fail now and then: two clients change the same object, somebody removes what is gone.
        (1, Learned::ByWrite { is_sure: false, .. }) => 3.0,
        (2, Learned::ByWrite { is_sure: false, .. }) => 8.0,
        (4.., Learned::ByWrite { .. }) if look.class != Class::Person => 34.0,
        (1, _) if look.behaviour.kind == "secrets" && look.class != Class::Person => 12.0,
        (1, _) => 8.0,
        (2, _) => 14.0,
        (3, _) => 26.0,
        // People look for what was deleted, and for what they wrote down wrongly.
        (13.., _) if look.class == Class::Person => 0.0,
        _ => 30.0,
    }
}

/// What is left of the points by whom it is and what work there is.
fn share(look: &Look<'_>, learned: Learned, is_first_of_kind: bool) -> f64 {
    let behaviour = &look.behaviour;
    // Deployers look before they create, controllers look after what they follow.
    let works_here = match learned {
        Learned::ByWrite { is_sure, .. } => {
            !is_sure
                && look
                    .baseline
                    .works_besides(look.index, behaviour, look.now_s)
        }
        _ => look.is_of_work() || (look.works_here && look.watches_something),
    };
    let at_work = if works_here { 0.15 } else { 1.0 };
    let following = if look.watches_something { 0.3 } else { 1.0 };
    // Deployers look for one object of each kind that a chart has, who guesses for one name after the other.
    let may_be_chart = matches!(
        learned,
        Learned::Missing | Learned::ByWrite { is_sure: false, .. }
    );
    let is_of_chart = may_be_chart && is_first_of_kind && !is_raw_tool(look);
    let chart = if is_of_chart { 0.2 } else { 1.0 };
    let share = match (behaviour.kind, look.class) {
        // People mistype names of pods; of Secrets they name few at all.
        ("secrets", Class::Person) => (look.share_away() * 1.5).min(1.0),
        _ => look.share_away(),
    };
    share * at_work * following * chart
}

fn sign(look: &Look<'_>, learned: Learned, weight: f64) -> Sign {
    let guesses = look.facts.count(Sort::Guess);
    let asks = || look.together("asks for names that", "ask for names that");
    match learned {
        Learned::Refused => {
            let kind = match look.behaviour.kind {
                // The names of these are a map of the cluster; no program is set up to look for one after the other.
                "secrets" | "namespaces" | "nodes" => 0.9,
                _ => 0.4,
            };
            let it = if look.origin.companions == 0 {
                "it"
            } else {
                "they"
            };
            let text = format!("{} {it} may not read, {guesses} so far", asks());
            Sign::quiet(weight * kind, text)
        }
        Learned::Missing => {
            let text = format!("{} do not exist, {guesses} so far", asks());
            Sign::unless_made(weight, text)
        }
        Learned::ByWrite { share, .. } => {
            let who = look.together("tries names out", "try names out");
            let text = format!("{who} with writes that change nothing, {guesses} so far");
            if look.behaviour.outcome == Outcome::Missing && &*look.activity.verb != "delete" {
                // Some writers make what they could not change.
                Sign::unless_made(weight * share, text)
            } else {
                Sign::quiet(weight * share, text)
            }
        }
    }
}

/// What the answer tells about the name, if it is not there.
fn learned(look: &Look<'_>) -> Option<Learned> {
    let behaviour = look.behaviour;
    let tells =
        is_telling(behaviour.kind) || look.facts.has(Sort::GuessedKind, [behaviour.kind, ""]);
    match (behaviour.op, behaviour.outcome) {
        (Op::Get, Outcome::Refused) if tells => Some(Learned::Refused),
        (Op::Get | Op::Log, Outcome::Missing) => Some(Learned::Missing),
        (Op::Write, Outcome::Missing | Outcome::Failed) if look.tries_secrets() => {
            Some(Learned::ByWrite {
                is_sure: true,
                share: 1.0,
            })
        }
        (Op::Write, _) if is_guessed_by_writes(behaviour.kind) => {
            let share = by_write(look.activity)?;
            Some(Learned::ByWrite {
                is_sure: false,
                share,
            })
        }
        _ => None,
    }
}

/// How surely a write that changed nothing was there to learn whether a name exists: nobody needs the right to read
/// for that.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`, `Create`, `Update`
/// and `Delete` with preconditions.
fn by_write(activity: &Activity<'_>) -> Option<f64> {
    match (&*activity.verb, activity.code) {
        ("update" | "patch", 404 | 409) | ("delete" | "create", 409) => Some(1.0),
        ("create", 200..=299) if activity.object.resource == "secrets" && is_tried(activity) => {
            Some(1.0)
        }
        // What is written wrongly, and what was removed already.
        ("create", 422) | ("delete", 404) => Some(0.5),
        _ => None,
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

//! Reads all objects of a kind and does not go on to follow them.

use viewshed_model::kind_in_words;

use super::look::WATCH_SHARE;
use super::{Detection, Look, Sign, is_client};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::path::is_narrowed;
use crate::engine::session::UNWATCHED;

pub(super) static DETECTION: Detection = Detection {
    name: "unwatched-list",
    title: "lists what there is, as a person looks and a controller does not",
    techniques: &["T1613"],
    cap: 80,
    page: include_str!("../../../../docs/detections/unwatched-list.md"),
    judge,
};

/// People who look for a fault look everywhere: what they list beyond so many lists says little more.
const PEOPLE_LIST: u16 = 10;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let kind = look.behaviour.kind;
    if kind == "secrets" || kinds::is_rbac(kind) {
        return None;
    }
    // Programs have no business in one namespace after the other, people and their pipelines have.
    let is_of_people = look.share() < 1.0 || is_client(&look.activity.actor.user_agent);
    let further_share = if is_of_people { 0.3 } else { 0.7 };
    let mut sign = list_sign(look, further_share)?;
    // `kubectl apply --prune` looks for what it once made by its label.
    let is_of_own_work = is_client(&look.activity.actor.user_agent)
        && is_narrowed(&look.activity.uri, "labelSelector")
        && !look.behaviour.namespace.is_empty();
    if is_of_own_work {
        sign.weight *= 0.4;
    }
    Some(sign)
}

/// The sign of a list; each further namespace of a kind adds only this share of it.
pub(super) fn list_sign(look: &mut Look<'_>, further_share: f64) -> Option<Sign> {
    if !look.behaviour.is_enumeration() || look.is_nobody() || look.is_usual {
        return None;
    }
    let (kind, part) = (look.behaviour.kind, look.part());
    let is_reflector = look.is_reflector_style();
    let sort = if kinds::is_telling(kind) {
        Sort::ListedTelling
    } else {
        Sort::Listed
    };
    look.facts.nth(sort, [kind, &part])?;
    let listed = look.facts.count(Sort::Listed) + look.facts.count(Sort::ListedTelling);
    let mut weight = look.list_points() * look.share();
    if look.was_listed {
        weight *= further_share;
    }
    if look.share() < 1.0 && listed > PEOPLE_LIST {
        weight *= 0.3;
    }
    let text = format!(
        "{} {} {}{}{UNWATCHED}{}",
        look.who,
        look.does(),
        kind_in_words(kind),
        look.scope_words(),
        look.outcome_words()
    );
    if look.behaviour.outcome == Outcome::Refused {
        // A program that may not read what it wants to follow tries for ever: that is a mistake more often.
        return Some(Sign::quiet(
            if is_reflector { weight * 0.3 } else { weight },
            text,
        ));
    }
    if !look.may_follow || look.is_beyond_node() {
        // No watch can explain it.
        return Some(Sign::quiet(weight, text));
    }
    if look.behaviour.op == Op::Watch && is_reflector {
        let share = look.following_share();
        return Some(Sign {
            // It begins with all objects, so it is a list.
            if_given_up: Some(weight / WATCH_SHARE),
            ..Sign::held(weight * share, text)
        });
    }
    Some(Sign::held(weight, text))
}

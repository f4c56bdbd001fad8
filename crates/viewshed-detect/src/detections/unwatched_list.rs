//! Reads all objects of a kind and does not go on to follow them.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;

pub(super) static DETECTION: Detection = Detection {
    name: "unwatched-list",
    title: "lists what there is, as a person looks and a controller does not",
    techniques: &["T1613"],
    cap: 80,
    page: include_str!("../../../../docs/detections/unwatched-list.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let kind = look.behaviour.kind;
    if kind == "secrets" || kinds::is_rbac(kind) {
        return None;
    }
    list_sign(look, 0.3)
}

/// The sign of a list; each further namespace of a kind adds only this share of it.
pub(super) fn list_sign(look: &mut Look<'_>, further_share: f64) -> Option<Sign> {
    if !look.behaviour.is_enumeration() || look.is_nobody() || look.is_usual {
        return None;
    }
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    let is_reflector = look.is_reflector_style();
    look.facts.nth(Sort::Listed, [kind, namespace])?;
    let mut weight = look.list_points() * look.share();
    if look.was_listed {
        weight *= further_share;
    }
    let text = format!(
        "{} {} {kind}{} without following them{}",
        look.who,
        look.does(),
        look.scope_words(),
        look.outcome_words()
    );
    if look.behaviour.outcome == Outcome::Refused {
        // A program that may not read what it wants to follow tries for ever: that is a mistake more often.
        return Some(Sign::quiet(
            if is_reflector { weight * 0.5 } else { weight },
            text,
        ));
    }
    if look.behaviour.op == Op::Watch && is_reflector {
        weight *= 0.15;
    }
    Some(Sign::held(weight, text))
}

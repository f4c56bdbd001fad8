//! Acts in the name of somebody else.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::{Class, ShortName, display_name, door_of};

pub(super) static DETECTION: Detection = Detection {
    name: "impersonation",
    title: "acts in the name of somebody else",
    techniques: &["T1613", "T1078"],
    cap: 110,
    page: include_str!("../../../../docs/detections/impersonation.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.is_newly_mighty {
        look.facts.nth(Sort::Mask, ["group", "system:masters"])?;
        let days = look.known_days;
        return Some(Sign::new(
            // It may do everything, whatever it goes on to do.
            100.0,
            format!(
                "{} comes with the group system:masters, which it did not have in {days} days",
                look.who
            ),
        ));
    }
    if let Some(door) = door_of(look.key) {
        return newcomer(look, ShortName(door));
    }
    let mask = look.activity.actor.impersonated.as_ref();
    // A refused impersonation has no mask in the log; only the message tells of it.
    let was_refused = look.behaviour.outcome == Outcome::Refused
        && mask.is_none()
        && look.activity.message.contains("cannot impersonate");
    if was_refused {
        let weight = refused(look)? * look.share().max(0.5);
        return Some(Sign::new(
            weight,
            format!(
                "{} may not act in the name of somebody else, and tries",
                look.who
            ),
        ));
    }
    let mask = mask?;
    if look.mask_is_usual {
        return None;
    }
    let nth = look.facts.nth(Sort::Mask, [&mask.user, ""])?;
    let is_mighty = mask.groups.contains("system:masters");
    let base = match (is_mighty, nth) {
        (true, 1) => 85.0,
        (true, _) => 50.0,
        (false, 1) => 45.0,
        (false, _) => 25.0,
    };
    // Administrators try out what others may do, by asking in their names.
    let is_question = matches!(look.behaviour.op, Op::Ask | Op::Review | Op::Discover);
    let share = match (look.share() < 1.0, is_question) {
        (false, _) => 1.0,
        (true, true) => 0.25,
        (true, false) => (0.25 + 1.5 * look.strangeness).min(1.0),
    };
    let is_known_person = look.class == Class::Person && look.acquaintance > 0.5;
    let base = if is_known_person && nth == 1 && !is_question {
        // Nobody who has long been working needs to be somebody else all at once.
        f64::max(base, 85.0)
    } else {
        base
    };
    let by_habit = 1.0 + look.acquaintance * 0.3;
    Some(Sign::new(
        base * share * by_habit,
        format!("{} acts in the name of {}", look.who, mask.user),
    ))
}

/// Somebody comes through a door that never let him in before, and no member of his groups: whoever holds the door may
/// have made him up.
fn newcomer(look: &mut Look<'_>, door: ShortName<'_>) -> Option<Sign> {
    let is_new = look.known_days == 0 && look.log_days > 0;
    if !is_new || look.is_usual {
        return None;
    }
    let is_mighty = look.activity.actor.groups.contains("system:masters");
    let is_of_known_group = look.baseline.is_of_known_group(look.index, look.now_s);
    let base = match (is_mighty, is_of_known_group) {
        (true, _) => 85.0,
        (false, false) => 45.0,
        // It was just put there, and lets those in who belong to the house.
        (false, true) if look.is_new_door => 25.0,
        (false, true) => return None,
    };
    look.facts.nth(Sort::Mask, [look.key, ""])?;
    Some(Sign::new(
        base * look.log_acquaintance,
        format!(
            "{door} acts in the name of {}, whom it let in for the first time in {} days",
            display_name(look.key),
            look.log_days
        ),
    ))
}

/// Refusals that look alike and may be of several masks: so many count.
const MASKS_UNSEEN: u16 = 3;

/// Points for a refused impersonation. The message names what was asked for and, from Kubernetes 1.36 on, not
/// the mask: one tried after the other looks like the same one again, and a few times that counts.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation/constrained_impersonation.go`.
fn refused(look: &mut Look<'_>) -> Option<f64> {
    let message: &str = &look.activity.message;
    if let Some(nth) = look.facts.nth(Sort::Mask, ["refused", message]) {
        return Some(if nth == 1 { 50.0 } else { 25.0 });
    }
    look.facts
        .nth_time(Sort::Mask, message, MASKS_UNSEEN)
        .map(|_| 10.0)
}

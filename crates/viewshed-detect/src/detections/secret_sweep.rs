//! Reads the Secrets of all namespaces, or of one after the other.

use super::unwatched_list::list_sign;
use super::{Detection, Look, Sign, is_client};
use crate::engine::behaviour::{Op, Outcome, is_tried};
use crate::engine::facts::Sort;
use crate::engine::path::is_narrowed;

pub(super) static DETECTION: Detection = Detection {
    name: "secret-sweep",
    title: "reads Secrets where it has no business",
    techniques: &["T1613", "T1552.007"],
    cap: 110,
    page: include_str!("../../../../docs/detections/secret-sweep.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.kind != "secrets" {
        return None;
    }
    let is_made = look.activity.verb == "create"
        && look.behaviour.outcome == Outcome::Shown
        && !is_tried(look.activity);
    if look.behaviour.op == Op::Write && is_made {
        // It is there for them.
        let namespace = look.behaviour.namespace;
        look.facts.nth(Sort::Document, ["made", namespace]);
        return None;
    }
    let is_read = look.behaviour.op == Op::Get;
    if is_read || (look.tries_secrets() && !is_tried(look.activity)) {
        return objects(look);
    }
    // Helm keeps its releases in Secrets with a label, and lists those.
    let share = if is_narrowed(&look.activity.uri, "labelSelector") {
        0.4
    } else {
        1.0
    };
    let mut sign = list_sign(look, 0.7)?;
    sign.weight *= share;
    Some(sign)
}

fn objects(look: &mut Look<'_>) -> Option<Sign> {
    if look.is_nobody() || look.is_usual || look.behaviour.outcome != Outcome::Shown {
        return None;
    }
    look.facts.nth(
        Sort::Object,
        [look.behaviour.namespace, &look.activity.object.name],
    )?;
    let secrets = look.facts.count(Sort::Object);
    let nth = look.names_tried(Sort::Object);
    let by = if look.behaviour.op == Op::Write {
        " with changes"
    } else {
        ""
    };
    // Controllers read what the objects name that they follow, deployers what they made.
    let works_here = look.works_here && !look.tries_secrets();
    let at_work = if works_here || look.watches_it {
        0.1
    } else if look.watches_something
        && !look.is_midway
        && !is_client(&look.activity.actor.user_agent)
    {
        0.2
    } else {
        1.0
    };
    let base = match nth {
        1 => 3.0,
        2 => 5.0,
        3 => 25.0,
        4..=9 => 34.0,
        _ => 8.0,
    };
    let weight = base * look.share_away() * at_work;
    Some(Sign::quiet(
        weight,
        format!(
            "{} single Secrets{by}, {secrets} so far",
            look.together("reads", "read")
        ),
    ))
}

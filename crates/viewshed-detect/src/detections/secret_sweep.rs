//! Reads the Secrets of all namespaces, or of one after the other.

use super::unwatched_list::list_sign;
use super::{Detection, Look, Sign, is_client};
use crate::engine::behaviour::{Op, Outcome, is_tried};
use crate::engine::facts::Sort;
use crate::engine::path::is_narrowed;
use crate::engine::who::Class;

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

/// How much single Secrets count. People look one up now and then; who has long been working without any has no
/// business with one after the other, least of all where he does not work.
fn share(look: &mut Look<'_>) -> f64 {
    let namespace = look.behaviour.namespace;
    look.facts.nth(Sort::SurveyedSecrets, [namespace, ""]);
    let is_one = look.facts.count(Sort::SurveyedSecrets) == 1;
    let is_news = look.class == Class::Person
        && look.acquaintance > 0.5
        && !look
            .baseline
            .has_long_touched(look.index, "secrets", look.now_s);
    match (is_news, look.is_at_home && is_one) {
        (false, _) => look.share_away(),
        (true, true) => look.share_away().max(0.5),
        (true, false) => 1.0,
    }
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
    let is_of_work = look.is_of_work() || look.watches_something;
    let at_work = if look.watches_it || (works_here && is_of_work) {
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
        // Nobody has to know so many; programs that look after many have been told of by now.
        10..=20 if look.class == Class::Person => 34.0,
        _ => 8.0,
    };
    let weight = base * share(look) * at_work;
    Some(Sign::quiet(
        weight,
        format!(
            "{} single Secrets{by}, {secrets} so far",
            look.together("reads", "read")
        ),
    ))
}

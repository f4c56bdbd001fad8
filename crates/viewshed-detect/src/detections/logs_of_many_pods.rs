//! Reads the logs of pod after pod.

use super::{Detection, Look, Sign, tool};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::marks::family;
use crate::engine::path::has_query;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "logs-of-many-pods",
    title: "reads the logs of many pods",
    techniques: &["T1613", "T1552"],
    cap: 110,
    page: include_str!("../../../../docs/detections/logs-of-many-pods.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op != Op::Log || look.activity.surface == viewshed_model::Surface::DockerApi {
        return None;
    }
    if look.is_usual {
        return None;
    }
    let nth = look.facts.nth(
        Sort::LogOf,
        [look.behaviour.namespace, &look.activity.object.name],
    )?;
    let makes_pods = ["pods", "jobs.batch"].iter().any(|kind| {
        look.baseline
            .makes(look.index, kind, look.behaviour.namespace)
    });
    let watches_pods = look.baseline.watches(look.index, "pods");
    let follows = has_query(&look.activity.uri, "follow", "true");
    // Who makes pods reads their logs, and so does who follows pods and logs to collect them all.
    let is_further = is_further_family(look);
    let at_work = if (look.is_other_family || is_further) && !watches_pods {
        1.0
    } else if makes_pods || (watches_pods && follows) {
        0.03
    } else if watches_pods && is_new_to_logs(look) && !follows {
        // Who has long been following pods without reading a log needs none.
        1.0
    } else if look.works_here || watches_pods {
        0.3
    } else {
        1.0
    };
    // To try is nearly as much: the names are known.
    let outcome = if look.behaviour.outcome == Outcome::Refused {
        0.9
    } else {
        1.0
    };
    let weight = match (look.class, nth) {
        (Class::Person, 3..=8) if look.is_raw_stranger() => 28.0,
        (Class::Person, _) if look.is_raw_stranger() => 10.0,
        (Class::Person, _) if look.is_of_system() => of_system(look, nth),
        // People follow the logs of everything that belongs to an application.
        (Class::Person | Class::System, 11..) => 0.0,
        (Class::Person | Class::System, _) => 1.5,
        (_, 1) => 8.0,
        // The first one told as much, and may have been its own.
        (_, 2) if is_further => 18.0,
        (_, 2) => 12.0,
        (_, 3..=8) => 28.0,
        _ => 12.0,
    };
    Some(Sign::quiet(
        weight * at_work * outcome,
        match look.origin.companions {
            0 => format!(
                "{} reads the logs of {nth} pod{}{}",
                look.who,
                if nth == 1 { "" } else { "s" },
                look.outcome_words()
            ),
            others => format!(
                "{} identities read the logs of {nth} pods, {} the last{}",
                others + 1,
                look.who,
                look.outcome_words()
            ),
        },
    ))
}

/// Whether a program that has long been running never read a log.
fn is_new_to_logs(look: &Look<'_>) -> bool {
    look.class == Class::ServiceAccount
        && look.is_midway
        && look.acquaintance > 0.5
        && !look
            .baseline
            .has_long_touched(look.index, "pods/log", look.now_s)
}

/// Whether a program that makes pods, and never read a log for days, reads those of several families: what it made is of
/// one.
fn is_further_family(look: &mut Look<'_>) -> bool {
    let is_settled_program = look.class == Class::ServiceAccount
        && look.is_midway
        && look.acquaintance > 0.5
        && tool(&look.activity.actor.user_agent).is_none();
    let reads_logs = look
        .baseline
        .has_long_touched(look.index, "pods/log", look.now_s);
    if !is_settled_program || reads_logs {
        return false;
    }
    let own = family(&look.activity.object.name);
    let first = look.facts.nth(Sort::Document, ["first family of logs", ""]);
    if first.is_some() {
        look.facts
            .nth(Sort::Document, ["family that was first", own]);
    }
    !look
        .facts
        .has(Sort::Document, ["family that was first", own])
}

/// Points for one more pod of the system whose logs a person reads: who looks for a fault reads one or two.
fn of_system(look: &Look<'_>, nth: u16) -> f64 {
    let points = match nth {
        1 => 12.0,
        2 => 30.0,
        3..=6 => 62.0,
        _ => 20.0,
    };
    (points * look.strangeness * look.surprise()).max(1.5)
}

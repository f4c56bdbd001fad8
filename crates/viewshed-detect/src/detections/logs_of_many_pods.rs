//! Reads the logs of pod after pod.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
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
    if look.is_usual || look.behaviour.outcome == Outcome::Refused {
        return None;
    }
    let nth = look.facts.nth(
        Sort::LogOf,
        [look.behaviour.namespace, &look.activity.object.name],
    )?;
    // Who makes pods reads their logs, and so does who follows them to collect the logs of all.
    let at_work = if look.works_here || look.baseline.watches(look.index, "pods") {
        0.3
    } else {
        1.0
    };
    let weight = match (look.class, nth) {
        // People follow the logs of everything that belongs to an application.
        (Class::Person | Class::System, 11..) => 0.0,
        (Class::Person | Class::System, _) => 1.5,
        (_, 1) => 8.0,
        (_, 2) => 12.0,
        (_, 3..=8) => 28.0,
        _ => 12.0,
    };
    Some(Sign::quiet(
        weight * at_work,
        format!("{} reads the logs of {nth} pods", look.who),
    ))
}

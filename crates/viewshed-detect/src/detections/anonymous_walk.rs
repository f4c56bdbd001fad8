//! Somebody without a credential looks for more than health.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::Class;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "anonymous-walk",
    title: "somebody without a credential looks around",
    techniques: &["T1613"],
    cap: 150,
    page: include_str!("../../../../docs/detections/anonymous-walk.md"),
    judge,
};

/// First parts of paths that only somebody who looks for a cluster asks for.
const OF_A_CLUSTER: [&str; 9] = [
    "/api", "/apis", "/swagger", "/ui", "/logs", "/debug", "/configz", "/openapi", "/pods",
];

/// So many documents of the API are a crawl; more say no more.
const GROUPS_MAX: u16 = 6;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.class != Class::Anonymous || look.activity.surface == Surface::DelegatedReview {
        return None;
    }
    let behaviour = look.behaviour;
    let is_join = behaviour.kind == "configmaps" && behaviour.namespace == "kube-public";
    if behaviour.op == Op::Health || look.is_usual || is_join {
        return None;
    }
    let nth = look
        .facts
        .nth(Sort::Path, [&look.activity.uri, behaviour.kind])?;
    let of_a_cluster = OF_A_CLUSTER
        .iter()
        .any(|start| behaviour.kind.starts_with(start));
    let base = match behaviour.op {
        // The roots are asked for by scanners of the whole internet too, documents of groups by who looks for a cluster.
        Op::Discover if behaviour.kind.ends_with("/group") && nth <= GROUPS_MAX => 22.0,
        Op::Discover if nth <= 3 => 20.0,
        Op::Discover => 8.0,
        Op::Path if behaviour.kind == "/" => 15.0,
        Op::Path | Op::Write if of_a_cluster => 25.0,
        // What scanners of the whole internet ask everybody for.
        Op::Path | Op::Write if behaviour.kind.starts_with('/') => 4.0,
        _ if nth == 1 => 38.0,
        _ => 34.0,
    };
    let shown = behaviour.outcome == Outcome::Shown && behaviour.op.shows();
    let weight = if shown && behaviour.op != Op::Path {
        base + 40.0
    } else {
        base
    };
    let text = format!(
        "somebody without a credential asks for {}{}{}",
        behaviour.kind,
        look.scope_words(),
        if shown {
            ", and is answered"
        } else {
            look.outcome_words()
        }
    );
    Some(Sign::new(weight, text))
}

//! Writes the state of a cluster out, namespace after namespace, in the order of `kubectl cluster-info dump`.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Behaviour, Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "cluster-dump",
    title: "dumps what the cluster holds, as kubectl cluster-info dump does",
    techniques: &["T1613"],
    cap: 100,
    page: include_str!("../../../../docs/detections/cluster-dump.md"),
    judge,
};

/// What is listed in each namespace, in this order, after the nodes.
///
/// Source: kubernetes `staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go`.
const ORDER: [&str; 7] = [
    "events",
    "replicationcontrollers",
    "services",
    "daemonsets.apps",
    "deployments.apps",
    "replicasets.apps",
    "pods",
];

/// So many lists in that order are no coincidence: nobody else begins with nodes or events.
const STEPS: u8 = 5;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op != Op::List || look.is_usual || look.is_nobody() {
        return None;
    }
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    if kind == "nodes" {
        look.facts.dump.begin(look.activity.at_us);
        return None;
    }
    // Whoever removes a namespace looks whether anything of each kind is left.
    let is_own = |kind: &str| look.baseline.makes(look.index, kind, namespace);
    if is_own(kind) && !look.facts.dump.has_begun() {
        return None;
    }
    let place = ORDER.iter().position(|one| *one == kind)?;
    let place = u8::try_from(place).ok()?;
    let (behaviour, baseline, index) = (look.behaviour, look.baseline, look.index);
    let at_us = look.activity.at_us;
    let (steps, has_nodes) = look.facts.dump_step(namespace, place, at_us, |at| {
        ORDER.get(usize::from(at)).is_some_and(|kind| {
            let kind: &str = kind;
            let shown = Behaviour {
                kind,
                outcome: Outcome::Shown,
                ..behaviour
            };
            baseline.habit(index, &shown).is_some()
        })
    });
    if namespace.is_empty() || steps < STEPS {
        return None;
    }
    look.facts.nth(Sort::Document, ["dump", namespace])?;
    // Who works in a namespace alone may send what is wrong there to somebody who helps; the nodes are no part of it.
    let home = if look.is_at_home && !has_nodes {
        0.4
    } else {
        1.0
    };
    // As long as everybody is new, an administrator who looks for a fault cannot be told from a stranger.
    let share = match look.class {
        Class::Person | Class::System => (2.5 * look.strangeness).min(1.0),
        _ => 1.0,
    };
    if share <= 0.0 {
        return None;
    }
    Some(Sign::new(
        100.0 * home * share * look.surprise(),
        format!(
            "{} dumps what the cluster holds, as kubectl cluster-info dump does, at present {namespace}",
            look.who
        ),
    ))
}

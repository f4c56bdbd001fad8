//! Reads pod after pod by name, which needs no right to list them.

use viewshed_model::kind_in_words;

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "objects-by-name",
    title: "reads pods, nodes or roles by name, one after the other",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/objects-by-name.md"),
    judge,
};

/// So many pods that exist are read by name by a collector that was just installed; more say no more.
const COLLECTED_MAX: u16 = 16;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    let is_read = look.behaviour.op == Op::Get && look.behaviour.outcome == Outcome::Shown;
    // Of any kind, once names of it were guessed: this one exists.
    let is_step = kinds::is_step_by_name(kind)
        || (look.facts.has(Sort::GuessedKind, [kind, ""])
            && !look.is_own_name()
            && !look.works_here);
    if !is_read || !is_step || kind == "secrets" || look.is_usual {
        return None;
    }
    // People read what they talk about, kubelets what runs on their nodes.
    if look.class != Class::ServiceAccount || look.watches_it {
        return None;
    }
    let name = &*look.activity.object.name;
    let own = match kind {
        "pods" => Some(&*look.activity.actor.pod),
        "nodes" => Some(&*look.activity.actor.node),
        _ => None,
    };
    let address = &*look.activity.actor.address;
    if own == Some(name) || (kind == "pods" && look.is_replica(name)) {
        // Programs look themselves, their replicas and their nodes up.
        return None;
    }
    let is_first_here = own.is_some_and(str::is_empty)
        && !look.facts.has(Sort::NamedObject, [namespace, name])
        && look.facts.nth(Sort::OwnPod, [kind, address]).is_some();
    if is_first_here {
        // Replicas come from an address each.
        let is_first = look.facts.count(Sort::OwnPod) == 1;
        let text = format!("{} reads {} by name", look.who, one_of(kind));
        look.facts.nth(Sort::NamedObject, [namespace, name]);
        return is_first.then(|| Sign::quiet(1.5, text));
    }
    look.facts.nth(Sort::NamedObject, [namespace, name])?;
    let nth = look.names_tried(Sort::NamedObject);
    let base = match (kind, nth) {
        // A program knows the node that it runs on, and no other one.
        ("nodes", 0 | 1) => 12.0,
        ("nodes", 2) => 22.0,
        ("nodes", 3) => 32.0,
        (_, 0 | 1) => 5.0,
        (_, 2) => 10.0,
        (_, 3) => 25.0,
        _ => 34.0,
    };
    let knows_names = !look.was_listed && look.baseline.lists(look.index, kind);
    let at_work = if look.works_here || knows_names {
        0.1
    } else if look.watches_something {
        0.3
    } else if !look.is_midway && look.facts.count(Sort::Guess) == 0 && look.known_days == 0 {
        // A new collector of logs reads the pods whose files it finds, and every one of them exists: so do all of its
        // replicas under one name.
        if nth > COLLECTED_MAX {
            return None;
        }
        0.08
    } else if !look.is_midway {
        // A program that was just started looks at what belongs to it.
        0.35
    } else {
        1.0
    };
    Some(Sign::quiet(
        base * at_work * look.surprise(),
        format!(
            "{} single {}, {nth} so far",
            look.together("reads", "read"),
            kind_in_words(kind)
        ),
    ))
}

fn one_of(kind: &str) -> &str {
    match kind {
        "nodes" => "a node",
        _ => "a pod",
    }
}

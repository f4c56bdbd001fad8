//! Reads pod after pod by name, which needs no right to list them.

use viewshed_model::kind_in_words;

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "objects-by-name",
    title: "reads pods or roles by name, one after the other",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/objects-by-name.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    let is_read = look.behaviour.op == Op::Get && look.behaviour.outcome == Outcome::Shown;
    if !is_read || !kinds::is_step_by_name(kind) || look.is_usual {
        return None;
    }
    // People read what they talk about, kubelets what runs on their nodes.
    if look.class != Class::ServiceAccount || look.watches_it {
        return None;
    }
    let (name, pod) = (&*look.activity.object.name, &*look.activity.actor.pod);
    let address = &*look.activity.actor.address;
    let is_first_here = pod.is_empty()
        && kind == "pods"
        && !look.facts.has(Sort::NamedObject, [namespace, name])
        && look.facts.nth(Sort::OwnPod, [address, ""]).is_some();
    if (kind == "pods" && name == pod) || is_first_here {
        // Programs look themselves up; replicas come from an address each.
        let is_first = is_first_here && look.facts.count(Sort::OwnPod) == 1;
        let text = format!("{} reads a pod by name", look.who);
        look.facts.nth(Sort::NamedObject, [namespace, name]);
        return is_first.then(|| Sign::quiet(1.5, text));
    }
    look.facts.nth(Sort::NamedObject, [namespace, name])?;
    let own = look.facts.count(Sort::OwnPod);
    let nth = look.facts.count(Sort::NamedObject).saturating_sub(own);
    let base = match nth {
        0 | 1 => 5.0,
        2 => 10.0,
        3 => 25.0,
        _ => 34.0,
    };
    let knows_names = !look.was_listed && look.baseline.lists(look.index, kind);
    let at_work = if look.works_here || knows_names {
        0.1
    } else if look.watches_something {
        0.3
    } else if !look.is_midway {
        // A program that was just started looks at what belongs to it.
        0.35
    } else {
        1.0
    };
    Some(Sign::quiet(
        base * at_work * look.surprise(),
        format!(
            "{} reads single {}, {nth} so far",
            look.who,
            kind_in_words(kind)
        ),
    ))
}

//! Is refused one kind after the other.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "diverse-refusals",
    title: "is refused for many different kinds",
    techniques: &["T1613"],
    cap: 80,
    page: include_str!("../../../../docs/detections/diverse-refusals.md"),
    judge,
};

/// Kinds of the category `all`.
///
/// Source: kubernetes `pkg/registry`, the `Categories` of each storage.
const OF_ALL: [&str; 10] = [
    "pods",
    "replicationcontrollers",
    "services",
    "daemonsets.apps",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "horizontalpodautoscalers.autoscaling",
    "cronjobs.batch",
    "jobs.batch",
];

/// A program may be set up for so many that are not there.
const FIRST_NAMESPACES: u16 = 2;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let is_read = !matches!(look.behaviour.op, Op::Write | Op::Health | Op::Review);
    if look.behaviour.outcome != Outcome::Refused || !is_read || look.is_usual || look.is_nobody() {
        return None;
    }
    let is_reflector = look.is_reflector_style();
    if let Some(sign) = namespaces(look, is_reflector) {
        return Some(sign);
    }
    let nth = look
        .facts
        .nth(Sort::RefusedKind, [look.behaviour.kind, ""])?;
    let base = match look.class {
        // Dashboards ask for every kind that there is.
        Class::Node | Class::System if !look.is_other_hand => 1.5,
        Class::Person if nth > 10 || is_reflector => 0.5,
        // What `kubectl get all` asks for at once.
        Class::Person if OF_ALL.contains(&look.behaviour.kind) => 1.0 + 2.0 * look.strangeness,
        // Who is new tries what he may do; who goes on everywhere looks for what there is.
        Class::Person if !is_first_look(look.behaviour.kind) && !look.is_at_home => {
            2.0 + 11.0 * look.strangeness
        }
        Class::Person => 2.0,
        // A program without the rights that it wants, and it wants to follow everything.
        _ if is_reflector && nth > 3 => 0.5,
        _ if is_reflector => 6.0,
        _ => 13.0,
    };
    let kinds = if nth == 1 { "kind" } else { "different kinds" };
    let who = look.together("is refused for", "are refused for");
    let text = format!("{who} {nth} {kinds}");
    if nth >= 3 && !is_reflector {
        Some(Sign::new(base, text))
    } else {
        Some(Sign::quiet(base, text))
    }
}

/// A program is refused in one namespace after the other that is not its own: whoever tries which there are.
fn namespaces(look: &mut Look<'_>, is_reflector: bool) -> Option<Sign> {
    let namespace = look.behaviour.namespace;
    let is_foreign = look.class == Class::ServiceAccount
        && !namespace.is_empty()
        && !look.is_own_namespace()
        && !look.is_at_home;
    if !is_foreign || is_reflector || look.works_somewhere {
        return None;
    }
    let nth = look.facts.nth(Sort::SurveyedNamespace, [namespace, ""])?;
    if nth <= FIRST_NAMESPACES {
        return None;
    }
    let text = format!("{} is refused in {nth} namespaces", look.who);
    look.facts.nth(Sort::RefusedKind, [look.behaviour.kind, ""]);
    Some(Sign::quiet(13.0, text))
}

/// What everybody asks for first, and a newcomer without rights as well.
fn is_first_look(kind: &str) -> bool {
    matches!(kind, "pods" | "nodes" | "namespaces")
}

//! Somebody who is not known to do so looks through the whole cluster.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::path::is_narrowed;
use crate::engine::who::Class;

use super::look::WATCH_SHARE;

pub(super) static DETECTION: Detection = Detection {
    name: "cluster-survey",
    title: "somebody unknown or unexpected looks through the cluster",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/cluster-survey.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if !look.behaviour.is_enumeration()
        || look.is_usual
        || !matches!(look.class, Class::Person | Class::System)
        || look.strangeness <= 0.0
    {
        return None;
    }
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    look.facts.nth(Sort::Surveyed, [kind, namespace])?;
    if !namespace.is_empty() {
        look.facts.nth(Sort::SurveyedNamespace, [namespace, ""]);
    }
    let is_narrow = ["labelSelector", "fieldSelector"]
        .iter()
        .any(|selector| is_narrowed(&look.activity.uri, selector));
    let base = if namespace.is_empty() {
        everywhere(kind)
    } else {
        in_namespaces(kind, look.facts.count(Sort::SurveyedNamespace))
    };
    let outcome = match look.behaviour.outcome {
        Outcome::Shown => 1.0,
        Outcome::Refused => 0.6,
        Outcome::Missing | Outcome::Failed => 0.2,
    };
    let share = if is_narrow { 0.4 } else { 1.0 }
        * if look.behaviour.op == Op::Watch {
            WATCH_SHARE
        } else {
            1.0
        }
        * if look.is_at_home { 0.25 } else { 1.0 };
    let weight = base * outcome * share * look.strangeness * look.surprise();
    let kinds = look.facts.count(Sort::Surveyed);
    let what = if kinds == 1 { "list" } else { "lists" };
    let text = format!(
        "{} is not known for it and looks through the cluster: {kinds} {what} so far, the last {kind}{}{}",
        look.who,
        look.scope_words(),
        look.outcome_words()
    );
    if look.behaviour.outcome == Outcome::Refused {
        return Some(Sign::quiet(weight, text));
    }
    Some(Sign::held(weight * look.following_share(), text))
}

/// Points for all objects of a kind. What everybody looks at first counts little.
fn everywhere(kind: &str) -> f64 {
    match kind {
        "secrets" => 95.0,
        _ if kinds::is_rbac(kind) => 22.0,
        "configmaps" | "serviceaccounts" => 14.0,
        _ => 7.0,
    }
}

/// Points for those of one namespace, of so many that were looked into: who works in one or two reads all that is
/// there.
fn in_namespaces(kind: &str, namespaces: u16) -> f64 {
    match (kind == "secrets", namespaces) {
        (true, 0..=1) => 3.0,
        (true, 2) => 14.0,
        (true, _) => 22.0,
        (false, 0..=2) => 0.5,
        (false, 3) => 2.0,
        (false, _) => 5.0,
    }
}

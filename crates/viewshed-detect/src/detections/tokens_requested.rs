//! Makes tokens of one service account after the other.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::{Class, service_account};

pub(super) static DETECTION: Detection = Detection {
    name: "tokens-requested",
    title: "makes tokens of service accounts",
    techniques: &["T1613", "T1528"],
    cap: 110,
    page: include_str!("../../../../docs/detections/tokens-requested.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let is_request = look.behaviour.op == Op::Write
        && look.behaviour.kind == "serviceaccounts/token"
        && matches!(look.behaviour.outcome, Outcome::Shown | Outcome::Refused);
    if !is_request || look.is_usual {
        return None;
    }
    let (namespace, account) = (look.behaviour.namespace, &*look.activity.object.name);
    if service_account(look.key) == Some((namespace, account)) {
        // It has one of its own already.
        return None;
    }
    let share = match look.class {
        // What was just installed makes those that it was set up with.
        Class::ServiceAccount if look.is_midway && look.acquaintance > 0.0 => look.acquaintance,
        Class::ServiceAccount => 0.15,
        // Kubelets make those of their pods.
        Class::Node if look.is_new_tool => 1.0,
        Class::Person if !look.is_at_home => look.strangeness * look.surprise(),
        _ => return None,
    };
    let nth = look.facts.nth(Sort::TokenFile, [namespace, account])?;
    let base = if nth == 1 { 25.0 } else { 40.0 };
    let outcome = if look.behaviour.outcome == Outcome::Refused {
        0.8
    } else {
        1.0
    };
    let accounts = if nth == 1 { "account" } else { "accounts" };
    let text = format!(
        "{} {nth} service {accounts}, the last {namespace}/{account}{}",
        look.together("makes tokens of", "make tokens of"),
        look.outcome_words()
    );
    Some(Sign::quiet(base * share * outcome, text))
}

//! Asks about rights that cannot exist: a tool that was written without looking.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;

pub(super) static DETECTION: Detection = Detection {
    name: "impossible-question",
    title: "asks about rights that do not exist",
    techniques: &["T1613", "T1069"],
    cap: 70,
    page: include_str!("../../../../docs/detections/impossible-question.md"),
    judge,
};

/// Verbs that RBAC and the API server know, besides those of HTTP.
///
/// Source: kubernetes.io, "Authorization", request verbs; the last ones are checked by admission and by
/// the RBAC, certificate and scheduling code.
const VERBS: [&str; 22] = [
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "post",
    "put",
    "head",
    "options",
    "proxy",
    "request-serviceaccounts-token-audience",
];
/// Resources as people say them and no API server does.
const SINGULAR: [&str; 12] = [
    "pod",
    "node",
    "secret",
    "service",
    "deployment",
    "namespace",
    "configmap",
    "serviceaccount",
    "role",
    "rolebinding",
    "clusterrole",
    "daemonset",
];

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op != Op::Ask || look.is_usual {
        return None;
    }
    let review = look.activity.review.as_ref()?;
    let is_impersonation =
        review.verb.starts_with("impersonate:") || review.verb.starts_with("impersonate-on:");
    let verb_exists =
        review.verb.is_empty() || is_impersonation || VERBS.contains(&review.verb.as_ref());
    let resource_exists =
        !SINGULAR.contains(&review.resource.as_ref()) || !review.api_group.is_empty();
    if verb_exists && resource_exists {
        return None;
    }
    look.facts.nth(
        Sort::Question,
        [&format!("impossible {}", review.verb), &review.resource],
    )?;
    let weight = 60.0 * look.share().max(0.3);
    let text = format!(
        "{} asks whether it may `{} {}`, which no API server knows",
        look.who, review.verb, review.resource
    );
    Some(Sign::new(weight, text))
}

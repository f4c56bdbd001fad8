//! Asks a kubelet itself; only the review that the kubelet makes shows it.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::who::Class;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "kubelet-reached",
    title: "asks kubelets directly",
    techniques: &["T1613"],
    cap: 120,
    page: include_str!("../../../../docs/detections/kubelet-reached.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.activity.surface != Surface::DelegatedReview
        || look.behaviour.op != Op::Proxy
        || look.is_usual
    {
        return None;
    }
    let object = &look.activity.object;
    let nth = look
        .facts
        .nth(Sort::Proxied, [&object.name, &object.subresource])?;
    let strangeness = if look.log_days == 0 {
        0.0
    } else {
        look.strangeness
    };
    let runs = look.activity.verb == "create";
    let base = match (look.class, nth) {
        // The API server itself asks kubelets under a name that looks like a person's; its log does not begin with it.
        (Class::Person, 1) => 8.0 + 34.0 * strangeness,
        (Class::Person, _) => 8.0 + 16.0 * strangeness,
        (Class::System, 4..) => return None,
        (Class::Node | Class::System, _) => 6.0,
        (_, 1) if runs => 80.0,
        (_, 1) => 60.0,
        _ => 22.0,
    };
    let what = if runs {
        "runs something through"
    } else {
        "asks"
    };
    let refused = if look.behaviour.outcome == Outcome::Refused {
        ", refused"
    } else {
        ""
    };
    let text = format!(
        "{} {what} the kubelet of {} ({}/{}){refused}",
        look.who, object.name, object.resource, object.subresource
    );
    Some(Sign::new(base, text))
}

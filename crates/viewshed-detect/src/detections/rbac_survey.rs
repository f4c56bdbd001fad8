//! Reads roles and bindings: the map of who may do what.

use super::unwatched_list::list_sign;
use super::{Detection, Look, Sign};
use crate::engine::kinds;

pub(super) static DETECTION: Detection = Detection {
    name: "rbac-survey",
    title: "reads roles and bindings",
    techniques: &["T1613", "T1069", "T1087"],
    cap: 70,
    page: include_str!("../../../../docs/detections/rbac-survey.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if !kinds::is_rbac(look.behaviour.kind) {
        return None;
    }
    list_sign(look, 0.3)
}

//! So many new identities at once that somebody makes them up.

use super::{Detection, Look, Sign};

pub(super) static DETECTION: Detection = Detection {
    name: "identity-flood",
    title: "makes up identities by the thousand",
    techniques: &["T1613"],
    cap: 100,
    page: include_str!("../../../../docs/detections/identity-flood.md"),
    judge,
};

/// The engine itself raises it: no single activity shows it.
fn judge(_look: &mut Look<'_>) -> Option<Sign> {
    None
}

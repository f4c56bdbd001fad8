//! A source that spoke steadily falls silent: a log that was switched off, or a broken pipe.

use super::{Detection, Look, Sign};

pub(super) static DETECTION: Detection = Detection {
    name: "silent-source",
    title: "a source of events has fallen silent",
    techniques: &["T1685"],
    cap: 100,
    page: include_str!("../../../../docs/detections/silent-source.md"),
    judge,
};

/// The engine itself raises it: no single activity shows it.
fn judge(_look: &mut Look<'_>) -> Option<Sign> {
    None
}

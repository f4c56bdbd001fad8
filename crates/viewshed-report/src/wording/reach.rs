//! Words for network reach.

use viewshed_model::{EndKind, PortRange, ReachVerdict};

/// One word.
pub(crate) const fn verdict(verdict: ReachVerdict) -> &'static str {
    match verdict {
        ReachVerdict::Allowed => "allowed",
        ReachVerdict::Denied => "denied",
        ReachVerdict::Depends => "depends",
    }
}

/// One word.
pub(crate) const fn end_kind(kind: EndKind) -> &'static str {
    match kind {
        EndKind::Pods => "pods",
        EndKind::Node => "node",
        EndKind::Container => "container",
        EndKind::Host => "host",
        EndKind::Outside => "outside",
    }
}

/// `TCP 80, UDP 53`, or `everything`.
pub(crate) fn ports(ranges: &[PortRange]) -> String {
    if is_everything(ranges) {
        return "everything".to_owned();
    }
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    ranges.join(", ")
}

/// Every port of every protocol that is shown.
fn is_everything(ranges: &[PortRange]) -> bool {
    let whole = |range: &PortRange| range.first <= 1 && (range.last == u16::MAX || range.last == 0);
    ranges.len() == viewshed_model::Protocol::ALL.len() && ranges.iter().all(whole)
}

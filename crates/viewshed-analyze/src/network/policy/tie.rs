//! What orders policies of one order.

use super::Policy;

/// The names that Calico sorts policies of one order by (projectcalico/calico `felix/calc/policy_sorter.go`,
/// `PolKVLess`: "Order is equal, use name as tie-break"). Releases until 3.30 have the namespace and the tier in front
/// of them (`libcalico-go/lib/backend/model`, `PolicyKey`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct Tie {
    pub(super) early: String,
    pub(super) late: String,
}

/// Positions of policies of one order as Calico asks them; `None` where its releases differ, or not all are Calico's.
pub(in crate::network) fn settled(group: &[&Policy]) -> Option<Vec<usize>> {
    let mut ties: Vec<(&Tie, u32, usize)> = Vec::with_capacity(group.len());
    for (policy, at) in group.iter().zip(0..) {
        ties.push((policy.tie.as_deref()?, policy.order.1, at));
    }
    let sorted = |name: fn(&Tie) -> &str| {
        let mut sorted = ties.clone();
        sorted.sort_by(|a, b| (name(a.0), a.1).cmp(&(name(b.0), b.1)));
        let positions = sorted.into_iter().map(|(_, _, at)| at);
        positions.collect::<Vec<usize>>()
    };
    let early = sorted(|tie| &tie.early);
    (early == sorted(|tie| &tie.late)).then_some(early)
}

//! Which places of an estate expressions hold for, without the tables that answers come from.

use super::Inputs;
use super::matches::{Matches, SpotIndex};
use super::space::{Space, SpotOrigin};
use crate::network::address::Family;
use crate::network::bits::Bits;
use crate::network::vocabulary::ExprId;

/// Which pods and nodes of the estate expressions may hold for, in one family.
#[derive(Debug)]
pub(in crate::network) struct Held {
    matches: Matches,
    /// Spots of pods and nodes that the estate names.
    inhabited: Bits,
}

impl Held {
    pub(in crate::network) fn of(inputs: &Inputs<'_, '_>, family: Family) -> Self {
        let space = Space::of(inputs, family);
        let found = SpotIndex::of(inputs, &space, family);
        let mut inhabited = Bits::none(space.spots.len());
        for (spot, number) in space.spots.iter().zip(0_usize..) {
            if matches!(spot.origin, SpotOrigin::Pods(_) | SpotOrigin::Node(_)) {
                inhabited.add(number);
            }
        }
        Self {
            matches: Matches::of(inputs, (&space, &found), family),
            inhabited,
        }
    }

    /// Whether it may hold for any of them.
    pub(in crate::network) fn any(&self, id: ExprId) -> bool {
        let may = self.matches.get(id).may();
        may.iter().any(|spot| self.inhabited.has(spot))
    }

    /// Whether both may hold for one of them.
    pub(in crate::network) fn together(&self, one: ExprId, other: ExprId) -> bool {
        let other = self.matches.get(other).may();
        let one = self.matches.get(one).may();
        one.iter()
            .any(|spot| self.inhabited.has(spot) && other.has(spot))
    }
}

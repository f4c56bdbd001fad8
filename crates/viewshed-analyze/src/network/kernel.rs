//! All places against all places on all ports, for one address family.
//!
//! Places that no policy can tell apart are one *spot*. Each expression of the policies is applied to
//! all spots once; spots to which the same policies apply share a *signature*; each signature has, per
//! group of ports, one row of spots that may be on the other end. Rows are kept once. A question is two
//! bits; all questions are rows against rows. (The design and its measurements: equivalence classes as
//! in NPV and Kano, signatures instead of pairs.)

mod atoms;
mod edit;
mod held;
mod matches;
mod pairs;
mod rows;
mod space;
mod tables;

pub(super) use edit::{Change, Drafts, Known};
pub(super) use held::Held;
pub(super) use pairs::{Bound, PortClass};
pub(super) use space::{NOWHERE, Space, SpotOrigin};

use std::collections::BTreeMap;

use super::address::Family;
use super::bits::RowStore;
use super::cni::Profile;
use super::eval::{Context, Guard, Locality};
use super::place::Places;
use super::policy::{Direction, Policy, Stages};
use super::vocabulary::Vocabulary;
use super::walk::Applying;

use matches::{Matches, SpotIndex};
use tables::Side;

/// Everything that is worked out for one family.
#[derive(Debug, Clone)]
pub(super) struct Kernel<'c> {
    pub(super) family: Family,
    pub(super) space: Space<'c>,
    rows: RowStore,
    ingress: Side,
    egress: Side,
}

/// What a kernel is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs<'n, 'c> {
    pub(super) places: &'n Places<'c>,
    pub(super) profile: &'n Profile,
    pub(super) vocabulary: &'n Vocabulary,
    /// In the order of the walk.
    pub(super) policies: &'n [Policy],
    pub(super) stages: &'n Stages,
}

impl<'n, 'c> Inputs<'n, 'c> {
    pub(super) fn context(&self, family: Family, locality: Locality) -> Context<'n, 'c> {
        Context {
            vocabulary: self.vocabulary,
            places: self.places,
            family,
            locality,
            guard: Guard::ByAddress,
        }
    }
}

impl<'c> Kernel<'c> {
    pub(super) fn new(inputs: &Inputs<'_, 'c>, family: Family) -> Self {
        let space = Space::of(inputs, family);
        let found = SpotIndex::of(inputs, &space, family);
        let matches = Matches::of(inputs, (&space, &found), family);
        let mut rows = RowStore::default();
        let ingress = Side::of(inputs, (&space, &matches), &mut rows, Direction::Ingress);
        let egress = Side::of(inputs, (&space, &matches), &mut rows, Direction::Egress);
        Self {
            family,
            space,
            rows,
            ingress,
            egress,
        }
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// The policies that apply to a spot, in the order of the walk.
    pub(super) fn applying(&self, direction: Direction, spot: u32) -> &[Applying] {
        self.side(direction).applying(spot)
    }

    /// What the policies of both sides make of a connection, by the tables alone: what single decisions
    /// are compared with. Facts about single pods (which node, which
    /// address) are left open.
    #[cfg(test)]
    pub(super) fn verdict(
        &self,
        (from, to): (u32, u32),
        point: super::ports::Point,
    ) -> super::eval::Tri {
        use super::eval::Tri;
        let out = self.egress.cell(from, point);
        let into = self.ingress.cell(to, point);
        let (from, to) = (from as usize, to as usize);
        let both = |out, into| self.rows.get(out).has(to) && self.rows.get(into).has(from);
        match (both(out.sure, into.sure), both(out.may, into.may)) {
            (true, _) => Tri::Yes,
            (false, true) => Tri::Maybe,
            (false, false) => Tri::No,
        }
    }

    /// How large the tables are, for benchmarks and tests.
    pub(super) fn sizes(&self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            ("spots", self.space.spots.len()),
            ("rows", self.rows.len()),
            ("ingress signatures", self.ingress.signatures()),
            ("egress signatures", self.egress.signatures()),
        ])
    }
}

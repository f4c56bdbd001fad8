//! One side's signatures, and what each lets through by port.

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::Protocol;

use super::Inputs;
use super::matches::Matches;
use super::rows::{Raw, Rows};
use super::space::Space;
use crate::network::bits::{RowId, RowStore};
use crate::network::policy::Direction;
use crate::network::ports::Point;
use crate::network::walk::Applying;

/// A signature of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::network) struct SignatureId(u32);

impl SignatureId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What makes two spots alike on one side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Signature {
    /// The policies that apply, in the order of the walk.
    pub(super) applying: Vec<Applying>,
    /// The spot's named ports, where a rule for it speaks of names.
    pub(super) names: Vec<(String, Protocol, u16)>,
}

/// The other ends that are let through on some ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell {
    pub(super) sure: RowId,
    pub(super) may: RowId,
}

/// Cells by port.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// First point of each stretch, and its cell; sorted, the first begins at 0.
    pub(super) stretches: Vec<(Point, Cell)>,
}

impl Table {
    pub(super) fn at(&self, point: Point) -> Option<Cell> {
        let after = self.stretches.partition_point(|(start, _)| *start <= point);
        let (_, cell) = self.stretches.get(after.checked_sub(1)?)?;
        Some(*cell)
    }
}

/// One side of all spots.
#[derive(Debug, Clone)]
pub(super) struct Side {
    direction: Direction,
    /// By spot.
    of_spot: Vec<SignatureId>,
    signatures: Vec<Signature>,
    ids: FxHashMap<Signature, SignatureId>,
    /// By signature.
    tables: Vec<Table>,
    nothing: Cell,
}

/// The policies that apply to each spot, in the order of the walk.
pub(super) fn lists(
    inputs: &Inputs<'_, '_>,
    (space, matches): (&Space<'_>, &Matches),
    direction: Direction,
) -> Vec<Vec<Applying>> {
    let mut lists: Vec<Vec<Applying>> = vec![Vec::new(); space.spots.len()];
    for (policy, number) in inputs.policies.iter().zip(0_u32..) {
        if !policy.side(direction).applies() {
            continue;
        }
        let subject = matches.get(policy.subject);
        for spot in subject.may().iter() {
            if let Some(list) = lists.get_mut(spot) {
                list.push(Applying {
                    policy: number,
                    is_sure: subject.is_sure() || subject.sure.has(spot),
                });
            }
        }
    }
    lists
}

impl Side {
    pub(super) fn of(
        inputs: &Inputs<'_, '_>,
        (space, matches): (&Space<'_>, &Matches),
        rows: &mut RowStore,
        direction: Direction,
    ) -> Self {
        let nothing = rows.keep(crate::network::bits::Row::Few(Vec::new()), 0);
        let mut side = Self {
            direction,
            of_spot: Vec::with_capacity(space.spots.len()),
            signatures: Vec::new(),
            ids: FxHashMap::default(),
            tables: Vec::new(),
            nothing: Cell {
                sure: nothing,
                may: nothing,
            },
        };
        for (list, spot) in lists(inputs, (space, matches), direction)
            .into_iter()
            .zip(&space.spots)
        {
            let signature = side.signature(inputs, list, &spot.body);
            let id = side.intern(signature);
            side.of_spot.push(id);
        }
        side.fill(inputs, (space, matches), rows);
        side
    }

    /// The signature of a spot with these policies.
    pub(super) fn signature(
        &self,
        inputs: &Inputs<'_, '_>,
        applying: Vec<Applying>,
        body: &crate::network::place::Body<'_>,
    ) -> Signature {
        let has_names = self.direction == Direction::Ingress
            && !body.ports.is_empty()
            && applying
                .iter()
                .filter_map(|one| inputs.policies.get(one.policy as usize))
                .flat_map(|policy| &policy.ingress.rules)
                .filter_map(|rule| inputs.vocabulary.port_match(rule.ports))
                .any(crate::network::ports::PortMatch::has_names);
        let names = if !has_names {
            Vec::new()
        } else {
            body.ports
                .iter()
                .map(|port| (port.name.to_owned(), port.protocol, port.port))
                .collect()
        };
        Signature { applying, names }
    }

    /// Gives a spot other policies; its table is there after [`Self::fill`].
    pub(super) fn settle(&mut self, spot: u32, signature: Signature) {
        let id = self.intern(signature);
        if let Some(own) = self.of_spot.get_mut(spot as usize) {
            *own = id;
        }
    }

    fn intern(&mut self, signature: Signature) -> SignatureId {
        if let Some(id) = self.ids.get(&signature) {
            return *id;
        }
        let id = SignatureId(u32::try_from(self.signatures.len()).unwrap_or(u32::MAX));
        self.signatures.push(signature.clone());
        self.ids.insert(signature, id);
        id
    }

    /// Works out the tables of signatures that have none yet.
    pub(super) fn fill(
        &mut self,
        inputs: &Inputs<'_, '_>,
        (space, matches): (&Space<'_>, &Matches),
        store: &mut RowStore,
    ) {
        let missing = self.signatures.get(self.tables.len()..).unwrap_or_default();
        let rows = Rows::of(inputs, (space, matches), self.direction, missing);
        let raw: Vec<Raw> = missing
            .par_iter()
            .map_init(|| rows.scratch(), |scratch, one| rows.table(one, scratch))
            .collect();
        for table in raw {
            let cells: Vec<Cell> = table
                .cells
                .into_iter()
                .map(|cell| {
                    let sure = store.keep(cell.sure.0, cell.sure.1);
                    let may = cell.may.map(|(row, hash)| store.keep(row, hash));
                    Cell {
                        sure,
                        may: may.unwrap_or(sure),
                    }
                })
                .collect();
            let stretches = table.stretches.into_iter().map(|(start, cell)| {
                let cell = cells.get(cell).copied().unwrap_or(self.nothing);
                (start, cell)
            });
            self.tables.push(Table {
                stretches: stretches.collect(),
            });
        }
    }

    pub(super) fn signature_of(&self, spot: u32) -> Option<SignatureId> {
        self.of_spot.get(spot as usize).copied()
    }

    pub(super) fn applying(&self, spot: u32) -> &[Applying] {
        self.signature_of(spot)
            .and_then(|id| self.signatures.get(id.index()))
            .map_or(&[], |signature| signature.applying.as_slice())
    }

    pub(super) fn table(&self, id: SignatureId) -> Option<&Table> {
        self.tables.get(id.index())
    }

    /// The tables of signatures that some spot has.
    pub(super) fn tables(&self) -> Vec<&Table> {
        let mut is_used = vec![false; self.tables.len()];
        for id in &self.of_spot {
            if let Some(used) = is_used.get_mut(id.index()) {
                *used = true;
            }
        }
        let tables = self.tables.iter().zip(is_used);
        tables
            .filter_map(|(table, used)| used.then_some(table))
            .collect()
    }

    /// Signature of every spot.
    pub(super) fn of_spots(&self) -> &[SignatureId] {
        &self.of_spot
    }

    pub(super) fn cell(&self, spot: u32, point: Point) -> Cell {
        self.signature_of(spot)
            .and_then(|id| self.tables.get(id.index()))
            .and_then(|table| table.at(point))
            .unwrap_or(self.nothing)
    }

    pub(super) fn signatures(&self) -> usize {
        self.signatures.len()
    }
}

//! Rows against rows: everything that one spot reaches, everything that reaches one, all pairs.

use rayon::prelude::*;

use super::Kernel;
use super::tables::Table;
use crate::network::bits::{Bits, Row, RowId};
use crate::network::ports::{Point, PortSet};
use crate::network::ranges::Ranges;

/// Ports that no table tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct PortClass {
    pub(in crate::network) ports: PortSet,
    /// One of them.
    pub(in crate::network) point: Point,
}

/// What one spot reaches.
#[derive(Debug)]
pub(in crate::network) struct SourceRow {
    pub(in crate::network) spot: u32,
    /// By port class: destinations that are reached for certain, and those that may be.
    pub(in crate::network) reach: Vec<(Bits, Bits)>,
}

/// Sources that are worked out together: eight words of bits are one line of a processor's cache.
const BLOCK: usize = 8 * u64::BITS as usize;

impl Kernel<'_> {
    /// The ports of all tables, cut as finely as any table needs.
    pub(in crate::network) fn port_classes(&self) -> Vec<PortClass> {
        let tables = || self.ingress.tables().iter().chain(self.egress.tables());
        let mut starts: Vec<Point> = tables()
            .flat_map(|table| table.stretches.iter().map(|stretch| stretch.0))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let count = starts.len();
        let mut groups: Vec<u32> = vec![0; count];
        let mut next = 1_u32;
        // Stretches fall apart where any table gives them different cells.
        for table in tables() {
            if table.stretches.len() < 2 {
                continue;
            }
            let mut renamed = rustc_hash::FxHashMap::default();
            for (start, group) in starts.iter().zip(&mut groups) {
                let cell = table.at(*start);
                *group = *renamed.entry((*group, cell)).or_insert_with(|| {
                    let id = next;
                    next = next.wrapping_add(1);
                    id
                });
            }
        }
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next.saturating_sub(1))
            .chain([Point::MAX]);
        let mut order: Vec<u32> = Vec::new();
        let mut parts: rustc_hash::FxHashMap<u32, Vec<(Point, Point)>> =
            rustc_hash::FxHashMap::default();
        for ((start, end), group) in starts.iter().zip(ends).zip(groups) {
            let part = parts.entry(group).or_default();
            if part.is_empty() {
                order.push(group);
            }
            part.push((*start, end));
        }
        order
            .into_iter()
            .filter_map(|group| parts.remove(&group))
            .map(|ranges| PortClass {
                point: ranges.first().map_or(0, |range| range.0),
                ports: Ranges::new(ranges),
            })
            .collect()
    }

    /// Ports on which `from` reaches `to`: for certain, and perhaps.
    pub(in crate::network) fn ports_between(&self, from: u32, to: u32) -> (PortSet, PortSet) {
        let stretches = |table: Option<&Table>| -> Vec<Point> {
            let stretches = table.map(|table| table.stretches.iter().map(|stretch| stretch.0));
            stretches.into_iter().flatten().collect()
        };
        let table = |side: &super::Side, spot| -> Vec<Point> {
            stretches(side.signature_of(spot).and_then(|id| side.table(id)))
        };
        let mut starts = table(&self.egress, from);
        starts.extend(table(&self.ingress, to));
        starts.push(0);
        starts.sort_unstable();
        starts.dedup();
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next.saturating_sub(1))
            .chain([Point::MAX]);
        let (mut sure, mut may) = (Vec::new(), Vec::new());
        for (start, end) in starts.iter().copied().zip(ends) {
            let out = self.egress.cell(from, start);
            let into = self.ingress.cell(to, start);
            let both = |out: RowId, into: RowId| {
                self.rows.get(out).has(to as usize) && self.rows.get(into).has(from as usize)
            };
            if both(out.may, into.may) {
                may.push((start, end));
                if both(out.sure, into.sure) {
                    sure.push((start, end));
                }
            }
        }
        (Ranges::new(sure), Ranges::new(may))
    }

    /// The spots that reach `to` on a port: for certain, and perhaps.
    pub(in crate::network) fn sources_of(&self, to: u32, point: Point) -> (Bits, Bits) {
        let length = self.space.spots.len();
        let into = self.ingress.cell(to, point);
        let mut answers: Vec<Option<(bool, bool)>> = vec![None; self.egress.signatures()];
        let (mut sure, mut may) = (Bits::none(length), Bits::none(length));
        let (into_sure, into_may) = (self.rows.get(into.sure), self.rows.get(into.may));
        for (signature, spot) in self.egress.of_spots().iter().zip(0_usize..) {
            if !into_may.has(spot) {
                continue;
            }
            let Some(answer) = answers.get_mut(signature.index()) else {
                continue;
            };
            let (is_sure, is_possible) = *answer.get_or_insert_with(|| {
                let cell = self
                    .egress
                    .table(*signature)
                    .and_then(|table| table.at(point));
                let has =
                    |id: Option<RowId>| id.is_some_and(|id| self.rows.get(id).has(to as usize));
                (
                    has(cell.map(|cell| cell.sure)),
                    has(cell.map(|cell| cell.may)),
                )
            });
            if is_possible {
                may.add(spot);
                if is_sure && into_sure.has(spot) {
                    sure.add(spot);
                }
            }
        }
        (sure, may)
    }

    /// Hands every spot's reach on all ports to `visit`, in parallel and in no order; nothing is kept
    /// beyond the block of sources that is being worked on.
    pub(in crate::network) fn visit_pairs(
        &self,
        classes: &[PortClass],
        visit: &(dyn Fn(&SourceRow) + Sync),
    ) {
        let length = self.space.spots.len();
        let into: Vec<Vec<(RowId, RowId)>> = classes
            .iter()
            .map(|class| {
                let cell = |spot: usize| {
                    let cell = self
                        .ingress
                        .cell(u32::try_from(spot).unwrap_or(0), class.point);
                    (cell.sure, cell.may)
                };
                (0..length).map(cell).collect()
            })
            .collect();
        let blocks: Vec<usize> = (0..length).step_by(BLOCK).collect();
        blocks.into_par_iter().for_each(|start| {
            let end = (start + BLOCK).min(length);
            let mut rows: Vec<SourceRow> = (start..end)
                .map(|spot| SourceRow {
                    spot: u32::try_from(spot).unwrap_or(0),
                    reach: Vec::with_capacity(classes.len()),
                })
                .collect();
            let mut cut = Cut::new(length);
            for (class, into) in classes.iter().zip(&into) {
                self.block(class.point, into, (start, &mut rows), &mut cut);
            }
            for row in &rows {
                visit(row);
            }
        });
    }

    /// Adds one port class to the rows of one block of sources.
    fn block(
        &self,
        point: Point,
        into: &[(RowId, RowId)],
        (start, rows): (usize, &mut Vec<SourceRow>),
        cut: &mut Cut,
    ) {
        let length = self.space.spots.len();
        let accepted = |pick: fn(&(RowId, RowId)) -> RowId, cut: &mut Cut| {
            let ids = into.iter().map(pick);
            cut.turn(ids.map(|id| self.rows.get(id)), start, rows.len())
        };
        let sure = accepted(|pair| pair.0, cut);
        let is_certain = into.iter().all(|(sure, may)| sure == may);
        let may = match is_certain {
            true => None,
            false => Some(accepted(|pair| pair.1, cut)),
        };
        let mut out = Bits::none(length);
        for (offset, row) in rows.iter_mut().enumerate() {
            let cell = self.egress.cell(row.spot, point);
            let within = |id: RowId, accepted: Option<&Bits>, out: &mut Bits| {
                let mut reached = Bits::none(length);
                self.rows.get(id).write(out);
                if let Some(accepted) = accepted {
                    reached.add_both(out, accepted);
                }
                reached
            };
            let reached = within(cell.sure, sure.get(offset), &mut out);
            let possible = match (&may, cell.sure == cell.may) {
                (None, true) => reached.clone(),
                (may, _) => {
                    let accepted = may.as_ref().unwrap_or(&sure);
                    within(cell.may, accepted.get(offset), &mut out)
                }
            };
            row.reach.push((reached, possible));
        }
    }
}

/// Turns rows by destination into rows by source, 64 by 64 bits at a time.
struct Cut {
    length: usize,
}

impl Cut {
    const fn new(length: usize) -> Self {
        Self { length }
    }

    /// `rows` has one row of sources per destination; the result one set of destinations per source,
    /// for `count` sources from `start` on, which is a whole number of words.
    fn turn<'r>(
        &self,
        rows: impl Iterator<Item = &'r Row>,
        start: usize,
        count: usize,
    ) -> Vec<Bits> {
        let words = count.div_ceil(64);
        let first = start / 64;
        let mut turned: Vec<Vec<u64>> = vec![Vec::with_capacity(self.length.div_ceil(64)); count];
        let mut squares: Vec<[u64; 64]> = vec![[0; 64]; words];
        let mut filled = 0_usize;
        for row in rows {
            for (word, square) in squares.iter_mut().enumerate() {
                if let Some(line) = square.get_mut(filled) {
                    *line = row.word(first + word);
                }
            }
            filled += 1;
            if filled == 64 {
                flush(&mut squares, &mut turned);
                filled = 0;
            }
        }
        if filled > 0 {
            for square in &mut squares {
                if let Some(rest) = square.get_mut(filled..) {
                    rest.fill(0);
                }
            }
            flush(&mut squares, &mut turned);
        }
        turned.into_iter().map(Bits::of_words).collect()
    }
}

fn flush(squares: &mut [[u64; 64]], turned: &mut [Vec<u64>]) {
    for (square, sources) in squares.iter_mut().zip(turned.chunks_mut(64)) {
        transpose(square);
        for (line, source) in square.iter().zip(sources) {
            source.push(*line);
        }
    }
}

/// Turns a square of bits on its diagonal: swap ever smaller blocks (Hacker's Delight, section 7-3,
/// here with the lowest bit first).
fn transpose(square: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask: u64 = 0x0000_0000_ffff_ffff;
    while width != 0 {
        let mut upper = 0;
        while upper < 64 {
            let lower = upper | width;
            if let Ok([above, below]) = square.get_disjoint_mut([upper, lower]) {
                let swapped = ((*above >> width) ^ *below) & mask;
                *above ^= swapped << width;
                *below ^= swapped;
            }
            upper = (lower + 1) & !width;
        }
        width >>= 1;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests;

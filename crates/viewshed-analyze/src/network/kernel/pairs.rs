//! Rows against rows: everything that one spot reaches, everything that reaches one, all pairs.

use rustc_hash::FxHashMap;

use super::Kernel;
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

impl Kernel<'_> {
    /// The ports of all tables, cut as finely as any table needs.
    pub(in crate::network) fn port_classes(&self) -> Vec<PortClass> {
        let mut tables = self.ingress.tables();
        tables.extend(self.egress.tables());
        let mut starts: Vec<Point> = tables
            .iter()
            .flat_map(|table| table.stretches.iter().map(|stretch| stretch.0))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let count = starts.len();
        let mut groups: Vec<u32> = vec![0; count];
        let mut next = 1_u32;
        // Stretches fall apart where any table gives them different cells.
        for table in tables {
            if table.stretches.len() < 2 {
                continue;
            }
            let mut renamed = FxHashMap::default();
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
        let mut parts: FxHashMap<u32, Vec<(Point, Point)>> = FxHashMap::default();
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

    /// First ports of the stretches that neither side's table tells apart; always with 0.
    pub(in crate::network) fn port_starts(&self, from: u32, to: u32) -> Vec<Point> {
        let mut starts = vec![0];
        for (side, spot) in [(&self.egress, from), (&self.ingress, to)] {
            let table = side.signature_of(spot).and_then(|id| side.table(id));
            let stretches = table.map(|table| table.stretches.iter().map(|stretch| stretch.0));
            starts.extend(stretches.into_iter().flatten());
        }
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    /// Ports on which `from` reaches `to`: for certain, and perhaps.
    pub(in crate::network) fn ports_between(&self, from: u32, to: u32) -> (PortSet, PortSet) {
        let starts = self.port_starts(from, to);
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

    /// Hands every spot's reach on one class of ports to `visit`, spot by spot.
    ///
    /// Destinations that let in many sources are worked out once for all sources that they let in
    /// alike; the others stand in lists by source. So a source costs little more than what it reaches
    /// alone.
    pub(in crate::network) fn visit_sources(
        &self,
        class: &PortClass,
        bound: Bound,
        weigh: &dyn Fn(&Row) -> u64,
        visit: &mut dyn FnMut(u32, Reached<'_>),
    ) {
        let length = self.space.spots.len();
        let into = Into::of(self, class.point, bound);
        let mut shared: Vec<Shared> = Vec::new();
        let mut shared_by_key: FxHashMap<(RowId, u32), usize> = FxHashMap::default();
        let mut accepted: Vec<Option<Bits>> = vec![None; into.groups as usize];
        let mut more = Vec::new();
        for spot in 0..u32::try_from(length).unwrap_or(u32::MAX) {
            let out = bound.of(self.egress.cell(spot, class.point));
            let row = self.rows.get(out);
            let group = into.group_of.get(spot as usize).copied().unwrap_or(0);
            let at = *shared_by_key.entry((out, group)).or_insert_with(|| {
                let slot = accepted.get_mut(group as usize);
                let mut none = None;
                let accepted = slot
                    .unwrap_or(&mut none)
                    .get_or_insert_with(|| into.accepted_by(spot as usize, self, length));
                let row = row.and(accepted);
                shared.push(Shared {
                    weight: weigh(&row),
                    row,
                });
                shared.len() - 1
            });
            more.clear();
            let few = into.few_of(spot as usize);
            more.extend(few.iter().copied().filter(|to| row.has(*to as usize)));
            if let Some(shared) = shared.get(at) {
                visit(
                    spot,
                    Reached {
                        shared,
                        more: &more,
                    },
                );
            }
        }
    }

    /// Whether no answer on these ports depends on missing facts.
    pub(in crate::network) fn is_certain(&self, class: &PortClass) -> bool {
        [&self.ingress, &self.egress].iter().all(|side| {
            side.tables().into_iter().all(|table| {
                table
                    .at(class.point)
                    .is_none_or(|cell| cell.sure == cell.may)
            })
        })
    }
}

/// Which bound of the answers is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Bound {
    /// What is let through for certain.
    Sure,
    /// What may be let through.
    May,
}

impl Bound {
    const fn of(self, cell: super::tables::Cell) -> RowId {
        match self {
            Self::Sure => cell.sure,
            Self::May => cell.may,
        }
    }
}

/// A set of destinations that several sources reach.
#[derive(Debug)]
pub(in crate::network) struct Shared {
    pub(in crate::network) row: Row,
    /// What the visitor weighed it with.
    pub(in crate::network) weight: u64,
}

/// What one source reaches: both parts together, which have nothing in common.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) struct Reached<'r> {
    pub(in crate::network) shared: &'r Shared,
    pub(in crate::network) more: &'r [u32],
}

/// The ingress side of all destinations on one port, arranged by source.
struct Into {
    /// Rows of many sources, and the destinations that have them.
    many: Vec<(RowId, Bits)>,
    /// Sources that are in the same rows of many have the same group.
    group_of: Vec<u32>,
    groups: u32,
    /// Destinations with rows of few sources, by source: all lists in one, and where each begins.
    few: Vec<u32>,
    starts: Vec<u32>,
}

impl Into {
    fn of(kernel: &Kernel<'_>, point: Point, bound: Bound) -> Self {
        let length = kernel.space.spots.len();
        let mut many: Vec<(RowId, Bits)> = Vec::new();
        let mut numbers: FxHashMap<RowId, usize> = FxHashMap::default();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for to in 0..u32::try_from(length).unwrap_or(u32::MAX) {
            let id = bound.of(kernel.ingress.cell(to, point));
            match kernel.rows.get(id) {
                Row::Few(sources) => pairs.extend(sources.iter().map(|from| (*from, to))),
                Row::Many(_) => {
                    let number = *numbers.entry(id).or_insert_with(|| {
                        many.push((id, Bits::none(length)));
                        many.len() - 1
                    });
                    if let Some((_, destinations)) = many.get_mut(number) {
                        destinations.add(to as usize);
                    }
                }
            }
        }
        let (group_of, groups) = grouped(kernel, &many, length);
        pairs.sort_unstable();
        let mut starts = vec![0_u32; length + 1];
        for (from, _) in &pairs {
            if let Some(count) = starts.get_mut(*from as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            many,
            group_of,
            groups,
            few: pairs.into_iter().map(|(_, to)| to).collect(),
            starts,
        }
    }

    fn few_of(&self, from: usize) -> &[u32] {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        self.few
            .get(bound(from)..bound(from + 1))
            .unwrap_or_default()
    }

    /// The destinations with rows of many that let this source in.
    fn accepted_by(&self, from: usize, kernel: &Kernel<'_>, length: usize) -> Bits {
        let mut accepted = Bits::none(length);
        for (id, destinations) in &self.many {
            if kernel.rows.get(*id).has(from) {
                accepted.add_all(destinations);
            }
        }
        accepted
    }
}

/// Groups of sources that are in the same rows.
fn grouped(kernel: &Kernel<'_>, many: &[(RowId, Bits)], length: usize) -> (Vec<u32>, u32) {
    let mut group_of = vec![0_u32; length];
    let mut next = 1_u32;
    for (id, _) in many {
        let row = kernel.rows.get(*id);
        if row.count() == length {
            continue;
        }
        let mut renamed: FxHashMap<u32, u32> = FxHashMap::default();
        for from in row.iter() {
            if let Some(group) = group_of.get_mut(from) {
                *group = *renamed.entry(*group).or_insert_with(|| {
                    let id = next;
                    next = next.saturating_add(1);
                    id
                });
            }
        }
    }
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    for group in &mut group_of {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *group = *numbers.entry(*group).or_insert(next);
    }
    let groups = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    (group_of, groups)
}

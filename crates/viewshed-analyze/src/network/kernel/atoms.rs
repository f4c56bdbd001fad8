//! Address space cut where some policy's set of addresses begins or ends: two addresses of one atom are
//! in the same sets.

use crate::network::ranges::Ranges;

/// The atoms of one family.
#[derive(Debug, Clone)]
pub(in crate::network) struct Atoms {
    /// First address of each stretch, and its atom; sorted, the first begins at 0.
    stretches: Vec<(u128, u32)>,
    /// Addresses of each atom.
    atoms: Vec<Ranges<u128>>,
}

impl Atoms {
    /// The coarsest cut of `whole` in which every set is a union of atoms.
    pub(in crate::network) fn of(whole: &Ranges<u128>, sets: &[&Ranges<u128>]) -> Self {
        let mut starts: Vec<u128> = whole.iter().map(|range| range.0).collect();
        for (first, last) in sets.iter().flat_map(|set| set.iter()) {
            starts.push(first);
            starts.extend(last.checked_add(1).filter(|next| whole.contains(*next)));
        }
        starts.sort_unstable();
        starts.dedup();
        let mut groups = Groups::new(starts.len());
        for set in sets {
            groups.split(&touched(&starts, set));
        }
        let numbers = groups.numbered();
        let count = numbers.iter().max().map_or(0, |most| *most as usize + 1);
        let mut parts: Vec<Vec<(u128, u128)>> = vec![Vec::new(); count];
        let last = whole.iter().last().map_or(0, |range| range.1);
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next.saturating_sub(1))
            .chain([last]);
        for ((start, end), atom) in starts.iter().zip(ends).zip(&numbers) {
            if let Some(part) = parts.get_mut(*atom as usize) {
                part.push((*start, end));
            }
        }
        Self {
            stretches: starts.into_iter().zip(numbers).collect(),
            atoms: parts.into_iter().map(Ranges::new).collect(),
        }
    }

    /// The atom of an address.
    pub(in crate::network) fn at(&self, address: u128) -> u32 {
        let after = self
            .stretches
            .partition_point(|(start, _)| *start <= address);
        let stretch = self.stretches.get(after.saturating_sub(1));
        stretch.map_or(0, |(_, atom)| *atom)
    }

    /// Whether a set of addresses is a union of atoms.
    pub(in crate::network) fn divide(&self, set: &Ranges<u128>) -> bool {
        let starts_atom = |address: u128| {
            let found = self.stretches.binary_search_by_key(&address, |one| one.0);
            found.is_ok()
        };
        let mut ranges = set.iter();
        let is_cut = ranges.all(|(first, _)| starts_atom(first));
        is_cut
            && set.iter().all(|(first, last)| {
                let from = self.stretches.partition_point(|one| one.0 < first);
                let inside = self.stretches.iter().skip(from);
                let mut inside = inside.take_while(|one| one.0 <= last);
                inside.all(|(_, atom)| {
                    let own = self.atoms.get(*atom as usize);
                    own.is_some_and(|own| own.minus(set).is_empty())
                })
            })
    }

    /// Addresses of each atom, in order.
    pub(in crate::network) fn ranges(&self) -> &[Ranges<u128>] {
        &self.atoms
    }
}

/// Stretches that a set covers, as half-open ranges of positions.
fn touched(starts: &[u128], set: &Ranges<u128>) -> Vec<(usize, usize)> {
    set.iter()
        .map(|(first, last)| {
            let from = starts.partition_point(|start| *start < first);
            let to = starts.partition_point(|start| *start <= last);
            (from, to)
        })
        .collect()
}

/// A partition of positions that is split by one set after the other.
struct Groups {
    of: Vec<u32>,
    next: u32,
}

impl Groups {
    fn new(length: usize) -> Self {
        Self {
            of: vec![0; length],
            next: 1,
        }
    }

    /// Positions inside `ranges` part from those outside.
    fn split(&mut self, ranges: &[(usize, usize)]) {
        let mut renamed = rustc_hash::FxHashMap::default();
        for (from, to) in ranges {
            for group in self.of.iter_mut().take(*to).skip(*from) {
                let next = &mut self.next;
                *group = *renamed.entry(*group).or_insert_with(|| {
                    let id = *next;
                    *next += 1;
                    id
                });
            }
        }
        // Ids are handed out afresh long before they run out.
        if self.next > u32::MAX / 2 {
            self.of = self.numbered();
            self.next = u32::try_from(self.of.len()).unwrap_or(u32::MAX / 2);
        }
    }

    /// Groups by number, from 0 in the order in which they first appear.
    fn numbered(&self) -> Vec<u32> {
        let mut numbers = rustc_hash::FxHashMap::default();
        self.of
            .iter()
            .map(|group| {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                *numbers.entry(*group).or_insert(next)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;

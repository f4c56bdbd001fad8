//! Addresses outside the cluster, which the policies of two clusters cut in different ways: compared is
//! every address with itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use viewshed_model::{PortRange, ReachEnd, ReachMatrix};

use super::{Key, OUTSIDE, Open, grown, key, set};
use crate::network::address::{AddressSet, Family, address, blocks_of, number};
use crate::network::ranges::Ranges;

/// Blocks that a name lists; more are counted.
const BLOCKS_MAX: usize = 4;

/// Whether addresses are the sources or the destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    In,
    Out,
}

/// One kind of addresses: what they reach, and what reaches them.
type Class = BTreeMap<(Way, Key), Open>;

/// First and last address, and the position of the class.
type Cut = (u128, u128, usize);

/// The addresses outside of one cluster.
#[derive(Default)]
pub(super) struct Outside {
    classes: Vec<Class>,
    cuts: [Vec<Cut>; 2],
}

/// Addresses that gained or lost something.
pub(super) struct Grown {
    pub(super) way: Way,
    /// The workload or node at the other end.
    pub(super) inside: Key,
    pub(super) ports: Vec<PortRange>,
    pub(super) is_certain: bool,
    /// In words: blocks, or all of them.
    pub(super) name: String,
    /// Each block of them; none where that is all of them.
    pub(super) blocks: Vec<String>,
    /// One of the addresses.
    pub(super) example: IpAddr,
}

impl Outside {
    pub(super) fn of(matrix: &ReachMatrix) -> Self {
        let mut outside = Self::default();
        let mut of_end: BTreeMap<u32, usize> = BTreeMap::new();
        for (end, number) in matrix.ends.iter().zip(0_u32..) {
            if !end.addresses.is_empty() {
                of_end.insert(number, outside.add(end));
            }
        }
        for cell in &matrix.cells {
            let (way, class, inside) = match (of_end.get(&cell.from), of_end.get(&cell.to)) {
                (Some(class), None) => (Way::In, *class, cell.to),
                (None, Some(class)) => (Way::Out, *class, cell.from),
                _ => continue,
            };
            let Some(inside) = matrix.ends.get(inside as usize) else {
                continue;
            };
            let sure = set(&cell.allowed);
            let possible = sure.union(&set(&cell.uncertain));
            if let Some(class) = outside.classes.get_mut(class) {
                let open = class.entry((way, key(inside))).or_default();
                open.0 = open.0.union(&sure);
                open.1 = open.1.union(&possible);
            }
        }
        for cuts in &mut outside.cuts {
            cuts.sort_unstable();
        }
        outside
    }

    fn add(&mut self, end: &ReachEnd) -> usize {
        let class = self.classes.len();
        self.classes.push(Class::new());
        for range in &end.addresses {
            let ends = range.split_once('-');
            let ends = ends.and_then(|(first, last)| {
                Some((first.parse::<IpAddr>().ok()?, last.parse::<IpAddr>().ok()?))
            });
            if let Some((first, last)) = ends {
                let [v4, v6] = &mut self.cuts;
                let cuts = match Family::of(first) {
                    Family::V4 => v4,
                    Family::V6 => v6,
                };
                cuts.push((number(first), number(last), class));
            }
        }
        class
    }
}

/// What addresses gained from `old` to `new`, and what gained them, between ends that `is_known` says both
/// clusters have.
pub(super) fn gained(old: &Outside, new: &Outside, is_known: impl Fn(&Key) -> bool) -> Vec<Grown> {
    let mut pairs: BTreeMap<(usize, usize), AddressSet> = BTreeMap::new();
    let mut all = AddressSet::default();
    for (family, (old, new)) in Family::BOTH.into_iter().zip(old.cuts.iter().zip(&new.cuts)) {
        let mut of_family: BTreeMap<(usize, usize), Vec<(u128, u128)>> = BTreeMap::new();
        for (first, last, classes) in crossed(old, new) {
            of_family.entry(classes).or_default().push((first, last));
        }
        for (classes, parts) in of_family {
            let addresses = AddressSet::only(family, Ranges::new(parts));
            all = all.union(&addresses);
            let known = pairs.entry(classes).or_default();
            *known = known.union(&addresses);
        }
    }
    let mut grown_by: BTreeMap<(Way, Key, Vec<PortRange>, bool), AddressSet> = BTreeMap::new();
    for ((before, after), addresses) in &pairs {
        let (Some(before), Some(after)) = (old.classes.get(*before), new.classes.get(*after))
        else {
            continue;
        };
        for ((way, inside), open) in after {
            if !is_known(inside) {
                continue;
            }
            for (ports, is_certain) in grown(before.get(&(*way, inside.clone())), open) {
                let key = (*way, inside.clone(), ports, is_certain);
                let known = grown_by.entry(key).or_default();
                *known = known.union(addresses);
            }
        }
    }
    let found = grown_by.into_iter();
    let found = found.filter_map(|((way, inside, ports, is_certain), addresses)| {
        Some(Grown {
            way,
            inside,
            ports,
            is_certain,
            name: name(&addresses, &all),
            blocks: every_block(&addresses, &all),
            example: example(&addresses)?,
        })
    });
    found.collect()
}

/// Where two lists of cuts overlap, with the class on either side.
fn crossed(old: &[Cut], new: &[Cut]) -> Vec<(u128, u128, (usize, usize))> {
    let mut found = Vec::new();
    let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
    while let (Some(before), Some(after)) = (olds.peek(), news.peek()) {
        let (first, last) = (before.0.max(after.0), before.1.min(after.1));
        if first <= last {
            found.push((first, last, (before.2, after.2)));
        }
        if before.1 <= after.1 {
            olds.next();
        } else {
            news.next();
        }
    }
    found
}

fn example(addresses: &AddressSet) -> Option<IpAddr> {
    Family::BOTH.into_iter().find_map(|family| {
        let first = addresses.of(family).first()?;
        Some(address(family, first))
    })
}

fn name(addresses: &AddressSet, all: &AddressSet) -> String {
    if addresses == all {
        return OUTSIDE.to_owned();
    }
    let mut parts = Vec::new();
    for family in Family::BOTH {
        let ranges = addresses.of(family);
        if ranges.is_empty() {
            continue;
        }
        let blocks = blocks(family, ranges);
        let others = self::blocks(family, &all.of(family).minus(ranges));
        // What is left out says more where that is less.
        if others.len() < blocks.len() {
            let except = if others.is_empty() {
                String::new()
            } else {
                format!(" except {}", listed(&others))
            };
            parts.push(format!("every {} address {OUTSIDE}{except}", family.name()));
        } else {
            parts.push(listed(&blocks));
        }
    }
    parts.join(", ")
}

fn every_block(addresses: &AddressSet, all: &AddressSet) -> Vec<String> {
    if addresses == all {
        return Vec::new();
    }
    let families = Family::BOTH.into_iter();
    let each = families.flat_map(|family| blocks(family, addresses.of(family)));
    each.collect()
}

fn blocks(family: Family, ranges: &Ranges<u128>) -> Vec<String> {
    let blocks = ranges.iter().flat_map(|range| blocks_of(family, range));
    blocks.collect()
}

fn listed(blocks: &[String]) -> String {
    let named: Vec<&str> = blocks.iter().take(BLOCKS_MAX).map(String::as_str).collect();
    let named = named.join(", ");
    match blocks.len().saturating_sub(BLOCKS_MAX) {
        0 => named,
        more => format!("{named} and {more} more blocks"),
    }
}

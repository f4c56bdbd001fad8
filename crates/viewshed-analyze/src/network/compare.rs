//! Who reaches what in one cluster and not in another: the meaning of policies, never their wording.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{EndKind, Place, PortRange, Position, ReachEnd, ReachQuestion, Target};

mod entrances;
mod outside;

use outside::{Grown, Outside, Way};

use super::index::NetworkIndex;
use super::ports::{PortSet, shown, span};

/// Targets that the matrix does not have by name.
const TARGETS: [Target; 3] = [Target::Apiserver, Target::Kubelet, Target::Metadata];

/// Kind of sources outside.
pub(crate) const ADDRESSES: &str = "Addresses";
/// All of them.
const OUTSIDE: &str = "outside the cluster";

/// Something that a workload or node reaches in the second cluster and not in the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gain {
    /// Kind of the source: `Deployment`, `Node`, `Addresses`.
    pub(crate) kind: String,
    /// `namespace/name`, a node's name, `outside the cluster` or a range of addresses.
    pub(crate) from: String,
    /// Ports that are open now.
    pub(crate) ports: Vec<PortRange>,
    /// Whether they are open for certain.
    pub(crate) is_certain: bool,
    /// Destinations with the same ports, in order.
    pub(crate) to: Vec<String>,
    /// Of addresses outside, on whichever side they are, each block; none where that is all of them.
    pub(crate) blocks: Vec<String>,
    /// Why the first of them is open now.
    pub(crate) because: String,
    /// Where the policy stands that opens it, when it was read from a file.
    pub(crate) location: Option<Position>,
}

/// Kind and name of an end.
pub(super) type Key = (String, String);
/// Ports that are open, and those that may be.
pub(super) type Open = (PortSet, PortSet);

/// What the workloads, nodes and the outside world of one cluster reach.
struct Reach<'i, 'c> {
    index: &'i NetworkIndex<'c>,
    ends: BTreeSet<Key>,
    /// Of workloads.
    pods: BTreeMap<Key, usize>,
    outside: Outside,
    by_source: BTreeMap<Key, BTreeMap<Key, Open>>,
}

/// What addresses outside reach in `new` and not in `old` through whatever publishes pods.
pub(crate) fn gains_from_outside(old: &NetworkIndex<'_>, new: &NetworkIndex<'_>) -> Vec<Gain> {
    entrances::gains(old, new)
}

/// What sources reach in `new` and not in `old`; `None` when one of them is too large for a matrix.
pub(crate) fn gains(old: &NetworkIndex<'_>, new: &NetworkIndex<'_>) -> Option<Vec<Gain>> {
    let (old, new) = (Reach::of(old)?, Reach::of(new)?);
    let is_known = |end: &Key| old.ends.contains(end);
    // Between the pods of a workload there is something to compare where both sides have several.
    let is_alone = |reach: &Reach<'_, '_>, end: &Key| reach.pods.get(end) == Some(&1);
    let is_itself =
        |from: &Key, to: &Key| from == to && is_alone(&old, from) != is_alone(&new, from);
    let mut found = Vec::new();
    for (from, now) in &new.by_source {
        if !is_known(from) {
            continue;
        }
        let before = old.by_source.get(from);
        let mut by_ports: BTreeMap<(Vec<PortRange>, bool), Vec<&Key>> = BTreeMap::new();
        let compared = now
            .iter()
            .filter(|(to, _)| is_known(to) && !is_itself(from, to));
        for (to, open) in compared {
            for grown in grown(before.and_then(|open| open.get(to)), open) {
                by_ports.entry(grown).or_default().push(to);
            }
        }
        for ((ports, is_certain), to) in by_ports {
            let because = to
                .first()
                .map(|to| new.because(place(from), place(to), &ports));
            let (because, location) = because.unwrap_or_default();
            found.push(Gain {
                location,
                kind: from.0.clone(),
                from: from.1.clone(),
                blocks: Vec::new(),
                because,
                ports,
                is_certain,
                to: to.into_iter().map(|(_, name)| name.clone()).collect(),
            });
        }
    }
    let outside = outside::gained(&old.outside, &new.outside, is_known).into_iter();
    found.extend(outside.map(|grown| new.gain_outside(grown)));
    found.sort();
    Some(found)
}

/// Ports that are open for certain now and were not, then those that may be now and could not before.
pub(super) fn grown(before: Option<&Open>, (sure, possible): &Open) -> Vec<(Vec<PortRange>, bool)> {
    let nothing = Open::default();
    let (old_sure, old_possible) = before.unwrap_or(&nothing);
    let certain = sure.minus(old_sure);
    let maybe = possible.minus(old_possible).minus(&certain);
    let both = [(certain, true), (maybe, false)].into_iter();
    let both = both.map(|(ports, is_certain)| (shown(&ports), is_certain));
    both.filter(|(ports, _)| !ports.is_empty()).collect()
}

impl<'i, 'c> Reach<'i, 'c> {
    fn of(index: &'i NetworkIndex<'c>) -> Option<Self> {
        // What publishes pods is compared apart: where their own addresses may be routed, nothing would
        // seem to be gained by it.
        let matrix = index.matrix_with(false)?;
        let mut reach = Self {
            index,
            ends: BTreeSet::new(),
            pods: BTreeMap::new(),
            outside: Outside::of(&matrix),
            by_source: BTreeMap::new(),
        };
        for end in &matrix.ends {
            reach.ends.insert(key(end));
            *reach.pods.entry(key(end)).or_default() += end.pods.len();
        }
        for cell in &matrix.cells {
            let end = |at: u32| matrix.ends.get(at as usize);
            let (Some(from), Some(to)) = (end(cell.from), end(cell.to)) else {
                continue;
            };
            if [from.kind, to.kind].contains(&EndKind::Outside) {
                continue;
            }
            let sure = set(&cell.allowed);
            let possible = sure.union(&set(&cell.uncertain));
            reach.add(key(from), key(to), (sure, possible));
        }
        for target in TARGETS {
            reach.add_target(target);
        }
        Some(reach)
    }

    fn add(&mut self, from: Key, to: Key, (sure, possible): Open) {
        let open = self.by_source.entry(from).or_default();
        let known = open.entry(to).or_default();
        known.0 = known.0.union(&sure);
        known.1 = known.1.union(&possible);
    }

    fn add_target(&mut self, target: Target) {
        let to = ("target".to_owned(), target.name().to_owned());
        self.ends.insert(to.clone());
        let Ok(column) = self.index.sources(&Place::Target(target), None, None) else {
            return;
        };
        for source in column.sources {
            let from = match source.kind {
                EndKind::Pods => (
                    source.workload_kind,
                    format!("{}/{}", source.namespace, source.name),
                ),
                EndKind::Node => ("Node".to_owned(), source.name),
                EndKind::Container | EndKind::Host | EndKind::Outside => continue,
            };
            let sure = set(&source.ports);
            let possible = sure.union(&set(&source.uncertain_ports));
            if !possible.is_empty() {
                self.add(from, to.clone(), (sure, possible));
            }
        }
    }

    fn gain_outside(&self, grown: Grown) -> Gain {
        let inside = place(&grown.inside);
        let example = Some(Place::Address(grown.example));
        let ((kind, name), outside) = (grown.inside, grown.name);
        let (because, location) = match grown.way {
            Way::In => self.because(example, inside, &grown.ports),
            Way::Out => self.because(inside, example, &grown.ports),
        };
        let (kind, from, to) = match grown.way {
            Way::In => (ADDRESSES.to_owned(), outside, name),
            Way::Out => (kind, name, outside),
        };
        Gain {
            kind,
            from,
            ports: grown.ports,
            is_certain: grown.is_certain,
            to: vec![to],
            blocks: grown.blocks,
            because,
            location,
        }
    }

    /// Why one destination is open, in the words of a single answer, and where its policy stands.
    fn because(
        &self,
        from: Option<Place>,
        to: Option<Place>,
        ports: &[PortRange],
    ) -> (String, Option<Position>) {
        let (Some(from), Some(to), Some(range)) = (from, to, ports.first()) else {
            return (String::new(), None);
        };
        let question = ReachQuestion {
            from,
            to,
            port: Some(range.first),
            protocol: Some(range.protocol),
        };
        let answer = self.index.answer(&question);
        let reasons = answer.map(|answer| answer.because).unwrap_or_default();
        let location = reasons.iter().find_map(|reason| reason.location.clone());
        let texts: Vec<String> = reasons.into_iter().map(|reason| reason.text).collect();
        (texts.join("; "), location)
    }
}

fn place((kind, name): &Key) -> Option<Place> {
    let place = match kind.as_str() {
        "Node" => format!("node:{name}").parse(),
        _ => name.parse::<Place>(),
    };
    place.ok()
}

fn key(end: &ReachEnd) -> Key {
    match end.kind {
        EndKind::Pods => (
            end.workload_kind.clone(),
            format!("{}/{}", end.namespace, end.name),
        ),
        EndKind::Node => ("Node".to_owned(), end.name.clone()),
        EndKind::Container | EndKind::Host | EndKind::Outside => {
            (ADDRESSES.to_owned(), OUTSIDE.to_owned())
        }
    }
}

pub(super) fn set(ranges: &[PortRange]) -> PortSet {
    ranges.iter().fold(PortSet::default(), |all, range| {
        all.union(&span(range.protocol, range.first, range.last))
    })
}

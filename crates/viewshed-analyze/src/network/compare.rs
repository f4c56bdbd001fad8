//! Who reaches what in one cluster and not in another: the meaning of policies, never their wording.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{
    EndKind, Place, PortRange, Position, ReachEnd, ReachQuestion, ReachVerdict, Target,
};

use super::index::NetworkIndex;
use super::ports::{PortSet, shown, span};

/// Targets that stand for addresses outside and for what the matrix does not have by name.
const TARGETS: [Target; 4] = [
    Target::Apiserver,
    Target::Kubelet,
    Target::Metadata,
    Target::World,
];

/// Kind of what is outside the cluster.
const OUTSIDE: &str = "Outside";

/// Something that a workload or node reaches in the second cluster and not in the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gain {
    /// Kind of the source: `Deployment`, `Node`, `Outside`.
    pub(crate) kind: String,
    /// `namespace/name`, or a node's name.
    pub(crate) from: String,
    /// Ports that are open now.
    pub(crate) ports: Vec<PortRange>,
    /// Whether they are open for certain.
    pub(crate) is_certain: bool,
    /// Destinations with the same ports, in order.
    pub(crate) to: Vec<String>,
    /// Why the first of them is open now.
    pub(crate) because: String,
    /// Where the policy stands that opens it, when it was read from a file.
    pub(crate) location: Option<Position>,
}

/// Kind and name of an end.
type Key = (String, String);
/// Ports that are open, and those that may be.
type Open = (PortSet, PortSet);

/// What the workloads, nodes and the outside world of one cluster reach.
struct Reach<'i, 'c> {
    index: &'i NetworkIndex<'c>,
    ends: BTreeSet<Key>,
    by_source: BTreeMap<Key, BTreeMap<Key, Open>>,
}

/// What sources that both clusters have reach in `new` and not in `old`, at destinations that both have;
/// `None` when one of them is too large for a matrix.
pub(crate) fn gains(old: &NetworkIndex<'_>, new: &NetworkIndex<'_>) -> Option<Vec<Gain>> {
    let (old, new) = (Reach::of(old)?, Reach::of(new)?);
    let mut found = Vec::new();
    for (from, now) in &new.by_source {
        if !old.ends.contains(from) {
            continue;
        }
        let before = old.by_source.get(from);
        let mut by_ports: BTreeMap<(Vec<PortRange>, bool), Vec<&Key>> = BTreeMap::new();
        for (to, (sure, possible)) in now {
            if !old.ends.contains(to) {
                continue;
            }
            let nothing = (PortSet::default(), PortSet::default());
            let (old_sure, old_possible) = before.and_then(|open| open.get(to)).unwrap_or(&nothing);
            let certain = sure.minus(old_sure);
            let maybe = possible.minus(old_possible).minus(&certain);
            for (ports, is_certain) in [(certain, true), (maybe, false)] {
                let ports = shown(&ports);
                if !ports.is_empty() {
                    by_ports.entry((ports, is_certain)).or_default().push(to);
                }
            }
        }
        for ((ports, is_certain), to) in by_ports {
            let because = to.first().map(|to| new.because(from, to, &ports));
            let (because, location) = because.unwrap_or_default();
            found.push(Gain {
                location,
                kind: from.0.clone(),
                from: from.1.clone(),
                because,
                ports,
                is_certain,
                to: to.into_iter().map(|(_, name)| name.clone()).collect(),
            });
        }
    }
    found.sort();
    Some(found)
}

impl<'i, 'c> Reach<'i, 'c> {
    fn of(index: &'i NetworkIndex<'c>) -> Option<Self> {
        let matrix = index.matrix()?;
        let mut reach = Self {
            index,
            ends: BTreeSet::new(),
            by_source: BTreeMap::new(),
        };
        for end in &matrix.ends {
            reach.ends.insert(key(end));
        }
        for cell in &matrix.cells {
            let end = |at: u32| matrix.ends.get(at as usize);
            let (Some(from), Some(to)) = (end(cell.from), end(cell.to)) else {
                continue;
            };
            // Addresses are cut differently in the two clusters; targets stand for them.
            if to.kind == EndKind::Outside {
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
            let possible = match source.verdict {
                ReachVerdict::Denied => PortSet::default(),
                ReachVerdict::Allowed => sure.clone(),
                // Which ports is not told where it depends: the target's own.
                ReachVerdict::Depends => sure.union(&self.ports_of(target)),
            };
            self.add(from, to.clone(), (sure, possible));
        }
    }

    fn ports_of(&self, target: Target) -> PortSet {
        let points = self.index.points_of(target);
        let ports = points.iter().flat_map(|point| &point.ports);
        ports.map(|port| (*port, *port)).collect()
    }

    /// Why one destination is open, in the words of a single answer, and where its policy stands.
    fn because(&self, from: &Key, to: &Key, ports: &[PortRange]) -> (String, Option<Position>) {
        let place = |(kind, name): &Key| match kind.as_str() {
            "Node" => format!("node:{name}").parse(),
            OUTSIDE => "world".parse(),
            _ => name.parse::<Place>(),
        };
        let (Ok(from), Ok(to), Some(range)) = (place(from), place(to), ports.first()) else {
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

fn key(end: &ReachEnd) -> Key {
    match end.kind {
        EndKind::Pods => (
            end.workload_kind.clone(),
            format!("{}/{}", end.namespace, end.name),
        ),
        EndKind::Node => ("Node".to_owned(), end.name.clone()),
        EndKind::Container | EndKind::Host | EndKind::Outside => {
            (OUTSIDE.to_owned(), "world".to_owned())
        }
    }
}

fn set(ranges: &[PortRange]) -> PortSet {
    ranges.iter().fold(PortSet::default(), |all, range| {
        all.union(&span(range.protocol, range.first, range.last))
    })
}

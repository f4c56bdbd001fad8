//! One cell of the matrix: the tables where they are certain, else what single questions say.

use std::collections::BTreeMap;

use super::{Members, Row};
use crate::network::answer::Asked;
use crate::network::cni::{Cni, Ternary};
use crate::network::ends::End;
use crate::network::eval::Tri;
use crate::network::index::NetworkIndex;
use crate::network::place::AddressFact;
use crate::network::ports::{PortSet, everything};

/// Published ports of nodes that are followed one by one, for all sources and nodes together: half a
/// second's work. Beyond it what they lead to is uncertain.
const FOLLOWED_MAX: usize = 20_000;

/// Ports that are open, and those that may be.
pub(super) type Open = (PortSet, PortSet);

pub(super) struct Between<'i, 'c> {
    index: &'i NetworkIndex<'c>,
    /// Whether to ask what publishes pods.
    published: bool,
    /// Whether to follow every published port of a node.
    follows: bool,
    has_doubts: bool,
}

impl<'i, 'c> Between<'i, 'c> {
    pub(super) fn of(index: &'i NetworkIndex<'c>, rows: &[Row<'c>], published: bool) -> Self {
        let of_nodes = index.places.nodes.len();
        let of_rows = rows.len().saturating_mul(index.publications().node_ports());
        Self {
            index,
            published,
            follows: of_rows.saturating_mul(of_nodes) <= FOLLOWED_MAX,
            has_doubts: index.has_doubts(),
        }
    }

    /// The ports on which one row reaches another.
    pub(super) fn open(&self, row: &Row<'c>, column: &Row<'c>) -> Open {
        let open = self.without_doubts(row, column);
        if !self.has_doubts {
            return open;
        }
        let asked = Asked::Every(everything());
        let (sources, goals) = (self.members(row), self.members(column));
        let pairs = sources
            .iter()
            .flat_map(|from| goals.iter().map(move |to| (from, to)));
        let doubted = pairs.map(|(from, to)| {
            let doubts = self.index.doubts_between(from, to, &asked).into_iter();
            doubts.fold(open.clone(), |open, doubt| doubt.apply(open))
        });
        doubted
            .reduce(|(sure, possible), (also_sure, also_possible)| {
                (
                    sure.intersection(&also_sure),
                    possible.union(&also_possible),
                )
            })
            .unwrap_or(open)
    }

    /// The places that a row stands for: one of each kind.
    fn members(&self, row: &Row<'c>) -> Vec<End<'c>> {
        match &row.members {
            Members::Pods(pods) => {
                let ends = pods.iter().filter_map(|pod| self.index.pod_end(*pod));
                ends.collect()
            }
            Members::Node(node) => vec![self.index.node_end(*node)],
            Members::Outside(one) => vec![(**one).clone()],
        }
    }

    /// The same by what the estate has.
    fn without_doubts(&self, row: &Row<'c>, column: &Row<'c>) -> Open {
        let index = self.index;
        match (&row.members, &column.members) {
            (Members::Pods(pods), Members::Node(node)) => {
                let to = index.node_end(*node);
                let parts = self
                    .by_node(pods, *node)
                    .into_iter()
                    .map(|(pod, is_apart)| {
                        let from = index.pod_end(pod)?;
                        let open = self.part((row, column), (&from, &to), is_apart);
                        Some(self.at_published(&from, &to, open))
                    });
                all(parts.flatten())
            }
            (Members::Node(node), Members::Pods(pods)) => {
                let from = index.node_end(*node);
                let parts = self
                    .by_node(pods, *node)
                    .into_iter()
                    .map(|(pod, is_apart)| {
                        let to = index.pod_end(pod)?;
                        Some(self.part((row, column), (&from, &to), is_apart))
                    });
                all(parts.flatten())
            }
            (Members::Node(from), Members::Node(to)) => {
                let (from, to) = (index.node_end(*from), index.node_end(*to));
                let open = self.part((row, column), (&from, &to), true);
                self.at_published(&from, &to, open)
            }
            (Members::Outside(from), Members::Node(to)) => {
                let open = self.directly(row, column);
                let to = index.node_end(*to);
                self.at_published(from, &to, open)
            }
            (Members::Outside(from), Members::Pods(pods)) => {
                let open = self.directly(row, column);
                if self.published {
                    all(pods.iter().map(|pod| self.entering(from, *pod, &open)))
                } else {
                    open
                }
            }
            (Members::Pods(_), Members::Pods(_)) | (_, Members::Outside(_)) => {
                self.by_tables(row, column)
            }
        }
    }

    /// One pod of those on the node, one of those elsewhere and one of those on no node, and whether it
    /// certainly runs elsewhere.
    fn by_node(&self, pods: &[u32], node: u32) -> Vec<(u32, bool)> {
        let mut found: BTreeMap<Option<bool>, u32> = BTreeMap::new();
        for pod in pods {
            let place = self.index.places.pods.get(*pod as usize);
            let own = place.and_then(|place| place.body.node);
            found.entry(own.map(|own| own == node)).or_insert(*pod);
        }
        let found = found.into_iter();
        found
            .map(|(is_own, pod)| (pod, is_own == Some(false)))
            .collect()
    }

    /// Between two ends of these rows; `is_apart` when neither is the other's own node.
    fn part(
        &self,
        (row, column): (&Row<'c>, &Row<'c>),
        (from, to): (&End<'c>, &End<'c>),
        is_apart: bool,
    ) -> Open {
        if is_apart {
            let open = self.by_tables(row, column);
            // The tables leave open which node is whose.
            if open.0 == open.1 {
                return open;
            }
        }
        self.index.open_ports(from, to)
    }

    /// One of the places that a row stands for.
    fn example(&self, row: &Row<'c>) -> Option<End<'c>> {
        match &row.members {
            Members::Pods(pods) => self.index.pod_end(*pods.first()?),
            Members::Node(node) => Some(self.index.node_end(*node)),
            Members::Outside(one) => Some((**one).clone()),
        }
    }

    /// What the policies let through.
    fn by_tables(&self, row: &Row<'c>, column: &Row<'c>) -> Open {
        // The tables do not know which nodes a connection passes.
        if self.index.forwards()
            && let (Some(from), Some(to)) = (self.example(row), self.example(column))
        {
            return self.index.open_ports(&from, &to);
        }
        let (mut sure, mut possible) = Open::default();
        let kernels = self.index.kernels.iter();
        for (kernel, (from, to)) in kernels.zip(row.spots.iter().zip(&column.spots)) {
            let (Some(from), Some(to)) = (*from, *to) else {
                continue;
            };
            let is_there = |spot: u32| {
                let spot = kernel.space.spot(spot);
                spot.is_some_and(|spot| *spot.body.address(kernel.family) != AddressFact::Absent)
            };
            if !is_there(from) || !is_there(to) {
                continue;
            }
            let (of_kernel, may) = kernel.ports_between(from, to);
            let enforces = self.index.profile.enforces;
            let of_kernel = match enforces {
                Ternary::No => everything(),
                Ternary::Yes | Ternary::Unknown => of_kernel,
            };
            let may = match enforces {
                Ternary::Yes => may,
                Ternary::No | Ternary::Unknown => everything(),
            };
            (sure, possible) = (sure.union(&of_kernel), possible.union(&may));
        }
        (sure, possible)
    }

    /// From outside to an end's own address.
    fn directly(&self, row: &Row<'c>, column: &Row<'c>) -> Open {
        let (sure, possible) = self.by_tables(row, column);
        if self.index.profile.cni() == Cni::Generic {
            return (sure, possible);
        }
        (PortSet::default(), possible)
    }

    /// From outside to a pod, also through what publishes it.
    fn entering(&self, from: &End<'c>, pod: u32, open: &Open) -> Open {
        let (mut sure, mut possible) = open.clone();
        let to = self.index.pod_end(pod);
        let ways = to.as_ref().map(|to| self.index.ways_in(from, to));
        for (target, decision) in ways.into_iter().flatten() {
            let port = PortSet::one(target, target);
            if decision.verdict == Tri::Yes {
                sure = sure.union(&port);
            }
            if decision.verdict != Tri::No {
                possible = possible.union(&port);
            }
        }
        if let Some(to) = to.filter(|_| self.has_doubts) {
            let every = Asked::Every(everything());
            for way in self.index.unlisted_ways(from, &to, &every) {
                possible = possible.union(&way.sure).union(&way.possible);
            }
        }
        (sure, possible)
    }

    fn at_published(&self, from: &End<'c>, node: &End<'c>, open: Open) -> Open {
        if self.follows {
            return self.index.at_published(from, node, &everything(), open);
        }
        let (sure, possible) = open;
        let taken: PortSet = self.index.published_ports(node).into_iter().collect();
        (sure.minus(&taken), possible.union(&taken))
    }
}

/// What holds for all, and what holds for some.
fn all(parts: impl Iterator<Item = Open>) -> Open {
    let joined = parts.reduce(|(sure, possible), (also_sure, also_possible)| {
        (
            sure.intersection(&also_sure),
            possible.union(&also_possible),
        )
    });
    joined.unwrap_or_default()
}

//! All pairs of an estate of moderate size, spelled out.

use std::collections::BTreeMap;

use viewshed_model::{EndKind, PortRange, ReachCell, ReachEnd, ReachMatrix};

use super::address::address;
use super::cni::Ternary;
use super::index::NetworkIndex;
use super::kernel::{Kernel, NOWHERE, SpotOrigin};
use super::place::Origin;
use super::ports::{PortSet, everything, shown};

/// Pairs of ends that a matrix spells out: with ten ranges each, about 200 MB. Beyond it the matrix is
/// refused; [`NetworkIndex::visit`] has no bound.
pub const MATRIX_PAIRS_MAX: usize = 1 << 20;

/// Namespace, workload, its kind, spot in each family.
type GroupKey = (String, String, String, Vec<Option<u32>>);

/// An end, and its spots in each family's kernel.
struct Row {
    end: ReachEnd,
    spots: Vec<Option<u32>>,
}

impl NetworkIndex<'_> {
    /// What policies let through between all workloads, nodes and address ranges; `None` when that
    /// would be more than [`MATRIX_PAIRS_MAX`] pairs.
    pub fn matrix(&self) -> Option<ReachMatrix> {
        let rows = self.rows();
        if rows.len().saturating_mul(rows.len()) > MATRIX_PAIRS_MAX {
            return None;
        }
        let mut cells = Vec::new();
        for (row, from) in rows.iter().zip(0_u32..) {
            for (column, to) in rows.iter().zip(0_u32..) {
                let is_outside = |row: &Row| row.end.kind == EndKind::Outside;
                let is_alone = row.end.kind == EndKind::Node || row.end.pods.len() == 1;
                if (is_outside(row) && is_outside(column)) || (from == to && is_alone) {
                    continue;
                }
                let (allowed, uncertain) = self.between(row, column);
                if !allowed.is_empty() || !uncertain.is_empty() {
                    cells.push(ReachCell {
                        from,
                        to,
                        allowed,
                        uncertain,
                    });
                }
            }
        }
        Some(ReachMatrix {
            estate: self.cluster().name.clone(),
            cni: self.profile.cni().name().to_owned(),
            ends: rows.into_iter().map(|row| row.end).collect(),
            cells,
            gaps: self.gaps(),
        })
    }

    fn between(&self, row: &Row, column: &Row) -> (Vec<PortRange>, Vec<PortRange>) {
        let mut allowed = PortSet::default();
        let mut possible = PortSet::default();
        for (kernel, (from, to)) in self.kernels.iter().zip(row.spots.iter().zip(&column.spots)) {
            if let (Some(from), Some(to)) = (from, to) {
                let (sure, may) = kernel.ports_between(*from, *to);
                allowed = allowed.union(&sure);
                possible = possible.union(&may);
            }
        }
        match self.profile.enforces {
            Ternary::Yes => {}
            Ternary::No => allowed = everything(),
            Ternary::Unknown => possible = everything(),
        }
        let uncertain = possible.minus(&allowed);
        (shown(&allowed), shown(&uncertain))
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = self.workloads();
        for (node, index) in self.places.nodes.iter().zip(0_usize..) {
            let end = ReachEnd {
                kind: EndKind::Node,
                name: node.name.to_owned(),
                ..ReachEnd::default()
            };
            let spots = self.kernels.iter();
            let spots = spots.map(|kernel| kernel.space.of_node.get(index).copied());
            rows.push(Row {
                end,
                spots: spots.collect(),
            });
        }
        for (kernel, position) in self.kernels.iter().zip(0_usize..) {
            for (spot, end) in outside(kernel) {
                let mut spots = vec![None; self.kernels.len()];
                if let Some(own) = spots.get_mut(position) {
                    *own = Some(spot);
                }
                rows.push(Row { end, spots });
            }
        }
        rows
    }

    /// Pods by workload and by what policies can tell apart.
    fn workloads(&self) -> Vec<Row> {
        let mut groups: BTreeMap<GroupKey, Vec<String>> = BTreeMap::new();
        for (pod, index) in self.places.pods.iter().zip(0_usize..) {
            if pod.has_ended || pod.is_on_host {
                continue;
            }
            let meta = pod.origin.meta();
            let (kind, name) = self
                .places
                .makers(pod)
                .last()
                .map_or(("Pod", meta.name.as_str()), |maker| *maker);
            let spots = self.kernels.iter().map(|kernel| {
                let spot = kernel.space.of_pod.get(index).copied();
                spot.filter(|spot| *spot != NOWHERE)
            });
            let key = (
                meta.namespace_or_empty().to_owned(),
                name.to_owned(),
                kind.to_owned(),
                spots.collect(),
            );
            let pods = groups.entry(key).or_default();
            if let Origin::Pod(pod) = pod.origin {
                pods.push(pod.meta.name.clone());
            }
        }
        groups
            .into_iter()
            .map(|((namespace, name, workload_kind, spots), pods)| Row {
                end: ReachEnd {
                    kind: EndKind::Pods,
                    namespace,
                    name,
                    workload_kind,
                    pods,
                    addresses: Vec::new(),
                },
                spots,
            })
            .collect()
    }
}

fn outside(kernel: &Kernel<'_>) -> Vec<(u32, ReachEnd)> {
    let mut found = Vec::new();
    for (spot, number) in kernel.space.spots.iter().zip(0_u32..) {
        let addresses: Vec<String> = match &spot.origin {
            SpotOrigin::Addresses(ranges) => ranges
                .iter()
                .map(|(first, last)| {
                    let (first, last) =
                        (address(kernel.family, first), address(kernel.family, last));
                    format!("{first}-{last}")
                })
                .collect(),
            SpotOrigin::ApiServer(address) => vec![format!("{address}-{address}")],
            SpotOrigin::Pods(_)
            | SpotOrigin::Node(_)
            | SpotOrigin::SomeNode
            | SpotOrigin::SomeAddress => continue,
        };
        let end = ReachEnd {
            kind: EndKind::Outside,
            name: addresses.first().cloned().unwrap_or_default(),
            addresses,
            ..ReachEnd::default()
        };
        found.push((number, end));
    }
    found
}

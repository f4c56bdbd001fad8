//! All pairs of an estate of moderate size, spelled out.

use std::collections::BTreeMap;

use viewshed_model::{EndKind, PortRange, ReachCell, ReachEnd, ReachMatrix};

use super::address::address;
use super::cni::Ternary;
use super::ends::{End, Which};
use super::index::NetworkIndex;
use super::kernel::{Kernel, NOWHERE, SpotOrigin};
use super::place::{Origin, Places};
use super::ports::{PortSet, everything, shown};

/// Pairs of ends that a matrix spells out: with ten ranges each, about 200 MB. Beyond it the matrix is
/// refused; [`NetworkIndex::visit`] has no bound.
pub const MATRIX_PAIRS_MAX: usize = 1 << 20;

/// Namespace, workload, its kind, spot in each family, and the node where that counts.
type GroupKey = (String, String, String, Vec<Option<u32>>, Option<u32>);

/// An end, and its spots in each family's kernel.
struct Row<'c> {
    end: ReachEnd,
    spots: Vec<Option<u32>>,
    /// One of the places that it stands for, where single decisions are asked.
    first: End<'c>,
}

impl<'c> NetworkIndex<'c> {
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
                let is_outside = |row: &Row<'_>| row.end.kind == EndKind::Outside;
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

    fn between(&self, row: &Row<'c>, column: &Row<'c>) -> (Vec<PortRange>, Vec<PortRange>) {
        // The tables do not know which nodes a connection passes.
        if self.forwards() {
            let (allowed, possible) = self.open_ports(&row.first, &column.first);
            return (shown(&allowed), shown(&possible.minus(&allowed)));
        }
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

    fn rows(&self) -> Vec<Row<'c>> {
        let mut rows = self.workloads();
        for (node, number) in self.places.nodes.iter().zip(0_u32..) {
            let index = number as usize;
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
                first: self.node_end(number),
            });
        }
        for (kernel, position) in self.kernels.iter().zip(0_usize..) {
            for (spot, end) in outside(kernel) {
                let mut spots = vec![None; self.kernels.len()];
                if let Some(own) = spots.get_mut(position) {
                    *own = Some(spot);
                }
                let body = kernel.space.spot(spot).map(|spot| spot.body.clone());
                let first = End {
                    body: body.unwrap_or_else(|| Places::outside(None)),
                    what: format!("addresses `{}`", end.name),
                    which: Which::At(kernel.family, spot),
                };
                rows.push(Row { end, spots, first });
            }
        }
        rows
    }

    /// Pods by workload and by what policies can tell apart.
    fn workloads(&self) -> Vec<Row<'c>> {
        let by_node = self.forwards();
        let mut groups: BTreeMap<GroupKey, (u32, Vec<String>)> = BTreeMap::new();
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
                pod.body.node.filter(|_| by_node),
            );
            let first = u32::try_from(index).unwrap_or(NOWHERE);
            let (_, pods) = groups.entry(key).or_insert((first, Vec::new()));
            if let Origin::Pod(pod) = pod.origin {
                pods.push(pod.meta.name.clone());
            }
        }
        groups
            .into_iter()
            .filter_map(
                |((namespace, name, workload_kind, spots, _), (first, pods))| {
                    Some(Row {
                        end: ReachEnd {
                            kind: EndKind::Pods,
                            namespace,
                            name,
                            workload_kind,
                            pods,
                            addresses: Vec::new(),
                        },
                        spots,
                        first: self.pod_end(first)?,
                    })
                },
            )
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

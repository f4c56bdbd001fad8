//! All pairs of an estate of moderate size, spelled out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use viewshed_model::{EndKind, ReachCell, ReachEnd, ReachMatrix};

mod between;

use between::Between;

use super::address::{Family, address, number as address_number};
use super::ends::End;
use super::index::NetworkIndex;
use super::kernel::{Kernel, NOWHERE, SpotOrigin};
use super::place::Origin;
use super::ports::shown;
use super::publications::Publication;
use super::ranges::Ranges;

/// Pairs of ends that a matrix spells out: with ten ranges each, about 200 MB. Beyond it the matrix is
/// refused; [`NetworkIndex::visit`] has no bound.
pub const MATRIX_PAIRS_MAX: usize = 1 << 20;

/// Namespace, workload, its kind, spot in each family, and the node where that counts.
type GroupKey = (String, String, String, Vec<Option<u32>>, Option<u32>);

/// What can make pods of one row differ: their node, what publishes them, and a number for the networks that they are
/// attached to beside the cluster's.
type Trait<'p> = (Option<u32>, &'p Publication, u32);

/// Addresses at the start of a range that are tried as its example: all that pods and nodes have, and one.
const ADDRESSES_TRIED: u128 = 1 << 16;

/// An end, its spots in each family's kernel, and what it stands for.
pub(super) struct Row<'c> {
    pub(super) end: ReachEnd,
    pub(super) spots: Vec<Option<u32>>,
    pub(super) members: Members<'c>,
}

/// What a row stands for.
pub(super) enum Members<'c> {
    /// Pods by index: one of each kind that answers may differ for.
    Pods(Vec<u32>),
    /// A node.
    Node(u32),
    /// Addresses: one of them.
    Outside(Box<End<'c>>),
}

impl<'c> NetworkIndex<'c> {
    /// What comes through between all workloads, nodes and address ranges; `None` when that would be more
    /// than [`MATRIX_PAIRS_MAX`] pairs. A cell of pods says what holds for each of them: what only some
    /// reach is uncertain.
    pub fn matrix(&self) -> Option<ReachMatrix> {
        self.matrix_with(true)
    }

    /// The same; without what publishes pods, addresses outside are judged at the pods' own addresses.
    pub(super) fn matrix_with(&self, published: bool) -> Option<ReachMatrix> {
        let rows = self.rows();
        if rows.len().saturating_mul(rows.len()) > MATRIX_PAIRS_MAX {
            return None;
        }
        let between = Between::of(self, &rows, published);
        let mut cells = Vec::new();
        for (row, from) in rows.iter().zip(0_u32..) {
            for (column, to) in rows.iter().zip(0_u32..) {
                let is_outside = |row: &Row<'_>| row.end.kind == EndKind::Outside;
                let is_alone = row.end.kind == EndKind::Node || row.end.pods.len() == 1;
                if (is_outside(row) && is_outside(column)) || (from == to && is_alone) {
                    continue;
                }
                let (sure, possible) = between.open(row, column);
                let (allowed, uncertain) = (shown(&sure), shown(&possible.minus(&sure)));
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

    fn rows(&self) -> Vec<Row<'c>> {
        let mut rows = self.workloads();
        for (node, index) in self.places.nodes.iter().zip(0_u32..) {
            let end = ReachEnd {
                kind: EndKind::Node,
                name: node.name.to_owned(),
                ..ReachEnd::default()
            };
            let spots = self.kernels.iter();
            let spots = spots.map(|kernel| kernel.space.of_node.get(index as usize).copied());
            rows.push(Row {
                end,
                spots: spots.collect(),
                members: Members::Node(index),
            });
        }
        let of_services = self.service_addresses();
        for (kernel, position) in self.kernels.iter().zip(0_usize..) {
            for (spot, ranges) in outside(kernel) {
                let mut spots = vec![None; self.kernels.len()];
                if let Some(own) = spots.get_mut(position) {
                    *own = Some(spot);
                }
                for part in self.parts_by_doubt(kernel.family, &ranges) {
                    // What belongs to something in the cluster is that thing's row, or a service's address.
                    if let Some(one) = self.one_of(kernel, (spot, &part), &of_services) {
                        rows.push(Row {
                            end: outside_end(kernel.family, &part),
                            spots: spots.clone(),
                            members: Members::Outside(Box::new(one)),
                        });
                    }
                }
            }
        }
        rows
    }

    /// Addresses that stand for services.
    fn service_addresses(&self) -> BTreeSet<IpAddr> {
        let services = self.cluster().services.iter();
        let addresses = services.flat_map(|service| {
            let own = service.cluster_ips.iter().chain(&service.external_ips);
            own.chain(&service.load_balancer_addresses)
        });
        addresses.filter_map(|text| text.parse().ok()).collect()
    }

    /// An address of a spot outside that belongs to nothing in the cluster.
    fn one_of(
        &self,
        kernel: &Kernel<'c>,
        (spot, ranges): (u32, &Ranges<u128>),
        of_services: &BTreeSet<IpAddr>,
    ) -> Option<End<'c>> {
        let found = match &kernel.space.spot(spot)?.origin {
            SpotOrigin::Addresses(_) => {
                let candidates = ranges.iter().flat_map(|(first, last)| {
                    let last = last.min(first.saturating_add(ADDRESSES_TRIED));
                    first..=last
                });
                let mut candidates = candidates.map(|number| address(kernel.family, number));
                candidates.find(|one| {
                    let known = &self.places.by_address;
                    let is_api_server = self.places.api_server_outside.contains(one);
                    !known.contains_key(one) && !is_api_server && !of_services.contains(one)
                })?
            }
            SpotOrigin::ApiServer(address) => *address,
            SpotOrigin::Pods(_)
            | SpotOrigin::Node(_)
            | SpotOrigin::SomeNode
            | SpotOrigin::SomeAddress => return None,
        };
        Some(self.address_end(found))
    }

    /// Pods by workload and by what policies can tell apart.
    fn workloads(&self) -> Vec<Row<'c>> {
        let by_node = self.forwards();
        let mut groups: BTreeMap<GroupKey, (Vec<String>, BTreeMap<Trait<'_>, u32>)> =
            BTreeMap::new();
        for (pod, index) in self.places.pods.iter().zip(0_usize..) {
            if pod.has_ended || pod.is_on_host {
                continue;
            }
            let meta = pod.origin.meta();
            let (kind, name) = self.places.topmost(pod);
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
            let Ok(number) = u32::try_from(index) else {
                break;
            };
            let (pods, traits) = groups.entry(key).or_default();
            let networks = self.places.further_networks.number(number);
            let own = (pod.body.node, self.publications().of_pod(number), networks);
            traits.entry(own).or_insert(number);
            if let Origin::Pod(pod) = pod.origin {
                pods.push(pod.meta.name.clone());
            }
        }
        let mut parts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for (namespace, name, kind, ..) in groups.keys() {
            let key = (namespace.clone(), name.clone(), kind.clone());
            *parts.entry(key).or_default() += 1;
        }
        let of_group = |((namespace, name, workload_kind, spots, _), (pods, traits))| {
            let key = (namespace, name, workload_kind);
            let is_part = parts.get(&key).is_some_and(|count| *count > 1);
            let (namespace, name, workload_kind) = key;
            Row {
                end: ReachEnd {
                    kind: EndKind::Pods,
                    namespace,
                    name,
                    workload_kind,
                    pods,
                    is_part,
                    addresses: Vec::new(),
                },
                spots,
                members: Members::Pods(BTreeMap::into_values(traits).collect()),
            }
        };
        groups.into_iter().map(of_group).collect()
    }
}

/// The addresses of each spot outside.
fn outside(kernel: &Kernel<'_>) -> Vec<(u32, Ranges<u128>)> {
    let mut found = Vec::new();
    for (spot, number) in kernel.space.spots.iter().zip(0_u32..) {
        let ranges = match &spot.origin {
            SpotOrigin::Addresses(ranges) => ranges.clone(),
            SpotOrigin::ApiServer(address) => {
                let own = address_number(*address);
                Ranges::one(own, own)
            }
            SpotOrigin::Pods(_)
            | SpotOrigin::Node(_)
            | SpotOrigin::SomeNode
            | SpotOrigin::SomeAddress => continue,
        };
        found.push((number, ranges));
    }
    found
}

fn outside_end(family: Family, ranges: &Ranges<u128>) -> ReachEnd {
    let texts = ranges.iter().map(|(first, last)| {
        let (first, last) = (address(family, first), address(family, last));
        format!("{first}-{last}")
    });
    let addresses: Vec<String> = texts.collect();
    ReachEnd {
        kind: EndKind::Outside,
        name: addresses.first().cloned().unwrap_or_default(),
        addresses,
        ..ReachEnd::default()
    }
}

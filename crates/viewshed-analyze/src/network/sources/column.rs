//! What is asked of every source: the points of a place, and what the tables say of all of them at once.
//!
//! The tables do not know everything of a source's own node, of a source that is itself a point, and of
//! ports of nodes that lead elsewhere; such points are left to single decisions.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Place, Protocol, Target};

use crate::network::answer::Asked;
use crate::network::bits::Bits;
use crate::network::cni::Ternary;
use crate::network::ends::{End, NetworkError, Resolved, Which};
use crate::network::eval::Tri;
use crate::network::goals::{Goal, TargetPoint};
use crate::network::index::NetworkIndex;
use crate::network::kernel::Kernel;
use crate::network::place::{AddressFact, Kind};
use crate::network::ports::{Point, PortSet, every, everything, point};

/// Points with ports of nodes that lead elsewhere, which every source is asked about one by one, at most: the
/// nodes of one DaemonSet answer alike, and each costs every source a decision of its own.
const LEADING_ELSEWHERE_MAX: usize = 64;

/// Where a source should be asked about: a point and one of its ports.
pub(super) type Candidate = (usize, Point);

/// The same with the node that the point is on.
type Placed = (usize, Point, Option<u32>);

/// The best candidate, and the best one that is not on the same node: what the tables say of a pod's own
/// node is not the whole answer.
type Best = [(Tri, Option<Placed>); 2];

/// What is asked of every source.
pub(super) struct Column<'c> {
    pub(super) points: Vec<TargetPoint<'c>>,
    pub(super) asked: Asked,
    pub(super) target: Option<Target>,
    /// Points on nodes, by node.
    pub(super) by_node: BTreeMap<u32, Vec<usize>>,
    /// Points in pods, by pod.
    pub(super) by_pod: BTreeMap<u32, Vec<usize>>,
    /// Points in pods, by the pods' node.
    pub(super) pods_by_node: BTreeMap<u32, Vec<usize>>,
    /// Points that every source is asked about.
    pub(super) leading_elsewhere: Vec<usize>,
    /// What each family's tables say.
    of_kernels: Vec<OfKernel>,
}

/// What one family's tables say of all points.
struct OfKernel {
    /// By spot.
    best: Vec<Best>,
    /// By port.
    open: Vec<OpenPort>,
}

/// Who reaches any point on one port.
struct OpenPort {
    port: Point,
    sure: Sources,
    possible: Sources,
}

/// Spots that reach any of some points, where those on one node can be left out again.
struct Sources {
    any: Bits,
    /// Reach points on two nodes, or one that is on none.
    apart: Bits,
    by_node: BTreeMap<u32, Bits>,
}

impl Sources {
    fn none(length: usize) -> Self {
        Self {
            any: Bits::none(length),
            apart: Bits::none(length),
            by_node: BTreeMap::new(),
        }
    }

    /// Adds the spots that reach points on these nodes.
    fn add(&mut self, spots: &Bits, nodes: &BTreeSet<Option<u32>>, length: usize) {
        match nodes.first() {
            Some(Some(node)) if nodes.len() == 1 => {
                let own = self.by_node.entry(*node);
                let own = own.or_insert_with(|| Bits::none(length));
                let mut fresh = spots.clone();
                fresh.remove_all(own);
                self.apart.add_both(&self.any, &fresh);
                own.add_all(spots);
            }
            _ => self.apart.add_all(spots),
        }
        self.any.add_all(spots);
    }

    fn has_beside(&self, spot: usize, node: Option<u32>) -> bool {
        let own = node.and_then(|node| self.by_node.get(&node));
        self.apart.has(spot) || self.any.has(spot) && own.is_none_or(|own| !own.has(spot))
    }
}

/// Points that the tables do not tell apart, on one port.
struct Alike {
    sure: Bits,
    possible: Bits,
    /// Where they are; `None` for those on none.
    nodes: BTreeSet<Option<u32>>,
}

impl<'c> Column<'c> {
    /// The best of the points that are not on the source's own node.
    pub(super) fn best_elsewhere(
        &self,
        index: &NetworkIndex<'c>,
        from: &End<'c>,
    ) -> Option<Candidate> {
        let mut best = (Tri::No, None);
        for (kernel, of_kernel) in index.kernels.iter().zip(&self.of_kernels) {
            let spot = index.spot(kernel.family, from);
            let known = spot.and_then(|spot| of_kernel.best.get(spot as usize));
            let is_elsewhere = |candidate: &&(Tri, Option<Placed>)| {
                let node = candidate.1.and_then(|(_, _, node)| node);
                node.is_none() || node != from.body.node
            };
            let known = known.and_then(|known| known.iter().find(is_elsewhere));
            if let Some(known) = known
                && known.0 > best.0
            {
                best = *known;
            }
        }
        best.1.map(|(position, port, _)| (position, port))
    }

    /// Ports on which a source reaches any point that is not on its own node: for certain, and perhaps.
    pub(super) fn open_elsewhere(
        &self,
        index: &NetworkIndex<'c>,
        from: &End<'c>,
    ) -> (PortSet, PortSet) {
        let mut open = [Vec::new(), Vec::new()];
        for (kernel, of_kernel) in index.kernels.iter().zip(&self.of_kernels) {
            let Some(spot) = index.spot(kernel.family, from) else {
                continue;
            };
            for of_port in &of_kernel.open {
                let sources = [&of_port.sure, &of_port.possible];
                for (ports, sources) in open.iter_mut().zip(sources) {
                    if sources.has_beside(spot as usize, from.body.node) {
                        ports.push((of_port.port, of_port.port));
                    }
                }
            }
        }
        let [sure, possible] = open.map(PortSet::new);
        (sure, possible)
    }

    /// Whether some point certainly lets in a pod, as one family's tables see it.
    pub(super) fn is_open(&self, index: &NetworkIndex<'c>, pod: u32) -> bool {
        let mut best = index.kernels.iter().zip(&self.of_kernels);
        best.any(|(kernel, of_kernel)| {
            let spot = kernel.space.of_pod.get(pod as usize);
            let known = spot.and_then(|spot| of_kernel.best.get(*spot as usize));
            known.is_some_and(|[first, _]| first.0 == Tri::Yes)
        })
    }
}

impl<'c> NetworkIndex<'c> {
    pub(super) fn column(
        &self,
        to: &Place,
        port: Option<u16>,
        protocol: Option<Protocol>,
    ) -> Result<Column<'c>, NetworkError> {
        let wanted = match (port, protocol) {
            (_, Some(Protocol::Icmp)) => Some(point(Protocol::Icmp, 0)),
            (Some(port), protocol) => Some(point(protocol.unwrap_or_default(), port)),
            (None, _) => None,
        };
        let within = protocol.map_or_else(everything, every);
        let (points, target) = self.points_at(to, wanted, &within)?;
        let asked = wanted.map_or(Asked::Every(within), Asked::Port);
        let leading_elsewhere = self.leading_elsewhere(&points);
        let others: Vec<(usize, &TargetPoint<'c>)> = (0..)
            .zip(&points)
            .filter(|(position, _)| !leading_elsewhere.contains(position))
            .collect();
        let of_kernels = self.kernels.iter();
        let of_kernels = of_kernels.map(|kernel| self.of_kernel(kernel, &others));
        let of_kernels = of_kernels.collect();
        let mut column = Column {
            asked,
            target,
            by_node: BTreeMap::new(),
            by_pod: BTreeMap::new(),
            pods_by_node: BTreeMap::new(),
            leading_elsewhere,
            of_kernels,
            points: Vec::new(),
        };
        for (point, position) in points.iter().zip(0..) {
            let (Goal::End(end) | Goal::Loopback(end)) = &point.goal else {
                continue;
            };
            if let Which::Pod(pod) = end.which {
                column.by_pod.entry(pod).or_default().push(position);
            }
            let places = match (end.body.kind, end.body.node) {
                (Kind::Node, Some(node)) => column.by_node.entry(node),
                (Kind::Pod, Some(node)) => column.pods_by_node.entry(node),
                (Kind::Node | Kind::Pod | Kind::Outside, _) => continue,
            };
            places.or_default().push(position);
        }
        column.points = points;
        Ok(column)
    }

    /// The points of a place, with the ports that are asked for.
    fn points_at(
        &self,
        to: &Place,
        wanted: Option<Point>,
        within: &PortSet,
    ) -> Result<(Vec<TargetPoint<'c>>, Option<Target>), NetworkError> {
        let of_goal = |goal: Goal<'c>, what: String| TargetPoint {
            goal,
            ports: wanted.into_iter().collect(),
            what,
        };
        Ok(match self.resolve(to)? {
            Resolved::Ends(ends) => {
                let ends = ends.into_iter().map(|end| {
                    let what = end.what.clone();
                    of_goal(Goal::End(Box::new(end)), what)
                });
                (ends.collect(), None)
            }
            Resolved::Service(service, by) => {
                let what = format!("service `{}`", service.meta.full_name());
                (vec![of_goal(Goal::Service(service, by), what)], None)
            }
            Resolved::Target(target) => {
                let mut points = self.points_of(target);
                for point in &mut points {
                    match wanted {
                        // Addresses outside may listen anywhere.
                        Some(port) if target == Target::World => point.ports = vec![port],
                        Some(port) => point.ports.retain(|own| *own == port),
                        None => point.ports.retain(|own| within.contains(*own)),
                    }
                }
                (points, Some(target))
            }
        })
    }

    /// Points of which a port leads to a service or into a pod, and those that hang on more than policies.
    fn leading_elsewhere(&self, points: &[TargetPoint<'c>]) -> Vec<usize> {
        let leads = |point: &TargetPoint<'c>| {
            let Goal::End(end) = &point.goal else {
                return false;
            };
            if self.is_doubted(end) {
                return true;
            }
            let ports: BTreeSet<Point> = point.ports.iter().copied().collect();
            let published = self.published_ports(end).into_iter();
            end.body.kind == Kind::Node
                && published.into_iter().any(|(port, _)| ports.contains(&port))
        };
        let found = points.iter().zip(0..).filter(|(point, _)| leads(point));
        let found = found.map(|(_, position)| position);
        found.take(LEADING_ELSEWHERE_MAX).collect()
    }

    fn of_kernel(&self, kernel: &Kernel<'c>, points: &[(usize, &TargetPoint<'c>)]) -> OfKernel {
        let length = kernel.space.spots.len();
        let there = there(kernel);
        let mut best: Vec<Best> = vec![[(Tri::No, None); 2]; length];
        let mut classes: BTreeMap<(Point, u32), Alike> = BTreeMap::new();
        for (position, target_point) in points {
            let Goal::End(end) = &target_point.goal else {
                continue;
            };
            // The tables know a node by all its addresses, and the point may be one of them.
            let is_there = *end.body.address(kernel.family) != AddressFact::Absent;
            let spot = self.spot(kernel.family, end).filter(|_| is_there);
            let Some(to) = spot else {
                continue;
            };
            for port in &target_point.ports {
                let alike = classes.entry((*port, to)).or_insert_with(|| {
                    let (sure, possible) = match self.profile.enforces {
                        Ternary::Yes => kernel.sources_of(to, *port),
                        // Whatever the policies say may count for nothing, or does.
                        Ternary::Unknown => (kernel.sources_of(to, *port).0, there.clone()),
                        Ternary::No => (there.clone(), there.clone()),
                    };
                    let nodes = BTreeSet::new();
                    Alike {
                        sure,
                        possible,
                        nodes,
                    }
                });
                // After points on two nodes, or one on none, a further one like them is no better.
                let is_new = !alike.nodes.contains(&None) && alike.nodes.len() < 2;
                let node = node_of(target_point);
                alike.nodes.insert(node);
                let bounds = [(&alike.possible, Tri::Maybe), (&alike.sure, Tri::Yes)];
                for (spots, verdict) in bounds.into_iter().filter(|_| is_new) {
                    let candidate = (verdict, Some((*position, *port, node)));
                    improve(&mut best, spots, candidate);
                }
            }
        }
        let mut open: BTreeMap<Point, OpenPort> = BTreeMap::new();
        for ((port, _), alike) in &classes {
            let of_port = open.entry(*port).or_insert_with(|| OpenPort {
                port: *port,
                sure: Sources::none(length),
                possible: Sources::none(length),
            });
            of_port.sure.add(&alike.sure, &alike.nodes, length);
            of_port.possible.add(&alike.possible, &alike.nodes, length);
        }
        OfKernel {
            best,
            open: open.into_values().collect(),
        }
    }
}

/// The spots that have an address of the family.
fn there(kernel: &Kernel<'_>) -> Bits {
    let spots = &kernel.space.spots;
    let mut there = Bits::none(spots.len());
    for (spot, number) in spots.iter().zip(0..) {
        if *spot.body.address(kernel.family) != AddressFact::Absent {
            there.add(number);
        }
    }
    there
}

fn improve(best: &mut [Best], spots: &Bits, candidate: (Tri, Option<Placed>)) {
    let node_of = |placed: Option<Placed>| placed.and_then(|(_, _, node)| node);
    for spot in spots.iter() {
        let Some([first, second]) = best.get_mut(spot) else {
            continue;
        };
        let is_beside = node_of(first.1).is_none() || node_of(first.1) != node_of(candidate.1);
        if first.0 < candidate.0 {
            if is_beside {
                *second = *first;
            }
            *first = candidate;
        } else if is_beside && second.0 < candidate.0 {
            *second = candidate;
        }
    }
}

/// The node that a point is on.
fn node_of(point: &TargetPoint<'_>) -> Option<u32> {
    match &point.goal {
        Goal::End(end) if end.body.kind == Kind::Node => end.body.node,
        Goal::End(_)
        | Goal::Perhaps(..)
        | Goal::Loopback(_)
        | Goal::Service(..)
        | Goal::Missing(_) => None,
    }
}

//! What publishes each pod, worked out once for a cluster.

use std::collections::BTreeMap;
use std::net::IpAddr;

use viewshed_model::{Port, Protocol};

use super::ends::Which;
use super::entrance::is_published;
use super::index::NetworkIndex;
use super::place::PodPlace;
use super::ports::{Point, point};
use super::through::Behind;

/// One port of a service that is published or routed to, and the port of the pod that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exit {
    /// Position in the cluster's list.
    pub(super) service: usize,
    /// Position in the service's list.
    pub(super) port: usize,
    pub(super) target: Point,
}

/// What publishes one pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Publication {
    pub(super) exits: Vec<Exit>,
    /// Ports of its node, and the pod's own.
    host_ports: Vec<(Point, Point)>,
}

/// What publishes the pods of a cluster.
#[derive(Debug, Default)]
pub(super) struct Publications {
    by_pod: BTreeMap<u32, Publication>,
    /// By node and its port: the pod that takes it, and the pod's own port.
    host_ports: BTreeMap<(u32, Point), (u32, Point)>,
    node_ports: usize,
    nothing: Publication,
}

impl Publications {
    pub(super) fn of_pod(&self, pod: u32) -> &Publication {
        self.by_pod.get(&pod).unwrap_or(&self.nothing)
    }

    /// Pods that something publishes.
    pub(super) fn pods(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_pod.keys().copied()
    }

    /// How many ports of nodes lead elsewhere.
    pub(super) fn node_ports(&self) -> usize {
        self.node_ports
    }

    /// The pod that takes a node's port, and its own port.
    pub(super) fn host_port(&self, node: u32, port: Point) -> Option<(u32, Point)> {
        self.host_ports.get(&(node, port)).copied()
    }

    /// Ports that pods take of a node.
    pub(super) fn host_ports(&self, node: u32) -> impl Iterator<Item = Point> + '_ {
        let ports = self.host_ports.range((node, 0)..=(node, Point::MAX));
        ports.map(|((_, port), _)| *port)
    }
}

impl NetworkIndex<'_> {
    /// What publishes pods, worked out once.
    pub(super) fn publications(&self) -> &Publications {
        self.published.get_or_init(|| self.find_publications())
    }

    fn find_publications(&self) -> Publications {
        let mut found = Publications {
            node_ports: self.referred.node_ports.len(),
            ..Publications::default()
        };
        for (service, number) in self.cluster().services.iter().zip(0..) {
            let meta = &service.meta;
            let latest = self.service(meta.namespace_or_empty(), &meta.name);
            let counts = latest.is_some_and(|latest| std::ptr::eq(latest, service));
            if !counts || !(is_published(service) || self.is_routed(service)) {
                continue;
            }
            for (port, position) in service.ports.iter().zip(0..) {
                let Behind::Ends(ends) = self.behind(service, port) else {
                    continue;
                };
                for (end, target) in ends {
                    if let Which::Pod(pod) = end.which {
                        let exits = &mut found.by_pod.entry(pod).or_default().exits;
                        let exit = Exit {
                            service: number,
                            port: position,
                            target,
                        };
                        if !exits.contains(&exit) {
                            exits.push(exit);
                        }
                    }
                }
            }
        }
        for (place, pod) in self.places.pods.iter().zip(0_u32..) {
            if place.is_on_host || place.has_ended {
                continue;
            }
            for (taken, target) in taken_ports(place) {
                let of_pod = found.by_pod.entry(pod).or_default();
                of_pod.host_ports.push((taken, target));
                if let Some(node) = place.body.node {
                    found
                        .host_ports
                        .entry((node, taken))
                        .or_insert((pod, target));
                }
                found.node_ports += 1;
            }
        }
        found
    }
}

/// Whether a container takes a port of its node, and not of the node's loopback address only (Kubernetes
/// API, `ContainerPort.hostIP`).
pub(super) fn is_taken(port: &Port) -> bool {
    let is_loopback = port
        .host_ip
        .parse()
        .is_ok_and(|ip: IpAddr| ip.is_loopback());
    port.node_port != 0 && port.port != 0 && !is_loopback
}

/// Ports of its node that a pod takes, and its own.
fn taken_ports(place: &PodPlace<'_>) -> Vec<(Point, Point)> {
    let containers = place.origin.spec().containers.iter();
    let ports = containers.flat_map(|container| &container.ports);
    let taken = ports.filter(|port| is_taken(port)).filter_map(|port| {
        let protocol: Protocol = port.protocol.parse().ok()?;
        Some((point(protocol, port.node_port), point(protocol, port.port)))
    });
    taken.collect()
}

//! Policies of host endpoints before translation (`preDNAT`), on what leads elsewhere: ports of nodes, addresses of
//! services and of their load balancers.

use std::net::IpAddr;

use viewshed_model::{Port, Service};

use super::address::Family;
use super::decide::Decision;
use super::ends::{End, Which};
use super::eval::Tri;
use super::host::{Passing, Phases};
use super::index::NetworkIndex;
use super::place::{AddressFact, Kind, Passage, Places};
use super::policy::Direction;
use super::ports::{Point, point};

impl<'c> NetworkIndex<'c> {
    /// Policies before translation on what arrives for an address that leads elsewhere: a port of a node,
    /// or the address of a service. `None` where there are none.
    pub(super) fn before_translation(
        &self,
        from: &End<'c>,
        asked: &End<'c>,
        point: Point,
    ) -> Option<Decision> {
        if !self.forwards() {
            return None;
        }
        let each = self.shared_families(from, asked).into_iter().map(|family| {
            let passing = Passing {
                direction: Direction::Ingress,
                family,
                own: asked,
                peer: from,
                point,
                phases: Phases::Before,
            };
            let own_node = from.body.node.is_some() && from.body.node == asked.body.node;
            let mut decision = Decision::open();
            if from.body.kind == Kind::Pod {
                let leaving = |node| self.passing(node, Passage::Workload, &passing);
                decision = decision.and(self.at_node_of(from, leaving));
            }
            if asked.body.kind == Kind::Node && !own_node {
                decision = decision.and(self.passing_end(&passing));
            }
            decision
        });
        each.reduce(Decision::or)
    }

    /// The same for a port of a service at its own address.
    pub(super) fn before_service(
        &self,
        from: &End<'c>,
        service: &Service,
        port: &Port,
    ) -> Option<Decision> {
        if !self.forwards() {
            return None;
        }
        let point = point(port.protocol.parse().ok()?, port.port);
        let addresses = service.cluster_ips.iter();
        let addresses = addresses.filter_map(|text| text.parse::<IpAddr>().ok());
        let each = addresses.filter_map(|address| {
            let asked = End {
                body: Places::outside(Some(address)),
                what: format!("the address of service `{}`", service.meta.full_name()),
                which: Which::SomeAddress,
            };
            self.before_translation(from, &asked, point)
        });
        each.reduce(Decision::or)
    }

    /// The same for a port that every node opens: one node that takes it is enough.
    pub(super) fn before_nodes(&self, from: &End<'c>, point: Point) -> Option<Decision> {
        if !self.forwards() {
            return None;
        }
        let nodes = u32::try_from(self.places.nodes.len()).unwrap_or(u32::MAX);
        let nodes = (0..nodes).map(|node| self.node_end(node));
        let each = nodes.filter_map(|node| self.before_translation(from, &node, point));
        each.reduce(Decision::or)
    }

    /// The same for what a load balancer, or whoever routes an external address, sends to a node: to that address
    /// itself, or to the port that every node opens (Kubernetes documentation, "Service", "type: LoadBalancer": it is
    /// up to the provider). Which node gets it is the balancer's choice.
    pub(super) fn before_balanced(
        &self,
        from: &End<'c>,
        (service, port): (&Service, &Port),
        addresses: &[String],
    ) -> Option<Decision> {
        if !self.forwards() {
            return None;
        }
        let protocol = port.protocol.parse().unwrap_or_default();
        let known = addresses.iter().filter_map(|text| text.parse().ok());
        let mut known: Vec<Option<IpAddr>> = known.map(Some).collect();
        if known.is_empty() {
            known.push(None);
        }
        let each = known.into_iter().filter_map(|address| {
            let asked = End {
                body: Places::outside(address),
                what: format!(
                    "the load balancer of service `{}`",
                    service.meta.full_name()
                ),
                which: Which::SomeAddress,
            };
            self.at_every_node(from, &asked, point(protocol, port.port))
        });
        let at_address = each.reduce(Decision::or)?;
        if port.node_port == 0 {
            return Some(at_address);
        }
        let at_node = self.before_nodes(from, point(protocol, port.node_port))?;
        let is_mixed = at_address.verdict != at_node.verdict;
        let mut decision = at_address.agree(at_node);
        if is_mixed && decision.verdict == Tri::Maybe {
            decision.facts.insert(format!(
                "whether connections to the load balancer of service `{}` come in at its own address",
                service.meta.full_name()
            ));
        }
        Some(decision)
    }

    /// What arrives at any node for an address that is none of its own.
    fn at_every_node(&self, from: &End<'c>, asked: &End<'c>, point: Point) -> Option<Decision> {
        let families = Family::BOTH.into_iter().filter(|family| {
            let has = |end: &End<'c>| *end.body.address(*family) != AddressFact::Absent;
            has(from) && has(asked)
        });
        let each = families.filter_map(|family| {
            let passing = Passing {
                direction: Direction::Ingress,
                family,
                own: asked,
                peer: from,
                point,
                phases: Phases::Before,
            };
            let nodes = u32::try_from(self.places.nodes.len()).unwrap_or(u32::MAX);
            let each = (0..nodes).map(|node| self.passing(node, Passage::Host, &passing));
            each.reduce(Decision::agree)
        });
        each.reduce(Decision::or)
    }
}

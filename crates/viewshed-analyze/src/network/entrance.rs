//! Ways in from outside: what publishes a pod, whom that lets in, and what policies then say.
//!
//! Published is what a Service of type `LoadBalancer` or `NodePort`, external addresses, a container's host
//! port, an Ingress or a route of the Gateway API leads to. What stands between the cluster and the rest of
//! the world (firewalls, security groups) is in no estate: ports of nodes depend on it; a load balancer is
//! there to be reached.

use std::net::IpAddr;

use viewshed_model::{Port, Protocol, ReachSide, Service};

use super::address::Family;
use super::answer::{Asked, Outcome};
use super::cni::Cni;
use super::decide::Decision;
use super::ends::{By, End, Which};
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::{AddressFact, Kind, PodPlace};
use super::policy::Direction;
use super::ports::{Point, PortSet, point};
use super::publications::is_taken;
use super::source_ranges::source_ranges;
use super::through::{families_of, has_address, service_families};

/// Further ways that an answer mentions beside the one that decides.
const MENTIONED_MAX: usize = 4;

/// A way in: the pod's port that it leads to, and whether it is open.
pub(super) type Way = (Point, Decision);

impl<'c> NetworkIndex<'c> {
    /// From outside to a pod, at its own address or through whatever publishes it; one way is enough.
    pub(super) fn entering_pod(&self, from: &End<'c>, to: &End<'c>, asked: &Asked) -> Outcome {
        let direct = match asked {
            Asked::Port(point) => Outcome::of(self.pair(from, to, *point)),
            Asked::Every(within) => self.every_port(from, to, within),
        };
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (target, decision) in self.ways_in(from, to) {
            let (sure, possible) = match (asked, decision.verdict) {
                (Asked::Port(wanted), _) if *wanted != target => continue,
                (Asked::Every(within), _) if !within.contains(target) => continue,
                (Asked::Port(_), _) | (Asked::Every(_), Tri::No) => {
                    (PortSet::default(), PortSet::default())
                }
                (Asked::Every(_), Tri::Maybe) => (PortSet::default(), PortSet::one(target, target)),
                (Asked::Every(_), Tri::Yes) => {
                    (PortSet::one(target, target), PortSet::one(target, target))
                }
            };
            outcomes.push(Outcome {
                decision,
                sure,
                possible,
            });
        }
        let ways: Vec<Decision> = outcomes.iter().map(|way| way.decision.clone()).collect();
        outcomes.extend(self.unlisted_ways(from, to, asked));
        // What publishes it explains more than that nothing stops it.
        outcomes.push(direct.clone());
        let mut outcome = Outcome::any(outcomes).unwrap_or(direct);
        let decided = outcome.decision.clone();
        let others = ways.iter().filter(|way| way.verdict == decided.verdict);
        for reason in others.filter_map(|way| way.reasons.first()) {
            let known = &mut outcome.decision.reasons;
            let is_new = !known.contains(reason);
            if is_new && known.len() < decided.reasons.len() + MENTIONED_MAX {
                known.push(reason.clone());
            }
        }
        outcome
    }

    /// Every way in to a pod that is published somehow.
    pub(super) fn ways_in(&self, from: &End<'c>, to: &End<'c>) -> Vec<Way> {
        let Which::Pod(pod) = to.which else {
            return Vec::new();
        };
        let Some(place) = self.places.pods.get(pod as usize) else {
            return Vec::new();
        };
        let mut ways = self.host_ports(from, place, to);
        for exit in &self.publications().of_pod(pod).exits {
            let service = self.cluster().services.get(exit.service);
            let port = service.and_then(|service| service.ports.get(exit.port));
            if let (Some(service), Some(port)) = (service, port) {
                let found = self.through(from, (service, port, By::Name), (to, exit.target));
                ways.extend(found.map(|decision| (exit.target, decision)));
            }
        }
        ways
    }

    /// Every way through a service to one of its endpoints: published and then admitted, or routed.
    fn through(
        &self,
        from: &End<'c>,
        (service, port, by): (&'c Service, &'c Port, By),
        (end, target): (&End<'c>, Point),
    ) -> impl Iterator<Item = Decision> {
        // A service of one family lets in clients of that family only.
        let mut from = from.clone();
        if let [family] = service_families(service, by).as_slice() {
            from.keep(*family);
        }
        let from = &from;
        let is_there = Family::BOTH
            .into_iter()
            .any(|family| *from.body.address(family) != AddressFact::Absent);
        let published = self
            .published(from, (service, port), by)
            .filter(|_| is_there);
        let published = published.map(|open| open.and(self.admitted(from, service, end, target)));
        let is_named = by == By::Name;
        let routed = is_named.then(|| self.routed(from, (service, port), (end, target)));
        let routed = routed.flatten();
        published.into_iter().chain(routed)
    }

    /// From outside to an endpoint of a service, by the service's name or address.
    pub(super) fn entering(
        &self,
        from: &End<'c>,
        (service, port, by): (&'c Service, &'c Port, By),
        (end, target): (&End<'c>, Point),
    ) -> Decision {
        let ways = self.through(from, (service, port, by), (end, target));
        ways.reduce(Decision::or).unwrap_or_else(|| {
            let name = service.meta.full_name();
            let text = match by {
                By::Address(address) => {
                    format!("`{address}` is an address of service `{name}` inside the cluster")
                }
                By::Name | By::NodePort => {
                    format!("service `{name}` has no address outside the cluster")
                }
            };
            let fact = "whether the network outside routes addresses of services".to_owned();
            Decision::depends(fact, text)
        })
    }

    /// Whom a published service takes connections from: through its load balancer, its external addresses
    /// or its ports on nodes.
    pub(super) fn published(
        &self,
        from: &End<'c>,
        (service, port): (&Service, &Port),
        by: By,
    ) -> Option<Decision> {
        if !is_published(service) {
            return None;
        }
        // By an address, only what has that address is a way.
        let counts = |addresses: &[String]| match by {
            By::Name => true,
            By::Address(address) => has_address(addresses, address),
            By::NodePort => false,
        };
        let name = service.meta.full_name();
        let mut ways = Vec::new();
        if service.service_type == "LoadBalancer" && counts(&service.load_balancer_addresses) {
            let way = self.by_balancer(from, (service, port));
            ways.push(way.and(source_ranges(from, service)));
        }
        let external = external_addresses(from, service);
        if !external.is_empty() && counts(&external) {
            let addresses = external.join(", ");
            let text = format!("service `{name}` has the external addresses {addresses}");
            let without_port = Port {
                node_port: 0,
                ..port.clone()
            };
            let way = at_addresses(&external, text);
            let before = self.before_balanced(from, (service, &without_port), &external);
            ways.push(match before {
                Some(before) => before.and(way),
                None => way,
            });
        }
        let is_address = matches!(by, By::Address(_));
        if port.node_port != 0 && !is_address {
            let text = format!(
                "service `{name}` opens {} {} of every node",
                port.protocol, port.node_port
            );
            let way = self.at_nodes(text);
            let point = point(port.protocol.parse().unwrap_or_default(), port.node_port);
            ways.push(match self.before_nodes(from, point) {
                Some(before) => before.and(way),
                None => way,
            });
        }
        let way = ways.into_iter().reduce(Decision::or);
        way.or_else(|| {
            // Its ports are given when it is created.
            let text = format!("service `{name}` opens a port of every node");
            let is_given = matches!(service.service_type.as_str(), "LoadBalancer" | "NodePort");
            (is_given && !is_address).then(|| self.at_nodes(text))
        })
    }

    /// Through a service's load balancer, whoever is let in there.
    fn by_balancer(&self, from: &End<'c>, (service, port): (&Service, &Port)) -> Decision {
        let name = service.meta.full_name();
        let at = format!("{} {}", port.protocol, port.port);
        let addresses = &service.load_balancer_addresses;
        let ranges = match service.source_ranges.as_slice() {
            [] => "everywhere".to_owned(),
            ranges => ranges.join(", "),
        };
        let text = format!(
            "service `{name}` of type LoadBalancer takes connections to {at} from {ranges}"
        );
        let way = match addresses.as_slice() {
            // A live cluster tells the address as soon as there is one.
            [] if self.cluster().is_live || service.awaits_balancer => {
                let fact = format!("whether service `{name}` gets a load balancer");
                Decision::depends(fact, text)
            }
            [] => Decision::new(Tri::Yes, text),
            addresses => at_addresses(addresses, text),
        };
        let way = match self.before_balanced(from, (service, port), addresses) {
            Some(before) => before.and(way),
            None => way,
        };
        match service.internal_by.as_str() {
            "" => way,
            annotation => {
                let fact = format!(
                    "whether clients outside reach the internal load balancer of service `{name}` (`{annotation}`)"
                );
                way.and(Decision {
                    verdict: Tri::Maybe,
                    facts: [fact].into(),
                    reasons: Vec::new(),
                })
            }
        }
    }

    /// Ports of nodes: the specification speaks of policies only, elsewhere it depends on the network
    /// outside.
    pub(super) fn at_nodes(&self, text: String) -> Decision {
        if self.profile.cni() == Cni::Generic {
            return Decision::new(Tri::Yes, text);
        }
        let fact = "whether addresses outside the cluster reach ports of its nodes";
        Decision::depends(fact.to_owned(), text)
    }

    /// What policies say to a connection that came through a service: they see a node's address, or the
    /// client's where `externalTrafficPolicy` keeps it. Plugins that translate in the kernel may keep it
    /// anyhow (cilium/cilium `Documentation/network/kubernetes/kubeproxy-free.rst`, "Client Source IP
    /// Preservation"; tigera/docs `calico/operations/ebpf`).
    pub(super) fn admitted(
        &self,
        from: &End<'c>,
        service: &Service,
        end: &End<'c>,
        target: Point,
    ) -> Decision {
        let of_client = || self.into(from, end, target);
        if service.external_traffic_policy == "Local" {
            return of_client();
        }
        let mut of_node = self.pair(&Self::some_node(), end, target);
        if of_node.verdict == Tri::Maybe
            && let Some(node) = end.body.node.filter(|_| end.body.kind == Kind::Pod)
        {
            // Which of the nodes a client comes in by is its choice, or a load balancer's.
            let own = self.pair(&self.node_end(node), end, target);
            if own.verdict == Tri::Yes {
                let fact = format!(
                    "whether clients come in by {}, which {} runs on",
                    self.node_end(node).what,
                    end.what
                );
                of_node.facts = [fact].into();
            }
        }
        if of_node.verdict == Tri::Yes {
            // That nothing keeps nodes from sending explains nothing.
            let reasons = &mut of_node.reasons;
            reasons.retain(|reason| reason.side != ReachSide::Egress);
        }
        let may_keep = matches!(
            self.profile.cni(),
            Cni::Cilium | Cni::GkeDataplaneV2 | Cni::Calico | Cni::Unknown
        );
        if !may_keep {
            return of_node;
        }
        let of_client = of_client();
        if of_client.verdict == of_node.verdict {
            return of_node;
        }
        let mut decision = of_node.agree(of_client);
        let fact = format!("whether {} sees the client's address", end.what);
        decision.facts.insert(fact);
        decision
    }

    /// The policies at the destination alone.
    pub(super) fn into(&self, from: &End<'c>, end: &End<'c>, target: Point) -> Decision {
        let families = self.shared_families(from, end).into_iter();
        let each =
            families.map(|family| self.side(Direction::Ingress, (family, end, from), target));
        each.reduce(Decision::or).unwrap_or_else(|| {
            let text = format!("{} and {} share no address family", from.what, end.what);
            Decision::new(Tri::No, text)
        })
    }

    /// Ports of the node that containers take; the client's address is kept.
    pub(super) fn host_ports(
        &self,
        from: &End<'c>,
        place: &PodPlace<'c>,
        to: &End<'c>,
    ) -> Vec<Way> {
        let containers = place.origin.spec().containers.iter();
        let ports = containers.flat_map(|one| one.ports.iter().map(move |port| (one, port)));
        let taken = ports.filter(|(_, port)| is_taken(port));
        taken
            .filter_map(|(container, port)| {
                let protocol: Protocol = port.protocol.parse().ok()?;
                let target = point(protocol, port.port);
                let text = format!(
                    "container `{}` takes {protocol} {} of its node",
                    container.name, port.node_port
                );
                let decision = self.at_nodes(text).and(self.into(from, to, target));
                Some((target, decision))
            })
            .collect()
    }
}

/// Whether a service has an address or port outside the cluster network.
pub(super) fn is_published(service: &Service) -> bool {
    matches!(service.service_type.as_str(), "LoadBalancer" | "NodePort")
        || !service.external_ips.is_empty()
        || service.ports.iter().any(|port| port.node_port != 0)
}

/// External addresses that a client can use: the service proxy takes those of the service's own families
/// (kubernetes/kubernetes `pkg/proxy/serviceport.go`, `newBaseServiceInfo`).
fn external_addresses(from: &End<'_>, service: &Service) -> Vec<String> {
    let families = families_of(service);
    let comes_in = |family: Family| *from.body.address(family) != AddressFact::Absent;
    let external = service.external_ips.iter().filter(|text| {
        let family = text.parse().ok().map(Family::of);
        family.is_none_or(|family| families.contains(&family) && comes_in(family))
    });
    external.cloned().collect()
}

/// Published at these addresses or names: private ones depend on who routes them.
fn at_addresses(addresses: &[String], text: String) -> Decision {
    let is_private = |text: &String| text.parse::<IpAddr>().is_ok_and(is_not_routed);
    if addresses.iter().all(is_private) {
        let fact = format!(
            "whether the network outside routes {}",
            addresses.join(", ")
        );
        return Decision::depends(fact, text);
    }
    Decision::new(Tri::Yes, text)
}

/// The same, loopback and link-local addresses.
fn is_not_routed(address: IpAddr) -> bool {
    let is_of_link = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    is_private(address) || is_of_link || address.is_loopback()
}

/// Addresses of networks that are not the Internet: RFC 1918, RFC 6598 and RFC 4193.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            first & 0xfe00 == 0xfc00
        }
    }
}

//! Connections through a service: what its address becomes, and which of the two a policy sees.

use std::net::IpAddr;

use viewshed_model::{Port, Protocol, Service};

use super::address::{Block, Family};
use super::answer::{Asked, Outcome};
use super::cni::{Cni, ServiceView};
use super::decide::Decision;
use super::ends::{By, End, Which};
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::{AddressFact, Body, Kind, Places};
use super::policy::Direction;
use super::ports::{Point, PortSet, point};
use super::unlisted::unlisted_endpoints;

/// Where a service's port leads.
pub(super) enum Behind<'c> {
    /// To these endpoints.
    Ends(Vec<(End<'c>, Point)>),
    /// Completes "depends on ...".
    Unknown(String),
}

impl<'c> NetworkIndex<'c> {
    /// A service on one port, or on all of its own.
    pub(super) fn service_outcome(
        &self,
        from: &End<'c>,
        (service, by): (&'c Service, By),
        asked: &Asked,
    ) -> Outcome {
        if service.service_type == "ExternalName" {
            return self.external_name_outcome(from, service, asked);
        }
        if by == By::Name && is_headless(service) {
            return self.headless_outcome(from, service, asked);
        }
        let ports = service.ports.iter().filter_map(|port| {
            let protocol: Protocol = port.protocol.parse().ok()?;
            Some((point(protocol, port.port), port))
        });
        match asked {
            Asked::Port(wanted) => {
                let port = ports.into_iter().find(|(own, _)| own == wanted);
                match port {
                    Some((_, port)) => Outcome::of(self.at_service(from, (service, port), by)),
                    None => Outcome::of(Self::no_such_port(service)),
                }
            }
            Asked::Every(within) => {
                let each = ports.filter(|(own, _)| within.contains(*own));
                let each = each.map(|(own, port)| {
                    let decision = self.at_service(from, (service, port), by);
                    let set = PortSet::one(own, own);
                    let (sure, possible) = match decision.verdict {
                        Tri::Yes => (set.clone(), set),
                        Tri::Maybe => (PortSet::default(), set),
                        Tri::No => (PortSet::default(), PortSet::default()),
                    };
                    Outcome {
                        decision,
                        sure,
                        possible,
                    }
                });
                Outcome::any(each.collect())
                    .unwrap_or_else(|| Outcome::of(Self::no_such_port(service)))
            }
        }
    }

    pub(super) fn no_endpoints(service: &Service) -> Decision {
        let text = format!("service `{}` has no endpoints", service.meta.full_name());
        Decision::new(Tri::No, text)
    }

    /// One port of a service at its own address.
    fn at_service(
        &self,
        from: &End<'c>,
        (service, port): (&'c Service, &'c Port),
        by: By,
    ) -> Decision {
        let decision = self.through_service(from, (service, port), by);
        match self.before_service(from, service, port) {
            Some(before) => before.and(decision),
            None => decision,
        }
    }

    fn no_such_port(service: &Service) -> Decision {
        let text = format!("service `{}` has no such port", service.meta.full_name());
        Decision::new(Tri::No, text)
    }

    /// One port of a service, in each family that it has.
    pub(super) fn through_service(
        &self,
        from: &End<'c>,
        (service, port): (&'c Service, &'c Port),
        by: By,
    ) -> Decision {
        match self.behind(service, port) {
            Behind::Unknown(fact) => {
                let text = format!("the estate does not tell {fact}");
                Decision::depends(fact, text)
            }
            Behind::Ends(ends) => {
                let decision = self.through_ends(from, (service, port, by), &ends);
                if decision.verdict != Tri::No && self.has_no_ready_endpoint(service) {
                    let name = service.meta.full_name();
                    let fact = format!("whether an endpoint of service `{name}` becomes ready");
                    let text = format!("none of the endpoints of service `{name}` is ready");
                    return decision.and(Decision::depends(fact, text));
                }
                decision
            }
        }
    }

    /// The service proxy sends nothing to endpoints that are not ready (k8s.io/api `discovery/v1`,
    /// `EndpointConditions.Ready`).
    fn has_no_ready_endpoint(&self, service: &Service) -> bool {
        let meta = &service.meta;
        let key = (meta.namespace_or_empty(), meta.name.as_str());
        let slices = self.referred.endpoints.get(&key);
        slices.is_some_and(|slices| {
            let mut told = slices.iter().filter(|slice| !slice.addresses.is_empty());
            let mut told = told.by_ref().peekable();
            told.peek().is_some() && told.all(|slice| slice.is_unready)
        })
    }

    /// The same, to some of its endpoints.
    pub(super) fn through_ends(
        &self,
        from: &End<'c>,
        (service, port, by): (&'c Service, &'c Port, By),
        ends: &[(End<'c>, Point)],
    ) -> Decision {
        let of_families = service_families(service, by)
            .into_iter()
            .filter_map(|family| {
                let own = ends
                    .iter()
                    .filter(|(end, _)| *end.body.address(family) != AddressFact::Absent);
                let own: Vec<(End<'c>, Point)> = own
                    .map(|(end, target)| {
                        let mut end = end.clone();
                        end.keep(family);
                        (end, *target)
                    })
                    .collect();
                (!own.is_empty()).then(|| self.to_endpoints(from, (service, port, by), own))
            });
        let decided = of_families.reduce(Decision::or);
        decided.unwrap_or_else(|| Self::no_endpoints(service))
    }

    /// Endpoints of one family, of which any may be chosen.
    fn to_endpoints(
        &self,
        from: &End<'c>,
        (service, port, by): (&'c Service, &'c Port, By),
        mut ends: Vec<(End<'c>, Point)>,
    ) -> Decision {
        // https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/
        let is_local = service.internal_traffic_policy == "Local"
            && from.body.kind != Kind::Outside
            && is_inside(service, by);
        if is_local {
            if from.body.node.is_none() {
                let fact = format!("which node {} runs on", from.what);
                let text = "the service keeps to endpoints of the client's node".to_owned();
                return Decision::depends(fact, text);
            }
            ends.retain(|(end, _)| end.body.node == from.body.node);
            if ends.is_empty() {
                let name = service.meta.full_name();
                let text = format!(
                    "service `{name}` keeps to endpoints of the client's node, where it has none"
                );
                return Decision::new(Tri::No, text);
            }
        }
        let each = ends.into_iter();
        let each =
            each.map(|(end, point)| self.to_endpoint(from, (service, port, by), &end, point));
        let each: Vec<Decision> = each.collect();
        let has = |wanted: Tri| each.iter().any(|decision| decision.verdict == wanted);
        let is_mixed = has(Tri::Yes) && has(Tri::No);
        let Some(mut decision) = each.into_iter().reduce(Decision::agree) else {
            return Self::no_endpoints(service);
        };
        if is_mixed {
            decision.facts.insert(which_endpoint(service));
        }
        decision
    }

    pub(super) fn behind(&self, service: &'c Service, port: &'c Port) -> Behind<'c> {
        let meta = &service.meta;
        let key = (meta.namespace_or_empty(), meta.name.as_str());
        let protocol: Protocol = port.protocol.parse().unwrap_or_default();
        if let Some(slices) = self.referred.endpoints.get(&key) {
            let mut addresses = slices.iter().flat_map(|slice| &slice.addresses);
            if self.has_unlisted_pods(service) && addresses.any(|one| self.is_nobodys(*one)) {
                return Behind::Unknown(unlisted_endpoints(service));
            }
            let mut found = Vec::new();
            for slice in slices {
                let ports: Vec<Point> = slice
                    .named_ports
                    .iter()
                    .filter(|(name, kind, _)| *name == port.name && *kind == protocol)
                    .map(|(_, kind, number)| point(*kind, *number))
                    .collect();
                for address in &slice.addresses {
                    let end = self.owner_end(*address);
                    found.extend(ports.iter().map(|port| (end.clone(), *port)));
                }
            }
            found.sort_by_key(|(end, port)| (end.which, *port));
            found.dedup_by_key(|(end, port)| (end.which, *port));
            return Behind::Ends(found);
        }
        let Some(selector) = service.selector.as_ref() else {
            return Behind::Unknown(format!("the endpoints of service `{}`", meta.full_name()));
        };
        if self.has_unlisted_pods(service) {
            return Behind::Unknown(unlisted_endpoints(service));
        }
        let mut found = Vec::new();
        for index in self.places.pods_in(key.0) {
            let Some(place) = self.places.pods.get(index as usize) else {
                continue;
            };
            let labels = place.labels();
            let is_selected = selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value));
            let Some(end) = self
                .pod_end(index)
                .filter(|_| is_selected && !place.has_ended)
            else {
                continue;
            };
            let target = match (port.target.as_str(), port.target.parse::<u16>()) {
                ("", _) => Some(port.port),
                (_, Ok(number)) => Some(number),
                (name, Err(_)) => place.port_named(name, protocol),
            };
            found.extend(target.map(|number| (end, point(protocol, number))));
        }
        Behind::Ends(found)
    }

    fn to_endpoint(
        &self,
        from: &End<'c>,
        (service, port, by): (&'c Service, &'c Port, By),
        end: &End<'c>,
        target: Point,
    ) -> Decision {
        if from.body.kind == Kind::Outside {
            return self.entering(from, (service, port, by), (end, target));
        }
        // The service proxy applies these to everybody (kubernetes/kubernetes
        // `pkg/proxy/iptables/proxier.go`, chains `KUBE-FW-*`).
        if let By::Address(address) = by
            && has_address(&service.load_balancer_addresses, address)
        {
            let admitted = super::source_ranges::source_ranges(from, service);
            if admitted.verdict != Tri::Yes {
                let translated = self.pair(from, end, target);
                return admitted.and(translated);
            }
        }
        let translated = if from.which == end.which && matches!(from.which, Which::Pod(_)) {
            self.hairpin(from, end, target)
        } else {
            self.pair_translated(from, end, target)
        };
        if is_headless(service) || !self.is_enforcing() || !self.speaks_of_egress(from) {
            return translated;
        }
        match self.profile.service_view {
            ServiceView::Endpoint => translated,
            ServiceView::ServiceAddress => self.untranslated(from, (service, port), end, target),
            ServiceView::Unknown => {
                let before = self.untranslated(from, (service, port), end, target);
                if before.verdict == translated.verdict {
                    return translated;
                }
                let mut decision = translated.agree(before);
                decision.facts.insert(
                    "whether egress policies see the service's address or its endpoint".to_owned(),
                );
                decision
            }
        }
    }

    pub(super) fn speaks_of_egress(&self, from: &End<'c>) -> bool {
        self.places.families.iter().any(|family| {
            let spot = self.spot(*family, from);
            let kernel = self.kernel(*family);
            spot.zip(kernel)
                .is_some_and(|(spot, kernel)| !kernel.applying(Direction::Egress, spot).is_empty())
        })
    }

    /// Egress policies before the service's address is translated: rules on addresses see that address
    /// and the service's port; rules on pods hold for the addresses of services that select such pods
    /// (aws/amazon-network-policy-controller-k8s `pkg/resolvers/endpoints.go`,
    /// `getMatchingServiceClusterIPs`), unless the service has no selector.
    fn untranslated(
        &self,
        from: &End<'c>,
        (service, port): (&'c Service, &'c Port),
        end: &End<'c>,
        target: Point,
    ) -> Decision {
        let own = point(port.protocol.parse().unwrap_or_default(), port.port);
        let blocks = service
            .cluster_ips
            .iter()
            .filter_map(|ip| Block::parse_either(ip));
        let mut decided: Option<Decision> = None;
        for block in blocks {
            let family = block.family;
            let at_address = End {
                body: Places::outside(Some(super::address::address(family, block.first))),
                what: format!("the address of service `{}`", service.meta.full_name()),
                which: Which::SomeAddress,
            };
            let mut egress = self.side(Direction::Egress, (family, from, &at_address), own);
            if service.selector.is_some() {
                let as_pod = End {
                    body: Body {
                        addresses: [AddressFact::Absent, AddressFact::Absent],
                        ..end.body.clone()
                    },
                    ..end.clone()
                };
                egress = egress.or(self.side(Direction::Egress, (family, from, &as_pod), target));
            }
            let ingress = self.side(Direction::Ingress, (family, end, from), target);
            let both = egress.and(ingress);
            decided = Some(match decided {
                None => both,
                Some(known) => known.or(both),
            });
        }
        decided.unwrap_or_else(|| {
            let fact = format!("the address of service `{}`", service.meta.full_name());
            Decision::depends(fact.clone(), format!("the estate does not tell {fact}"))
        })
    }

    /// A pod that reaches itself through a service: Antrea and Calico apply policies to it, the
    /// specification of `ClusterNetworkPolicy` demands it, and Kubernetes' own tests leave it open
    /// (kubernetes/kubernetes issue 95879).
    fn hairpin(&self, from: &End<'c>, end: &End<'c>, target: Point) -> Decision {
        let decision = self.pair_by_policies((from, end), target, true);
        let is_applied = matches!(self.profile.cni(), Cni::Antrea | Cni::Calico);
        if decision.verdict != Tri::No || is_applied {
            return decision;
        }
        let fact = "whether policies apply to a pod that reaches itself through a service";
        let mut open = Decision::depends(
            fact.to_owned(),
            format!("{} is its own endpoint", from.what),
        );
        open.reasons.extend(decision.reasons);
        open
    }
}

fn is_headless(service: &Service) -> bool {
    service.cluster_ips.iter().any(|ip| ip == "None")
}

pub(super) fn has_address(addresses: &[String], wanted: IpAddr) -> bool {
    addresses.iter().any(|text| text.parse() == Ok(wanted))
}

/// Whether a connection from inside goes to the service's cluster address.
fn is_inside(service: &Service, by: By) -> bool {
    match by {
        By::Name => true,
        By::Address(address) => has_address(&service.cluster_ips, address),
        By::NodePort => false,
    }
}

pub(super) fn which_endpoint(service: &Service) -> String {
    let name = service.meta.full_name();
    format!("which endpoint of service `{name}` is chosen")
}

/// Families of the connections to a service: of the address that is named, else of its own addresses; both
/// where it shows none.
pub(super) fn service_families(service: &Service, by: By) -> Vec<Family> {
    if let By::Address(address) = by {
        return vec![Family::of(address)];
    }
    let own = families_of(service);
    let shown = Family::BOTH.into_iter();
    shown.filter(|family| own.contains(family)).collect()
}

/// Families of the addresses that a service has inside; both where it shows none.
pub(super) fn families_of(service: &Service) -> Vec<Family> {
    let named = service.ip_families.iter();
    let named = named.filter_map(|name| match name.as_str() {
        "IPv4" => Some(Family::V4),
        "IPv6" => Some(Family::V6),
        _ => None,
    });
    let addresses = service.cluster_ips.iter();
    let of_addresses = addresses.filter_map(|ip| Some(Block::parse_either(ip)?.family));
    let shown: Vec<Family> = named.chain(of_addresses).collect();
    if shown.is_empty() {
        Family::BOTH.to_vec()
    } else {
        shown
    }
}

//! What hangs on objects that the server did not give: pods and services whose addresses nobody knows, and ways in.
//!
//! What policies lean on is unsure in the policies themselves ([`super::policy`]).

use std::net::IpAddr;

use viewshed_model::{Meta, Protocol, Service};

use super::address::{Family, number};
use super::answer::{Asked, Outcome};
use super::cni::Ternary;
use super::decide::{Decision, NODE_PORTS};
use super::doubt::{About, Doubt};
use super::ends::{End, Which};
use super::entrance::is_private;
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::Kind;
use super::policy::is_route;
use super::ports::{PortSet, span};
use super::vocabulary::{Holder, Term};

/// Kinds that send requests from outside to services, beside services themselves.
const ROUTES: [&str; 5] = ["Gateway", "HTTPRoute", "Ingress", "TCPRoute", "TLSRoute"];

impl Outcome {
    /// What may be let through, and hangs on a fact; nothing where it is denied anyhow.
    fn perhaps(self, fact: &str) -> Option<Self> {
        if self.decision.verdict == Tri::No {
            return None;
        }
        let possible = self.sure.union(&self.possible);
        let text = format!("the estate does not tell {fact}");
        Some(Self {
            decision: Decision::depends(fact.to_owned(), text),
            sure: PortSet::default(),
            possible,
        })
    }
}

impl<'c> NetworkIndex<'c> {
    /// What an answer hangs on because of objects that could not be listed.
    pub(super) fn unlisted_doubt(
        &self,
        from: &End<'c>,
        to: Option<&End<'c>>,
        asked: &Asked,
    ) -> Option<Doubt> {
        let may_be_node = self.nodes_are_told_apart();
        if self.referred.unread.is_empty() && !may_be_node {
            return None;
        }
        let within = asked.ports();
        let doubt = |fact: String, ports: PortSet| Doubt {
            fact,
            ports,
            about: About::Everything,
        };
        if let Some(address) = [Some(from), to]
            .into_iter()
            .flatten()
            .find_map(|end| self.unlisted_address(end))
        {
            let fact =
                format!("whose address `{address}` is: not all pods and services could be listed");
            return Some(doubt(fact, within));
        }
        let of_node = |end: &&End<'c>| may_be_node && Self::is_inside(end);
        if let Some(end) = [Some(from), to].into_iter().flatten().find(of_node) {
            let fact = format!("whether {} is a node's: the estate has no nodes", end.what);
            return Some(doubt(fact, within));
        }
        let to = to.filter(|to| to.body.kind == Kind::Node)?;
        let protocols = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter();
        let ports = protocols.map(|protocol| span(protocol, NODE_PORTS.0, NODE_PORTS.1));
        let ports = ports.fold(PortSet::default(), |all, one| all.union(&one));
        let ports = ports.intersection(&within);
        (self.referred.is_unread("Service", None) && !ports.is_empty()).then(|| {
            let fact = format!(
                "which services take ports of {}: not all could be listed",
                to.what
            );
            doubt(fact, ports)
        })
    }

    /// Whether the estate has no node while policies speak of nodes, or the plugin's blocks do not mean them.
    pub(super) fn nodes_are_told_apart(&self) -> bool {
        let mut terms = self.vocabulary.terms().iter();
        let blocks_leave_nodes_out = self.profile.blocks_match_nodes == Ternary::No;
        self.cluster().nodes.is_empty()
            && self.is_enforcing()
            && terms.any(|term| match term {
                Term::Label(Holder::Node, ..) => true,
                Term::Address(_) => blocks_leave_nodes_out,
                _ => false,
            })
    }

    /// Whether an end is an address of nobody known that may be one inside.
    fn is_inside(end: &End<'c>) -> bool {
        let Which::Address(address) = end.which else {
            return false;
        };
        is_private(address) && !end.body.api_server.contains(&true)
    }

    /// The address of an end, where somebody of the cluster may have it who could not be listed.
    fn unlisted_address(&self, end: &End<'c>) -> Option<IpAddr> {
        let Which::Address(address) = end.which else {
            return None;
        };
        if !Self::is_inside(end) {
            return None;
        }
        let ranges = self.places.pod_ranges(Family::of(address));
        let is_of_pods = ranges.is_empty() || ranges.contains(number(address));
        let may_be_pod = is_of_pods && self.referred.is_unread("Pod", None);
        (may_be_pod || self.referred.is_unread("Service", None)).then_some(address)
    }

    /// Whether nobody that was listed has an address.
    pub(super) fn is_nobodys(&self, address: IpAddr) -> bool {
        !self.places.by_address.contains_key(&address)
    }

    /// Whether pods of a service's namespace could not be listed.
    pub(super) fn has_unlisted_pods(&self, service: &Service) -> bool {
        let namespace = service.meta.namespace_or_empty();
        self.referred.is_unread("Pod", Some(namespace))
    }

    /// Ways in to a pod by services and routes that could not be listed, as far as policies let them in.
    pub(super) fn unlisted_ways(
        &self,
        from: &End<'c>,
        to: &End<'c>,
        asked: &Asked,
    ) -> Vec<Outcome> {
        let Which::Pod(pod) = to.which else {
            return Vec::new();
        };
        let Some(place) = self.places.pods.get(pod as usize) else {
            return Vec::new();
        };
        let mut ways: Vec<Outcome> = self.unread_ways(place.origin.meta(), asked).collect();
        if self.referred.unread.is_empty() {
            return ways;
        }
        let namespace = Some(place.origin.meta().namespace_or_empty());
        let is_unread = |kind: &&&str| self.referred.is_unread(kind, namespace);
        let has_services = !self.referred.is_unread("Service", namespace);
        let routes = ROUTES.iter().find(is_unread);
        let mut gates = Vec::new();
        if !has_services {
            let fact = "which services lead to it, which could not be listed".to_owned();
            gates.push((Self::some_node(), fact.clone()));
            gates.push((from.clone(), fact));
        }
        let fact = match routes {
            Some(kind) => {
                format!("which objects of kind `{kind}` lead to it, which could not be listed")
            }
            None if has_services => return ways,
            None => "which services lead to it, which could not be listed".to_owned(),
        };
        let programs = self.controllers().into_iter();
        gates.extend(programs.map(|program| (program, fact.clone())));
        ways.extend(gates.iter().filter_map(|(gate, fact)| {
            let outcome = match asked {
                Asked::Port(port) if gate.which == from.which => {
                    Outcome::of(self.into(gate, to, *port))
                }
                Asked::Port(port) => Outcome::of(self.pair(gate, to, *port)),
                Asked::Every(within) => self.every_port(gate, to, within),
            };
            outcome.perhaps(fact)
        }));
        ways
    }

    /// Programs that take ports from a ConfigMap, which is not read.
    fn config_flags(&self) -> impl Iterator<Item = String> {
        let programs = self.places.pods.iter().filter(|place| !place.has_ended);
        programs.flat_map(|place| {
            let containers = place.origin.spec().containers.iter();
            let flags = containers.flat_map(|container| &container.flags);
            let told = flags.filter(|(flag, _)| {
                matches!(
                    flag.as_str(),
                    "tcp-services-configmap" | "udp-services-configmap"
                )
            });
            let name = place.origin.meta().full_name();
            told.map(move |(flag, _)| format!("the ConfigMap of `--{flag}` of pod `{name}`"))
        })
    }

    pub(super) fn takes_ports_from_config(&self) -> bool {
        self.config_flags().next().is_some()
    }

    /// Ways in by routes of kinds that are not read, and by the ConfigMaps that ingress-nginx takes ports from
    /// (ingress-nginx user guide, "Exposing TCP and UDP services"). Through which program they lead nobody knows.
    fn unread_ways(&self, pod: &Meta, asked: &Asked) -> impl Iterator<Item = Outcome> {
        let namespace = pod.namespace_or_empty();
        let routes = self.cluster().others.iter().filter(move |object| {
            let is_anywhere = object.kind == "VirtualService";
            is_route(object) && (is_anywhere || object.meta.namespace_or_empty() == namespace)
        });
        let routes = routes.map(|route| format!("{} `{}`", route.kind, route.meta.full_name()));
        let flags = self.config_flags();
        let possible = match asked {
            Asked::Port(_) => PortSet::default(),
            Asked::Every(within) => within.clone(),
        };
        // One of them says as much as all.
        let first = routes.chain(flags).next();
        first.into_iter().map(move |what| {
            let fact = format!("what {what} leads to, which is not read");
            let text = format!("the estate does not tell {fact}");
            Outcome {
                decision: Decision::depends(fact, text),
                sure: PortSet::default(),
                possible: possible.clone(),
            }
        })
    }
}

/// Completes "depends on ...".
pub(super) fn unlisted_endpoints(service: &Service) -> String {
    let name = service.meta.full_name();
    format!("the endpoints of service `{name}`, not all of which could be listed")
}

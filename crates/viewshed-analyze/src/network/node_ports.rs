//! Ports of nodes that lead elsewhere: to a service, or into a pod that takes them.

use viewshed_model::{Port, Service};

use super::cni::{Cni, PodToOwnNode, ServiceView, Ternary};
use super::decide::Decision;
use super::ends::{By, End};
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::{AddressFact, Kind};
use super::policy::Direction;
use super::ports::{Point, PortSet};
use super::through::{Behind, families_of};

impl<'c> NetworkIndex<'c> {
    /// The service that a node's port leads to.
    pub(super) fn published_at(
        &self,
        to: &End<'c>,
        port: Point,
    ) -> Option<(&'c Service, &'c Port)> {
        if to.body.kind != Kind::Node {
            return None;
        }
        let (namespace, name, position) = self.referred.node_ports.get(&port)?;
        let service = self.service(namespace, name)?;
        // The service proxy opens it at addresses of the service's families alone.
        let mut families = families_of(service).into_iter();
        let is_open = families.any(|family| *to.body.address(family) != AddressFact::Absent);
        Some((service, service.ports.get(*position)?)).filter(|_| is_open)
    }

    /// Ports of a node that lead elsewhere.
    pub(super) fn published_ports(&self, node: &End<'c>) -> Vec<(Point, Point)> {
        if node.body.kind != Kind::Node {
            return Vec::new();
        }
        let of_services = self.referred.node_ports.keys().copied();
        let own = node.body.node.into_iter();
        let of_pods = own.flat_map(|node| self.publications().host_ports(node));
        of_services
            .chain(of_pods)
            .map(|port| (port, port))
            .collect()
    }

    /// The ports of a node that are open, where those that lead elsewhere are followed.
    pub(super) fn at_published(
        &self,
        from: &End<'c>,
        node: &End<'c>,
        within: &PortSet,
        (mut sure, mut possible): (PortSet, PortSet),
    ) -> (PortSet, PortSet) {
        for (port, _) in self.published_ports(node) {
            let Some(decision) = self.at_published_port(from, node, port) else {
                continue;
            };
            let one = PortSet::one(port, port).intersection(within);
            sure = match decision.verdict {
                Tri::Yes => sure.union(&one),
                Tri::Maybe | Tri::No => sure.minus(&one),
            };
            possible = match decision.verdict {
                Tri::Yes | Tri::Maybe => possible.union(&one),
                Tri::No => possible.minus(&one),
            };
        }
        (sure, possible)
    }

    /// A node's port that leads to a service or into a pod of that node; `None` where it leads nowhere
    /// else.
    pub(super) fn at_published_port(
        &self,
        from: &End<'c>,
        to: &End<'c>,
        port: Point,
    ) -> Option<Decision> {
        let decision = self.translated_at(from, to, port)?;
        Some(match self.before_translation(from, to, port) {
            Some(before) => before.and(decision),
            None => decision,
        })
    }

    /// The same, from where the port is translated.
    fn translated_at(&self, from: &End<'c>, to: &End<'c>, port: Point) -> Option<Decision> {
        if let Some((service, own)) = self.published_at(to, port) {
            return Some(self.through_node(from, (to, port), (service, own)));
        }
        let node = to.body.node.filter(|_| to.body.kind == Kind::Node)?;
        let (pod, target) = self.publications().host_port(node, port)?;
        let pod = self.pod_end(pod)?;
        Some(self.through_host_port(from, (to, port), (&pod, target)))
    }

    /// A port that a container takes of its node: it is translated before the pod's policies see it
    /// (containernetworking/plugins `plugins/meta/portmap/README.md`); whether egress policies of another
    /// node see the node or the pod is up to the plugin.
    fn through_host_port(
        &self,
        from: &End<'c>,
        (node, port): (&End<'c>, Point),
        (pod, target): (&End<'c>, Point),
    ) -> Decision {
        let text = format!("a port of {} leads into {}", node.what, pod.what);
        let leads = |decision: Decision| Decision::new(Tri::Yes, text.clone()).and(decision);
        if from.body.kind == Kind::Outside {
            let text = format!("{} takes a port of {}", pod.what, node.what);
            let into = self.into(from, pod, target);
            return self.at_nodes(text).and(into);
        }
        let translated = self.pair(from, pod, target);
        let is_remote = from.body.kind == Kind::Pod && from.body.node != node.body.node;
        if !is_remote || !self.is_enforcing() || !self.speaks_of_egress(from) {
            return leads(translated);
        }
        let before = self
            .pair(from, node, port)
            .and(self.into(from, pod, target));
        if before.verdict == translated.verdict {
            return leads(translated);
        }
        let mut decision = translated.agree(before);
        let fact = "whether egress policies see the node's port or the pod's";
        decision.facts.insert(fact.to_owned());
        decision
    }

    /// A node's port that leads to a service. The service proxy puts the node's address in place of a
    /// pod's where `externalTrafficPolicy` is `Cluster` (kubernetes/kubernetes
    /// `pkg/proxy/iptables/proxier.go`, chains `KUBE-EXT-*`; <https://kubernetes.io/docs/tutorials/services/source-ip/>);
    /// whether policies of the endpoint see it before or after is up to the plugin and to where the
    /// endpoint runs. Cilium keeps the pod's identity.
    fn through_node(
        &self,
        from: &End<'c>,
        (node, own): (&End<'c>, Point),
        (service, port): (&'c Service, &'c Port),
    ) -> Decision {
        let early = self.translated_early(from, node, (service, port));
        let is_remote = from.body.node.is_none() || from.body.node != node.body.node;
        let is_there = is_remote || self.profile.service_view == ServiceView::ServiceAddress;
        let is_judged = is_there && from.body.kind == Kind::Pod && self.speaks_of_egress(from);
        if !is_judged || !self.is_enforcing() || self.profile.node_ports_early == Ternary::Yes {
            return early;
        }
        let Behind::Ends(ends) = self.behind(service, port) else {
            return early;
        };
        let late = self.translated_late(from, (node, own), service, &ends);
        if self.profile.node_ports_early == Ternary::No || early.verdict == late.verdict {
            return late;
        }
        let mut decision = early.agree(late);
        decision.facts.insert(format!(
            "whether egress policies of {} see the port of {} or what it leads to",
            from.what, node.what
        ));
        decision
    }

    /// Egress policies see the node's port; it is translated where the node is.
    fn translated_late(
        &self,
        from: &End<'c>,
        (node, own): (&End<'c>, Point),
        service: &Service,
        ends: &[(End<'c>, Point)],
    ) -> Decision {
        let is_own_node = from.body.node.is_some() && from.body.node == node.body.node;
        let out = if is_own_node && self.profile.pod_to_own_node == PodToOwnNode::Always {
            Decision::open()
        } else {
            self.out_of(from, node, own)
        };
        let as_itself = ends
            .iter()
            .map(|(end, target)| self.into(from, end, *target));
        let Some(mut ingress) = as_itself.reduce(Decision::agree) else {
            let text = format!("service `{}` has no endpoints", service.meta.full_name());
            return Decision::new(Tri::No, text);
        };
        if service.external_traffic_policy != "Local" {
            let as_node = ends
                .iter()
                .map(|(end, target)| self.pair(node, end, *target));
            let as_node = as_node.reduce(Decision::agree);
            if let Some(as_node) = as_node.filter(|one| one.verdict != ingress.verdict) {
                ingress = ingress.agree(as_node);
                ingress.facts.insert(seen_as(service, from, node));
            }
        }
        out.and(ingress)
    }

    /// Egress policies see what the port leads to.
    fn translated_early(
        &self,
        from: &End<'c>,
        node: &End<'c>,
        (service, port): (&'c Service, &'c Port),
    ) -> Decision {
        let as_itself = self.through_service(from, (service, port), By::NodePort);
        let keeps = matches!(self.profile.cni(), Cni::Cilium | Cni::GkeDataplaneV2);
        let is_local = service.external_traffic_policy == "Local";
        if is_local
            && from.body.kind == Kind::Outside
            && let Some(no) = self.no_endpoint_on(node, (service, port))
        {
            return no;
        }
        if keeps || is_local || from.body.kind != Kind::Pod || !self.is_enforcing() {
            return as_itself;
        }
        let Behind::Ends(ends) = self.behind(service, port) else {
            return as_itself;
        };
        let each = ends.iter().map(|(end, target)| {
            let out = self.out_of(from, end, *target);
            out.and(self.pair(node, end, *target))
        });
        let Some(as_node) = each.reduce(Decision::agree) else {
            return as_itself;
        };
        if as_node.verdict == as_itself.verdict {
            return as_itself;
        }
        let mut decision = as_itself.agree(as_node);
        decision.facts.insert(seen_as(service, from, node));
        decision
    }

    /// With `externalTrafficPolicy: Local`, a node that has no endpoint drops what comes from outside
    /// (<https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/>, `KUBE-XLB`).
    fn no_endpoint_on(
        &self,
        node: &End<'c>,
        (service, port): (&'c Service, &'c Port),
    ) -> Option<Decision> {
        let own = node.body.node?;
        let Behind::Ends(ends) = self.behind(service, port) else {
            return None;
        };
        let is_elsewhere = |(end, _): &(End<'c>, Point)| end.body.node.is_some_and(|at| at != own);
        let text = format!(
            "service `{}` keeps what comes from outside to endpoints of the node that takes it, and {} has none",
            service.meta.full_name(),
            node.what
        );
        let has_none = !ends.is_empty() && ends.iter().all(is_elsewhere);
        has_none.then(|| Decision::new(Tri::No, text))
    }

    /// The policies at the source alone.
    fn out_of(&self, from: &End<'c>, to: &End<'c>, target: Point) -> Decision {
        let families = self.shared_families(from, to).into_iter();
        let each = families.map(|family| self.side(Direction::Egress, (family, from, to), target));
        each.reduce(Decision::or).unwrap_or_else(|| {
            let text = format!("{} and {} share no address family", from.what, to.what);
            Decision::new(Tri::No, text)
        })
    }
}

fn seen_as(service: &Service, from: &End<'_>, node: &End<'_>) -> String {
    format!(
        "whether endpoints of service `{}` see the address of {} or of {}",
        service.meta.full_name(),
        from.what,
        node.what
    )
}

//! One connection, decided with its reasons.

use std::collections::BTreeSet;

use viewshed_model::{MissingFact, Protocol, ReachReason, ReachSide, ReachVerdict};

use super::address::Family;
use super::cni::{Cni, PodToOwnNode, Ternary};
use super::ends::{End, Which};
use super::eval::{Guard, Locality, Tri, by_which_interface};
use super::host::all_alike;
use super::index::NetworkIndex;
use super::place::{Body, Kind};
use super::policy::{Direction, Policy, in_order_of_walk};
use super::ports::{Point, PortSet, point, span};
use super::walk::{Applying, Walk};

/// Ports that services of type `NodePort` use unless `--service-node-port-range` says otherwise.
pub(super) const NODE_PORTS: (u16, u16) = (30_000, 32_767);

/// Reasons that one side gives at most: the first ones decide, more are not read.
pub(super) const REASONS_MAX: usize = 4;

/// What is decided of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) verdict: Tri,
    /// Completes "depends on ...".
    pub(super) facts: BTreeSet<String>,
    pub(super) reasons: Vec<ReachReason>,
}

impl Decision {
    pub(super) fn new(verdict: Tri, text: String) -> Self {
        Self {
            verdict,
            facts: BTreeSet::new(),
            reasons: vec![path(text)],
        }
    }

    /// Let through, with nothing to say about it.
    pub(super) fn open() -> Self {
        Self {
            verdict: Tri::Yes,
            facts: BTreeSet::new(),
            reasons: Vec::new(),
        }
    }

    /// Unsure, and on what it hangs.
    pub(super) fn depends(fact: String, text: String) -> Self {
        let mut decision = Self::new(Tri::Maybe, text);
        decision.facts.insert(fact);
        decision
    }

    /// Both must let the connection through.
    pub(super) fn and(self, other: Self) -> Self {
        let verdict = self.verdict.min(other.verdict);
        if verdict == Tri::No {
            // What denies is the reason; what would have let it through is not.
            return match self.verdict {
                Tri::No => self,
                Tri::Maybe | Tri::Yes => other,
            };
        }
        let (mut facts, mut reasons) = (self.facts, self.reasons);
        facts.extend(other.facts);
        // Both sides may have the same one, such as that no policies are enforced.
        for reason in other.reasons {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Self {
            verdict,
            facts,
            reasons,
        }
    }

    /// One of them is enough.
    pub(super) fn or(self, other: Self) -> Self {
        if self.verdict >= other.verdict {
            self
        } else {
            other
        }
    }

    /// They are about the same thing, so they should come out alike; where they do not, it depends.
    pub(super) fn agree(self, other: Self) -> Self {
        if self.verdict == other.verdict && self.verdict != Tri::Maybe {
            return self;
        }
        let mut reasons = self.reasons;
        for reason in other.reasons {
            if reasons.len() < REASONS_MAX * 2 && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let mut facts = BTreeSet::new();
        for (verdict, of) in [(self.verdict, self.facts), (other.verdict, other.facts)] {
            if verdict == Tri::Maybe {
                facts.extend(of);
            }
        }
        Self {
            verdict: Tri::Maybe,
            facts,
            reasons,
        }
    }

    /// Says in front to which point of a target it is.
    pub(super) fn mention(&mut self, what: &str) {
        self.reasons.insert(0, path(format!("to {what}")));
    }

    pub(super) fn reach_verdict(&self) -> ReachVerdict {
        match self.verdict {
            Tri::Yes => ReachVerdict::Allowed,
            Tri::No => ReachVerdict::Denied,
            Tri::Maybe => ReachVerdict::Depends,
        }
    }

    pub(super) fn depends_on(&self) -> Vec<MissingFact> {
        match self.verdict {
            Tri::Maybe => self
                .facts
                .iter()
                .map(|fact| MissingFact { fact: fact.clone() })
                .collect(),
            Tri::No | Tri::Yes => Vec::new(),
        }
    }
}

pub(super) fn path(text: String) -> ReachReason {
    ReachReason {
        side: ReachSide::Path,
        policy: None,
        rule: None,
        location: None,
        text,
    }
}

impl<'c> NetworkIndex<'c> {
    /// Whether one end may open a connection to another on a port, at the other end's own address.
    pub(super) fn pair(&self, from: &End<'c>, to: &End<'c>, point: Point) -> Decision {
        self.pair_after((from, to), point, false)
    }

    /// The same to the endpoint that an address asked for was translated to.
    pub(super) fn pair_translated(&self, from: &End<'c>, to: &End<'c>, point: Point) -> Decision {
        self.pair_after((from, to), point, true)
    }

    fn pair_after(
        &self,
        (from, to): (&End<'c>, &End<'c>),
        point: Point,
        is_translated: bool,
    ) -> Decision {
        match self.before_policies(from, to, point) {
            Some(decision) => decision,
            None => self.pair_by_policies((from, to), point, is_translated),
        }
    }

    /// The same, by policies alone.
    pub(super) fn pair_by_policies(
        &self,
        (from, to): (&End<'c>, &End<'c>),
        point: Point,
        is_translated: bool,
    ) -> Decision {
        let families = self.shared_families(from, to);
        let is_own_node = (from.body.kind, to.body.kind) == (Kind::Pod, Kind::Node)
            && from.body.node.is_some()
            && from.body.node == to.body.node;
        // What a pod sends to its own node enters by the pod's interface, where Felix asks the setting
        // that comes below instead of the node's policies (`felix/rules/static.go`,
        // `filterWorkloadToHostChain`).
        let skips_ingress =
            is_own_node && matches!(self.profile.pod_to_own_node, PodToOwnNode::ByPolicyThen(_));
        let both = |family: Family| {
            let egress = self.side(Direction::Egress, (family, from, to), point);
            let mut decision = if skips_ingress {
                egress
            } else {
                egress.and(self.side(Direction::Ingress, (family, to, from), point))
            };
            if let Some(passed) = self.on_the_way(family, (from, to), point, is_translated) {
                decision = decision.and(passed);
            }
            decision
        };
        let decided = families.into_iter().map(both).reduce(Decision::or);
        let Some(decision) = decided else {
            let text = format!(
                "{} and {} have no address family in common",
                from.what, to.what
            );
            return Decision::new(Tri::No, text);
        };
        self.after_policies(from, to, decision)
    }

    /// What decides whatever the policies say.
    fn before_policies(&self, from: &End<'c>, to: &End<'c>, point: Point) -> Option<Decision> {
        for end in [from, to] {
            if let Which::Pod(pod) = end.which
                && self.places.pods.get(pod as usize)?.has_ended
            {
                return Some(Decision::new(Tri::No, format!("{} has ended", end.what)));
            }
        }
        let is_pod = matches!(from.which, Which::Pod(_));
        if from.which == to.which && is_pod && !self.is_template(from) {
            let text = format!("{} always reaches itself", from.what);
            return Some(Decision::new(Tri::Yes, text));
        }
        let own_node = from.body.node.is_some() && from.body.node == to.body.node;
        let has_family = || !self.shared_families(from, to).is_empty();
        match (from.body.kind, to.body.kind) {
            (Kind::Node, Kind::Node) if own_node => {
                let text = format!("{} and {} share the node's network", from.what, to.what);
                Some(Decision::new(Tri::Yes, text))
            }
            (Kind::Node, Kind::Pod)
                if own_node && self.profile.node_to_own_pod == Ternary::Yes && has_family() =>
            {
                let text = if matches!(from.which, Which::Pod(_)) {
                    let own = "its node's network, whose traffic to pods of the node always passes";
                    format!("{} shares {own}", from.what)
                } else {
                    format!(
                        "{} runs on {}, whose traffic always passes",
                        to.what, from.what
                    )
                };
                Some(Decision::new(Tri::Yes, text))
            }
            (Kind::Pod, Kind::Node) if own_node && has_family() => {
                self.to_own_node(from, to, point)
            }
            (Kind::Outside, Kind::Outside) => {
                let text = "neither end is in the estate".to_owned();
                let fact = "the network outside the estate".to_owned();
                Some(Decision::depends(fact, text))
            }
            _ => None,
        }
    }

    /// A pod to the node that it runs on, where that passes whatever the policies say.
    fn to_own_node(&self, from: &End<'c>, to: &End<'c>, port: Point) -> Option<Decision> {
        let text = match self.profile.pod_to_own_node {
            PodToOwnNode::Always => "the network plugin puts the pod's own node into every policy",
            PodToOwnNode::NodePortsAlways => {
                let (first, last) = NODE_PORTS;
                let is_node_port = [Protocol::Tcp, Protocol::Udp]
                    .iter()
                    .any(|protocol| span(*protocol, first, last).contains(port));
                if !is_node_port {
                    return None;
                }
                "the network plugin lets ports of the NodePort range of the own node pass"
            }
            PodToOwnNode::ByPolicy | PodToOwnNode::ByPolicyThen(_) => return None,
        };
        let text = format!("{} runs on {}: {text}", from.what, to.what);
        Some(Decision::new(Tri::Yes, text))
    }

    /// What else must hold for a connection that the policies let through.
    fn after_policies(&self, from: &End<'c>, to: &End<'c>, decision: Decision) -> Decision {
        let own_node = from.body.node.is_some() && from.body.node == to.body.node;
        match (from.body.kind, to.body.kind) {
            (Kind::Pod, Kind::Node) if own_node => {
                let setting = "Calico's setting `DefaultEndpointToHostAction`";
                match self.profile.pod_to_own_node {
                    PodToOwnNode::ByPolicyThen(Ternary::No) => decision.and(Decision::new(
                        Tri::No,
                        format!("{setting} drops what a pod sends to its own node"),
                    )),
                    PodToOwnNode::ByPolicyThen(Ternary::Unknown) => {
                        decision.and(Decision::depends(
                            setting.to_owned(),
                            format!("{} runs on {}", from.what, to.what),
                        ))
                    }
                    PodToOwnNode::ByPolicyThen(Ternary::Yes)
                    | PodToOwnNode::ByPolicy
                    | PodToOwnNode::Always
                    | PodToOwnNode::NodePortsAlways => decision,
                }
            }
            // Where it is not known which node, the node's own traffic might pass.
            (Kind::Node, Kind::Pod)
                if decision.verdict == Tri::No
                    && self.profile.node_to_own_pod == Ternary::Yes
                    && (from.body.node.is_none() || to.body.node.is_none()) =>
            {
                let node = match from.which {
                    Which::Pod(_) => format!("the node of {}", from.what),
                    Which::Node(_) | Which::Address(_) | Which::SomeAddress => from.what.clone(),
                };
                let fact = format!("whether {} runs on {node}", to.what);
                let text = "traffic from the pod's own node always passes".to_owned();
                Decision::depends(fact, text)
            }
            // The specification speaks of policies only.
            (Kind::Outside, Kind::Pod | Kind::Node) if self.profile.cni() != Cni::Generic => {
                decision.and(Decision::depends(
                    format!(
                        "whether addresses outside the cluster reach {} directly",
                        to.what
                    ),
                    match from.which {
                        Which::SomeAddress => {
                            "nothing says that pods' addresses are routed".to_owned()
                        }
                        Which::Pod(_) | Which::Node(_) | Which::Address(_) => {
                            format!("{} is outside the cluster", from.what)
                        }
                    },
                ))
            }
            _ => decision,
        }
    }

    /// One side: the policies of `subject` on a connection with `peer`.
    pub(super) fn side(
        &self,
        direction: Direction,
        (family, subject, peer): (Family, &End<'c>, &End<'c>),
        point: Point,
    ) -> Decision {
        let side = match direction {
            Direction::Ingress => ReachSide::Ingress,
            Direction::Egress => ReachSide::Egress,
        };
        if subject.body.kind == Kind::Outside {
            return Decision::open();
        }
        let Some(walk) = self.walk(direction, family, subject) else {
            return Decision::new(Tri::No, format!("{} has no place", subject.what));
        };
        let ends = (subject, peer);
        let guards = self.places.guards_of(&subject.body);
        let mut decision = match guards.as_slice() {
            // The tables know nodes by all their addresses.
            [_] if !self.places.has_named_guards(&subject.body) => {
                self.walked(side, ends, &walk, point)
            }
            _ => {
                let each = guards.iter().map(|guard| {
                    let applying = exactly(&walk, *guard, &subject.body);
                    let mut context = walk.context;
                    context.guard = Guard::Exactly(*guard);
                    let walk = Walk {
                        context,
                        applying: &applying,
                        ..walk
                    };
                    self.walked(side, ends, &walk, point)
                });
                all_alike(each, &by_which_interface(&subject.what))
            }
        };
        match (self.profile.enforces, decision.verdict) {
            (Ternary::Unknown, Tri::No | Tri::Maybe) => {
                decision.verdict = Tri::Maybe;
                decision
                    .facts
                    .insert("whether the network plugin enforces policies".to_owned());
            }
            (Ternary::No, _) => {
                let cni = self.profile.cni();
                let text = format!("the network plugin (`{cni}`) enforces no policies");
                decision = Decision::new(Tri::Yes, text);
            }
            (Ternary::Unknown, Tri::Yes) | (Ternary::Yes, _) => {}
        }
        decision
    }

    fn walked(
        &self,
        side: ReachSide,
        (subject, peer): (&End<'c>, &End<'c>),
        walk: &Walk<'_, 'c>,
        point: Point,
    ) -> Decision {
        let outcome = walk.follow(&subject.body, &peer.body, point);
        let mut decision = Decision {
            verdict: outcome.verdict(),
            facts: BTreeSet::new(),
            reasons: self.reasons(side, subject, walk, &outcome),
        };
        if decision.verdict == Tri::Maybe {
            decision.facts = self.doubts((subject, peer), walk, &outcome);
        }
        decision
    }

    fn walk<'n>(
        &'n self,
        direction: Direction,
        family: Family,
        subject: &End<'c>,
    ) -> Option<Walk<'n, 'c>> {
        let spot = self.spot(family, subject)?;
        let kernel = self.kernel(family)?;
        let locality = match (subject.body.kind, subject.body.node) {
            (Kind::Pod, Some(node)) => Locality::At(node),
            (Kind::Pod, None) => Locality::Open,
            (Kind::Node | Kind::Outside, _) => Locality::None,
        };
        Some(Walk {
            policies: &self.policies,
            stages: &self.stages,
            context: self.inputs().context(family, locality),
            direction,
            applying: kernel.applying(direction, spot),
        })
    }

    /// The ports on which one end reaches another: for certain, and perhaps.
    pub(super) fn open_ports(&self, from: &End<'c>, to: &End<'c>) -> (PortSet, PortSet) {
        let mut sure = PortSet::default();
        let mut possible = PortSet::default();
        for start in self.port_starts(from, to) {
            let decision = self.pair(from, to, start.0);
            let stretch = PortSet::one(start.0, start.1);
            if decision.verdict == Tri::Yes {
                sure = sure.union(&stretch);
            }
            if decision.verdict != Tri::No {
                possible = possible.union(&stretch);
            }
        }
        (sure, possible)
    }

    /// Stretches of ports that nothing tells apart for these two ends.
    fn port_starts(&self, from: &End<'c>, to: &End<'c>) -> Vec<(Point, Point)> {
        let mut starts: Vec<Point> = vec![0];
        for family in self.shared_families(from, to) {
            let spots = (self.spot(family, from), self.spot(family, to));
            if let (Some(kernel), (Some(from), Some(to))) = (self.kernel(family), spots) {
                starts.extend(kernel.port_starts(from, to));
            }
        }
        if self.forwards() {
            starts.extend(self.forwarded_starts());
        }
        if self.profile.pod_to_own_node == PodToOwnNode::NodePortsAlways {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                starts.push(point(protocol, NODE_PORTS.0));
                starts.push(point(protocol, NODE_PORTS.1) + 1);
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next - 1)
            .chain([Point::MAX]);
        starts.iter().copied().zip(ends).collect()
    }
}

/// The policies that apply to a node with one of the host endpoints that may guard it.
fn exactly<'c>(walk: &Walk<'_, 'c>, guard: Option<u32>, node: &Body<'c>) -> Vec<Applying> {
    let mut context = walk.context;
    context.guard = Guard::Exactly(guard);
    let speaking = walk.policies.iter().zip(0_u32..);
    let speaking = speaking.filter(|(policy, _)| policy.side(walk.direction).applies());
    let applies = |(policy, number): (&Policy, u32)| match context.holds(policy.subject, node) {
        Tri::No => None,
        certainty => Some(Applying {
            policy: number,
            is_sure: certainty == Tri::Yes,
        }),
    };
    let mut applying: Vec<Applying> = speaking.filter_map(applies).collect();
    in_order_of_walk(walk.policies, &mut applying);
    applying
}

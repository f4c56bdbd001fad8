//! A slow and obvious evaluator of policies: one connection at a time, straight from the objects' JSON, in
//! the words of the specifications. Here `networking.k8s.io` and `policy.networking.k8s.io`.
//!
//! Shares no code with the engine. Sources: kubernetes/kubernetes
//! `staging/src/k8s.io/api/networking/v1/types.go`; kubernetes-sigs/network-policy-api
//! `apis/{v1alpha1,v1alpha2}`.

mod calico;
mod cilium;

use std::net::Ipv4Addr;

use serde_json::Value;

use super::generated::API_SERVER;

/// Protocol, port, and the destination, whose names of ports count.
type Connection<'e> = (&'e str, u16, &'e End);

/// Whose policies they are, and who enforces them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Plugin {
    #[default]
    Standard,
    Calico,
    Cilium,
}

/// A pod, a node or an address outside.
#[derive(Debug, Clone)]
pub(super) enum End {
    Pod(Value),
    Node(Value),
    Outside(Ipv4Addr),
}

/// The objects of a cluster.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) plugin: Plugin,
    pub(super) namespaces: Vec<Value>,
    pub(super) accounts: Vec<Value>,
    /// What policies refer to, and what the plugin is told.
    pub(super) settings: Vec<Value>,
    pub(super) policies: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ingress,
    Egress,
}

impl Side {
    const fn rules(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    const fn peers(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or("")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// `metav1.LabelSelector` on a map of labels.
fn selects(selector: &Value, label: &dyn Fn(&str) -> Option<String>) -> bool {
    let equal = selector.get("matchLabels").and_then(Value::as_object);
    let all_equal = equal.is_none_or(|labels| {
        labels
            .iter()
            .all(|(key, value)| label(key).as_deref() == value.as_str())
    });
    let holds = |requirement: &Value| {
        let value = label(text(requirement, "/key"));
        let listed = |value: &String| {
            list(requirement, "values")
                .iter()
                .any(|one| one.as_str() == Some(value))
        };
        match text(requirement, "/operator") {
            "In" => value.as_ref().is_some_and(listed),
            "NotIn" => !value.as_ref().is_some_and(listed),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            other => panic!("{other}"),
        }
    };
    all_equal && list(selector, "matchExpressions").iter().all(holds)
}

fn in_block(address: Ipv4Addr, cidr: &str) -> bool {
    let (base, length) = cidr.split_once('/').expect("a block");
    let base = u32::from(base.parse::<Ipv4Addr>().expect("an address"));
    let length: u32 = length.parse().expect("a length");
    let mask = if length == 0 {
        0
    } else {
        u32::MAX << (32 - length)
    };
    u32::from(address) & mask == base & mask
}

impl Objects {
    fn namespace_labels(&self, name: &str) -> impl Fn(&str) -> Option<String> {
        let namespace = self
            .namespaces
            .iter()
            .find(|one| text(one, "/metadata/name") == name);
        move |key| {
            if key == "kubernetes.io/metadata.name" {
                return Some(name.to_owned());
            }
            let labels = namespace?.pointer("/metadata/labels")?;
            Some(labels.get(key)?.as_str()?.to_owned())
        }
    }

    fn in_namespaces(&self, selector: &Value, pod: &Value) -> bool {
        let name = text(pod, "/metadata/namespace");
        let labels = self.namespace_labels(name);
        selects(selector, &|key| labels(key))
    }

    fn is_labelled(selector: &Value, pod: &Value) -> bool {
        selects(selector, &|key| {
            let labels = pod.pointer("/metadata/labels")?;
            Some(labels.get(key)?.as_str()?.to_owned())
        })
    }

    /// Whether the policies of `from` let it connect to `to`.
    pub(super) fn lets_out(&self, from: &End, to: &End, (protocol, port): (&str, u16)) -> bool {
        self.either(Side::Egress, (from, to), (protocol, port, to))
    }

    /// Whether the policies of `to` let `from` connect to it.
    pub(super) fn lets_in(&self, from: &End, to: &End, (protocol, port): (&str, u16)) -> bool {
        self.either(Side::Ingress, (to, from), (protocol, port, to))
    }

    fn either(&self, side: Side, (own, peer): (&End, &End), connection: Connection<'_>) -> bool {
        match (self.plugin, own) {
            (Plugin::Calico, _) => self.calico_side(side, own, peer, connection),
            (Plugin::Cilium, _) => self.cilium_side(side, own, peer, connection),
            (Plugin::Standard, End::Pod(pod)) => self.side(side, pod, peer, connection),
            (Plugin::Standard, End::Node(_) | End::Outside(_)) => true,
        }
    }

    /// Admin tier, then NetworkPolicy if it isolates, else Baseline, else allowed.
    fn side(&self, side: Side, pod: &Value, peer: &End, connection: Connection<'_>) -> bool {
        if let Some(verdict) = self.tier("Admin", (side, pod), peer, connection) {
            return verdict;
        }
        if let Some(verdict) = self.standard(side, pod, peer, connection) {
            return verdict;
        }
        self.tier("Baseline", (side, pod), peer, connection)
            .unwrap_or(true)
    }

    /// The first rule that matches, by priority; `None` when it passes or none matches.
    fn tier(
        &self,
        tier: &str,
        (side, pod): (Side, &Value),
        peer: &End,
        connection: Connection<'_>,
    ) -> Option<bool> {
        let of_tier = |policy: &&Value| match text(policy, "/kind") {
            "AdminNetworkPolicy" => tier == "Admin",
            "BaselineAdminNetworkPolicy" => tier == "Baseline",
            "ClusterNetworkPolicy" => text(policy, "/spec/tier") == tier,
            _ => false,
        };
        let mut policies: Vec<&Value> = self.policies.iter().filter(of_tier).collect();
        policies.sort_by_key(|policy| policy.pointer("/spec/priority").and_then(Value::as_u64));
        for policy in policies {
            let spec = &policy["spec"];
            if !self.is_pod_peer(&spec["subject"], pod) {
                continue;
            }
            for rule in list(spec, side.rules()) {
                let of_peer = |value: &Value| self.is_admin_peer(value, peer);
                let matches = list(rule, side.peers()).iter().any(of_peer)
                    && has_admin_port(rule, connection);
                if matches {
                    match text(rule, "/action") {
                        "Allow" | "Accept" => return Some(true),
                        "Deny" => return Some(false),
                        "Pass" => return None,
                        other => panic!("{other}"),
                    }
                }
            }
        }
        None
    }

    fn is_pod_peer(&self, peer: &Value, pod: &Value) -> bool {
        if let Some(selector) = peer.get("namespaces") {
            return self.in_namespaces(selector, pod);
        }
        let Some(pods) = peer.get("pods") else {
            return false;
        };
        self.in_namespaces(&pods["namespaceSelector"], pod)
            && Self::is_labelled(&pods["podSelector"], pod)
    }

    /// `networks` also means pods with such an address.
    fn is_admin_peer(&self, value: &Value, peer: &End) -> bool {
        if value.get("networks").is_some() {
            let address = address(peer);
            let mut blocks = list(value, "networks").iter();
            return blocks.any(|block| in_block(address, block.as_str().expect("a block")));
        }
        match peer {
            End::Pod(pod) => self.is_pod_peer(value, pod),
            End::Node(_) | End::Outside(_) => false,
        }
    }

    /// `None` when no NetworkPolicy isolates the pod in this direction.
    fn standard(
        &self,
        side: Side,
        pod: &Value,
        peer: &End,
        connection: Connection<'_>,
    ) -> Option<bool> {
        let mut is_isolated = false;
        for policy in self
            .policies
            .iter()
            .filter(|one| text(one, "/kind") == "NetworkPolicy")
        {
            let spec = &policy["spec"];
            let own = text(policy, "/metadata/namespace");
            let is_subject = text(pod, "/metadata/namespace") == own
                && Self::is_labelled(&spec["podSelector"], pod);
            if !is_subject || !isolates(spec, side) {
                continue;
            }
            is_isolated = true;
            for rule in list(spec, side.rules()) {
                let peers = list(rule, side.peers());
                let of_peer = |value: &Value| self.is_standard_peer(own, value, peer);
                if (peers.is_empty() || peers.iter().any(of_peer)) && has_port(rule, connection) {
                    return Some(true);
                }
            }
        }
        is_isolated.then_some(false)
    }

    fn is_standard_peer(&self, own: &str, value: &Value, peer: &End) -> bool {
        if let Some(block) = value.get("ipBlock") {
            let address = address(peer);
            let is_excepted = |cidr: &Value| in_block(address, cidr.as_str().expect("a block"));
            return in_block(address, text(block, "/cidr"))
                && !list(block, "except").iter().any(is_excepted);
        }
        let End::Pod(pod) = peer else { return false };
        let in_namespace = match value.get("namespaceSelector") {
            Some(selector) => self.in_namespaces(selector, pod),
            None => text(pod, "/metadata/namespace") == own,
        };
        let is_labelled = value
            .get("podSelector")
            .is_none_or(|selector| Self::is_labelled(selector, pod));
        in_namespace && is_labelled
    }
}

/// `policyTypes` missing or empty: always Ingress; Egress when there is an egress rule.
fn isolates(spec: &Value, side: Side) -> bool {
    let types = list(spec, "policyTypes");
    if !types.is_empty() {
        return types.iter().any(|one| one.as_str() == Some(side.kind()));
    }
    side == Side::Ingress || !list(spec, "egress").is_empty()
}

fn has_port(rule: &Value, (protocol, port, to): Connection<'_>) -> bool {
    let ports = list(rule, "ports");
    let matches = |entry: &Value| {
        let kind = entry
            .get("protocol")
            .and_then(Value::as_str)
            .unwrap_or("TCP");
        if kind != protocol {
            return false;
        }
        match entry.get("port") {
            None => true,
            Some(Value::String(name)) => declared(to, name)
                .iter()
                .any(|(kind, number)| kind == protocol && *number == port),
            Some(number) => {
                let first = number.as_u64().expect("a port");
                let last = entry
                    .get("endPort")
                    .and_then(Value::as_u64)
                    .unwrap_or(first);
                (first..=last).contains(&u64::from(port))
            }
        }
    };
    ports.is_empty() || ports.iter().any(matches)
}

/// Ports that the destination's containers declare under a name.
fn declared(to: &End, name: &str) -> Vec<(String, u16)> {
    let End::Pod(pod) = to else { return Vec::new() };
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .flat_map(|container| list(container, "ports"))
        .filter(|port| port.get("name").and_then(Value::as_str) == Some(name))
        .map(|port| {
            let protocol = port
                .get("protocol")
                .and_then(Value::as_str)
                .unwrap_or("TCP");
            let number = port["containerPort"].as_u64().expect("a port");
            (protocol.to_owned(), u16::try_from(number).expect("a port"))
        })
        .collect()
}

fn address(end: &End) -> Ipv4Addr {
    match end {
        End::Pod(pod) => text(pod, "/status/podIP").parse().expect("an address"),
        End::Node(node) => {
            let address = text(node, "/status/addresses/0/address");
            address.parse().expect("an address")
        }
        End::Outside(address) => *address,
    }
}

fn has_admin_port(rule: &Value, connection: Connection<'_>) -> bool {
    match (rule.get("ports"), rule.get("protocols")) {
        (None, None) => true,
        (Some(_), _) => list(rule, "ports")
            .iter()
            .any(|entry| is_old_port(entry, connection)),
        (None, Some(_)) => list(rule, "protocols")
            .iter()
            .any(|entry| is_new_port(entry, connection)),
    }
}

/// A port by name, of whatever protocol the destination declares it.
fn is_named(name: &Value, (protocol, port, to): Connection<'_>) -> bool {
    declared(to, name.as_str().expect("a name"))
        .iter()
        .any(|(kind, number)| kind == protocol && *number == port)
}

fn between(first: &Value, last: &Value, port: u16) -> bool {
    let number = |value: &Value| value.as_u64().expect("a port");
    (number(first)..=number(last)).contains(&u64::from(port))
}

/// `v1alpha1` `AdminNetworkPolicyPort`.
fn is_old_port(entry: &Value, connection: Connection<'_>) -> bool {
    let (protocol, port, _) = connection;
    if let Some(name) = entry.get("namedPort") {
        return is_named(name, connection);
    }
    let is_kind = |value: &Value| {
        let kind = value.get("protocol").and_then(Value::as_str);
        kind.unwrap_or("TCP") == protocol
    };
    if let Some(single) = entry.get("portNumber") {
        return is_kind(single) && between(&single["port"], &single["port"], port);
    }
    let range = &entry["portRange"];
    is_kind(range) && between(&range["start"], &range["end"], port)
}

/// `v1alpha2` `ClusterNetworkPolicyProtocol`.
fn is_new_port(entry: &Value, connection: Connection<'_>) -> bool {
    let (protocol, port, _) = connection;
    if let Some(name) = entry.get("destinationNamedPort") {
        return is_named(name, connection);
    }
    let Some(inner) = entry.get(protocol.to_lowercase()) else {
        return false;
    };
    match inner.get("destinationPort") {
        None => true,
        Some(wanted) => match wanted.get("range") {
            Some(range) => between(&range["start"], &range["end"], port),
            None => between(&wanted["number"], &wanted["number"], port),
        },
    }
}

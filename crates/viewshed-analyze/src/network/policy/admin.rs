//! `policy.networking.k8s.io`: `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` (`v1alpha1`) and
//! `ClusterNetworkPolicy` (`v1alpha2` and later) of kubernetes-sigs/network-policy-api.

use serde_json::Value;
use viewshed_model::Protocol;

use super::reader::{Object, Reader, any_of, named};
use super::{Action, Order, Policy, Rule, Side};
use crate::network::address::AddressSet;
use crate::network::ports::{PortMatch, every};
use crate::network::vocabulary::{ExprId, Holder, Term};

/// Versions of a kind whose fields are known (kubernetes-sigs/network-policy-api `apis`).
pub(super) fn versions(kind: &str) -> &'static [&'static str] {
    match kind {
        "ClusterNetworkPolicy" => &["v1alpha2", "v1beta1"],
        _ => &["v1alpha1"],
    }
}

const FIELDS: &[&str] = &["tier", "priority", "subject", "ingress", "egress"];
const RULE_FIELDS: &[&str] = &["name", "action", "from", "to", "ports", "protocols"];
/// Peers that a rule may have; `nodes`, `networks` and `domainNames` only in egress.
const PEER_FIELDS: &[&str] = &["namespaces", "pods", "nodes", "networks", "domainNames"];

/// Highest value of `priority`.
const PRIORITY_MAX: u64 = 1000;

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Policy> {
    let Some(spec) = reader.spec() else {
        return reader.opaque();
    };
    let (spec, unsure) = reader.object(&spec, "the specification", FIELDS);
    let subject = subject(reader, spec.get("subject"));
    let subject = reader.and([subject, unsure]);
    let stages = reader.translator.stages;
    let (stage, order) = match reader.policy.kind.as_str() {
        "BaselineAdminNetworkPolicy" => {
            // "The BANP object must be named `default`" (its CRD's validation).
            if reader.policy.meta.name != "default" {
                reader.refuse("it is not named `default`");
            }
            (stages.baseline(), 0.0)
        }
        "AdminNetworkPolicy" => (stages.admin(), priority(reader, &spec)),
        _ => {
            let stage = match spec.text("tier") {
                Some("Baseline") => stages.baseline(),
                Some("Admin") => stages.admin(),
                tier => {
                    let tier = tier.unwrap_or_default();
                    let unsure = reader.unknown(&format!("the tier `{tier}`"));
                    reader.doubt_if(unsure);
                    stages.admin()
                }
            };
            (stage, priority(reader, &spec))
        }
    };
    let ingress = Side {
        isolates: false,
        rules: rules(reader, "ingress", "from", spec.list("ingress")),
    };
    let egress = Side {
        isolates: false,
        rules: rules(reader, "egress", "to", spec.list("egress")),
    };
    vec![reader.policy((stage, Order(order, 0)), subject, (ingress, egress))]
}

fn priority(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> f64 {
    let given = spec.get("priority").and_then(Value::as_u64);
    match given.filter(|priority| *priority <= PRIORITY_MAX) {
        Some(priority) => u32::try_from(priority).map_or(0.0, f64::from),
        None => {
            reader.refuse("its `priority` is not from 0 to 1000");
            0.0
        }
    }
}

/// Exactly one of `namespaces` and `pods`; pods that share a node's network are never meant.
fn subject(reader: &mut Reader<'_, '_>, value: Option<&Value>) -> ExprId {
    let Some(value) = value else {
        reader.refuse("it has no subject");
        return reader.none();
    };
    let (subject, unsure) = reader.object(value, "the subject", &["namespaces", "pods"]);
    let found = match pods(reader, &subject) {
        Some(found) => found,
        None => {
            reader.refuse("its subject says nothing");
            reader.none()
        }
    };
    reader.and([found, unsure])
}

/// `namespaces` or `pods` of a subject or peer.
fn pods(reader: &mut Reader<'_, '_>, object: &Object<'_>) -> Option<ExprId> {
    let pod = reader.term(Term::Pod);
    if let Some(namespaces) = object.get("namespaces") {
        let inside = reader.selector(Some(namespaces), Holder::Namespace);
        return Some(reader.and([pod, inside]));
    }
    let pods = object.get("pods")?;
    let fields = ["namespaceSelector", "podSelector"];
    let (pods, unsure) = reader.object(pods, "a selection of pods", &fields);
    let inside = reader.selector(pods.get("namespaceSelector"), Holder::Namespace);
    let labelled = reader.selector(pods.get("podSelector"), Holder::Pod);
    Some(reader.and([pod, inside, labelled, unsure]))
}

fn rules(
    reader: &mut Reader<'_, '_>,
    list: &'static str,
    peers: &'static str,
    values: &[Value],
) -> Vec<Rule> {
    let mut rules = Vec::with_capacity(values.len());
    for (number, value) in values.iter().enumerate() {
        let (rule, unsure) = reader.object(value, "a rule", RULE_FIELDS);
        let Some(action) = action(reader, rule.text("action").unwrap_or_default()) else {
            continue;
        };
        if rule.list(peers).is_empty() {
            reader.refuse(format!("a rule has no `{peers}`"));
        }
        let mut parts = Vec::new();
        let mut is_understood = true;
        for value in rule.list(peers) {
            match peer(reader, value, action) {
                Some(part) => parts.push(part),
                None => is_understood = false,
            }
        }
        let place = (list, number);
        if !is_understood {
            // "If an implementation sees no fields are set then it can infer that the deployed CRD is
            // of an incompatible version with an unknown field. In that case it should fail closed."
            // Accept then matches nothing; Deny and Pass deny all.
            if action != Action::Allow {
                let all = reader.all();
                let everything = (all, PortMatch::everything());
                rules.push(reader.rule(Action::Deny, everything, place));
            }
            continue;
        }
        let peer = reader.or(parts);
        let mut peer = reader.and([peer, unsure]);
        let ports = ports(reader, &rule);
        if rule.get("ports").is_some() && rule.list("ports").is_empty() {
            // "If Ports is not set then the rule does not filter traffic via port": of a list that is set
            // and empty nothing is said, and implementations differ.
            let unsure = reader.unknown("an empty list of ports");
            peer = reader.and([peer, unsure]);
        }
        rules.push(reader.rule(action, (peer, ports), place));
    }
    rules
}

fn action(reader: &mut Reader<'_, '_>, text: &str) -> Option<Action> {
    let is_cluster = reader.policy.kind == "ClusterNetworkPolicy";
    let is_baseline = reader.policy.kind == "BaselineAdminNetworkPolicy";
    match text {
        "Allow" if !is_cluster => Some(Action::Allow),
        "Accept" if is_cluster => Some(Action::Allow),
        "Deny" => Some(Action::Deny),
        "Pass" if !is_baseline => Some(Action::Pass),
        _ => {
            let unsure = reader.unknown(&format!("the action `{text}`"));
            reader.doubt_if(unsure);
            None
        }
    }
}

/// One peer; `None` when it holds no field that is known.
fn peer(reader: &mut Reader<'_, '_>, value: &Value, action: Action) -> Option<ExprId> {
    let known = value
        .as_object()
        .is_some_and(|map| PEER_FIELDS.iter().any(|field| map.contains_key(*field)));
    if !known {
        // Noted, and failed closed by the caller: nothing is unsure about that.
        reader.unknown("a peer without a known field");
        return None;
    }
    let (peer, unsure) = reader.object(value, "a peer", PEER_FIELDS);
    let found = match pods(reader, &peer) {
        Some(found) => found,
        None if peer.get("nodes").is_some() => {
            let node = reader.term(Term::Node);
            let labelled = reader.selector(peer.get("nodes"), Holder::Node);
            reader.and([node, labelled])
        }
        None if peer.get("networks").is_some() => networks(reader, &peer.texts("networks")),
        None => domain_names(reader, &peer.texts("domainNames"), action),
    };
    Some(reader.and([found, unsure]))
}

/// "Cluster-internal traffic will be checked against the rule as well."
fn networks(reader: &mut Reader<'_, '_>, texts: &[String]) -> ExprId {
    let blocks: Vec<_> = texts.iter().filter_map(|text| reader.block(text)).collect();
    reader.term(Term::Address(AddressSet::new(&blocks, &[])))
}

/// Only in rules that accept; which addresses a name has is not in the estate.
fn domain_names(reader: &mut Reader<'_, '_>, names: &[String], action: Action) -> ExprId {
    if action != Action::Allow {
        reader.refuse("a rule with `domainNames` does not accept");
    }
    let outside = reader.term(Term::Outside);
    let parts: Vec<ExprId> = names
        .iter()
        .map(|name| reader.unsure(&format!("which addresses `{name}` has")))
        .collect();
    let any = reader.or(parts);
    reader.and([outside, any])
}

/// `ports` of `v1alpha1`, `protocols` of later versions; neither means everything.
fn ports(reader: &mut Reader<'_, '_>, rule: &Object<'_>) -> PortMatch {
    if let Some(listed) = rule.get("protocols").and_then(Value::as_array) {
        return any_of(listed.iter().map(|one| protocol(reader, one)).collect());
    }
    match rule.list("ports") {
        [] => PortMatch::everything(),
        _ => any_of(
            rule.list("ports")
                .iter()
                .map(|one| port(reader, one))
                .collect(),
        ),
    }
}

/// `AdminNetworkPolicyPort` of `v1alpha1`.
fn port(reader: &mut Reader<'_, '_>, value: &Value) -> PortMatch {
    let fields = ["portNumber", "portRange", "namedPort"];
    let (entry, unsure) = reader.object(value, "a port", &fields);
    reader.doubt_if(unsure);
    if let Some(name) = entry.text("namedPort") {
        return named(name, None);
    }
    let number =
        |object: &Object<'_>, key: &str| object.get(key).and_then(Value::as_u64).unwrap_or(0);
    if let Some(range) = entry.get("portRange") {
        let (range, unsure) = reader.object(range, "a range", &["protocol", "start", "end"]);
        reader.doubt_if(unsure);
        let Some(protocol) = reader.protocol(range.get("protocol")) else {
            return any_of(Vec::new());
        };
        let (start, end) = (number(&range, "start"), number(&range, "end"));
        return reader.port_range(protocol, start, end);
    }
    let Some(single) = entry.get("portNumber") else {
        reader.refuse("a port says nothing");
        return any_of(Vec::new());
    };
    let (single, unsure) = reader.object(single, "a port", &["protocol", "port"]);
    reader.doubt_if(unsure);
    let Some(protocol) = reader.protocol(single.get("protocol")) else {
        return any_of(Vec::new());
    };
    let port = number(&single, "port");
    reader.port_range(protocol, port, port)
}

/// `ClusterNetworkPolicyProtocol`: an empty inner object is every port of the protocol.
fn protocol(reader: &mut Reader<'_, '_>, value: &Value) -> PortMatch {
    let fields = ["tcp", "udp", "sctp", "destinationNamedPort"];
    let (entry, unsure) = reader.object(value, "a protocol", &fields);
    reader.doubt_if(unsure);
    if let Some(name) = entry.text("destinationNamedPort") {
        return named(name, None);
    }
    let protocols = [
        ("tcp", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("sctp", Protocol::Sctp),
    ];
    let given = protocols
        .into_iter()
        .find_map(|(key, protocol)| Some((protocol, entry.get(key)?)));
    let Some((protocol, inner)) = given else {
        reader.refuse("a protocol says nothing");
        return any_of(Vec::new());
    };
    let (inner, unsure) = reader.object(inner, "a protocol", &["destinationPort"]);
    reader.doubt_if(unsure);
    let Some(port) = inner.get("destinationPort") else {
        return PortMatch::fixed(every(protocol));
    };
    let (port, unsure) = reader.object(port, "a port", &["number", "range"]);
    reader.doubt_if(unsure);
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    match port.get("range") {
        Some(range) => {
            let (start, end) = (number(range.get("start")), number(range.get("end")));
            reader.port_range(protocol, start, end)
        }
        None => {
            let single = number(port.get("number"));
            reader.port_range(protocol, single, single)
        }
    }
}

//! One rule of a Calico policy.

use serde_json::Value;
use viewshed_model::Protocol;

use super::super::Action;
use super::super::reader::{Object, Reader};
use super::entity::entity;
use super::{Conditional, protocol};
use crate::network::address::{AddressSet, Family, whole};
use crate::network::ports::{NamedPort, OTHER, PortMatch, PortSet, every, everything, span};
use crate::network::vocabulary::{ExprId, Term};

const FIELDS: &[&str] = &[
    "action",
    "ipVersion",
    "protocol",
    "notProtocol",
    "icmp",
    "notICMP",
    "source",
    "destination",
    "http",
    "metadata",
];
const ENTITY_FIELDS: &[&str] = &[
    "nets",
    "notNets",
    "selector",
    "notSelector",
    "namespaceSelector",
    "services",
    "serviceAccounts",
    "ports",
    "notPorts",
];

/// ICMP type of an echo request, of either version: what "reaches by ICMP" means here.
const ECHO: [u64; 2] = [8, 128];

pub(super) fn rules(
    reader: &mut Reader<'_, '_>,
    list: &'static str,
    values: &[Value],
) -> Vec<Conditional> {
    let mut rules = Vec::with_capacity(values.len());
    for (number, value) in values.iter().enumerate() {
        read(reader, value, (list, number), &mut rules);
    }
    rules
}

fn read(
    reader: &mut Reader<'_, '_>,
    value: &Value,
    place: (&'static str, usize),
    rules: &mut Vec<Conditional>,
) {
    let (rule, unsure) = reader.object(value, "a rule", FIELDS);
    let action = match rule
        .text("action")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "allow" => Action::Allow,
        "deny" => Action::Deny,
        "pass" => Action::Pass,
        // Goes on with the next rule.
        "log" => return,
        other => {
            let unsure = reader.unknown(&format!("the action `{other}`"));
            reader.doubt_if(unsure);
            return;
        }
    };
    let nothing = Value::Null;
    let side = |key: &str| rule.get(key).unwrap_or(&nothing);
    let (source, unsure_source) = reader.object(side("source"), "a source", ENTITY_FIELDS);
    let (target, unsure_target) =
        reader.object(side("destination"), "a destination", ENTITY_FIELDS);
    let (peer, own) = match place.0 {
        "ingress" => (&source, &target),
        _ => (&target, &source),
    };
    let mut conditions = vec![unsure, unsure_source, unsure_target];
    conditions.push(ip_version(reader, &rule));
    conditions.push(source_ports(reader, &source, action));
    let ports = ports(reader, &rule, &target);
    let all = reader.all();
    let own = Some(entity(reader, own)).filter(|own| *own != all);
    let mut peers = vec![(entity(reader, peer), None)];
    if let Some(services) = peer.get("services") {
        peers = service(reader, services, place.0 == "egress");
    }
    for (peer, service_ports) in peers {
        let peer = reader.and(conditions.iter().copied().chain([peer]));
        let ports = service_ports.unwrap_or_else(|| ports.clone());
        let rule = reader.rule(action, (peer, ports), place);
        rules.push((rule, own));
    }
}

fn ip_version(reader: &mut Reader<'_, '_>, rule: &Object<'_>) -> ExprId {
    let family = match rule.get("ipVersion").and_then(Value::as_u64) {
        None => return reader.all(),
        Some(4) => Family::V4,
        Some(6) => Family::V6,
        Some(other) => {
            reader.refuse(format!("`{other}` is no version of IP"));
            return reader.none();
        }
    };
    reader.term(Term::Address(AddressSet::only(family, whole(family))))
}

/// The client chooses the port that it sends from: it finds one that is allowed, and one that is not
/// denied. Where a rule passes on, either may suit it.
fn source_ports(reader: &mut Reader<'_, '_>, source: &Object<'_>, action: Action) -> ExprId {
    if source.get("ports").is_none() && source.get("notPorts").is_none() {
        return reader.all();
    }
    match action {
        Action::Allow => reader.all(),
        Action::Deny => reader.none(),
        Action::Pass => reader.unsure("the port that the client sends from"),
    }
}

fn ports(reader: &mut Reader<'_, '_>, rule: &Object<'_>, target: &Object<'_>) -> PortMatch {
    let mut fixed = everything();
    let given = rule.get("protocol").map(protocol);
    if let Some(protocol) = given {
        fixed = of_protocol(protocol);
    }
    if let Some(not) = rule.get("notProtocol") {
        fixed = fixed.minus(&of_protocol(protocol(not)));
    }
    if let Some(icmp) = rule.get("icmp")
        && !is_echo(icmp)
    {
        fixed = fixed.minus(&every(Protocol::Icmp));
    }
    if let Some(icmp) = rule.get("notICMP")
        && is_echo(icmp)
    {
        fixed = fixed.minus(&every(Protocol::Icmp));
    }
    let mut found = PortMatch::fixed(fixed.clone());
    let protocol = given.flatten();
    if target.get("ports").is_some() {
        let (numbers, named) = listed(reader, target.list("ports"), protocol);
        found = PortMatch {
            named,
            ..PortMatch::fixed(fixed.intersection(&numbers))
        };
    }
    if target.get("notPorts").is_some() {
        let (numbers, named) = listed(reader, target.list("notPorts"), protocol);
        found.fixed = found.fixed.minus(&numbers);
        // A named port may have one of these numbers.
        found.never = numbers;
        found.never_named = named;
    }
    found
}

fn of_protocol(protocol: Option<Protocol>) -> PortSet {
    protocol.map_or_else(|| PortSet::one(OTHER, OTHER), every)
}

fn is_echo(icmp: &Value) -> bool {
    match icmp.get("type").and_then(Value::as_u64) {
        Some(kind) => ECHO.contains(&kind),
        None => true,
    }
}

/// `numorstring.Port`: numbers, ranges as `1:100`, names.
fn listed(
    reader: &mut Reader<'_, '_>,
    values: &[Value],
    protocol: Option<Protocol>,
) -> (PortSet, Vec<NamedPort>) {
    let Some(protocol) = protocol else {
        reader.refuse("a rule has ports but no protocol with ports");
        return (PortSet::default(), Vec::new());
    };
    let mut numbers = PortSet::default();
    let mut named = Vec::new();
    for value in values {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let range = match text.split_once(':') {
            Some((first, last)) => (first.parse::<u16>(), last.parse::<u16>()),
            None => (text.parse::<u16>(), text.parse::<u16>()),
        };
        match range {
            (Ok(first), Ok(last)) if first <= last => {
                numbers = numbers.union(&span(protocol, first, last));
            }
            _ if text.bytes().any(|byte| byte.is_ascii_alphabetic()) && !text.contains(':') => {
                named.push(NamedPort {
                    name: text,
                    protocol: Some(protocol),
                });
            }
            _ => reader.refuse(format!("`{text}` is no port")),
        }
    }
    (numbers, named)
}

/// `services`: the endpoints of one service; in egress only with their ports.
fn service(
    reader: &mut Reader<'_, '_>,
    value: &Value,
    with_ports: bool,
) -> Vec<(ExprId, Option<PortMatch>)> {
    let (reference, unsure) = reader.object(value, "a service", &["name", "namespace"]);
    reader.doubt_if(unsure);
    let name = reference.text("name").unwrap_or_default();
    let namespace = reference
        .text("namespace")
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| reader.namespace());
    let found = reader.service_endpoints(namespace, name);
    let found = found.into_iter().map(|(peer, ports)| {
        if with_ports {
            (peer, Some(ports))
        } else {
            (peer, None)
        }
    });
    found.collect()
}

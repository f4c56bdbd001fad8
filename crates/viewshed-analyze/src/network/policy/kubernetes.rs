//! `networking.k8s.io/v1` NetworkPolicy (`staging/src/k8s.io/api/networking/v1/types.go`, validation in
//! `pkg/apis/networking/validation`).

use serde_json::Value;

use super::reader::{Reader, any_of, named};
use super::{Action, Order, Policy, Rule, Side};
use crate::network::ports::{PortMatch, every};
use crate::network::vocabulary::{ExprId, Holder, Term};

const FIELDS: &[&str] = &["podSelector", "ingress", "egress", "policyTypes"];

/// Order of standard policies in Calico's tier `default`
/// (projectcalico/calico `libcalico-go/lib/backend/k8s/conversion`); elsewhere it says nothing.
const ORDER: Order = Order(1000.0, 0);

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Policy> {
    let Some(spec) = reader.spec() else {
        return reader.opaque();
    };
    let (spec, unsure) = reader.object(&spec, "the specification", FIELDS);
    let pods = reader.own_pods();
    let selected = reader.selector(spec.get("podSelector"), Holder::Pod);
    let mut subject = reader.and([pods, selected, unsure]);
    if reader.translator.profile.only_owned_pods {
        let owned = reader.term(Term::Owned);
        subject = reader.and([subject, owned]);
    }
    let isolates = reader.isolates(&spec, "policyTypes");
    let ingress = Side {
        isolates: isolates.0,
        rules: if isolates.0 {
            rules(reader, "ingress", "from", spec.list("ingress"))
        } else {
            Vec::new()
        },
    };
    let egress = Side {
        isolates: isolates.1,
        rules: if isolates.1 {
            rules(reader, "egress", "to", spec.list("egress"))
        } else {
            Vec::new()
        },
    };
    let stage = reader.translator.stages.standard();
    vec![reader.policy((stage, ORDER), subject, (ingress, egress))]
}

fn rules(
    reader: &mut Reader<'_, '_>,
    list: &'static str,
    peers: &'static str,
    values: &[Value],
) -> Vec<Rule> {
    let mut rules = Vec::with_capacity(values.len());
    for (number, value) in values.iter().enumerate() {
        let (rule, unsure) = reader.object(value, "a rule", &[peers, "ports"]);
        let peer = match rule.list(peers) {
            // Missing and empty mean everything.
            [] => reader.all(),
            listed => {
                let listed: Vec<ExprId> = listed.iter().map(|one| peer(reader, one)).collect();
                reader.or(listed)
            }
        };
        let peer = reader.and([peer, unsure]);
        let ports = match rule.list("ports") {
            [] => PortMatch::everything(),
            listed => any_of(listed.iter().map(|one| port(reader, one)).collect()),
        };
        rules.push(reader.rule(Action::Allow, (peer, ports), (list, number)));
    }
    rules
}

fn peer(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let fields = ["podSelector", "namespaceSelector", "ipBlock"];
    let (peer, unsure) = reader.object(value, "a peer", &fields);
    let (pods, namespaces) = (peer.get("podSelector"), peer.get("namespaceSelector"));
    let found = match (peer.get("ipBlock"), pods, namespaces) {
        (Some(block), None, None) => ip_block(reader, block),
        (Some(_), ..) => {
            reader.refuse("a peer has both a block and a selector");
            reader.none()
        }
        (None, None, None) => {
            if peer.is_empty() {
                reader.refuse("a peer says nothing");
                return reader.none();
            }
            // Only a field that this version does not know: it may mean anything.
            reader.all()
        }
        (None, pods, namespaces) => selected(reader, pods, namespaces),
    };
    reader.and([found, unsure])
}

fn selected(
    reader: &mut Reader<'_, '_>,
    pods: Option<&Value>,
    namespaces: Option<&Value>,
) -> ExprId {
    let labelled = reader.selector(pods, Holder::Pod);
    let Some(namespaces) = namespaces else {
        let own = reader.own_pods();
        return reader.and([own, labelled]);
    };
    let inside = reader.selector(Some(namespaces), Holder::Namespace);
    let pod = reader.term(Term::Pod);
    let pods = reader.and([pod, inside, labelled]);
    let everything = reader.all();
    if reader.translator.profile.host_network_namespace.is_none() || labelled != everything {
        return pods;
    }
    // Nodes stand in the namespace that the plugin has for them.
    let node = reader.term(Term::Node);
    let nodes = reader.and([node, inside]);
    reader.or([pods, nodes])
}

fn ip_block(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let (block, unsure) = reader.object(value, "a block", &["cidr", "except"]);
    let cidr = block.text("cidr").unwrap_or_default();
    match reader.block_less(cidr, &block.texts("except")) {
        Some(set) => {
            let found = reader.addresses(set);
            reader.and([found, unsure])
        }
        None => reader.none(),
    }
}

/// A port entry: protocol, number or name, end of a range.
fn port(reader: &mut Reader<'_, '_>, value: &Value) -> PortMatch {
    let fields = ["protocol", "port", "endPort"];
    let (entry, unsure) = reader.object(value, "a port", &fields);
    // An unknown field narrows the entry in a way that nobody knows.
    reader.doubt_if(unsure);
    let Some(protocol) = reader.protocol(entry.get("protocol")) else {
        return any_of(Vec::new());
    };
    let end = entry.get("endPort").map(|end| end.as_u64().unwrap_or(0));
    match entry.get("port") {
        None => {
            if end.is_some() {
                reader.refuse("an `endPort` has no `port`");
            }
            PortMatch::fixed(every(protocol))
        }
        Some(Value::String(name)) => {
            if end.is_some() {
                reader.refuse("an `endPort` stands beside a port's name");
            }
            let is_name = name.bytes().any(|byte| byte.is_ascii_lowercase());
            if !is_name {
                reader.refuse(format!("`{name}` is no port's name"));
            }
            named(name, Some(protocol))
        }
        Some(number) => {
            let first = number.as_u64().unwrap_or(0);
            reader.port_range(protocol, first, end.unwrap_or(first))
        }
    }
}

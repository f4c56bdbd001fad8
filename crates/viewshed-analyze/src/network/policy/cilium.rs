//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`, `cilium.io/v2` (cilium/cilium
//! `pkg/policy/api`, `pkg/k8s/apis/cilium.io/utils`, `Documentation/security/policy`).

use serde_json::Value;

mod peer;
mod port;
mod selector;

use super::reader::{Object, Reader};
use super::{Action, Order, Policy, Rule, Side};
use crate::network::cni::Ternary;
use crate::network::ports::PortMatch;
use crate::network::vocabulary::{ExprId, Holder, Term};

const FIELDS: &[&str] = &[
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "ingressDeny",
    "egress",
    "egressDeny",
    "labels",
    "description",
    "enableDefaultDeny",
    "log",
];

/// A matching denial beats every allowance (`Documentation/security/policy/deny.rst`).
const DENIALS: Order = Order(0.0, 0);
const ALLOWANCES: Order = Order(1000.0, 0);

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Policy> {
    match reader.spec() {
        // `specs`: several rules in one object.
        Some(Value::Array(specs)) => specs.iter().flat_map(|spec| one(reader, spec)).collect(),
        Some(spec) => one(reader, &spec),
        None => reader.opaque(),
    }
}

/// One of the four lists of rules.
#[derive(Debug, Clone, Copy)]
struct List {
    name: &'static str,
    action: Action,
    is_ingress: bool,
}

const INGRESS: List = List {
    name: "ingress",
    action: Action::Allow,
    is_ingress: true,
};
const INGRESS_DENY: List = List {
    name: "ingressDeny",
    action: Action::Deny,
    is_ingress: true,
};
const EGRESS: List = List {
    name: "egress",
    action: Action::Allow,
    is_ingress: false,
};
const EGRESS_DENY: List = List {
    name: "egressDeny",
    action: Action::Deny,
    is_ingress: false,
};

fn one(reader: &mut Reader<'_, '_>, spec: &Value) -> Vec<Policy> {
    let (spec, unsure) = reader.object(spec, "the specification", FIELDS);
    let subject = subject(reader, &spec);
    let subject = reader.and([subject, unsure]);
    let mut requirements = (Vec::new(), Vec::new());
    let allowed = (
        rules(reader, &spec, INGRESS, &mut requirements.0),
        rules(reader, &spec, EGRESS, &mut requirements.1),
    );
    let mut denied = (
        rules(reader, &spec, INGRESS_DENY, &mut Vec::new()),
        rules(reader, &spec, EGRESS_DENY, &mut Vec::new()),
    );
    denied.0.append(&mut requirements.0);
    denied.1.append(&mut requirements.1);
    let stage = reader.translator.stages.standard();
    let plain = |rules| Side {
        isolates: false,
        rules,
    };
    let closed = |direction: &str, rules| Side {
        isolates: closes(&spec, direction),
        rules,
    };
    let allowances = (closed("ingress", allowed.0), closed("egress", allowed.1));
    let denials = (plain(denied.0), plain(denied.1));
    vec![
        reader.policy((stage, DENIALS), subject, denials),
        reader.policy((stage, ALLOWANCES), subject, allowances),
    ]
}

/// Whether a direction is denied by default (`Rule.Sanitize`): by `enableDefaultDeny`, else because
/// there is a rule of either kind; an empty list is none.
fn closes(spec: &Object<'_>, direction: &str) -> bool {
    let switch = spec
        .get("enableDefaultDeny")
        .and_then(|switches| switches.get(direction))
        .and_then(Value::as_bool);
    let deny = match direction {
        "ingress" => "ingressDeny",
        _ => "egressDeny",
    };
    switch.unwrap_or_else(|| !spec.list(direction).is_empty() || !spec.list(deny).is_empty())
}

fn subject(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> ExprId {
    let is_clusterwide = reader.policy.kind == "CiliumClusterwideNetworkPolicy";
    match (spec.get("endpointSelector"), spec.get("nodeSelector")) {
        (Some(endpoints), None) => {
            let (pods, selected) = if is_clusterwide {
                let pods = reader.term(Term::Pod);
                (pods, selector::labels(reader, endpoints))
            } else {
                let pods = reader.own_pods();
                (pods, selector::own_labels(reader, endpoints))
            };
            reader.and([pods, selected])
        }
        (None, Some(nodes)) => {
            if !is_clusterwide {
                reader.refuse("`nodeSelector` stands in a namespaced policy");
            }
            let node = reader.term(Term::Node);
            let labelled = reader.selector_with(Some(nodes), |key| {
                (Holder::Node, selector::without_source(key).to_owned())
            });
            let enforced = host_firewall(reader);
            reader.and([node, labelled, enforced])
        }
        _ => {
            reader.refuse("it has not one of `endpointSelector` and `nodeSelector`");
            reader.none()
        }
    }
}

fn host_firewall(reader: &mut Reader<'_, '_>) -> ExprId {
    match reader.translator.profile.cilium_host_firewall {
        Ternary::Yes => reader.all(),
        Ternary::No => reader.none(),
        Ternary::Unknown => reader.unsure("Cilium's setting `enable-host-firewall`"),
    }
}

/// `requirements` takes what `fromRequires` and `toRequires` deny.
fn rules(
    reader: &mut Reader<'_, '_>,
    spec: &Object<'_>,
    list: List,
    requirements: &mut Vec<Rule>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (number, value) in spec.list(list.name).iter().enumerate() {
        let fields = peer::fields(list.is_ingress);
        let (rule, unsure) = reader.object(value, "a rule", fields);
        let place = (list.name, number);
        if let Some(denied) = peer::missing_requirement(reader, &rule, list.is_ingress) {
            let everything = (denied, PortMatch::everything());
            requirements.push(reader.rule(Action::Deny, everything, place));
        }
        let ports = port::ports(reader, &rule);
        let peers = match peer::peers(reader, &rule, list.is_ingress) {
            Some(peers) => peers,
            // Without any peer field the rule means everybody, but only on the ports that it names
            // (`mergeIngress`): an empty rule allows nothing.
            // With a field that is not known it might mean anybody.
            None if ports.is_some() || unsure != reader.all() => reader.all(),
            None => continue,
        };
        let peers = reader.and([peers, unsure]);
        let ports = ports.unwrap_or_else(PortMatch::everything);
        rules.push(reader.rule(list.action, (peers, ports), place));
    }
    rules
}

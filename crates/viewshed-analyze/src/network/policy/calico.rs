//! Calico's NetworkPolicy and `GlobalNetworkPolicy`, `projectcalico.org/v3` and the stored form
//! `crd.projectcalico.org/v1` (projectcalico/calico `api/pkg/apis/projectcalico/v3`).

use serde_json::Value;
use viewshed_model::Protocol;

mod entity;
mod rule;
mod selector;

use super::reader::{Object, Reader};
use super::{Order, Policy, Rule, Side, StageId};
use crate::network::vocabulary::{ExprId, Term};
use entity::{Subject, expression, parsed};

const FIELDS: &[&str] = &[
    "tier",
    "order",
    "selector",
    "namespaceSelector",
    "serviceAccountSelector",
    "types",
    "ingress",
    "egress",
    "doNotTrack",
    "preDNAT",
    "applyOnForward",
    "performanceHints",
];

/// The stored form of a policy puts the tier before the name.
const DEFAULT_TIER: &str = "default";

pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Policy> {
    let Some(spec) = reader.spec() else {
        return reader.opaque();
    };
    let (spec, unsure) = reader.object(&spec, "the specification", FIELDS);
    let stage = stage(reader, &spec);
    // No order is last (`NetworkPolicySpec.Order`).
    let order = spec.get("order").and_then(Value::as_f64);
    let order = Order(order.unwrap_or(f64::INFINITY), 0);
    let subject = subject(reader, &spec);
    let subject = reader.and([subject, unsure]);
    let policy = reader.policy;
    let ingress = if policy.isolates_ingress {
        rule::rules(reader, "ingress", spec.list("ingress"))
    } else {
        Vec::new()
    };
    let egress = if policy.isolates_egress {
        rule::rules(reader, "egress", spec.list("egress"))
    } else {
        Vec::new()
    };
    let isolates = (policy.isolates_ingress, policy.isolates_egress);
    assemble(reader, (stage, order), subject, isolates, (ingress, egress))
}

fn stage(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> StageId {
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool) == Some(true);
    if flag("doNotTrack") {
        return reader.translator.stages.untracked();
    }
    if flag("preDNAT") {
        return reader.translator.stages.pre_dnat();
    }
    let tier = spec.text("tier").unwrap_or(DEFAULT_TIER);
    match reader.translator.stages.tier(tier) {
        Some(stage) => stage,
        None => {
            let unsure = reader.unknown(&format!("the tier `{tier}`, which is not in the estate"));
            reader.doubt_if(unsure);
            reader.translator.stages.standard()
        }
    }
}

/// A namespaced policy applies to pods of its namespace; a global one to pods and to host endpoints,
/// to all of them when it has no selector (`convertGlobalNetworkPolicyV2ToV1Value` in
/// `libcalico-go/lib/backend/syncersv1/updateprocessors`).
fn subject(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> ExprId {
    let text = |key: &str| spec.text(key).filter(|text| !text.is_empty());
    let endpoints = match text("selector").map(|text| parsed(reader, text)) {
        Some(None) => return reader.none(),
        Some(found) => found,
        None => None,
    };
    let mut pods = vec![reader.term(Term::Pod)];
    let mut nodes = vec![reader.term(Term::Protected)];
    let none = reader.none();
    let mut is_limited = false;
    for (key, subject) in [
        ("namespaceSelector", Subject::Namespace),
        ("serviceAccountSelector", Subject::Account),
    ] {
        if let Some(text) = text(key) {
            let Some(selector) = parsed(reader, text) else {
                return none;
            };
            pods.push(expression(reader, &selector, subject));
            // Host endpoints are in no namespace and have no account: whatever is said of labels that are
            // missing holds for them, and `all()` does not.
            is_limited = true;
            if !selector.in_namespaces().matches(&|_| None, true) {
                nodes.push(none);
            }
        }
    }
    if let Some(selector) = &endpoints {
        pods.push(expression(reader, selector, Subject::Endpoint));
        let selector = if is_limited {
            selector.in_namespaces()
        } else {
            selector.clone()
        };
        nodes.push(expression(reader, &selector, Subject::HostEndpoint));
    }
    let own = reader.namespace();
    if !own.is_empty() {
        pods.push(reader.term(Term::Namespace(own.to_owned())));
        nodes.push(none);
    }
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool) == Some(true);
    if flag("doNotTrack") || flag("preDNAT") {
        pods.push(none);
    }
    let pods = reader.and(pods);
    let nodes = reader.and(nodes);
    reader.or([pods, nodes])
}

/// A rule, and what it demands of the end that the policy applies to.
type Conditional = (Rule, Option<ExprId>);

/// One policy; or one per rule where some rule also limits the policy's own end.
fn assemble(
    reader: &mut Reader<'_, '_>,
    (stage, order): (StageId, Order),
    subject: ExprId,
    isolates: (bool, bool),
    (ingress, egress): (Vec<Conditional>, Vec<Conditional>),
) -> Vec<Policy> {
    let is_plain = |rules: &[Conditional]| rules.iter().all(|(_, own)| own.is_none());
    let side = |isolates, rules| Side { isolates, rules };
    if is_plain(&ingress) && is_plain(&egress) {
        let rules = |list: Vec<Conditional>| list.into_iter().map(|(rule, _)| rule).collect();
        let sides = (
            side(isolates.0, rules(ingress)),
            side(isolates.1, rules(egress)),
        );
        return vec![reader.policy((stage, order), subject, sides)];
    }
    let empty = (side(isolates.0, Vec::new()), side(isolates.1, Vec::new()));
    let mut found = vec![reader.policy((stage, order), subject, empty)];
    let longest = ingress.len().max(egress.len());
    let mut ingress = ingress.into_iter().fuse();
    let mut egress = egress.into_iter().fuse();
    for part in 1..=longest {
        let order = Order(order.0, u32::try_from(part).unwrap_or(u32::MAX));
        if let Some((rule, own)) = ingress.next() {
            let subject = reader.and([Some(subject), own].into_iter().flatten());
            let sides = (side(false, vec![rule]), Side::default());
            found.push(reader.policy((stage, order), subject, sides));
        }
        if let Some((rule, own)) = egress.next() {
            let subject = reader.and([Some(subject), own].into_iter().flatten());
            let sides = (Side::default(), side(false, vec![rule]));
            found.push(reader.policy((stage, order), subject, sides));
        }
    }
    found
}

/// Protocols by name or number (`numorstring.Protocol`); `None` is one without ports and not ICMP.
fn protocol(value: &Value) -> Option<Protocol> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(6) => Some(Protocol::Tcp),
            Some(17) => Some(Protocol::Udp),
            Some(132) => Some(Protocol::Sctp),
            Some(1 | 58) => Some(Protocol::Icmp),
            _ => None,
        },
        value => match value.as_str()?.to_ascii_lowercase().as_str() {
            "tcp" => Some(Protocol::Tcp),
            "udp" => Some(Protocol::Udp),
            "sctp" => Some(Protocol::Sctp),
            "icmp" | "icmpv6" => Some(Protocol::Icmp),
            number => match number.parse::<u64>() {
                Ok(number) => protocol(&Value::from(number)),
                Err(_) => None,
            },
        },
    }
}

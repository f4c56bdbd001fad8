//! Calico's NetworkPolicy and `GlobalNetworkPolicy`, `projectcalico.org/v3` and the stored form
//! `crd.projectcalico.org/v1` (projectcalico/calico `api/pkg/apis/projectcalico/v3`).

use std::sync::Arc;

use serde_json::Value;
use viewshed_model::Protocol;

mod entity;
mod rule;
mod selector;

use super::reader::{Object, Reader, UNTOLD};
use super::{Action, Forwarded, Order, Policy, Rule, Side, StageId, Tie};
use crate::network::ports::PortMatch;
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
    // No order is last (`NetworkPolicySpec.Order`).
    let order = spec.get("order").and_then(Value::as_f64);
    let order = Order(order.unwrap_or(f64::INFINITY), 0);
    let known = stage(reader, &spec);
    let place = match known {
        Ok(stage) => (stage, order),
        // It may decide before all others.
        Err(_) => (
            reader.translator.stages.earliest(),
            Order(f64::NEG_INFINITY, 0),
        ),
    };
    let (pods, nodes) = subject(reader, &spec);
    let tier = known.err().unwrap_or_else(|| reader.all());
    let (pods, nodes) = (
        reader.and([pods, unsure, tier]),
        reader.and([nodes, unsure, tier]),
    );
    let subject = Subjects {
        both: reader.or([pods, nodes]),
        forwarding: passes_on(&spec).then_some(nodes),
    };
    let isolates = reader.isolates(&spec, "types");
    let [ingress, egress] =
        [("ingress", isolates.0), ("egress", isolates.1)].map(|(list, is_meant)| {
            if !is_meant {
                return Vec::new();
            }
            let mut rules = rule::rules(reader, list, spec.list(list));
            if known.is_err() {
                // What the end of the tier does, which is not that of the stage it is read in.
                let peer = (reader.all(), PortMatch::everything());
                rules.push((reader.rule(Action::Deny, peer, (UNTOLD, 0)), None));
            }
            rules
        });
    let tie = tie(reader, &spec);
    let mut found = assemble(reader, place, subject, isolates, (ingress, egress));
    for policy in &mut found {
        policy.tie = Some(Arc::clone(&tie));
    }
    found
}

/// Names of the stored form begin with the tier's, those of others need not.
fn tie(reader: &Reader<'_, '_>, spec: &Object<'_>) -> Arc<Tie> {
    let tier = spec.text("tier").unwrap_or(DEFAULT_TIER);
    let name = reader.policy.meta.name.as_str();
    let prefix = format!("{tier}.");
    let late = name.strip_prefix(&prefix).unwrap_or(name).to_owned();
    let early = match reader.namespace() {
        "" => format!("{prefix}{late}"),
        namespace => format!("{namespace}/{prefix}{late}"),
    };
    Arc::new(Tie { early, late })
}

/// Where it stands; what makes it unsure where its tier is not in the estate, whose order nobody knows then.
fn stage(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> Result<StageId, ExprId> {
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool) == Some(true);
    if flag("doNotTrack") {
        return Ok(reader.translator.stages.untracked());
    }
    if flag("preDNAT") {
        return Ok(reader.translator.stages.pre_dnat());
    }
    let tier = spec.text("tier").unwrap_or(DEFAULT_TIER);
    let known = reader.translator.stages.tier(tier);
    known.ok_or_else(|| reader.unknown(&format!("the tier `{tier}`, which is not in the estate")))
}

/// A profile: its rules hold for the host endpoints that list it, after all tiers
/// (`api/pkg/apis/projectcalico/v3/profile.go`).
pub(super) fn profile(reader: &mut Reader<'_, '_>) -> Vec<Policy> {
    let Some(spec) = reader.spec() else {
        return reader.opaque();
    };
    let fields = ["ingress", "egress", "labelsToApply"];
    let (spec, unsure) = reader.object(&spec, "the specification", &fields);
    let listing = reader.term(Term::Profile(reader.policy.meta.name.clone()));
    let subject = Subjects {
        both: reader.and([listing, unsure]),
        forwarding: None,
    };
    let rules = (
        rule::rules(reader, "ingress", spec.list("ingress")),
        rule::rules(reader, "egress", spec.list("egress")),
    );
    let stage = reader.translator.stages.last();
    assemble(
        reader,
        (stage, Order(0.0, 0)),
        subject,
        (false, false),
        rules,
    )
}

/// What a policy applies to.
#[derive(Debug, Clone, Copy)]
struct Subjects {
    /// Pods, and nodes by their host endpoints.
    both: ExprId,
    /// The nodes alone, where the policy also holds for what they pass on.
    forwarding: Option<ExprId>,
}

fn passes_on(spec: &Object<'_>) -> bool {
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool) == Some(true);
    flag("applyOnForward") || flag("preDNAT") || flag("doNotTrack")
}

/// A namespaced policy applies to pods of its namespace; a global one to pods and to host endpoints,
/// to all of them when it has no selector (`convertGlobalNetworkPolicyV2ToV1Value` in
/// `libcalico-go/lib/backend/syncersv1/updateprocessors`). A selector that is none might select any.
fn subject(reader: &mut Reader<'_, '_>, spec: &Object<'_>) -> (ExprId, ExprId) {
    let text = |key: &str| spec.text(key).filter(|text| !text.is_empty());
    let endpoints = text("selector").and_then(|text| parsed(reader, text));
    let mut pods = vec![reader.term(Term::Pod)];
    let mut nodes = vec![reader.term(Term::Protected)];
    let none = reader.none();
    let mut is_limited = false;
    for (key, subject) in [
        ("namespaceSelector", Subject::Namespace),
        ("serviceAccountSelector", Subject::Account),
    ] {
        if let Some(selector) = text(key).and_then(|text| parsed(reader, text)) {
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
    (reader.and(pods), reader.and(nodes))
}

/// A rule, and what it demands of the end that the policy applies to.
type Conditional = (Rule, Option<ExprId>);

/// One policy; or one per rule where some rule also limits the policy's own end.
fn assemble(
    reader: &mut Reader<'_, '_>,
    (stage, order): (StageId, Order),
    subject: Subjects,
    isolates: (bool, bool),
    (ingress, egress): (Vec<Conditional>, Vec<Conditional>),
) -> Vec<Policy> {
    let is_plain = |rules: &[Conditional]| rules.iter().all(|(_, own)| own.is_none());
    let side = |isolates, rules| Side { isolates, rules };
    let anything = reader.all();
    if is_plain(&ingress) && is_plain(&egress) {
        let rules = |list: Vec<Conditional>| list.into_iter().map(|(rule, _)| rule).collect();
        let sides = (
            side(isolates.0, rules(ingress)),
            side(isolates.1, rules(egress)),
        );
        return vec![part(reader, (stage, order), (subject, anything), sides)];
    }
    let empty = (side(isolates.0, Vec::new()), side(isolates.1, Vec::new()));
    let mut found = vec![part(reader, (stage, order), (subject, anything), empty)];
    let longest = ingress.len().max(egress.len());
    let mut ingress = ingress.into_iter().fuse();
    let mut egress = egress.into_iter().fuse();
    for number in 1..=longest {
        let order = Order(order.0, u32::try_from(number).unwrap_or(u32::MAX));
        if let Some((rule, own)) = ingress.next() {
            let sides = (side(false, vec![rule]), Side::default());
            let subject = (subject, own.unwrap_or(anything));
            found.push(part(reader, (stage, order), subject, sides));
        }
        if let Some((rule, own)) = egress.next() {
            let sides = (Side::default(), side(false, vec![rule]));
            let subject = (subject, own.unwrap_or(anything));
            found.push(part(reader, (stage, order), subject, sides));
        }
    }
    found
}

/// A part of a policy whose rules demand `own` of the end that they apply to.
fn part(
    reader: &mut Reader<'_, '_>,
    place: (StageId, Order),
    (subject, own): (Subjects, ExprId),
    sides: (Side, Side),
) -> Policy {
    let both = reader.and([subject.both, own]);
    Policy {
        forwarded: subject.forwarding.map(|nodes| Forwarded { nodes, own }),
        ..reader.policy(place, both, sides)
    }
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

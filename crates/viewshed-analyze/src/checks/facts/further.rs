//! What somebody whom a binding names gets further to: by one grant's rights, and step by step from there.

use std::collections::BTreeMap;

use viewshed_model::{Evidence, Pivot, PivotKind, PolicyRule, Role, Severity, Subject};

use super::{ClusterFacts, HumanGrant};
use crate::pivot::{HeldParts, LazyNetwork, PivotIndex, RoleParts, gives_a_part};
use crate::sight::SightIndex;

/// Steps that are followed: as many as `viewshed scan` follows unless told otherwise.
const STEPS_MAX: u32 = 6;

/// What each binding leads those to whom it names, by namespace (empty for the whole cluster) and name.
pub(in crate::checks) type Led = BTreeMap<(String, String), Pivot>;

/// What the subjects of these grants lead to, under the binding by which their way begins: of each the worst.
pub(in crate::checks) fn led(
    facts: &ClusterFacts<'_>,
    grants: &[(&HumanGrant<'_>, Vec<Subject>)],
) -> Led {
    let mut led = Led::new();
    let mut subjects: Vec<&Subject> = grants
        .iter()
        .filter(|(grant, _)| grant.rules().any(|(_, rule)| leads_on(rule)))
        .flat_map(|(_, subjects)| subjects)
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.is_empty() {
        return led;
    }
    let sight = SightIndex::new(facts.cluster);
    let index = PivotIndex::of(&sight, LazyNetwork::of(facts.cluster, None));
    for subject in subjects {
        for pivot in index.leads_of(subject, STEPS_MAX) {
            let first = pivot.steps.first().and_then(|step| step.evidence.as_ref());
            // What a group gives to a user in it is told of the group.
            let Some(Evidence::Grant {
                binding_namespace,
                binding,
                subject: by,
                ..
            }) = first
            else {
                continue;
            };
            if by.name != subject.name || gravity(&pivot).is_none() {
                continue;
            }
            let key = (
                binding_namespace.clone().unwrap_or_default(),
                binding.clone(),
            );
            match led.get_mut(&key) {
                Some(known) if order(known) <= order(&pivot) => {}
                Some(known) => *known = pivot,
                None => {
                    led.insert(key, pivot);
                }
            }
        }
    }
    led
}

/// The certain before what depends on facts, the more powerful before the less, the short way before the long.
fn order(pivot: &Pivot) -> (std::cmp::Reverse<Severity>, PivotKind, usize) {
    let worth = gravity(pivot).unwrap_or(Severity::Info);
    (std::cmp::Reverse(worth), pivot.kind, pivot.steps.len())
}

/// What it is worth that somebody who may be anybody leads there; `None` for what is told by the rights that
/// lead to it. Where it depends on facts, one lower.
pub(in crate::checks) fn gravity(pivot: &Pivot) -> Option<Severity> {
    let is_certain = pivot.depends_on.is_empty();
    match pivot.kind {
        PivotKind::Administrator | PivotKind::AnyUser if is_certain => Some(Severity::Critical),
        PivotKind::AllSecrets | PivotKind::Host | PivotKind::Node
            if is_certain && pivot.steps.len() == 1 =>
        {
            Some(Severity::Critical)
        }
        PivotKind::Administrator | PivotKind::AnyUser => Some(Severity::High),
        PivotKind::AllSecrets | PivotKind::Host | PivotKind::Node if is_certain => {
            Some(Severity::High)
        }
        PivotKind::AllSecrets | PivotKind::Host | PivotKind::Node => Some(Severity::Medium),
        PivotKind::User | PivotKind::Group | PivotKind::ServiceAccount | PivotKind::Pod => None,
    }
}

/// `leads to everything in 2 steps`.
pub(in crate::checks) fn words(pivot: &Pivot) -> String {
    let goal = format!("{} {}", pivot.kind.words(), pivot.name);
    let steps = super::count(pivot.steps.len(), "step");
    format!("leads to {} in {steps}", goal.trim_end())
}

/// Whether a rule gives a part of a power, or of connections into pods.
pub(in crate::checks) fn leads_on(rule: &PolicyRule) -> bool {
    gives_a_part(rule) || impersonates(rule) || connects(rule)
}

/// The most powerful thing that the rules of a grant let its subjects do beyond reading: `runs commands in pods`.
pub(in crate::checks) fn acts(grant: &HumanGrant<'_>) -> Option<(Act, String)> {
    let role = Role {
        rules: grant.rules().map(|(_, rule)| rule.clone()).collect(),
        ..Role::default()
    };
    let namespace = grant.binding.meta.namespace.as_deref();
    let mut held = HeldParts::default();
    if let Some(parts) = RoleParts::of(&role) {
        held.add(parts, namespace);
    }
    if let Some(effect) = held.effects().first() {
        let effect = effect.strip_prefix("it ").unwrap_or(effect);
        // Where it holds is told beside it.
        let place = namespace.map(|namespace| format!(" in {namespace}"));
        let effect = place
            .and_then(|place| effect.strip_suffix(&place))
            .unwrap_or(effect);
        return Some((Act::Control, effect.to_owned()));
    }
    if role.rules.iter().any(connects) {
        let text = "connects to whatever listens in pods".to_owned();
        return Some((Act::Connect, text));
    }
    let changed = role.rules.iter().flat_map(trusted_things);
    // A RoleBinding gives nothing of what is in no namespace.
    let changed =
        changed.filter(|(group, ..)| namespace.is_none() || !CLUSTER_WIDE.contains(group));
    let mut changed: Vec<&str> = changed.map(|(.., words)| *words).collect();
    changed.sort_unstable();
    changed.dedup();
    let first = changed.first()?;
    let more = match changed.len() {
        1 => String::new(),
        2 => format!(" and {}", changed.last().unwrap_or(first)),
        many => format!(" and {} more kinds", many - 1),
    };
    Some((
        Act::Change,
        format!("changes {first}{more}, which others trust,"),
    ))
}

/// Kinds that change what others do, read or reach, and what each is for people. Those that give rights or run code are
/// powers of their own. Source: kubernetes.io, "RBAC Good Practices" and "Admission Webhook Good Practices";
/// `staging/src/k8s.io/kube-aggregator` (an API service takes over the requests of its group).
const TRUSTED: [Trusted; 13] = [
    ("", "configmaps", "config maps"),
    ("", "secrets", "secrets"),
    ("", "services", "services"),
    ("", "endpoints", "endpoints"),
    ("", "namespaces", "namespaces"),
    ("discovery.k8s.io", "endpointslices", "endpoint slices"),
    ("networking.k8s.io", "ingresses", "ingresses"),
    ("networking.k8s.io", "networkpolicies", "network policies"),
    (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        "admission webhooks",
    ),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        "admission webhooks",
    ),
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "custom resource definitions",
    ),
    ("apiregistration.k8s.io", "apiservices", "API services"),
    ("rbac.authorization.k8s.io", "rolebindings", "role bindings"),
];

/// API group, resource, and the words for people.
type Trusted = (&'static str, &'static str, &'static str);

/// Those groups of them whose kinds are in no namespace.
const CLUSTER_WIDE: [&str; 3] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
];

/// What of these a rule lets change.
fn trusted_things(rule: &PolicyRule) -> impl Iterator<Item = &'static Trusted> {
    const CHANGES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted || one == "*");
    let is_change = CHANGES.iter().any(|verb| has(&rule.verbs, verb));
    TRUSTED.iter().filter(move |(group, resource, _)| {
        is_change && has(&rule.api_groups, group) && has(&rule.resources, resource)
    })
}

/// Whether a rule lets change what others trust.
pub(in crate::checks) fn changes_trusted(rule: &PolicyRule) -> bool {
    trusted_things(rule).next().is_some()
}

/// How much may be done beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Act {
    /// What leads to credentials or to running code.
    Control,
    /// Connections into pods.
    Connect,
    /// Changes of what others trust.
    Change,
}

/// Connections into pods through the API server, past every network policy (kubernetes.io, "Use Port
/// Forwarding to Access Applications in a Cluster").
fn connects(rule: &PolicyRule) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted || one == "*");
    let verbs = has(&rule.verbs, "create") || has(&rule.verbs, "get");
    let resources = ["pods/portforward", "*/portforward"];
    verbs
        && has(&rule.api_groups, "")
        && resources
            .iter()
            .any(|resource| has(&rule.resources, resource))
}

/// Acting as somebody else.
fn impersonates(rule: &PolicyRule) -> bool {
    let mut verbs = rule.verbs.iter();
    verbs.any(|verb| verb == "impersonate" || verb == "*")
}

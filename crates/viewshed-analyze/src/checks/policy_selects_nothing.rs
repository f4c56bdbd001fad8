//! Network policies that apply to no pod, and peers of them that no pod is: what they were meant to close is
//! open, and what they were meant to let in stays out.

use std::collections::BTreeSet;

use viewshed_model::{Confidence, Finding, LabelSelector, Mitigation, NetworkPolicy, Severity};

use super::facts::{ClusterFacts, Place, links, reproduce};
use super::{Check, FEW};
use crate::network::{IdlePeer, PolicyFlaws, is_given_by_controllers};

pub(super) static CHECK: Check = Check {
    name: "policy-selects-nothing",
    title: "a network policy, or a peer of one, selects no pod",
    mitigation: Mitigation::M1030,
    worst: Severity::Low,
    page: include_str!("../../../../docs/checks/policy-selects-nothing.md"),
    findings_max: FEW,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    // Files with policies alone say nothing about pods.
    if facts.runners.is_empty() {
        return Vec::new();
    }
    let namespaces = &facts.cluster.namespaces;
    let known: BTreeSet<&str> = namespaces
        .iter()
        .map(|one| one.meta.name.as_str())
        .collect();
    let inhabited: BTreeSet<&str> = facts.runners.iter().map(|one| one.namespace).collect();
    let policies = facts.cluster.network_policies.iter();
    let mut found: Vec<Finding> = policies
        .filter_map(|policy| {
            let namespace = policy.meta.namespace_or_empty();
            let namespace = if namespace.is_empty() {
                "default"
            } else {
                namespace
            };
            let selector = policy.pod_selector.as_ref()?;
            let is_absent = !known.is_empty() && !known.contains(namespace);
            let mut own = facts
                .runners
                .iter()
                .filter(|one| one.namespace == namespace);
            // Policies do not bind pods in the host's network.
            let selects = asks_for_given_labels(selector)
                || own.any(|one| !one.spec.host.network && selector.matches(one.pod_labels));
            let why = match (is_absent && !inhabited.contains(namespace), selects) {
                (true, _) => format!("the estate has no namespace `{namespace}`"),
                (false, false) => format!("no pod of `{namespace}` has the labels that it selects"),
                (false, true) => return None,
            };
            Some(finding(facts, policy, namespace, why))
        })
        .collect();
    let PolicyFlaws {
        idle, idle_peers, ..
    } = facts.policy_flaws();
    let policies = &facts.cluster.network_policies;
    // The standard kind was judged above, whatever the network plugin enforces.
    let others = idle.iter().filter_map(|number| policies.get(*number));
    let others = others.filter(|policy| policy.pod_selector.is_none());
    found.extend(others.map(|policy| {
        let why = "nothing in the estate is what it selects".to_owned();
        finding(facts, policy, policy.meta.namespace_or_empty(), why)
    }));
    found.extend(idle_peers.iter().filter_map(|peer| {
        let policy = policies.get(peer.policy)?;
        Some(peer_finding(facts, policy, peer))
    }));
    found
}

/// Whether it asks for what controllers give pods: templates have no such labels, and pods come and go.
fn asks_for_given_labels(selector: &LabelSelector) -> bool {
    let expressions = selector.match_expressions.iter();
    let keys = expressions.map(|one| &one.key);
    let mut keys = keys.chain(selector.match_labels.keys());
    keys.any(|key| is_given_by_controllers(key))
}

fn peer_finding(facts: &ClusterFacts<'_>, policy: &NetworkPolicy, peer: &IdlePeer) -> Finding {
    let namespace = policy.meta.namespace_or_empty();
    let rule = &peer.rule;
    let why = format!("a peer of its `{rule}` is a {}", peer.asks);
    let mut finding = Finding {
        severity: Severity::Info,
        ..finding(facts, policy, namespace, why)
    };
    finding.title = format!(
        "A peer in `{rule}` of {} is no pod and no node",
        title_of(policy, namespace)
    );
    "compare the labels that the peer asks for with those of the pods and namespaces that it is meant for; delete it \
     when they are gone"
        .clone_into(&mut finding.fix);
    finding
}

/// Kind, name and namespace, in words.
fn title_of(policy: &NetworkPolicy, namespace: &str) -> String {
    let (kind, name) = (&policy.kind, &policy.meta.name);
    match namespace {
        "" => format!("{kind} `{name}`"),
        namespace => format!("{kind} `{name}` of `{namespace}`"),
    }
}

fn finding(
    facts: &ClusterFacts<'_>,
    policy: &NetworkPolicy,
    namespace: &str,
    why: String,
) -> Finding {
    let name = &policy.meta.name;
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: format!("{} {name}", policy.kind),
        namespace: namespace.to_owned(),
        location: policy.meta.position.as_deref().cloned(),
    };
    // Its pods may be in files that were not read, or not run now.
    let confidence = if facts.cluster.is_live {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    let mut finding = CHECK.finding(place, Severity::Low, confidence);
    let title = title_of(policy, namespace);
    finding.title = format!("{title} selects no pod");
    finding.evidence = links([why]);
    finding.fix = format!(
        "compare the labels that {title} selects with those of the pods that it is meant for, and its namespace with \
         theirs; delete it when they are gone"
    );
    let kind = reproduced_kind(policy);
    let mut words = vec!["kubectl", "describe", kind.as_str()];
    if !namespace.is_empty() {
        words.extend(["-n", namespace]);
    }
    words.push(name);
    finding.reproduce = reproduce(&words);
    finding
}

/// The kind as kubectl tells it from those of other groups.
fn reproduced_kind(policy: &NetworkPolicy) -> String {
    let kind = policy.kind.to_ascii_lowercase();
    match policy.api_group.as_str() {
        "" | "networking.k8s.io" | "extensions" => kind,
        group => format!("{kind}.{group}"),
    }
}

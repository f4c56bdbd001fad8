//! Network policies that isolate no pod: what they were meant to close is open.

use std::collections::BTreeSet;

use viewshed_model::{Confidence, Finding, Mitigation, NetworkPolicy, Severity};

use super::facts::{ClusterFacts, Place, links, reproduce};
use super::{Check, FEW};

pub(super) static CHECK: Check = Check {
    name: "policy-selects-nothing",
    title: "a network policy selects no pod",
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
    policies
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
            let selects = own.any(|one| !one.spec.host.network && selector.matches(one.pod_labels));
            let why = match (is_absent && !inhabited.contains(namespace), selects) {
                (true, _) => format!("the estate has no namespace `{namespace}`"),
                (false, false) => format!("no pod of `{namespace}` has the labels that it selects"),
                (false, true) => return None,
            };
            Some(finding(facts, policy, namespace, why))
        })
        .collect()
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
        object: format!("NetworkPolicy {name}"),
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
    finding.title = format!("NetworkPolicy `{name}` of `{namespace}` selects no pod");
    finding.evidence = links([why]);
    finding.fix = format!(
        "compare the labels under `spec.podSelector` of NetworkPolicy `{namespace}/{name}` with those of the \
         pods that it is meant for, and its namespace with theirs; delete it when they are gone"
    );
    finding.reproduce = reproduce(&[
        "kubectl",
        "describe",
        "networkpolicy",
        "-n",
        namespace,
        name,
    ]);
    finding
}

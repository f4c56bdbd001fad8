//! Namespaces whose pods may open connections to the control plane: nothing isolates their egress.

use std::collections::BTreeMap;

use viewshed_model::{Confidence, Finding, Location, Mitigation, Severity};

use super::Check;
use super::facts::{ClusterFacts, Egress, Place, Runner, count, egress_of, links, list, reproduce};

/// Most clusters have this hole in every namespace: the ten with most to lose are named, the rest counted.
const NAMESPACES_MAX: usize = 10;

pub(super) static CHECK: Check = Check {
    name: "unrestricted-path-to-control-plane",
    title: "no policy stands between the pods and the control plane",
    mitigation: Mitigation::M1030,
    worst: Severity::Medium,
    page: include_str!("../../../../docs/checks/unrestricted-path-to-control-plane.md"),
    findings_max: NAMESPACES_MAX,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let mut by_namespace: BTreeMap<&str, Vec<&Runner<'_>>> = BTreeMap::new();
    for runner in &facts.runners {
        // Policies do not bind pods in the host's network; those are the node's own traffic.
        if !runner.spec.host.network {
            by_namespace
                .entry(runner.namespace)
                .or_default()
                .push(runner);
        }
    }
    let other_kinds = facts
        .cluster
        .network_policies
        .iter()
        .find(|policy| policy.pod_selector.is_none() && policy.meta.namespace.is_none());
    by_namespace
        .into_iter()
        .filter(|(namespace, _)| are_policies_known(facts, namespace))
        .filter_map(|(namespace, runners)| {
            let mut finding = judge_namespace(facts, namespace, &runners)?;
            if let Some(policy) = other_kinds {
                finding.confidence = Confidence::Low;
                finding.severity = Severity::Info;
                finding.evidence.links.extend(
                    links([format!(
                        "{} `{}` covers the whole cluster and is not judged here: it may close this path",
                        policy.kind, policy.meta.name
                    )])
                    .links,
                );
            }
            Some(finding)
        })
        .collect()
}

/// Whether the server gave every policy that may hold in the namespace: of one that it did not give, nobody knows
/// that it is not in the way.
fn are_policies_known(facts: &ClusterFacts<'_>, namespace: &str) -> bool {
    let mut unread = facts.cluster.unread_kinds.iter();
    unread.all(|kind| !kind.is_of_policies() || !kind.is_missing_in(namespace))
}

fn judge_namespace(
    facts: &ClusterFacts<'_>,
    namespace: &str,
    runners: &[&Runner<'_>],
) -> Option<Finding> {
    let judged: Vec<(&Runner<'_>, Egress)> = runners
        .iter()
        .map(|runner| (*runner, egress_of(&facts.by_namespace, runner)))
        .collect();
    if judged.iter().any(|(_, egress)| *egress == Egress::Unknown) {
        return None;
    }
    let open: Vec<&Runner<'_>> = judged
        .iter()
        .filter(|(_, egress)| matches!(egress, Egress::Open | Egress::OpenDespitePolicy(_)))
        .map(|(runner, _)| *runner)
        .collect();
    // What works with the API server has to reach it; a policy there would only name that path.
    if open.iter().all(|runner| facts.uses_api(runner)) {
        return None;
    }
    let exposed: Vec<&str> = open
        .iter()
        .filter(|runner| facts.is_reached_from_outside(runner))
        .map(|runner| runner.name)
        .collect();
    let severity = if exposed.is_empty() {
        Severity::Low
    } else {
        Severity::Medium
    };
    let pods: usize = open.iter().map(|runner| runner.pods.len()).sum();
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: format!("Namespace {namespace}"),
        namespace: namespace.to_owned(),
        location: location(facts, namespace, &open),
    };
    let mut finding = CHECK.finding(place, severity, Confidence::Medium);
    let who = if open.len() == runners.len() {
        format!("every pod of `{namespace}`")
    } else {
        format!(
            "the pods of {} in `{namespace}`",
            count(open.len(), "workload")
        )
    };
    finding.title = format!("{who} may connect to the API server, the kubelets and etcd");
    finding.exposed_count = pods as u64;
    finding.evidence = links(steps(&open, &judged, &exposed));
    finding.fix = format!(
        "add a NetworkPolicy in `{namespace}` with `podSelector: {{}}`, `policyTypes: [Egress]` and rules only \
         for DNS and the services that its pods call; let pods that need the API server reach its address \
         and port alone"
    );
    finding.reproduce = reproduce(&["kubectl", "get", "networkpolicy", "-n", namespace]);
    Some(finding)
}

/// The namespace's own place in a file, else that of the first workload.
fn location(facts: &ClusterFacts<'_>, namespace: &str, open: &[&Runner<'_>]) -> Option<Location> {
    let own = facts
        .cluster
        .namespaces
        .iter()
        .find(|known| known.meta.name == namespace)
        .and_then(|known| known.meta.position.as_deref().cloned());
    own.or_else(|| open.iter().find_map(|runner| runner.location.clone()))
}

fn steps(open: &[&Runner<'_>], judged: &[(&Runner<'_>, Egress)], exposed: &[&str]) -> Vec<String> {
    let names: Vec<&str> = open.iter().map(|runner| runner.name).collect();
    let pods: usize = open.iter().map(|runner| runner.pods.len()).sum();
    let mut steps = vec![match pods {
        0 => format!("no policy isolates the egress of {}", list(&names)),
        _ => format!(
            "no policy isolates the egress of {} ({})",
            list(&names),
            count(pods, "pod")
        ),
    }];
    for (runner, egress) in judged {
        if let Egress::OpenDespitePolicy(policy) = egress {
            steps.push(format!(
                "NetworkPolicy `{policy}` selects `{}`, but its egress rules allow the control plane's ports \
                 to every address",
                runner.name
            ));
        }
    }
    if !exposed.is_empty() {
        steps.push(format!(
            "{} can be reached from outside the cluster, so an intruder's first step may stand here",
            list(exposed)
        ));
    }
    steps
}

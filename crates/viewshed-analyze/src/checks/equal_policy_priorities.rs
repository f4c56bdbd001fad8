//! Cluster-wide policies of one priority that say different things of one pod: which of them counts is undefined.

use viewshed_model::{Confidence, Finding, Mitigation, NetworkPolicy, Severity};

use super::facts::{ClusterFacts, Place, links, list};
use super::{Check, FEW};

pub(super) static CHECK: Check = Check {
    name: "equal-policy-priorities",
    title: "policies of one priority contradict each other",
    mitigation: Mitigation::M1030,
    worst: Severity::Medium,
    page: include_str!("../../../../docs/checks/equal-policy-priorities.md"),
    findings_max: FEW,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let policies = &facts.cluster.network_policies;
    let groups = facts.policy_flaws().tied.iter().filter_map(|group| {
        let group = group.iter().filter_map(|number| policies.get(*number));
        finding(facts, &group.collect::<Vec<&NetworkPolicy>>())
    });
    groups.collect()
}

fn finding(facts: &ClusterFacts<'_>, group: &[&NetworkPolicy]) -> Option<Finding> {
    let first = group.first()?;
    let names: Vec<&str> = group.iter().map(|one| one.meta.name.as_str()).collect();
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: format!("{} {}", first.kind, first.meta.name),
        namespace: String::new(),
        location: first.meta.position.as_deref().cloned(),
    };
    let mut finding = CHECK.finding(place, Severity::Medium, Confidence::High);
    finding.title = format!("{} {} have one priority", first.kind, list(&names));
    finding.evidence = links([
        "they apply to the same pods, and their rules do different things".to_owned(),
        "of policies with one priority it is undefined which is applied first".to_owned(),
    ]);
    "give each of them a priority of its own".clone_into(&mut finding.fix);
    Some(finding)
}

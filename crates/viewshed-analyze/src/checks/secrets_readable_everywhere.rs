//! Human-made grants to read the Secrets of every namespace.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity, SubjectKind};

use super::facts::{Asked, ClusterFacts, Holding, can_i, holdings, links, ways_in, weighed};
use super::{Check, MANY};
use crate::rbac::{Question, ResourceQuestion, rule_allows};

pub(super) static CHECK: Check = Check {
    name: "secrets-readable-everywhere",
    title: "a grant reads the Secrets of every namespace",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/secrets-readable-everywhere.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    holdings(facts, reads_secrets)
        .iter()
        .filter(|holding| holding.is_cluster_wide())
        .map(|holding| judge_holding(facts, holding))
        .collect()
}

/// A list shows values as well as names. Rules with `*` are the wildcard checks' own.
fn reads_secrets(rule: &PolicyRule) -> bool {
    let asks = |verb| {
        Question::Resource(ResourceQuestion {
            verb,
            resource: "secrets",
            ..ResourceQuestion::default()
        })
    };
    let is_wild = |list: &[String]| list.iter().any(|entry| entry == "*");
    !is_wild(&rule.resources)
        && !is_wild(&rule.verbs)
        && ["list", "watch", "get"]
            .into_iter()
            .any(|verb| rule_allows(rule, &asks(verb)))
}

fn judge_holding(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Finding {
    let exposed = ways_to_holders(facts, holding);
    let base = if exposed.is_empty() {
        Severity::Medium
    } else {
        Severity::High
    };
    let severity = weighed(base, holding.holders());
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::High);
    let (reads, whose) = match holding.subjects.len() {
        1 => ("reads", "its"),
        _ => ("read", "their"),
    };
    let from_outside = if exposed.is_empty() {
        String::new()
    } else {
        format!(", and {whose} pods are reached from outside the cluster")
    };
    finding.title = format!(
        "{} {reads} the Secrets of every namespace{from_outside}",
        holding.who()
    );
    holding.describe(facts, &mut finding);
    finding.evidence.links.extend(links(exposed).links);
    finding.fix = format!(
        "in `{}`, name the Secrets that are read with `resourceNames`, or move the rule into a Role with a \
         RoleBinding in each namespace whose Secrets are needed; many controllers have a setting for the \
         namespaces they watch",
        holding.role.meta.name
    );
    if let Some((_, rule)) = holding.rules.first() {
        finding.reproduce = can_i(
            Asked {
                resource: "secrets",
                group: "",
                ..Asked::reading(rule)
            },
            holding,
        );
    }
    finding
}

fn ways_to_holders(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Vec<String> {
    let mut ways = Vec::new();
    for subject in &holding.subjects {
        if let (SubjectKind::ServiceAccount, Some(namespace)) = (&subject.kind, &subject.namespace)
        {
            for runner in facts.runners_as(namespace, &subject.name) {
                ways.extend(ways_in(&facts.by_namespace, runner));
            }
        }
    }
    ways
}

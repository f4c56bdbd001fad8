//! Human-made grants of `nodes/log`, `nodes/pods`, `nodes/metrics` and `nodes/stats`: what kubelets tell of every pod.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity};

use super::facts::{Asked, ClusterFacts, Holding, can_i, holdings, links, weighed};
use super::{Check, MANY};
use crate::rbac::{Question, ResourceQuestion, rule_allows};

pub(super) static CHECK: Check = Check {
    name: "kubelet-readers",
    title: "a grant of parts of nodes lets the kubelets tell of every pod",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/kubelet-readers.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const FIX: &str = "ask for what is read: `nodes/metrics` and `nodes/stats` for scrapers, `nodes/healthz` for probes; let nobody \
     else reach TCP 10250 of the nodes";

/// A part of the kubelet's own API.
struct Part {
    subresource: &'static str,
    severity: Severity,
    /// Completes "may have every kubelet that it reaches ...".
    tells: &'static str,
}

/// What tells most comes first.
const PARTS: [Part; 4] = [
    Part {
        subresource: "log",
        severity: Severity::High,
        tells: "give the logs of its containers",
    },
    Part {
        subresource: "pods",
        severity: Severity::Medium,
        tells: "tell its pods, whole as they are",
    },
    Part {
        subresource: "metrics",
        severity: Severity::Info,
        tells: "name its pods and their containers",
    },
    Part {
        subresource: "stats",
        severity: Severity::Info,
        tells: "name its pods and their containers",
    },
];

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let opens = |rule: &PolicyRule| PARTS.iter().any(|part| allows(rule, part.subresource));
    holdings(facts, opens)
        .iter()
        // Nodes belong to no namespace: a RoleBinding of such a role grants nothing.
        .filter(|holding| holding.is_cluster_wide())
        // The whole proxy is another check's.
        .filter(|holding| !holding.role.rules.iter().any(|rule| allows(rule, "proxy")))
        .filter_map(|holding| {
            let mut parts = PARTS.iter();
            let part = parts.find(|part| {
                let mut rules = holding.rules.iter();
                rules.any(|(_, rule)| allows(rule, part.subresource))
            })?;
            Some(judge_holding(facts, holding, part))
        })
        .collect()
}

/// Rules with `*` are the wildcard checks' own.
fn allows(rule: &PolicyRule, subresource: &str) -> bool {
    let asked = Question::Resource(ResourceQuestion {
        verb: "get",
        resource: "nodes",
        subresource,
        name: rule.resource_names.first().map_or("", String::as_str),
        ..ResourceQuestion::default()
    });
    !rule.resources.iter().any(|resource| resource == "*") && rule_allows(rule, &asked)
}

fn judge_holding(facts: &ClusterFacts<'_>, holding: &Holding<'_>, part: &Part) -> Finding {
    let severity = weighed(part.severity, holding.holders());
    // Whether the kubelets are reached from where it is used is not looked at.
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::Medium);
    finding.title = format!(
        "{} may have every kubelet that it reaches {}",
        holding.who(),
        part.tells
    );
    holding.describe(facts, &mut finding);
    finding.exposed_count = facts.cluster.pods.len() as u64;
    let reason = "the kubelet itself answers, on TCP 10250 of each node, for all namespaces; who reaches it: \
         `viewshed reach`, and `viewshed see --pod` for one pod";
    finding
        .evidence
        .links
        .extend(links([reason.to_owned()]).links);
    finding.fix = FIX.into();
    let resource = format!("nodes/{}", part.subresource);
    finding.reproduce = can_i(
        Asked {
            verb: "get",
            resource: &resource,
            ..Asked::default()
        },
        holding,
    );
    finding
}

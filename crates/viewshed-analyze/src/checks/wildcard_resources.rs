//! Human-made grants on every resource of a group, or on every path.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity};

use super::facts::{
    Asked, Breadth, ClusterFacts, Holding, breadth, can_i, holdings, only_reads, reads, weighed,
};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "wildcard-resources",
    title: "a grant covers every resource of a group, or every path",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/wildcard-resources.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    holdings(facts, covers_every_resource)
        .iter()
        .filter(|holding| !holding.role.rules.iter().any(is_full_control))
        .map(|holding| judge_holding(facts, holding))
        .collect()
}

/// Rules that also allow every verb are one finding, of `wildcard-verbs`.
fn covers_every_resource(rule: &PolicyRule) -> bool {
    let every_resource = rule.resources.iter().any(|resource| resource == "*");
    let every_verb = rule.verbs.iter().any(|verb| verb == "*");
    (every_resource && !every_verb) || (covers_every_path(rule) && reads(rule))
}

fn covers_every_path(rule: &PolicyRule) -> bool {
    rule.non_resource_urls
        .iter()
        .any(|url| matches!(url.as_str(), "*" | "/*"))
}

/// A role that already allows everything is reported once.
fn is_full_control(rule: &PolicyRule) -> bool {
    breadth(rule) == Breadth::Everything && rule.verbs.iter().any(|verb| verb == "*")
}

fn judge_holding(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Finding {
    let worst = holding
        .rules
        .iter()
        .map(|(_, rule)| worth(rule, holding.is_cluster_wide()))
        .max();
    let (base, what) = worst.unwrap_or((Severity::Info, ""));
    let severity = weighed(base, holding.holders());
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::High);
    finding.title = format!("{} may {what} {}", holding.who(), holding.scope_text());
    holding.describe(facts, &mut finding);
    finding.fix = format!(
        "in `{}`, list the resources in use instead of `\"*\"`, and leave out `secrets` unless it is needed; \
         the star also grants subresources such as `pods/exec`, and every resource to come",
        holding.role.meta.name
    );
    if let Some((_, rule)) = holding.rules.first() {
        finding.reproduce = can_i(example(rule), holding);
    }
    finding
}

/// A path that exists stands for every path.
fn example(rule: &PolicyRule) -> Asked<'_> {
    let asked = Asked::reading(rule);
    if rule.resources.is_empty() {
        return Asked {
            resource: "/metrics",
            ..asked
        };
    }
    Asked {
        resource: "*",
        ..asked
    }
}

/// What a rule is worth, and what its holder may do.
fn worth(rule: &PolicyRule, cluster_wide: bool) -> (Severity, &'static str) {
    if rule.resources.is_empty() {
        let what = "read every path of the API server, such as `/metrics` and `/logs`,";
        return (Severity::Low, what);
    }
    let reads_only = only_reads(rule);
    let shows_secrets = rule
        .api_groups
        .iter()
        .any(|group| group.is_empty() || group == "*");
    let (wide, narrow, what) = match breadth(rule) {
        Breadth::Everything if !reads_only => (
            Severity::Critical,
            Severity::High,
            "change objects of every kind",
        ),
        Breadth::Everything => (
            Severity::High,
            Severity::Medium,
            "read objects of every kind, secrets included,",
        ),
        Breadth::Control if !reads_only => (
            Severity::High,
            Severity::Medium,
            "change kinds that hold credentials or run code",
        ),
        Breadth::Control if shows_secrets => (
            Severity::High,
            Severity::Medium,
            "read every kind of the core group, secrets included,",
        ),
        Breadth::Control | Breadth::BuiltIn => (
            Severity::Low,
            Severity::Info,
            "use every kind of a built-in group",
        ),
        Breadth::Extensions => (
            Severity::Info,
            Severity::Info,
            "use every kind of an extension's group",
        ),
    };
    (if cluster_wide { wide } else { narrow }, what)
}

//! Human-made grants on every resource of a group, or on every path.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity};

use super::facts::{
    Asked, Breadth, ClusterFacts, Holding, breadth, can_i, holdings, reads, weighed,
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
    finding.fix = fix(holding);
    if let Some((_, rule)) = holding.rules.first() {
        finding.reproduce = can_i(example(rule), holding);
    }
    finding
}

fn fix(holding: &Holding<'_>) -> String {
    let mut parts = Vec::new();
    let mut rules = holding.rules.iter().map(|(_, rule)| *rule);
    if rules.clone().any(|rule| !rule.resources.is_empty()) {
        parts.push(
            "list the resources in use instead of `\"*\"`, and leave out `secrets` unless it is needed; the star also \
             grants subresources such as `pods/exec`, and every resource to come",
        );
    }
    if rules.any(covers_every_path) {
        parts.push(
            "list the paths in use, such as `/healthz` or `/metrics`, instead of `\"*\"`; the star also grants `/logs`, \
             `/debug/pprof`, and every path to come",
        );
    }
    format!("in `{}`, {}", holding.role.meta.name, parts.join("; and "))
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

/// Whether the rule writes objects, or makes some.
fn changes(rule: &PolicyRule) -> bool {
    let mut verbs = rule.verbs.iter();
    verbs.any(|verb| {
        matches!(
            verb.as_str(),
            "create" | "update" | "patch" | "delete" | "deletecollection" | "*"
        )
    })
}

/// Rules that neither show nor change an object: `impersonate` makes somebody else of the holder; `bind`,
/// `escalate`, `approve` and the like count only together with a right to write.
fn without_objects(rule: &PolicyRule, cluster_wide: bool) -> (Severity, &'static str) {
    let is_impersonation = rule.verbs.iter().any(|verb| verb == "impersonate");
    match (
        is_impersonation && breadth(rule) >= Breadth::Control,
        cluster_wide,
    ) {
        (true, true) => (Severity::High, "act as others"),
        (true, false) => (Severity::Medium, "act as service accounts"),
        (false, _) => (
            Severity::Info,
            "use every kind of a group, but see and change none,",
        ),
    }
}

/// What a rule is worth, and what its holder may do.
fn worth(rule: &PolicyRule, cluster_wide: bool) -> (Severity, &'static str) {
    if rule.resources.is_empty() {
        let what = "read every path of the API server, such as `/metrics` and `/logs`,";
        return (Severity::Low, what);
    }
    if !rule.resource_names.is_empty() {
        return if changes(rule) {
            (
                Severity::Low,
                "change objects of any kind of a group by certain names",
            )
        } else {
            (
                Severity::Info,
                "use objects of any kind of a group by certain names",
            )
        };
    }
    if !changes(rule) && !reads(rule) {
        return without_objects(rule, cluster_wide);
    }
    let reads_only = !changes(rule);
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

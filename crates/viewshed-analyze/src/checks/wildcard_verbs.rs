//! Human-made grants of every verb.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity};

use super::facts::{Asked, Breadth, ClusterFacts, Holding, breadth, can_i, holdings, weighed};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "wildcard-verbs",
    title: "a grant allows every verb",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/wildcard-verbs.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    holdings(facts, allows_every_verb)
        .iter()
        .map(|holding| judge_holding(facts, holding))
        .collect()
}

/// Paths alone are judged by `wildcard-resources`: they have no verbs that lead further. Neither have
/// the kubelet's parts, `nodes/proxy` and its kind: `nodes-proxy-holders` judges them.
fn allows_every_verb(rule: &PolicyRule) -> bool {
    let is_kubelet = rule
        .resources
        .iter()
        .all(|resource| resource.starts_with("nodes/"));
    rule.verbs.iter().any(|verb| verb == "*") && !is_kubelet
}

fn judge_holding(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Finding {
    let reach = holding
        .rules
        .iter()
        .map(|(_, rule)| breadth(rule))
        .max()
        .unwrap_or(Breadth::Extensions);
    let base = match (reach, holding.is_cluster_wide()) {
        (Breadth::Everything, true) => Severity::Critical,
        (Breadth::Everything, false) | (Breadth::Control, true) => Severity::High,
        (Breadth::Control, false) | (Breadth::BuiltIn, true) => Severity::Medium,
        (Breadth::BuiltIn, false) => Severity::Low,
        (Breadth::Extensions, _) => Severity::Info,
    };
    let severity = weighed(base, holding.holders());
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::High);
    let what = match reach {
        Breadth::Everything => "do everything",
        Breadth::Control => "use every verb on kinds that hold credentials or run code",
        Breadth::BuiltIn => "use every verb on some built-in kinds",
        Breadth::Extensions => "use every verb on kinds of extensions",
    };
    finding.title = format!("{} may {what} {}", holding.who(), holding.scope_text());
    holding.describe(facts, &mut finding);
    finding.fix = fix(holding);
    if let Some((_, rule)) = holding.rules.first() {
        finding.reproduce = can_i(Asked::of(rule), holding);
    }
    finding
}

fn fix(holding: &Holding<'_>) -> String {
    let role = &holding.role.meta.name;
    match holding.grants.first() {
        Some(grant) if !grant.has_human_role => format!(
            "delete {} `{}` and bind a role that lists the verbs and resources in use; `{role}` is for \
             emergencies, through a group that grants it for a limited time",
            grant.kind(),
            grant.binding.meta.name
        ),
        _ => format!(
            "in `{role}`, replace `verbs: [\"*\"]` by the verbs in use (reading is `[get, list, watch]`): \
             the star also grants `deletecollection`, `escalate`, `bind`, `impersonate` and every verb to come"
        ),
    }
}

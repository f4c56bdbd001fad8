//! Grants to everybody: to requests without credentials, or to every credential there is.

use viewshed_model::{Confidence, Finding, PolicyRule, Severity, Subject};

use super::{Asked, Breadth, ClusterFacts, HumanGrant, Scope, breadth, can_i_as, reads, rule_text};
use crate::checks::Check;

/// Roles that the server grants to every authenticated caller anyway (Kubernetes 1.14 and later,
/// `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
const GRANTED_TO_ALL_ANYWAY: [&str; 3] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
];

/// Public keys of the token issuer, which federated clouds have to read; they show nothing of the estate.
const ISSUER_DISCOVERY: &str = "system:service-account-issuer-discovery";

/// Who everybody is, for one check.
#[derive(Debug, Clone, Copy)]
pub(in crate::checks) struct Everybody {
    /// Whether a subject is one of them.
    pub(in crate::checks) includes: fn(&Subject) -> bool,
    /// `everybody without a credential`.
    pub(in crate::checks) words: &'static str,
    /// Whether a credential is asked for at all.
    pub(in crate::checks) is_anonymous: bool,
}

/// One finding for each human-made binding that lets everybody read something.
pub(in crate::checks) fn everybody_findings(
    check: &Check,
    facts: &ClusterFacts<'_>,
    everybody: Everybody,
) -> Vec<Finding> {
    facts
        .access
        .human_grants
        .iter()
        .filter_map(|grant| judge(check, facts, everybody, grant))
        .collect()
}

fn judge(
    check: &Check,
    facts: &ClusterFacts<'_>,
    everybody: Everybody,
    grant: &HumanGrant<'_>,
) -> Option<Finding> {
    let subjects: Vec<Subject> = grant
        .subjects
        .iter()
        .filter(|subject| (everybody.includes)(subject))
        .cloned()
        .collect();
    let first = subjects.first()?;
    let role_name = grant.binding.role.name.as_str();
    let is_default = !everybody.is_anonymous && GRANTED_TO_ALL_ANYWAY.contains(&role_name);
    if !grant.has_human_role && (is_default || role_name == ISSUER_DISCOVERY) {
        return None;
    }
    let shown: Vec<(usize, &PolicyRule)> = grant
        .rules()
        .filter(|(_, rule)| reads(rule))
        .filter(|(_, rule)| !rule.resources.is_empty() || grant.is_cluster_wide())
        .collect();
    let (severity, what) = shown
        .iter()
        .map(|(_, rule)| worth(rule, grant.is_cluster_wide()))
        .max()?;
    let severity = if everybody.is_anonymous {
        severity
    } else {
        one_lower(severity)
    };
    let place = grant.place(facts.cluster.name.clone());
    let mut finding = check.finding(place, severity, Confidence::High);
    let scope = grant.binding.meta.namespace.as_deref();
    let scope_words = match scope {
        None => "in the whole cluster".to_owned(),
        Some(namespace) => format!("in `{namespace}`"),
    };
    finding.title = format!("{} can {what} {scope_words}", everybody.words);
    finding.exposed_count = facts.objects.shown_by(
        shown.iter().map(|(_, rule)| *rule),
        scope.map_or(Scope::Cluster, Scope::Namespace),
    );
    let first_rule = shown.first().map_or(0, |(position, _)| *position);
    finding
        .evidence
        .links
        .push(grant.link(first_rule, &subjects));
    let texts = shown
        .iter()
        .map(|(position, rule)| format!("its rule {} allows {}", position + 1, rule_text(rule)));
    finding.evidence.links.extend(super::links(texts).links);
    if finding.exposed_count > 0 {
        let text = format!(
            "of what exists now, that shows {} objects {scope_words}",
            finding.exposed_count
        );
        finding.evidence.links.extend(super::links([text]).links);
    }
    finding.fix = format!(
        "remove {first} from {} `{}`, and bind the role to the users or service accounts that need it",
        grant.kind(),
        grant.binding.meta.name
    );
    if let Some((_, rule)) = shown.first() {
        let asked = Asked {
            namespace: scope,
            ..Asked::reading(rule)
        };
        finding.reproduce = can_i_as(asked, Some(first));
    }
    finding.subjects = subjects;
    Some(finding)
}

/// What a rule shows when nobody is kept from it.
fn worth(rule: &PolicyRule, cluster_wide: bool) -> (Severity, &'static str) {
    if rule.resources.is_empty() {
        return (Severity::Medium, "read paths of the API server");
    }
    if !rule.resource_names.is_empty() {
        return (Severity::Low, "read certain objects by name");
    }
    let (wide, narrow, what) = match breadth(rule) {
        Breadth::Everything => (
            Severity::Critical,
            Severity::High,
            "read every kind of object",
        ),
        Breadth::Control => (Severity::Critical, Severity::High, "discover what runs"),
        Breadth::BuiltIn => (
            Severity::High,
            Severity::Medium,
            "read built-in kinds of objects",
        ),
        Breadth::Extensions => (Severity::Medium, Severity::Low, "read kinds of extensions"),
    };
    (if cluster_wide { wide } else { narrow }, what)
}

fn one_lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

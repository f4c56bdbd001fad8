//! ClusterRoleBindings where a RoleBinding in one namespace would do.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity, Subject, SubjectKind};

use super::facts::{
    Asked, ClusterFacts, HumanGrant, Scope, can_i_as, has_flag, is_cluster_scoped, is_everyone,
    links, reads, rule_text,
};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "cluster-wide-binding",
    title: "a ClusterRoleBinding reaches every namespace for a subject that belongs to one",
    mitigation: Mitigation::M1018,
    worst: Severity::High,
    page: include_str!("../../../../docs/checks/cluster-wide-binding.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

/// The server's general roles, which are made to be bound in one namespace.
const ROLES_FOR_NAMESPACES: [&str; 3] = ["admin", "edit", "view"];

/// Flags by which controllers are told to work in some namespaces only.
const NAMESPACE_FLAGS: [&str; 6] = [
    "watch-namespace",
    "watch-namespaces",
    "namespaces",
    "watched-namespaces",
    "namespace-restriction",
    "limit-namespaces",
];

/// Why one namespace would do, from the surest reason to the weakest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// The program is told to watch some namespaces only.
    Flag(String),
    /// One of the server's general roles.
    GeneralRole,
    /// All service accounts of one namespace.
    NamespaceGroup,
    /// Nothing that the account is granted belongs to the cluster as a whole.
    NothingClusterScoped,
}

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    facts
        .access
        .human_grants
        .iter()
        .filter(|grant| grant.is_cluster_wide())
        .filter_map(|grant| judge_grant(facts, grant))
        .collect()
}

fn judge_grant(facts: &ClusterFacts<'_>, grant: &HumanGrant<'_>) -> Option<Finding> {
    let rules: Vec<(usize, &PolicyRule)> = grant
        .rules()
        .filter(|(_, rule)| reads(rule) && reaches_namespaces(facts, rule))
        .collect();
    let is_wild = |rule: &PolicyRule| rule.resources.iter().any(|resource| resource == "*");
    // Roles with `*` are the wildcard checks' own: first they need a list of what is used.
    if rules.is_empty() || grant.role.rules.iter().any(is_wild) {
        return None;
    }
    let mut judged: Vec<(Reason, Subject)> = grant
        .subjects
        .iter()
        .filter(|subject| !is_everyone(subject))
        .filter_map(|subject| Some((reason(facts, grant, subject)?, subject.clone())))
        .collect();
    // Those whose home is known first: they tell what the binding should be.
    judged.sort_by_key(|(reason, subject)| {
        (reason.clone(), home_of(subject).is_none(), subject.clone())
    });
    let (reason, first) = judged.first()?;
    let place = grant.place(facts.cluster.name.clone());
    let (severity, confidence) = weigh(&rules, reason, first);
    let mut finding = CHECK.finding(place, severity, confidence);
    finding.exposed_count = facts
        .objects
        .shown_by(rules.iter().map(|(_, rule)| *rule), Scope::Cluster);
    let namespace = home_of(first);
    let reach = match &namespace {
        Some(namespace) => format!("reads beyond `{namespace}`, in every namespace"),
        None => "reads in every namespace".to_owned(),
    };
    finding.title = format!("{first} {reach}, through {}", grant.object());
    let subjects: Vec<Subject> = judged.iter().map(|(_, subject)| subject.clone()).collect();
    let first_rule = rules.first().map_or(0, |(position, _)| *position);
    finding
        .evidence
        .links
        .push(grant.link(first_rule, &subjects));
    let mut steps: Vec<String> = rules
        .iter()
        .map(|(position, rule)| format!("its rule {} allows {}", position + 1, rule_text(rule)))
        .collect();
    steps.push(words(reason));
    if finding.exposed_count > 0 {
        steps.push(format!(
            "of what exists now, that shows {} objects",
            finding.exposed_count
        ));
    }
    finding.evidence.links.extend(links(steps).links);
    finding.fix = format!(
        "replace the ClusterRoleBinding by a RoleBinding with the same `roleRef` and subjects in {}; add one \
         per further namespace that is really read",
        namespace.as_ref().map_or(
            "each namespace that they work in".to_owned(),
            |namespace| format!("`{namespace}`")
        )
    );
    if let Some((_, rule)) = rules.first() {
        finding.reproduce = can_i_as(Asked::reading(rule), Some(first));
    }
    finding.subjects = subjects;
    Some(finding)
}

fn reason(facts: &ClusterFacts<'_>, grant: &HumanGrant<'_>, subject: &Subject) -> Option<Reason> {
    if let Some(flag) = namespace_flag(facts, subject) {
        return Some(Reason::Flag(flag));
    }
    if !grant.has_human_role && ROLES_FOR_NAMESPACES.contains(&grant.role.meta.name.as_str()) {
        return Some(Reason::GeneralRole);
    }
    if home_of(subject).is_some() && subject.kind == SubjectKind::Group {
        return Some(Reason::NamespaceGroup);
    }
    // People's work is not in the estate; programs show by their other grants what they are for.
    let (SubjectKind::ServiceAccount, Some(namespace)) = (&subject.kind, &subject.namespace) else {
        return None;
    };
    let session = facts.access.service_account(namespace, &subject.name);
    let works_on_cluster = session
        .cluster_grants()
        .filter(|other| !is_everyone(other.subject))
        .filter_map(|other| other.role)
        .flat_map(|role| &role.rules)
        .any(|rule| reaches_cluster(facts, rule));
    // Readers of every Secret are reported for that, with more certainty than this reason has.
    let reads_secrets = grant
        .rules()
        .any(|(_, rule)| reads_core(rule, &["secrets"]));
    (!works_on_cluster && !reads_secrets).then_some(Reason::NothingClusterScoped)
}

fn namespace_flag(facts: &ClusterFacts<'_>, subject: &Subject) -> Option<String> {
    let namespace = subject.namespace.as_deref()?;
    let runners = facts.runners_as(namespace, &subject.name);
    let containers = runners.iter().flat_map(|runner| &runner.spec.containers);
    containers
        .flat_map(|container| {
            NAMESPACE_FLAGS
                .iter()
                .filter(|flag| has_flag(container, flag))
                .map(|flag| format!("container `{}` is started with `--{flag}`", container.name))
        })
        .next()
}

/// The one namespace that a subject belongs to.
fn home_of(subject: &Subject) -> Option<String> {
    match subject.kind {
        SubjectKind::ServiceAccount => subject.namespace.clone(),
        SubjectKind::Group => subject
            .name
            .strip_prefix("system:serviceaccounts:")
            .map(str::to_owned),
        SubjectKind::User | SubjectKind::Other(_) => None,
    }
}

/// Whether the rule reads objects that live in namespaces, of any name.
fn reaches_namespaces(facts: &ClusterFacts<'_>, rule: &PolicyRule) -> bool {
    rule.resource_names.is_empty()
        && rule.resources.iter().any(|resource| {
            !rule
                .api_groups
                .iter()
                .all(|group| is_cluster_scoped(facts.cluster, group, resource))
        })
}

/// Whether the rule is for objects that belong to no namespace, or for paths.
fn reaches_cluster(facts: &ClusterFacts<'_>, rule: &PolicyRule) -> bool {
    let reads_paths = !rule.non_resource_urls.is_empty();
    reads_paths
        || reads(rule)
            && rule.resources.iter().any(|resource| {
                resource == "*"
                    || rule
                        .api_groups
                        .iter()
                        .any(|group| is_cluster_scoped(facts.cluster, group, resource))
            })
}

fn weigh(
    rules: &[(usize, &PolicyRule)],
    reason: &Reason,
    subject: &Subject,
) -> (Severity, Confidence) {
    let reads_any = |resources: &[&str]| rules.iter().any(|(_, rule)| reads_core(rule, resources));
    let severity = if reads_any(&["secrets"]) {
        Severity::High
    } else if reads_any(&["pods", "pods/log", "services", "configmaps"]) {
        Severity::Medium
    } else {
        Severity::Low
    };
    let confidence = match reason {
        Reason::Flag(_) => Confidence::High,
        Reason::GeneralRole | Reason::NamespaceGroup => Confidence::Medium,
        Reason::NothingClusterScoped => Confidence::Low,
    };
    // Whether people work in one namespace only is not in the estate.
    if home_of(subject).is_none() {
        return (severity.min(Severity::Low), Confidence::Low);
    }
    (severity, confidence)
}

/// Whether the rule reads one of these resources of the core group.
fn reads_core(rule: &PolicyRule, resources: &[&str]) -> bool {
    let is_core = rule
        .api_groups
        .iter()
        .any(|group| group.is_empty() || group == "*");
    is_core
        && reads(rule)
        && rule
            .resources
            .iter()
            .any(|resource| resources.contains(&resource.as_str()))
}

fn words(reason: &Reason) -> String {
    match reason {
        Reason::Flag(flag) => format!("{flag}: it works in some namespaces only"),
        Reason::GeneralRole => {
            "the role is one of the server's general ones, made to be bound in a namespace".to_owned()
        }
        Reason::NamespaceGroup => "the group is every service account of one namespace".to_owned(),
        Reason::NothingClusterScoped => {
            "nothing that the account is granted belongs to the cluster as a whole, so RoleBindings could \
             grant all of it; assumed: it does not have to follow namespaces that are made later"
                .to_owned()
        }
    }
}

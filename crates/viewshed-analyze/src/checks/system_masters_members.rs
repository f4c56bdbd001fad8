//! Who is, or can become, a member of `system:masters`, whom no authorizer is asked about.

use viewshed_model::{
    Confidence, Finding, Identity, Mitigation, PolicyRule, Severity, Subject, SubjectKind,
};

use super::facts::{Asked, ClusterFacts, Holding, HumanGrant, can_i, holdings, weighed};
use super::{Check, MANY};
use crate::rbac::{AccessIndex, Question, ResourceQuestion, rule_allows};
use crate::see::takes_a_name;

const GROUP: &str = "system:masters";

pub(super) static CHECK: Check = Check {
    name: "system-masters-members",
    title: "somebody acts as a member of `system:masters`, or can become one",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/system-masters-members.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let named = facts
        .access
        .human_grants
        .iter()
        .filter_map(|grant| judge_named(facts, grant));
    let mut impersonators = holdings(facts, allows_becoming_member);
    // Groups belong to no namespace: a RoleBinding of such a role grants nothing.
    impersonators.retain(Holding::is_cluster_wide);
    if !impersonators.is_empty() {
        keep_who_takes_a_name(facts, &mut impersonators);
    }
    let impersonating = impersonators
        .iter()
        .map(|holding| judge_impersonator(facts, holding));
    named.chain(impersonating).collect()
}

/// A group is only taken on together with the name of somebody whom one may impersonate too.
fn keep_who_takes_a_name(facts: &ClusterFacts<'_>, impersonators: &mut Vec<Holding<'_>>) {
    let index = AccessIndex::new(facts.cluster);
    let takes = |subject: &Subject| {
        let identity = match (subject.kind.clone(), subject.namespace.as_deref()) {
            (SubjectKind::ServiceAccount, Some(namespace)) => {
                Identity::service_account(namespace, &subject.name)
            }
            (SubjectKind::Group, _) => Identity::exactly("", [subject.name.as_str()]),
            _ => Identity::user(&subject.name, []),
        };
        takes_a_name(&index, &identity)
    };
    for holding in impersonators.iter_mut() {
        holding.subjects.retain(takes);
        for grant in &mut holding.grants {
            grant.subjects.retain(takes);
        }
        holding.grants.retain(|grant| !grant.subjects.is_empty());
    }
    impersonators.retain(|holding| !holding.subjects.is_empty());
}

/// A binding for the group gives it nothing that it lacks; it tells that people work with such credentials.
fn judge_named(facts: &ClusterFacts<'_>, grant: &HumanGrant<'_>) -> Option<Finding> {
    let subject = grant.subjects.iter().find(|one| is_masters(one))?.clone();
    let place = grant.place(facts.cluster.name.clone());
    let mut finding = CHECK.finding(place, Severity::Low, Confidence::Medium);
    finding.title = format!(
        "{} `{}` is made for `{GROUP}`, whose members no rule can limit",
        grant.kind(),
        grant.binding.meta.name
    );
    finding
        .evidence
        .links
        .push(grant.link(0, std::slice::from_ref(&subject)));
    finding.evidence.links.extend(
        super::facts::links([
            "the API server lets the group pass before it asks any authorizer, so the binding adds nothing: \
             it shows that somebody means to work with a credential of the group"
                .to_owned(),
        ])
        .links,
    );
    finding.fix = "give these people a group of their own, bind that group to the role they need, and issue \
        their certificates (`O=`), tokens or cloud mappings for that group; keep `system:masters` for one \
        sealed emergency credential"
        .into();
    finding.reproduce = "kubectl get clusterrolebindings,rolebindings -A -o wide".into();
    finding.subjects = vec![subject];
    Some(finding)
}

fn is_masters(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group && subject.name == GROUP
}

/// Rules that allow everything are `wildcard-verbs`.
fn allows_becoming_member(rule: &PolicyRule) -> bool {
    let is_all = |list: &[String]| list.iter().any(|entry| entry == "*");
    let question = Question::Resource(ResourceQuestion {
        verb: "impersonate",
        resource: "groups",
        name: GROUP,
        ..ResourceQuestion::default()
    });
    rule_allows(rule, &question) && !(is_all(&rule.verbs) && is_all(&rule.resources))
}

fn judge_impersonator(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Finding {
    let severity = weighed(Severity::Critical, holding.holders());
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::High);
    finding.title = format!(
        "{} can become a member of `{GROUP}` by impersonating the group",
        holding.who()
    );
    holding.describe(facts, &mut finding);
    finding.exposed_count = facts.objects.total();
    finding.fix = format!(
        "in `{}`, limit the rule that allows `impersonate` on `groups` with `resourceNames` to the groups \
         that are really impersonated, never `{GROUP}`",
        holding.role.meta.name
    );
    finding.reproduce = can_i(
        Asked {
            verb: "impersonate",
            resource: "groups",
            name: GROUP,
            ..Asked::default()
        },
        holding,
    );
    finding
}

//! What every credential, or every service account's token, can discover or do beyond the server's defaults.

use std::collections::BTreeSet;

use viewshed_model::{Finding, Mitigation, Severity, Subject, SubjectKind};

use super::facts::{ClusterFacts, Crowd, Everybody, everybody_findings, list};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "authenticated-discovery",
    title: "every authenticated identity can discover objects, or act",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/authenticated-discovery.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let everybody = Everybody {
        includes: is_every_identity,
        words: |_| "every credential, each pod's token included,".to_owned(),
        crowd: Crowd::EveryCredential,
    };
    let of_namespace = Everybody {
        includes: |subject| namespace_of_group(subject).is_some(),
        words: of_namespaces,
        crowd: Crowd::OfNamespace,
    };
    let mut findings = everybody_findings(&CHECK, facts, everybody);
    // A binding that names both is told of the wider.
    let told: BTreeSet<(String, String)> = findings
        .iter()
        .map(|finding| (finding.namespace.clone(), finding.object.clone()))
        .collect();
    let narrow = everybody_findings(&CHECK, facts, of_namespace).into_iter();
    findings
        .extend(narrow.filter(|one| !told.contains(&(one.namespace.clone(), one.object.clone()))));
    findings
}

/// The namespace of the group of all its service accounts.
fn namespace_of_group(subject: &Subject) -> Option<&str> {
    let name = subject.name.strip_prefix("system:serviceaccounts:");
    name.filter(|_| subject.kind == SubjectKind::Group)
}

fn of_namespaces(subjects: &[Subject]) -> String {
    let namespaces: Vec<&str> = subjects.iter().filter_map(namespace_of_group).collect();
    format!("every pod's token of {}", list(&namespaces))
}

fn is_every_identity(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:serviceaccounts"
        )
}

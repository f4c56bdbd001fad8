//! What every credential, or every service account's token, can discover or do beyond the server's defaults.

use viewshed_model::{Finding, Mitigation, Severity, Subject, SubjectKind};

use super::facts::{ClusterFacts, Everybody, everybody_findings};
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
        words: "every credential, each pod's token included,",
        is_anonymous: false,
    };
    everybody_findings(&CHECK, facts, everybody)
}

fn is_every_identity(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:serviceaccounts"
        )
}

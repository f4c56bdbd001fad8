//! What requests without credentials can discover or do beyond the server's own defaults.

use viewshed_model::{Confidence, Finding, Mitigation, Severity, Subject, SubjectKind};

use super::facts::{
    ClusterFacts, Crowd, Everybody, Place, everybody_findings, links, list, reproduce,
};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "anonymous-discovery",
    title: "requests without credentials can discover objects, or act",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/anonymous-discovery.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

/// Paths that answer everybody by the server's own default (`system:public-info-viewer`), and the
/// issuer's public keys, which some distributions publish.
const PUBLIC_PATHS: [&str; 6] = [
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
    "/.well-known/openid-configuration",
    "/openid/v1/jwks",
];

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let everybody = Everybody {
        includes: is_anonymous,
        words: |_| "everybody without a credential".to_owned(),
        crowd: Crowd::WithoutCredential,
    };
    let granted = everybody_findings(&CHECK, facts, everybody);
    if granted.is_empty() {
        return answered(facts).into_iter().collect();
    }
    granted
}

fn is_anonymous(subject: &Subject) -> bool {
    match subject.kind {
        SubjectKind::User => subject.name == "system:anonymous",
        SubjectKind::Group => subject.name == "system:unauthenticated",
        SubjectKind::ServiceAccount | SubjectKind::Other(_) => false,
    }
}

/// What the server really answered, where no binding that was read explains it.
fn answered(facts: &ClusterFacts<'_>) -> Option<Finding> {
    let open: Vec<&str> = facts
        .cluster
        .anonymous
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.path.as_str())
        .filter(|path| {
            !PUBLIC_PATHS
                .iter()
                .any(|public| is_at_or_below(path, public))
        })
        .collect();
    let first = open.first()?;
    let lists_objects = open
        .iter()
        .any(|path| path.starts_with("/api/v1/") && !path.ends_with("/configmaps/cluster-info"));
    let only_cluster_info = open
        .iter()
        .all(|path| path.ends_with("/configmaps/cluster-info"));
    let severity = match (lists_objects, only_cluster_info) {
        (true, _) => Severity::Critical,
        (false, true) => Severity::Low,
        (false, false) => Severity::Medium,
    };
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: "API server".to_owned(),
        ..Place::default()
    };
    let mut finding = CHECK.finding(place, severity, Confidence::High);
    finding.title = format!("the API server answers {} without credentials", list(&open));
    finding.exposed_count = open.len() as u64;
    finding.evidence = links([
        format!(
            "unauthenticated GET requests of {} got status 200",
            list(&open)
        ),
        "no binding that was read grants this: look at the authorization mode and at webhooks"
            .to_owned(),
    ]);
    finding.fix = "limit anonymous requests to `/livez`, `/readyz` and `/healthz` with \
        `anonymous.conditions` in the AuthenticationConfiguration (flag `--authentication-config`), and \
        make sure that `--authorization-mode` is `Node,RBAC`"
        .into();
    let url = format!("{}{first}", facts.cluster.server);
    finding.reproduce = reproduce(&["curl", "-k", &url]);
    Some(finding)
}

fn is_at_or_below(path: &str, public: &str) -> bool {
    path.strip_prefix(public)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

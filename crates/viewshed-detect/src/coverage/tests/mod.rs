//! Verdicts against the published policies and the documented limits of each source.

mod profile;
mod recorded;
mod table;

use viewshed_model::{AuditPolicy, CoverageReport, LogProfile, Skips, Visibility};

use super::{KnownSource, LogKind, coverage};

pub(super) fn source(kind: LogKind) -> KnownSource<'static> {
    KnownSource {
        name: "log",
        kind,
        policy: None,
        profile: None,
        daemon: None,
        skips: Skips::default(),
    }
}

pub(super) fn read(policy: &str) -> AuditPolicy {
    let file = viewshed_decode::policy::audit_policy(policy.as_bytes()).expect("it is a policy");
    assert_eq!(file.problems, Vec::<String>::new(), "{policy}");
    file.policy
}

pub(super) fn of_policy(policy: &AuditPolicy) -> CoverageReport {
    let source = KnownSource {
        policy: Some(policy),
        ..source(LogKind::KubernetesAudit)
    };
    coverage(&[source], Vec::new())
}

pub(super) fn of_profile(profile: &LogProfile) -> CoverageReport {
    let source = KnownSource {
        profile: Some(profile),
        ..source(LogKind::KubernetesAudit)
    };
    coverage(&[source], Vec::new())
}

pub(super) fn visibility(report: &CoverageReport, action: &str) -> Visibility {
    report
        .of_action(action)
        .next()
        .unwrap_or_else(|| panic!("`{action}` is an action"))
        .visibility
}

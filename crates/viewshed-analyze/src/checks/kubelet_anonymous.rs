//! Kubelets that answer requests without credentials.

use viewshed_model::{Confidence, Finding, Mitigation, Severity};

use super::facts::{ClusterFacts, Hole, Kubelet, kubelet_findings};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "kubelet-anonymous",
    title: "the kubelet takes requests without credentials",
    mitigation: Mitigation::M1035,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/kubelet-anonymous.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const FIX: &str = "set `authentication.anonymous.enabled: false` in the KubeletConfiguration (flag \
    `--anonymous-auth=false`) and restart the kubelet";

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let mut findings = kubelet_findings(&CHECK, facts, hole);
    for finding in &mut findings {
        finding.fix = FIX.into();
        finding.title = match finding.severity {
            Severity::Critical => {
                "anybody who reaches port 10250 can list, read and enter every pod of the node"
            }
            Severity::High | Severity::Medium | Severity::Low | Severity::Info => {
                "the kubelet takes requests without credentials; RBAC decides what they may see"
            }
        }
        .into();
    }
    findings
}

fn hole(kubelet: &Kubelet) -> Option<Hole> {
    if !kubelet.is_anonymous() {
        return None;
    }
    let is_given = kubelet.settings.anonymous.is_some();
    let opening = if is_given {
        "`authentication.anonymous.enabled` is true"
    } else {
        "the kubelet is started without `--config` and without `--anonymous-auth=false`, and the \
         flag's default is true"
    };
    let (severity, authorization) = if kubelet.allows_everything() {
        (
            Severity::Critical,
            "and the authorization mode `AlwaysAllow` grants such requests everything",
        )
    } else {
        (
            Severity::Medium,
            "and the API server is asked what `system:anonymous` may do on `nodes`",
        )
    };
    Some(Hole {
        severity,
        confidence: if is_given {
            Confidence::High
        } else {
            Confidence::Medium
        },
        why: format!("{opening}, {authorization}"),
    })
}

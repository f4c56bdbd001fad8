//! Kubelets that ask nobody what a caller may do.

use viewshed_model::{Confidence, Finding, Mitigation, Severity};

use super::facts::{ClusterFacts, Hole, Kubelet, kubelet_findings};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "kubelet-always-allow",
    title: "the kubelet allows every authenticated caller everything",
    mitigation: Mitigation::M1035,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/kubelet-always-allow.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const FIX: &str = "set `authorization.mode: Webhook` in the KubeletConfiguration (flag \
    `--authorization-mode=Webhook`), so that RBAC on `nodes/*` decides, and restart the kubelet";

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let mut findings = kubelet_findings(&CHECK, facts, hole);
    for finding in &mut findings {
        finding.fix = FIX.into();
    }
    findings
}

fn hole(kubelet: &Kubelet) -> Option<Hole> {
    if !kubelet.allows_everything() {
        return None;
    }
    let is_given = !kubelet.settings.authorization_mode.is_empty();
    let opening = if is_given {
        "`authorization.mode` is `AlwaysAllow`"
    } else {
        "the kubelet is started without `--config` and without `--authorization-mode`, whose default \
         is `AlwaysAllow`"
    };
    let (severity, who) = if kubelet.is_anonymous() {
        (
            Severity::Critical,
            "and requests without credentials are taken: whoever reaches port 10250 can list, read \
             and enter every pod of the node",
        )
    } else {
        (
            Severity::High,
            "so every client certificate of the kubelet's CA, and every token where webhook \
             authentication is on, can list, read and enter every pod of the node",
        )
    };
    Some(Hole {
        severity,
        confidence: if is_given {
            Confidence::High
        } else {
            Confidence::Medium
        },
        why: format!("{opening}, {who}"),
    })
}

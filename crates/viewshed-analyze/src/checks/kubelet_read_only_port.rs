//! Kubelets that serve their pods over plain HTTP to anybody.

use viewshed_model::{Confidence, Finding, Mitigation, Severity};

use super::facts::{ClusterFacts, Hole, Kubelet, kubelet_findings};
use super::{Check, MANY};

/// The default of kubelets that are started without `--config`.
const LEGACY_PORT: u16 = 10255;

pub(super) static CHECK: Check = Check {
    name: "kubelet-read-only-port",
    title: "the kubelet lists its pods to anybody over plain HTTP",
    mitigation: Mitigation::M1035,
    worst: Severity::High,
    page: include_str!("../../../../docs/checks/kubelet-read-only-port.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const FIX: &str = "set `readOnlyPort: 0` in the KubeletConfiguration (flag `--read-only-port=0`), let \
    scrapers use port 10250 with a token that may `get nodes/metrics`, and restart the kubelet";

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let mut findings = kubelet_findings(&CHECK, facts, hole);
    for finding in &mut findings {
        finding.fix = FIX.into();
    }
    findings
}

fn hole(kubelet: &Kubelet) -> Option<Hole> {
    let (port, opening, confidence) = match kubelet.settings.read_only_port {
        Some(0) => return None,
        Some(port) => (port, format!("`readOnlyPort` is {port}"), Confidence::High),
        None if kubelet.has_legacy_defaults => (
            LEGACY_PORT,
            "the kubelet is started without `--config` and without `--read-only-port=0`".to_owned(),
            Confidence::Medium,
        ),
        None => return None,
    };
    Some(Hole {
        severity: Severity::High,
        confidence,
        why: format!(
            "{opening}: `http://NODE:{port}/pods` shows every pod of the node with its images, \
             commands and literal environment variables, without credentials"
        ),
    })
}

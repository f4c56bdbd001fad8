//! Workloads that are root on their node, or hold credentials and data that lie there.

use std::collections::BTreeMap;

use viewshed_model::{Confidence, Finding, Mitigation, Severity};

use super::facts::{ClusterFacts, Runner, count, links, list, reproduce};
use super::{Check, MANY, runtime_socket_mounted};
use crate::pivot::nodes_of;
use crate::see::{Opening, openings_on};

pub(super) static CHECK: Check = Check {
    name: "node-opened",
    title: "a workload is root on its node, or holds credentials that lie there",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/node-opened.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

/// Programs of the cluster itself, which are root on their nodes or work with what lies there by design: static pods
/// of kubeadm (`cmd/kubeadm/app/phases`), and kube-proxy, which writes the node's packet rules.
const OWN_PROGRAMS: [&str; 5] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
];

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let nodes = nodes_of(facts.cluster);
    let runners = facts.runners.iter();
    let runners = runners.filter(|runner| !is_of_the_cluster(runner));
    runners
        .filter_map(|runner| judge_runner(facts, &nodes, runner))
        .collect()
}

fn is_of_the_cluster(runner: &Runner<'_>) -> bool {
    let mut containers = runner.spec.containers.iter();
    runner.namespace == "kube-system"
        && containers.any(|container| {
            let program = container.program.rsplit('/').next().unwrap_or_default();
            OWN_PROGRAMS.contains(&program) || OWN_PROGRAMS.contains(&container.name.as_str())
        })
}

/// What one thing of the node gives.
struct Gain {
    severity: Severity,
    confidence: Confidence,
    /// Completes "`ns/name` ...".
    what: String,
    /// How it is had.
    text: String,
    /// Whether the control plane has to run on that node.
    doubt: Option<&'static str>,
}

fn judge_runner(
    facts: &ClusterFacts<'_>,
    nodes: &BTreeMap<&str, bool>,
    runner: &Runner<'_>,
) -> Option<Finding> {
    let pod = runner.pods.first();
    let place = (
        facts.cluster,
        runner.namespace,
        pod.map_or("", |pod| pod.meta.name.as_str()),
    );
    let node = pod.map_or("", |pod| pod.node.as_str());
    let known = facts.cluster.nodes.iter().find(|one| one.meta.name == node);
    let runtime = known.map_or("", |node| node.runtime.as_str());
    let title = format!("{} {}", runner.kind, runner.full_name());
    let opened = openings_on(place, runner.spec, &title, runtime);
    // What a user other than root may not open is left out: who exports metrics of a node mounts much of it.
    let opened = opened.into_iter().filter(|one| one.doubt.is_none());
    let is_reached = facts.is_reached_from_outside(runner);
    let mut gains: Vec<Gain> = opened
        .filter_map(|one| {
            let (what, severity, doubt) = gain(one.opening, runner, nodes, is_reached)?;
            let is_certain = one.assumed.is_none();
            Some(Gain {
                severity,
                confidence: match (is_certain, doubt) {
                    (true, None) => Confidence::High,
                    (true, Some(_)) => Confidence::Medium,
                    (false, _) => Confidence::Low,
                },
                what,
                text: one.text,
                doubt,
            })
        })
        .collect();
    gains.sort_by_key(|gain| std::cmp::Reverse((gain.severity, gain.confidence)));
    let worst = gains.first()?;
    // Whoever has the runtime's socket is root on the node by it, and told of there.
    if runtime_socket_mounted::is_found(facts, runner) {
        return None;
    }
    let mut finding = CHECK.finding(facts.place_of(runner), worst.severity, worst.confidence);
    finding.title = format!("`{}` {}", runner.full_name(), worst.what);
    let runs_on = runner.nodes();
    let pods = facts.cluster.pods.iter();
    let beside = pods.filter(|pod| runs_on.contains(&&*pod.node)).count();
    finding.exposed_count = beside as u64;
    let mut steps: Vec<String> = gains.iter().map(|gain| gain.text.clone()).collect();
    steps.dedup();
    steps.extend(worst.doubt.map(|doubt| format!("this depends on {doubt}")));
    if !runs_on.is_empty() {
        steps.push(format!(
            "its {} run on {}, beside {}",
            count(runner.pods.len(), "pod"),
            list(&runs_on),
            count(beside, "pod")
        ));
    }
    finding.evidence = links(steps);
    finding.fix = "mount no folder of the node but the one file that is needed, read-only and below none of \
        `/var/lib/kubelet`, `/etc/kubernetes` and `/var/lib/etcd`; name single capabilities instead of `privileged`; \
        and let Pod Security (`pod-security.kubernetes.io/enforce: baseline`) keep others out of the namespace"
        .into();
    let target = runner.kubectl_name();
    finding.reproduce = reproduce(&[
        "kubectl",
        "get",
        "-n",
        runner.namespace,
        &target,
        "-o",
        "yaml",
    ]);
    Some(finding)
}

/// What an opening gives, how bad that is, and on what it depends.
fn gain(
    opening: Opening,
    runner: &Runner<'_>,
    nodes: &BTreeMap<&str, bool>,
    is_reached: bool,
) -> Option<(String, Severity, Option<&'static str>)> {
    let certain = |what: &str, severity| Some((what.to_owned(), severity, None));
    let of_control_plane = |what: String| match is_on_control_plane(runner, nodes) {
        Some(true) => Some((what, Severity::Critical, None)),
        Some(false) => None,
        None => Some((
            what,
            Severity::High,
            Some("whether the control plane runs on that node"),
        )),
    };
    match opening {
        Opening::Root if is_reached => certain(
            "is root on its node, and is reached from outside the cluster",
            Severity::High,
        ),
        Opening::Root => certain("is root on its node", Severity::Medium),
        Opening::NodeCredentials => {
            certain("holds the credential of its node's kubelet", Severity::High)
        }
        Opening::PodVolumes => certain(
            "holds the tokens and secrets of every pod of its node",
            Severity::High,
        ),
        Opening::GroupVolumes(_) => certain(
            "holds secrets of the pods of its node, as far as the group of root reads them",
            Severity::Medium,
        ),
        Opening::AdminCredentials => {
            of_control_plane("holds what makes administrator credentials of the cluster".to_owned())
        }
        Opening::EtcdData => {
            of_control_plane("holds every object of the cluster, as etcd keeps it".to_owned())
        }
        Opening::ControlPlaneUser(user) => {
            of_control_plane(format!("holds the credential of `{user}`"))
        }
        // kubeadm's file names the certificate that lies in `/var/lib/kubelet/pki`.
        Opening::KubeletConfiguration
        | Opening::StaticPods
        | Opening::Socket(_)
        | Opening::Logs
        | Opening::RuntimeState(_)
        | Opening::Processes => None,
    }
}

/// Whether the pods of a workload run on a control-plane node; `None` where nothing tells.
fn is_on_control_plane(runner: &Runner<'_>, nodes: &BTreeMap<&str, bool>) -> Option<bool> {
    let has_control_plane = nodes.values().any(|is| *is);
    let own = runner.nodes();
    let is = |node: &&str| nodes.get(*node).copied().unwrap_or_default();
    if own.iter().any(is) {
        return Some(true);
    }
    (!own.is_empty() && has_control_plane).then_some(false)
}

//! What is known of each kubelet's own access settings: from live `configz`, from files, and from the
//! flags of kubelets that run as containers.

use viewshed_model::{
    Cluster, Confidence, Container, Finding, KubeletSettings, Location, Severity,
};

use super::flags::{flag_value, has_flag, switch};
use super::{ClusterFacts, Place, Runner, count, links, list, reproduce};
use crate::checks::Check;

/// One kubelet, or one file or workload that configures kubelets.
#[derive(Debug)]
pub(in crate::checks) struct Kubelet {
    /// `Node worker-1`, `KubeletConfiguration`, `DaemonSet kubelet`.
    pub(in crate::checks) object: String,
    /// Namespace of a workload; empty otherwise.
    pub(in crate::checks) namespace: String,
    /// Node name; empty when it is not one node's.
    pub(in crate::checks) node: String,
    /// What is set.
    pub(in crate::checks) settings: KubeletSettings,
    /// A kubelet that is started without `--config` has the open defaults of its early versions
    /// (kubernetes `cmd/kubelet/app/options`, `applyLegacyDefaults`).
    pub(in crate::checks) has_legacy_defaults: bool,
    /// Where it stands in a file.
    pub(in crate::checks) location: Option<Location>,
}

/// Every kubelet whose settings are known, in order of nodes, then of workloads.
pub(in crate::checks) fn kubelets(cluster: &Cluster, runners: &[Runner<'_>]) -> Vec<Kubelet> {
    let from_nodes = cluster.nodes.iter().filter_map(|node| {
        Some(Kubelet {
            object: format!("Node {}", node.meta.name),
            namespace: String::new(),
            node: node.meta.name.clone(),
            settings: node.kubelet.clone()?,
            has_legacy_defaults: false,
            location: None,
        })
    });
    let from_files = cluster.kubelet_files.iter().map(|settings| Kubelet {
        object: "KubeletConfiguration".to_owned(),
        namespace: String::new(),
        node: String::new(),
        location: settings.position.as_deref().cloned(),
        settings: settings.clone(),
        has_legacy_defaults: false,
    });
    let from_flags = runners
        .iter()
        .filter(|runner| !is_known_by_node(cluster, runner))
        .flat_map(|runner| {
            let containers = runner.spec.containers.iter();
            containers
                .filter(|container| is_kubelet(container))
                .map(|container| Kubelet {
                    object: runner.object(),
                    namespace: runner.namespace.to_owned(),
                    node: String::new(),
                    settings: settings_of(container),
                    has_legacy_defaults: !has_flag(container, "config"),
                    location: runner.location.clone(),
                })
        });
    from_nodes.chain(from_files).chain(from_flags).collect()
}

/// Whether the settings of all its nodes were read: then they say what the flags say.
fn is_known_by_node(cluster: &Cluster, runner: &Runner<'_>) -> bool {
    let nodes = runner.nodes();
    let is_known = |name: &&str| {
        cluster
            .nodes
            .iter()
            .any(|node| node.meta.name == *name && node.kubelet.is_some())
    };
    !nodes.is_empty() && nodes.iter().all(is_known)
}

impl Kubelet {
    /// Whether requests without credentials are taken.
    pub(in crate::checks) fn is_anonymous(&self) -> bool {
        self.settings.anonymous.unwrap_or(self.has_legacy_defaults)
    }

    /// Whether nobody is asked what a caller may do.
    pub(in crate::checks) fn allows_everything(&self) -> bool {
        match self.settings.authorization_mode.as_str() {
            "AlwaysAllow" => true,
            "" => self.has_legacy_defaults,
            _ => false,
        }
    }
}

fn is_kubelet(container: &Container) -> bool {
    container.program.rsplit('/').next() == Some("kubelet")
}

fn settings_of(container: &Container) -> KubeletSettings {
    KubeletSettings {
        anonymous: switch(container, "anonymous-auth"),
        authorization_mode: flag_value(container, "authorization-mode")
            .unwrap_or_default()
            .to_owned(),
        read_only_port: flag_value(container, "read-only-port").and_then(|port| port.parse().ok()),
        ..KubeletSettings::default()
    }
}

/// What is wrong with a kubelet's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checks) struct Hole {
    pub(in crate::checks) severity: Severity,
    pub(in crate::checks) confidence: Confidence,
    /// Which setting opens it, in a sentence.
    pub(in crate::checks) why: String,
}

/// One finding per file or workload, and one for all nodes that a live server shows with the same hole.
pub(in crate::checks) fn kubelet_findings(
    check: &Check,
    facts: &ClusterFacts<'_>,
    judge: impl Fn(&Kubelet) -> Option<Hole>,
) -> Vec<Finding> {
    let mut by_hole: Vec<(Hole, Vec<&Kubelet>)> = Vec::new();
    for kubelet in &facts.kubelets {
        let Some(hole) = judge(kubelet) else { continue };
        let same = by_hole.iter_mut().find(|(known, kubelets)| {
            *known == hole && kubelets.iter().all(|other| can_share(other, kubelet))
        });
        match same {
            Some((_, kubelets)) => kubelets.push(kubelet),
            None => by_hole.push((hole, vec![kubelet])),
        }
    }
    by_hole
        .into_iter()
        .filter_map(|(hole, kubelets)| finding(check, facts, &hole, &kubelets))
        .collect()
}

fn can_share(a: &Kubelet, b: &Kubelet) -> bool {
    !a.node.is_empty() && !b.node.is_empty()
}

fn finding(
    check: &Check,
    facts: &ClusterFacts<'_>,
    hole: &Hole,
    kubelets: &[&Kubelet],
) -> Option<Finding> {
    let first = kubelets.first()?;
    let nodes: Vec<&str> = kubelets
        .iter()
        .map(|kubelet| &*kubelet.node)
        .filter(|node| !node.is_empty())
        .collect();
    let pods = facts
        .cluster
        .pods
        .iter()
        .filter(|pod| nodes.contains(&&*pod.node))
        .count();
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: match kubelets.len() {
            1 => first.object.clone(),
            many => count(many, "node"),
        },
        namespace: first.namespace.clone(),
        location: first.location.clone(),
    };
    let mut finding = check.finding(place, hole.severity, hole.confidence);
    finding.exposed_count = pods as u64;
    let mut steps = vec![hole.why.clone()];
    if !nodes.is_empty() {
        steps.push(format!("so it is set on {}", list(&nodes)));
        steps.push(format!("where {} run", count(pods, "pod")));
        finding.reproduce = reproduce(&[
            "kubectl",
            "get",
            "--raw",
            &format!("/api/v1/nodes/{}/proxy/configz", first.node),
        ]);
    }
    finding.evidence = links(steps);
    Some(finding)
}

//! Pods that see an object because of what they hold of their node, not because of a grant.

use viewshed_model::{Pod, WhoEntry};

use super::sees::{pod_entry, pod_subject};
use crate::inventory::Kind;
use crate::see::{Opening, openings_of};
use crate::sight::{SightIndex, environment_names, pod_objects, pod_of, volume_names};

/// One entry for each such pod.
pub(super) fn host_entries(
    index: &SightIndex<'_>,
    kind: &Kind<'_>,
    namespace: &str,
    name: &str,
) -> Vec<WhoEntry> {
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", "pods") => pod_watchers(index, namespace, name),
        ("", "secrets" | "configmaps") => config_holders(index, &kind.resource, namespace, name),
        _ => Vec::new(),
    }
}

/// Pods on the node of a pod that see the containers of that node.
fn pod_watchers(index: &SightIndex<'_>, namespace: &str, name: &str) -> Vec<WhoEntry> {
    let pods = pods(index);
    let Some(node) = pods
        .iter()
        .find(|(own, pod)| *own == namespace && pod.meta.name == name)
        .map(|(_, pod)| pod.node.as_str())
        .filter(|node| !node.is_empty())
    else {
        return Vec::new();
    };
    let runtime = runtime_of(index, node);
    neighbours(&pods, node)
        .filter(|(own, pod)| (*own, pod.meta.name.as_str()) != (namespace, name))
        .filter_map(|(own, pod)| {
            let title = format!("pod {own}/{}", pod.meta.name);
            let (_, why) = openings_of(&pod.spec, &title)
                .into_iter()
                .find(|(opening, _)| shows_pods(*opening, runtime))?;
            Some(pod_entry(pod_subject(own, &pod.meta.name), why))
        })
        .collect()
}

/// Pods that have a secret or config map mounted or in their environment, and pods beside them that
/// read the node's files.
fn config_holders(
    index: &SightIndex<'_>,
    resource: &str,
    namespace: &str,
    name: &str,
) -> Vec<WhoEntry> {
    let pods = pods(index);
    let mut entries = Vec::new();
    let mut nodes: Vec<(&str, bool)> = Vec::new();
    for (own, pod) in pods.iter().filter(|(own, _)| *own == namespace) {
        let is_mounted = volume_names(&pod.spec).any(|used| used == (resource, name));
        let is_environment = environment_names(&pod.spec).any(|used| used == (resource, name));
        if is_mounted || is_environment {
            let how = if is_mounted {
                "mounts it"
            } else {
                "has it in its environment"
            };
            let why = format!("pod {own}/{} {how}", pod.meta.name);
            entries.push(pod_entry(pod_subject(own, &pod.meta.name), why));
            if !pod.node.is_empty() {
                nodes.push((&pod.node, is_mounted));
            }
        }
    }
    nodes.sort_unstable_by_key(|(node, is_mounted)| (*node, !is_mounted));
    nodes.dedup_by_key(|(node, _)| *node);
    for (node, is_mounted) in nodes {
        for (own, pod) in neighbours(&pods, node) {
            let title = format!("pod {own}/{}", pod.meta.name);
            let found =
                openings_of(&pod.spec, &title)
                    .into_iter()
                    .find(|(opening, _)| match opening {
                        Opening::Root => true,
                        Opening::PodVolumes => is_mounted,
                        _ => false,
                    });
            let subject = pod_subject(own, &pod.meta.name);
            if let Some((_, why)) = found
                && !entries.iter().any(|entry| entry.subject == subject)
            {
                entries.push(pod_entry(subject, why));
            }
        }
    }
    entries
}

/// Every pod with its namespace.
fn pods<'i>(index: &'i SightIndex<'_>) -> Vec<(&'i str, &'i Pod)> {
    pod_objects(&index.inventory)
        .iter()
        .filter_map(|object| Some((object.namespace, pod_of(index.cluster, object)?)))
        .collect()
}

fn neighbours<'p>(
    pods: &'p [(&'p str, &'p Pod)],
    node: &'p str,
) -> impl Iterator<Item = &'p (&'p str, &'p Pod)> {
    pods.iter().filter(move |(_, pod)| pod.node == node)
}

fn runtime_of<'i>(index: &'i SightIndex<'_>, node: &str) -> &'i str {
    let nodes = &index.cluster.nodes;
    let found = nodes.iter().find(|known| known.meta.name == node);
    found.map_or("", |node| node.runtime.as_str())
}

/// Whether this opening shows the pods of the node for certain.
fn shows_pods(opening: Opening, runtime: &str) -> bool {
    match opening {
        Opening::Root | Opening::Logs => true,
        Opening::Socket(of) | Opening::RuntimeState(of) => {
            of.is_none_or(|of| of.serves(runtime).unwrap_or(of.is_of_pods()))
        }
        Opening::NodeCredentials
        | Opening::KubeletConfiguration
        | Opening::PodVolumes
        | Opening::AdminCredentials
        | Opening::EtcdData
        | Opening::Processes => false,
    }
}

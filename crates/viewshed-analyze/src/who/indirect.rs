//! Who learns that a node or a namespace exists because other objects name it.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Evidence, WhoEntry};

use super::sees::proxy_to;
use crate::inventory::{Kind, NO_NAMESPACE};
use crate::rbac::{Reach, ResourceQuestion, who_can};
use crate::sight::{SightIndex, pod_objects, pod_of};

/// What a node's user name begins with.
const NODE_USER: &str = "system:node:";

/// Everybody to whom other objects name this one, several times where several grants do; `see` calls the
/// same `indirect`.
pub(super) fn indirect_entries(
    index: &SightIndex<'_>,
    kind: &Kind<'_>,
    name: &str,
) -> Vec<WhoEntry> {
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", "nodes") => through_pods(index, name),
        ("", "namespaces") => through_lists(index, name),
        _ => Vec::new(),
    }
}

/// Whoever reads a pod of the node.
fn through_pods(index: &SightIndex<'_>, node: &str) -> Vec<WhoEntry> {
    let mut entries = Vec::new();
    for (namespace, pods) in pods_of(index, node) {
        for verb in ["list", "watch", "get"] {
            let asked = ResourceQuestion {
                verb,
                resource: "pods",
                namespace,
                ..ResourceQuestion::default()
            };
            let Some(first) = pods.first() else { continue };
            // What is granted without names is granted for each of them; the Node authorizer looks at names
            // and says the same of all pods of one node.
            let name = *first;
            let of_first = who_can(
                &index.access,
                ResourceQuestion { name, ..asked },
                Reach::Exactly,
            );
            let whole = who_can(&index.access, asked, Reach::Exactly)
                .into_iter()
                .filter(|entry| {
                    // An empty entry of `resourceNames` allows whole lists but no object's `get`.
                    let is_whole = entry.names.is_empty() && verb != "get";
                    is_whole || entry.names.iter().any(|name| pods.contains(name.as_str()))
                });
            let text = format!("{verb} pods: each names the node that it runs on");
            entries.extend(told(of_first.into_iter().chain(whole), &text));
        }
    }
    entries
}

/// Names of the pods on a node, by namespace.
fn pods_of<'i>(index: &'i SightIndex<'_>, node: &str) -> BTreeMap<&'i str, BTreeSet<&'i str>> {
    let mut pods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for object in pod_objects(&index.inventory) {
        if pod_of(index.cluster, object).is_some_and(|pod| pod.node == node) {
            pods.entry(object.namespace)
                .or_default()
                .insert(object.name);
        }
    }
    pods
}

/// Whoever lists, over all namespaces, something that is in this one.
fn through_lists(index: &SightIndex<'_>, namespace: &str) -> Vec<WhoEntry> {
    let Some(at) = index
        .inventory
        .namespace_index(namespace)
        .filter(|at| *at != NO_NAMESPACE)
    else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    let kinds = index.inventory.kinds.iter();
    for kind in kinds.filter(|kind| kind.namespaced && !kind.range(at).is_empty()) {
        for group in kind.groups() {
            for verb in ["list", "watch"] {
                let asked = ResourceQuestion {
                    verb,
                    api_group: group,
                    resource: &kind.resource,
                    ..ResourceQuestion::default()
                };
                let whole = who_can(&index.access, asked, Reach::Exactly)
                    .into_iter()
                    .filter(|entry| entry.names.is_empty());
                let text = format!(
                    "{verb} {} in all namespaces: each names its own",
                    kind.resource
                );
                entries.extend(told(whole, &text));
            }
        }
    }
    let nodes: BTreeSet<&str> = pod_objects(&index.inventory)
        .iter()
        .filter(|object| object.namespace_at == at)
        .filter_map(|object| Some(pod_of(index.cluster, object)?.node.as_str()))
        .filter(|node| !node.is_empty())
        .collect();
    for node in nodes {
        for verb in ["list", "watch"] {
            let own = ResourceQuestion {
                verb,
                resource: "pods",
                field_selector: &format!("spec.nodeName={node}"),
                ..ResourceQuestion::default()
            };
            let kubelet = who_can(&index.access, own, Reach::Exactly)
                .into_iter()
                .filter(|entry| matches!(entry.evidence, Evidence::NodeAuthorizer(_)))
                .filter(|entry| entry.subject.name.strip_prefix(NODE_USER) == Some(node));
            let text = format!("{verb} pods of its own: each names its namespace");
            entries.extend(told(kubelet, &text));
        }
        let text = format!("the kubelet of {node} lists its pods: each names its namespace");
        entries.extend(told(proxy_to(index, node).into_iter(), &text));
    }
    entries
}

fn told<'t>(
    entries: impl Iterator<Item = WhoEntry> + 't,
    text: &'t str,
) -> impl Iterator<Item = WhoEntry> + 't {
    entries.map(move |entry| WhoEntry {
        // Names are those of what tells, not of what is told.
        names: Vec::new(),
        indirect: text.to_owned(),
        ..entry
    })
}

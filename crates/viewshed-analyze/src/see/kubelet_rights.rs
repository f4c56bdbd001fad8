//! What rights on parts of a node show at its kubelet, asked directly: `nodes/pods` and the like.
//!
//! The kubelet asks the API server for `get` on `nodes/pods` for `/pods` and `/runningPods`, `nodes/stats` for `/stats`,
//! `nodes/metrics` for `/metrics` (cAdvisor's name every pod, container and image) and `nodes/log` for `/logs`
//! (`pkg/kubelet/server/auth.go`). The API server's own proxy knows none of them, so the port has to be reached.

use viewshed_model::{Decision, MissingFact, ServerVersion};

use super::board::{Board, ChainId, Place, extended, link, link_with};
use super::identity::Held;
use super::ways::Ways;
use crate::rbac::{ResourceQuestion, Session};
use crate::sight::{pod_objects, sentence};

/// The subresources, and whether logs are among what shows.
const PARTS: [(&str, bool); 4] = [
    ("pods", false),
    ("stats", false),
    ("metrics", false),
    ("log", true),
];

/// Minor version since which `nodes/pods` is asked for by default (`KubeletFineGrainedAuthz`).
const PODS_MINOR: u32 = 33;

/// Marks what depends on reaching the kubelets.
pub(super) fn mark(board: &mut Board<'_, '_>, held: &Held, session: &Session<'_>) {
    let index = board.index;
    let rules = session.cluster_grants().filter_map(|grant| grant.role);
    let mut resources = rules.flat_map(|role| role.rules.iter().flat_map(|rule| &rule.resources));
    if !resources.any(|resource| resource.starts_with("nodes/") || resource.starts_with('*')) {
        return;
    }
    let version = index.cluster.version.as_ref();
    let minor = version.and_then(ServerVersion::minor_number);
    let known = PARTS
        .iter()
        .filter(|(part, _)| *part != "pods" || minor.is_none_or(|minor| minor >= PODS_MINOR));
    let mut opened: Vec<&str> = Vec::new();
    for (part, shows_logs) in known {
        for node in &index.cluster.nodes {
            let name = node.meta.name.as_str();
            let asked = ResourceQuestion {
                verb: "get",
                resource: "nodes",
                subresource: part,
                name,
                ..ResourceQuestion::default()
            };
            let Decision::Allowed(evidence) = session.decide(asked) else {
                continue;
            };
            if !opened.contains(part) {
                opened.push(part);
            }
            let links = extended(
                &held.links,
                [
                    link_with(sentence(&evidence), evidence),
                    link(format!("get nodes/{part} at the kubelet of {name}")),
                ],
            );
            let chain = board.chain(links);
            let pods = index.pods.on_node(name);
            mark_pods(board, pods, *shows_logs, chain);
        }
    }
    if !opened.is_empty() {
        board.depends_on.insert(MissingFact {
            fact: format!(
                "whether the port of the kubelets (TCP 10250) is reached from there, which tell pods, containers \
                 and images to whoever may get nodes/{}",
                opened.join(", nodes/")
            ),
        });
    }
}

fn mark_pods(board: &mut Board<'_, '_>, pods: &[usize], shows_logs: bool, chain: ChainId) {
    let index = board.index;
    let objects = pod_objects(&index.inventory);
    if let Some(place) = board.place("", "pods") {
        board.mark(place, pods.iter().copied(), Ways::UNCERTAIN, chain);
    }
    for pod in pods {
        if let Some(object) = objects.get(*pod) {
            let namespace = ("", object.namespace);
            board.mark_object(("", "namespaces"), namespace, Ways::UNCERTAIN, chain);
        }
        let Some(range) = index.pods.containers_of_pod.get(*pod) else {
            continue;
        };
        board.mark(Place::Containers, range.clone(), Ways::UNCERTAIN, chain);
        let containers = index.pods.containers.get(range.clone()).unwrap_or_default();
        let images = containers.iter().filter_map(|container| container.image);
        board.mark(Place::Images, images, Ways::UNCERTAIN, chain);
    }
    if shows_logs {
        board.mark(Place::Logs, pods.iter().copied(), Ways::UNCERTAIN, chain);
    }
}

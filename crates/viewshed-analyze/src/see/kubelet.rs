//! What a kubelet's own API shows, asked directly or through the API server's node proxy.
//!
//! Sources: `pkg/kubelet/server/server.go` (handlers), `pkg/kubelet/server/auth.go` (subresources),
//! `pkg/kubelet/apis/config/v1beta1/defaults.go` (what an unset field of the file means).

use viewshed_model::{Decision, Identity, KubeletSettings, Link, MissingFact, Node};

use super::board::{Board, Place, extended, link};
use super::ways::Ways;
use crate::rbac::ResourceQuestion;
use crate::sight::sentence;

/// The pods, containers, images and logs of one node, or of every node, through `nodes/proxy`.
pub(super) fn mark_behind_proxy(board: &mut Board<'_, '_>, links: &[Link], node: Option<&str>) {
    let index = board.index;
    let whose = match node {
        Some(node) => format!("the kubelet of {node} shows its pods and their logs"),
        None => "every kubelet shows its pods and their logs".to_owned(),
    };
    let chain = extended(links, [link(whose)]);
    let pods = match node {
        Some(node) => index.pods.on_node(node),
        None => index.pods.on_every_node(),
    };
    if !pods.is_empty() {
        mark_pods(board, pods, Ways::KUBELET, &chain, Logs::Shown);
    }
}

/// Whether logs are among what shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    Shown,
    Hidden,
}

/// Marks pods with what their specifications tell: containers and images; and their logs.
pub(super) fn mark_pods(
    board: &mut Board<'_, '_>,
    pods: &[usize],
    ways: Ways,
    links: &[Link],
    logs: Logs,
) {
    let index = board.index;
    let chain = board.chain(links.to_vec());
    if let Some(place) = board.place("", "pods") {
        let ways = ways.with(Ways::SPANS_NAMESPACES);
        board.mark(place, pods.iter().copied(), ways, chain);
    }
    for pod in pods {
        let Some(range) = index.pods.containers_of_pod.get(*pod) else {
            continue;
        };
        board.mark(Place::Containers, range.clone(), ways, chain);
        let containers = index.pods.containers.get(range.clone()).unwrap_or_default();
        let images = containers.iter().filter_map(|container| container.image);
        board.mark(Place::Images, images, ways, chain);
    }
    if logs == Logs::Shown {
        board.mark(Place::Logs, pods.iter().copied(), ways, chain);
    }
}

/// What the kubelet of `node` answers to requests without credentials.
pub(super) fn mark_without_credentials(board: &mut Board<'_, '_>, node: &Node, links: &[Link]) {
    let name = &node.meta.name;
    let Some(settings) = &node.kubelet else {
        board.depends_on.insert(MissingFact {
            fact: format!("the kubelet settings of node `{name}`, which were not read"),
        });
        return;
    };
    mark_open(board, (name, settings), links);
}

/// The same for settings that were read.
pub(super) fn mark_open(
    board: &mut Board<'_, '_>,
    (name, settings): (&str, &KubeletSettings),
    links: &[Link],
) {
    let index = board.index;
    let pods = index.pods.on_node(name);
    if let Some(port) = settings.read_only_port.filter(|port| *port > 0) {
        let text = format!("read-only port {port} of node {name} lists its pods to everybody");
        let chain = extended(links, [link(text)]);
        mark_pods(board, pods, Ways::KUBELET, &chain, Logs::Hidden);
        mark_node(board, name, &chain);
    }
    if settings.anonymous != Some(true) {
        return;
    }
    let open = link(format!(
        "the kubelet of node {name} accepts requests without credentials"
    ));
    let logs = match settings.debugging_handlers {
        Some(false) => Logs::Hidden,
        Some(true) | None => Logs::Shown,
    };
    if let Some(reason) = anonymous_reason(board, settings, name) {
        let chain = extended(links, [open, reason]);
        mark_pods(board, pods, Ways::KUBELET, &chain, logs);
        mark_node(board, name, &chain);
    }
}

/// Why a request without credentials is authorized, when it is.
fn anonymous_reason(
    board: &mut Board<'_, '_>,
    settings: &KubeletSettings,
    node: &str,
) -> Option<Link> {
    if settings.authorization_mode == "AlwaysAllow" {
        return Some(link("its authorization mode is AlwaysAllow"));
    }
    let session = board.index.access.session(&Identity::anonymous());
    let mut unknown = None;
    // `/pods` is tried as `nodes/pods`, then as `nodes/proxy`.
    for subresource in ["pods", "proxy"] {
        let asked = ResourceQuestion {
            verb: "get",
            resource: "nodes",
            subresource,
            name: node,
            ..ResourceQuestion::default()
        };
        match session.decide(asked) {
            Decision::Allowed(evidence) => {
                return Some(Link {
                    text: sentence(&evidence),
                    evidence: Some(evidence),
                });
            }
            Decision::DependsOn(facts) => unknown = Some(facts),
            Decision::Denied(_) => {}
        }
    }
    board.depends_on.extend(unknown.into_iter().flatten());
    None
}

fn mark_node(board: &mut Board<'_, '_>, node: &str, links: &[Link]) {
    let chain = board.chain(links.to_vec());
    board.mark_object(("", "nodes"), ("", node), Ways::KUBELET, chain);
}

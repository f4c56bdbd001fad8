//! What a kubelet's own API shows, asked directly or through the API server's node proxy.
//!
//! Sources: `pkg/kubelet/server/server.go` (handlers), `pkg/kubelet/server/auth.go` (subresources),
//! `pkg/kubelet/apis/config/v1beta1/defaults.go` (what an unset field of the file means).

use std::collections::BTreeSet;

use viewshed_model::{Decision, Evidence, Identity, KubeletSettings, Link, MissingFact, Node};

use super::board::{Board, ChainId, Place, extended, link, link_with};
use super::kubelet_rights::{mark_part, shown_to_strangers};
use super::ways::Ways;
use crate::rbac::ResourceQuestion;
use crate::sight::{SightIndex, pod_objects, pod_of, sentence};

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
        mark_pods(board, pods, Ways::KUBELET, &chain, Tells::EVERYTHING);
    }
}

/// What shows of pods beside their names and those of their containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tells {
    /// Containers that have ended, too: there are no figures of them.
    ended: bool,
    images: bool,
    pub(super) logs: bool,
}

impl Tells {
    pub(super) const NAMES: Self = Self {
        ended: false,
        images: false,
        logs: false,
    };
    pub(super) const LISTED: Self = Self {
        ended: true,
        images: false,
        logs: false,
    };
    pub(super) const SPECIFICATION: Self = Self {
        ended: true,
        images: true,
        logs: false,
    };
    pub(super) const LOGS: Self = Self {
        ended: true,
        images: false,
        logs: true,
    };
    pub(super) const EVERYTHING: Self = Self {
        ended: true,
        images: true,
        logs: true,
    };
}

/// Marks pods and their containers, and what else is told of them.
pub(super) fn mark_pods(
    board: &mut Board<'_, '_>,
    pods: &[usize],
    ways: Ways,
    links: &[Link],
    tells: Tells,
) {
    let index = board.index;
    let chain = board.chain(links.to_vec());
    if let Some(place) = board.place("", "pods") {
        // What is not certain names no namespace for certain.
        let spanning = if ways.is_seen() {
            ways.with(Ways::SPANS_NAMESPACES)
        } else {
            ways
        };
        board.mark(place, pods.iter().copied(), spanning, chain);
    }
    if !ways.is_seen() {
        mark_namespaces(board, pods, ways, chain);
    }
    for pod in pods {
        let Some(range) = index.pods.containers_of_pod.get(*pod) else {
            continue;
        };
        let told = range
            .clone()
            .filter(|at| tells.ended || stands(index, *pod, *at));
        board.mark(Place::Containers, told, ways, chain);
        if !tells.images {
            continue;
        }
        let containers = index.pods.containers.get(range.clone()).unwrap_or_default();
        let images = containers.iter().filter_map(|container| container.image);
        board.mark(Place::Images, images, ways, chain);
    }
    if tells.logs {
        board.mark(Place::Logs, pods.iter().copied(), ways, chain);
    }
}

/// Whether a container of a pod has not ended.
fn stands(index: &SightIndex<'_>, pod: usize, container: usize) -> bool {
    let object = pod_objects(&index.inventory).get(pod);
    let spec = object.and_then(|object| pod_of(index.cluster, object));
    let name = index.pods.containers.get(container).map(|one| one.name);
    spec.zip(name).is_some_and(|(pod, name)| {
        let mut standing = pod.spec.standing();
        standing.any(|one| one.name == name)
    })
}

fn mark_namespaces(board: &mut Board<'_, '_>, pods: &[usize], ways: Ways, chain: ChainId) {
    let objects = pod_objects(&board.index.inventory);
    let namespaces: BTreeSet<&str> = pods
        .iter()
        .filter_map(|at| objects.get(*at))
        .map(|object| object.namespace)
        .collect();
    for namespace in namespaces {
        board.mark_object(("", "namespaces"), ("", namespace), ways, chain);
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
        mark_pods(board, pods, Ways::KUBELET, &chain, Tells::SPECIFICATION);
        mark_node(board, name, &chain);
    }
    if settings.anonymous != Some(true) {
        return;
    }
    let open = link(format!(
        "the kubelet of node {name} accepts requests without credentials"
    ));
    let shown = shown_to_strangers(index, settings, name);
    for (part, evidence) in &shown {
        // `/pods` stays where the handlers of debugging are off (`InstallDefaultHandlers`).
        let has_handlers = settings.debugging_handlers != Some(false);
        let reason = match evidence {
            Evidence::AlwaysAllow => link("its authorization mode is AlwaysAllow"),
            granted => link_with(sentence(granted), granted.clone()),
        };
        let chain = extended(links, [open.clone(), reason]);
        if part.subresource == "proxy" && !has_handlers {
            mark_pods(board, pods, Ways::KUBELET, &chain, Tells::SPECIFICATION);
            mark_node(board, name, &chain);
        } else {
            mark_part(board, &[name], (part, Ways::KUBELET), &chain);
        }
    }
    if shown.is_empty() {
        let unknown = undecided(board, name);
        board.depends_on.extend(unknown);
    }
}

/// What it depends on whether a request without credentials is authorized.
fn undecided(board: &Board<'_, '_>, node: &str) -> Vec<MissingFact> {
    let anonymous = Identity::anonymous();
    let session = board.index.access.session(&anonymous);
    // `/pods` is tried as `nodes/pods`, then as `nodes/proxy`.
    let decisions = ["pods", "proxy"].map(|subresource| {
        session.decide(ResourceQuestion {
            verb: "get",
            resource: "nodes",
            subresource,
            name: node,
            ..ResourceQuestion::default()
        })
    });
    let facts = decisions.into_iter().map(|decision| match decision {
        Decision::DependsOn(facts) => facts,
        Decision::Allowed(_) | Decision::Denied(_) => Vec::new(),
    });
    facts.flatten().collect()
}

fn mark_node(board: &mut Board<'_, '_>, node: &str, links: &[Link]) {
    let chain = board.chain(links.to_vec());
    board.mark_object(("", "nodes"), ("", node), Ways::KUBELET, chain);
}

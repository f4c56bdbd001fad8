//! What shows because something else shows: containers and images of pods, the node a pod runs on,
//! the namespaces of a list that spans all of them.

use std::collections::BTreeMap;

use viewshed_model::Link;

use super::board::{Board, ChainId, Mark, Place, extended, link};
use super::ways::Ways;
use crate::inventory::{List, NO_NAMESPACE};
use crate::sight::pod_of;

/// Ways that show an object's whole specification, not only its name.
const SPECIFICATION: Ways = Ways::LIST
    .with(Ways::WATCH)
    .with(Ways::GET)
    .with(Ways::LIST_BY_NAME)
    .with(Ways::WATCH_BY_NAME)
    .with(Ways::ETCD);

/// Marks what follows from the marks on the board. Called once, after all identities.
pub(super) fn mark(board: &mut Board<'_, '_>) {
    mark_containers(board);
    mark_images(board);
    let mut further = Further::default();
    further.mark_nodes(board);
    further.mark_namespaces(board);
}

fn mark_containers(board: &mut Board<'_, '_>) {
    let index = board.index;
    let Some(place) = board.place("", "pods") else {
        return;
    };
    for (at, mark) in board.marks(place).to_vec().into_iter().enumerate() {
        let specified = mark.ways.only(SPECIFICATION);
        if let (true, Some(range)) = (
            specified.is_seen(),
            index.pods.containers_of_pod.get(at).cloned(),
        ) {
            board.mark(Place::Containers, range.clone(), specified, mark.chain);
            let containers = index.pods.containers.get(range).unwrap_or_default();
            let images = containers.iter().filter_map(|container| container.image);
            board.mark(Place::Images, images, specified, mark.chain);
        }
    }
}

/// Images of templates and of nodes; those of pods come with their containers.
fn mark_images(board: &mut Board<'_, '_>) {
    let index = board.index;
    for (kind_at, kind) in index.inventory.kinds.iter().enumerate() {
        let has_images = |list: List| matches!(list, List::Workloads | List::Nodes);
        if !kind.objects.iter().any(|object| has_images(object.list)) {
            continue;
        }
        let marks = board.marks(Place::Kind(kind_at)).to_vec();
        for (object, mark) in kind.objects.iter().zip(marks) {
            let specified = mark.ways.only(SPECIFICATION);
            if !specified.is_seen() {
                continue;
            }
            let images: Vec<usize> = match object.list {
                List::Workloads => {
                    let range = index.pods.containers_of_workload.get(object.source);
                    range
                        .and_then(|range| index.pods.templates.get(range.clone()))
                        .unwrap_or_default()
                        .iter()
                        .filter_map(|container| container.image)
                        .collect()
                }
                List::Nodes => index
                    .pods
                    .images_of_node
                    .get(object.source)
                    .cloned()
                    .unwrap_or_default(),
                List::Pods | List::Plain => Vec::new(),
            };
            board.mark(Place::Images, images, specified, mark.chain);
        }
    }
}

/// Chains that go one step further than others, made once for each.
#[derive(Default)]
struct Further {
    nodes: BTreeMap<ChainId, ChainId>,
    namespaces: BTreeMap<ChainId, ChainId>,
}

impl Further {
    /// A pod's specification names its node.
    fn mark_nodes(&mut self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let (Some(pods), Some(nodes)) =
            (index.inventory.kind("", "pods"), board.place("", "nodes"))
        else {
            return;
        };
        let Some(node_kind) = index.inventory.kind("", "nodes") else {
            return;
        };
        let mut done = vec![false; node_kind.objects.len()];
        let marks = board
            .place("", "pods")
            .map(|place| board.marks(place).to_vec())
            .unwrap_or_default();
        for (object, mark) in pods.objects.iter().zip(marks) {
            if !mark.ways.intersects(SPECIFICATION) {
                continue;
            }
            let node = pod_of(index.cluster, object)
                .and_then(|pod| node_kind.find("", &pod.node))
                .filter(|at| done.get(*at) == Some(&false));
            if let Some(node) = node {
                let text = "each pod names the node that it runs on";
                let chain = further(&mut self.nodes, board, mark.chain, text);
                board.mark(nodes, [node], Ways::INDIRECT, chain);
                if let Some(done) = done.get_mut(node) {
                    *done = true;
                }
            }
        }
    }

    /// A list that spans all namespaces names those that its objects are in.
    fn mark_namespaces(&mut self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let (Some(namespaces), Some(place)) = (
            index.inventory.kind("", "namespaces"),
            board.place("", "namespaces"),
        ) else {
            return;
        };
        for (kind_at, kind) in index.inventory.kinds.iter().enumerate() {
            for (namespace, range) in &kind.ranges {
                if *namespace == NO_NAMESPACE {
                    continue;
                }
                let spanning = board
                    .marks(Place::Kind(kind_at))
                    .get(range.clone())
                    .and_then(|marks| marks.iter().find(|mark| spans(mark)))
                    .map(|mark| mark.chain);
                let object = kind.objects.get(range.start);
                let found = object.and_then(|object| namespaces.find("", object.namespace));
                if let (Some(chain), Some(at)) = (spanning, found) {
                    let text = "each of these objects names its namespace";
                    let chain = further(&mut self.namespaces, board, chain, text);
                    board.mark(place, [at], Ways::INDIRECT, chain);
                }
            }
        }
    }
}

fn spans(mark: &Mark) -> bool {
    mark.ways.intersects(Ways::SPANS_NAMESPACES)
}

fn further(
    made: &mut BTreeMap<ChainId, ChainId>,
    board: &mut Board<'_, '_>,
    from: ChainId,
    text: &str,
) -> ChainId {
    if let Some(known) = made.get(&from) {
        return *known;
    }
    let links: Vec<Link> = board
        .chains
        .get(from.0)
        .map(|chain| chain.links.clone())
        .unwrap_or_default();
    let chain = board.chain(extended(&links, [link(text)]));
    made.insert(from, chain);
    chain
}

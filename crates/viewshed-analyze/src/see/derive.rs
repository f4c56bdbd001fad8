//! What shows because something else shows: containers and images of pods, the node a pod runs on,
//! the namespaces of a list that spans all of them.

use std::collections::BTreeMap;

use viewshed_model::Link;

use super::board::{Board, ChainId, Place, extended, link};
use super::ways::Ways;
use crate::inventory::List;

/// Ways that show an object's whole specification, not only its name.
pub(super) const SPECIFICATION: Ways = Ways::LIST
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
    for (at, specified, chain) in specified(board, place) {
        let Some(range) = index.pods.containers_of_pod.get(at).cloned() else {
            continue;
        };
        board.mark(Place::Containers, range.clone(), specified, chain);
        let containers = index.pods.containers.get(range).unwrap_or_default();
        let images = containers.iter().filter_map(|container| container.image);
        board.mark(Place::Images, images, specified, chain);
    }
}

/// The things of a place whose specification shows, with the ways that show it.
fn specified(board: &Board<'_, '_>, place: Place) -> Vec<(usize, Ways, ChainId)> {
    board
        .marks(place)
        .iter()
        .enumerate()
        .map(|(at, mark)| (at, mark.ways.only(SPECIFICATION), mark.chain))
        .filter(|(_, ways, _)| ways.is_seen())
        .collect()
}

/// Images of templates and of nodes; those of pods come with their containers.
fn mark_images(board: &mut Board<'_, '_>) {
    let index = board.index;
    for (kind_at, kind) in index.inventory.kinds.iter().enumerate() {
        let has_images = |list: List| matches!(list, List::Workloads | List::Nodes);
        if !kind.objects.iter().any(|object| has_images(object.list)) {
            continue;
        }
        for (at, specified, chain) in specified(board, Place::Kind(kind_at)) {
            let Some(object) = kind.objects.get(at) else {
                continue;
            };
            let (templates, of_node) = match object.list {
                List::Workloads => (index.pods.containers_of_workload.get(object.source), None),
                List::Nodes => (None, index.pods.images_of_node.get(object.source)),
                List::Pods | List::Plain => (None, None),
            };
            let templates = templates.and_then(|range| index.pods.templates.get(range.clone()));
            let templates = templates.into_iter().flatten();
            let images = templates
                .filter_map(|container| container.image)
                .chain(of_node.into_iter().flatten().copied());
            board.mark(Place::Images, images, specified, chain);
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
        let (Some(pods), Some(nodes)) = (board.place("", "pods"), board.place("", "nodes")) else {
            return;
        };
        let Some(node_kind) = index.inventory.kind("", "nodes") else {
            return;
        };
        for (node, object) in node_kind.objects.iter().enumerate() {
            let marks = board.marks(pods);
            let on_node = index.pods.on_node(object.name).iter();
            let mut specified = on_node
                .filter_map(|pod| marks.get(*pod))
                .filter(|mark| mark.ways.only(SPECIFICATION).is_seen());
            if let Some(chain) = specified.next().map(|mark| mark.chain) {
                let text = "each pod names the node that it runs on";
                let chain = further(&mut self.nodes, board, chain, text);
                board.mark(nodes, [node], Ways::INDIRECT, chain);
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
        // Positions of namespaces as objects, by their positions in the inventory's list of names.
        let mut objects: Vec<Option<usize>> = vec![None; index.inventory.namespaces.len()];
        for (at, object) in namespaces.objects.iter().enumerate() {
            let number = index.inventory.namespace_index(object.name);
            let slot = number.and_then(|number| objects.get_mut(usize::try_from(number).ok()?));
            if let Some(slot) = slot {
                *slot = Some(at);
            }
        }
        for (kind_at, kind) in index.inventory.kinds.iter().enumerate() {
            for (namespace, range) in &kind.ranges {
                let object = usize::try_from(*namespace).ok();
                let Some(at) = object.and_then(|number| objects.get(number).copied().flatten())
                else {
                    continue;
                };
                let marks = board.marks(Place::Kind(kind_at)).get(range.clone());
                let spanning = marks
                    .unwrap_or_default()
                    .iter()
                    .find(|mark| mark.ways.intersects(Ways::SPANS_NAMESPACES));
                let Some(chain) = spanning.map(|mark| mark.chain) else {
                    continue;
                };
                let text = "each of these objects names its namespace";
                let chain = further(&mut self.namespaces, board, chain, text);
                board.mark(place, [at], Ways::INDIRECT, chain);
            }
        }
    }
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
        .chain_at(from)
        .map(|chain| chain.links.clone())
        .unwrap_or_default();
    let chain = board.chain(extended(&links, [link(text)]));
    made.insert(from, chain);
    chain
}

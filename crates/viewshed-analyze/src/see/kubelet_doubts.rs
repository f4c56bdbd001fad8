//! What stands between a right on parts of nodes and what their kubelets would show.

use viewshed_model::ReachVerdict;

use super::board::{Board, Place};
use super::kubelet_rights::{Door, Part};
use crate::sight::pod_objects;

/// Names that fit on a line.
const NAMES_MAX: usize = 3;

/// "n1, n2, n3", "n1, n2, n3 and 4 more".
pub(super) fn some_of(names: &[&str]) -> String {
    let shown = names.get(..NAMES_MAX.min(names.len())).unwrap_or_default();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What stands between an identity and what kubelets would show to it.
#[derive(Default)]
pub(super) struct Doubts {
    parts: Vec<&'static str>,
    unreached: Vec<String>,
    unread: Vec<String>,
}

impl Doubts {
    /// Notes what one part of a kubelet depends on; `false` where all that it tells is seen anyhow.
    pub(super) fn add(
        &mut self,
        (node, part): (&str, &'static Part),
        (reached, door): (Option<ReachVerdict>, Door),
        board: &Board<'_, '_>,
    ) -> bool {
        if !is_news(board, node, part) {
            return false;
        }
        let note = |names: &mut Vec<String>| {
            if names.last().is_none_or(|last| last != node) {
                names.push(node.to_owned());
            }
        };
        if reached != Some(ReachVerdict::Allowed) {
            note(&mut self.unreached);
        }
        if door == Door::Unread && reached.is_some() {
            note(&mut self.unread);
        }
        if !self.parts.contains(&part.subresource) {
            self.parts.push(part.subresource);
        }
        true
    }

    pub(super) fn facts(mut self, has_network: bool) -> Vec<String> {
        self.unreached.sort_unstable();
        self.unreached.dedup();
        self.unread.sort_unstable();
        self.unread.dedup();
        let tell = format!(
            "which tell pods, containers and images to whoever may get nodes/{}",
            self.parts.join(", nodes/")
        );
        let names = |names: &[String]| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            some_of(&names)
        };
        let mut facts = Vec::new();
        if !self.unreached.is_empty() {
            facts.push(if has_network {
                format!(
                    "whether the network lets it reach the port of the kubelets of {} (TCP 10250), {tell}",
                    names(&self.unreached)
                )
            } else {
                format!("whether the port of the kubelets (TCP 10250) is reached from there, {tell}")
            });
        }
        if !self.unread.is_empty() {
            facts.push(format!(
                "whether the kubelets of {}, whose settings were not read, ask the API server about tokens: they \
                 would {}",
                names(&self.unread),
                tell.trim_start_matches("which ")
            ));
        }
        facts
    }
}

/// Whether a part of a kubelet tells anything that does not show already.
fn is_news(board: &Board<'_, '_>, node: &str, part: &Part) -> bool {
    let index = board.index;
    let is_hidden = |place: Place, at: usize| {
        let marks = board.marks(place);
        marks.get(at).is_some_and(|mark| !mark.ways.is_seen())
    };
    if part.names_node {
        let found = index.inventory.kind("", "nodes");
        let at = found.and_then(|kind| index.inventory.find(kind, "", node));
        let place = board.place("", "nodes");
        if at
            .zip(place)
            .is_some_and(|(at, place)| is_hidden(place, at))
        {
            return true;
        }
    }
    let pods = board.place("", "pods");
    let namespaces = board.place("", "namespaces");
    let of_namespaces = index.inventory.kind("", "namespaces");
    let namespace_of = |pod: usize| {
        let namespace = pod_objects(&index.inventory).get(pod)?.namespace;
        index.inventory.find(of_namespaces?, "", namespace)
    };
    index.pods.on_node(node).iter().any(|pod| {
        pods.is_some_and(|place| is_hidden(place, *pod))
            || part.tells.logs && is_hidden(Place::Logs, *pod)
            || namespaces
                .zip(namespace_of(*pod))
                .is_some_and(|(place, at)| is_hidden(place, at))
    })
}

/// Whether all that kubelets tell of shows already.
pub(super) fn shows_all(board: &Board<'_, '_>) -> bool {
    let places = [
        board.place("", "pods"),
        board.place("", "nodes"),
        board.place("", "namespaces"),
        Some(Place::Logs),
    ];
    let mut marks = places
        .into_iter()
        .flatten()
        .flat_map(|place| board.marks(place));
    marks.all(|mark| mark.ways.is_seen())
}

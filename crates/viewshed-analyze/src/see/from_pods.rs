//! SEE turned around: one object, looked at from every pod.
//!
//! The same code marks it as for the view of one pod, on a board that has eyes for this object alone. What the
//! credentials of a pod show at the API server is left to whoever knows who sees the object; what they show at the
//! kubelets that it reaches is marked here.

use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::{Identity, KubeletSettings, Node, Place, ReachVerdict};

use super::anonymous::Door;
use super::board::{Board, Focus, link};
use super::identity::Held;
use super::joined::kubelet_port;
use super::kubelet::mark_open;
use super::kubelet_rights::{Asker, mark_at, shown_by};
use super::{kubelet_rights, vantage};
use crate::network::NetworkIndex;
use crate::sight::{SightIndex, has_ended, pod_objects, pod_of};

/// What one pod holds, and whether the object shows from there without any credential.
#[derive(Debug)]
pub(crate) struct FromPod<'i> {
    pub(crate) namespace: &'i str,
    pub(crate) name: &'i str,
    /// The steps that show the object, in plain words; empty when nothing does.
    pub(crate) steps: Vec<String>,
    /// As whom it may ask the API server, as far as the network lets it.
    pub(crate) held: Vec<Identity>,
}

/// Every pod, in the order of the inventory; `object` is a resource and an object by their positions there.
/// With a network, also kubelets that answer without a credential and that a pod reaches show what they know.
pub(crate) fn from_pods<'i>(
    index: &'i SightIndex<'_>,
    object: Option<(usize, usize)>,
    network: Option<&NetworkIndex<'_>>,
) -> Vec<FromPod<'i>> {
    let focus = focus_on(index, object);
    let kubelets = network.map_or_else(Vec::new, |network| {
        open_kubelets(&nodes_that_matter(index, &focus), network)
    });
    let asked = network.map_or_else(Vec::new, |network| {
        let nodes = nodes_that_matter(index, &focus).into_iter();
        nodes.map(|node| AskedKubelet::new(node, network)).collect()
    });
    let is_closed = Door::of(index.cluster) == Door::Closed;
    pod_objects(&index.inventory)
        .par_iter()
        .filter_map(|object| {
            let pod = pod_of(index.cluster, object)?;
            let mut board = Board::on(index, focus.clone());
            let inside = vantage::inside(index, pod, object.namespace);
            let held = inside.mark(&mut board);
            for kubelet in &kubelets {
                if let Some(settings) = kubelet.opened_to(object.namespace, object.name) {
                    let name = &kubelet.node.meta.name;
                    let text = format!("{} reaches the kubelet of node {name}", inside.title);
                    mark_open(&mut board, (name, &settings), &[link(text)]);
                }
            }
            let own = (object.namespace, object.name);
            if board.shown().is_none() {
                ask_kubelets(&mut board, &asked, (&inside.title, own), &held);
            }
            let held = held.into_iter().map(|held| held.identity);
            let anonymous = Identity::anonymous();
            Some(FromPod {
                namespace: object.namespace,
                name: object.name,
                steps: board
                    .shown()
                    .map(|chain| chain.links.iter().map(|link| link.text.clone()).collect())
                    .unwrap_or_default(),
                held: held
                    .filter(|identity| !(is_closed && *identity == anonymous))
                    // Where connections are looked at, none starts in a pod that has ended.
                    .filter(|_| network.is_none() || !has_ended(pod))
                    .collect(),
            })
        })
        .collect()
}

fn focus_on(index: &SightIndex<'_>, object: Option<(usize, usize)>) -> Focus {
    let inventory = &index.inventory;
    let pods = object.and_then(|(kind, at)| {
        let kind = inventory.kinds.get(kind)?;
        let is_namespace = kind.group.is_empty() && kind.resource == "namespaces";
        let name = kind.objects.get(at).filter(|_| is_namespace)?.name;
        let pods = inventory.position("", "pods")?;
        let namespace = inventory.namespace_index(name)?;
        Some((pods, inventory.kinds.get(pods)?.range(namespace)))
    });
    Focus::on(object, pods)
}

/// The nodes whose kubelets know of the object: its own when it is a pod, itself when it is a node, those of
/// its pods when it is a namespace.
fn nodes_that_matter<'c>(index: &SightIndex<'c>, focus: &Focus) -> Vec<&'c Node> {
    let pods = pod_objects(&index.inventory);
    let node_of = |at: usize| {
        let pod = pod_of(index.cluster, pods.get(at)?)?;
        Some(pod.node.as_str())
    };
    let mut names: Vec<&str> = Vec::new();
    if let Some((_, range)) = &focus.pods {
        names.extend(range.clone().filter_map(node_of));
    }
    if let Some((kind, at)) = focus.object
        && let Some(kind) = index.inventory.kinds.get(kind)
        && kind.group.is_empty()
    {
        match kind.resource.as_str() {
            "pods" => names.extend(node_of(at)),
            "nodes" => names.extend(kind.objects.get(at).map(|object| object.name)),
            _ => {}
        }
    }
    names.sort_unstable();
    let nodes = index.cluster.nodes.iter();
    nodes
        .filter(|node| names.binary_search(&node.meta.name.as_str()).is_ok())
        .collect()
}

/// A kubelet that may be asked with credentials; who reaches it is worked out when first wanted.
struct AskedKubelet<'n, 'c> {
    node: &'c Node,
    network: &'n NetworkIndex<'c>,
    reached: OnceLock<Reached<'c>>,
}

impl<'n, 'c> AskedKubelet<'n, 'c> {
    const fn new(node: &'c Node, network: &'n NetworkIndex<'c>) -> Self {
        Self {
            node,
            network,
            reached: OnceLock::new(),
        }
    }

    fn is_reached_from(&self, pod: (&str, &str)) -> bool {
        let reached = self.reached.get_or_init(|| {
            let place = Place::Node {
                name: self.node.meta.name.clone(),
            };
            let port = kubelet_port(self.node);
            self.network.verdicts_by_pod(&place, Some(port))
        });
        reached.get(&pod) == Some(&ReachVerdict::Allowed)
    }
}

/// Marks what the kubelets that the pod certainly reaches show to the credentials that it holds.
fn ask_kubelets(
    board: &mut Board<'_, '_>,
    kubelets: &[AskedKubelet<'_, '_>],
    (title, pod): (&str, (&str, &str)),
    held: &[Held],
) {
    let index = board.index;
    if !index.trust.grants_count || kubelets.is_empty() {
        return;
    }
    let strangers = Identity::anonymous();
    for held in held.iter().filter(|held| held.identity != strangers) {
        let asker = Asker::new(index, &held.identity);
        for kubelet in kubelets {
            let door = kubelet_rights::Door::of(kubelet.node, &held.identity);
            if door == kubelet_rights::Door::Unread {
                continue;
            }
            let name = kubelet.node.meta.name.as_str();
            let shown = shown_by(door, &asker, name);
            if !shown.is_empty() && kubelet.is_reached_from(pod) {
                mark_at(board, name, (title, held), &shown);
            }
        }
    }
}

/// What the network says of pods by namespace and name.
type Reached<'c> = FxHashMap<(&'c str, &'c str), ReachVerdict>;

/// A kubelet that answers without a credential, and who reaches which of its ports.
struct OpenKubelet<'c> {
    node: &'c Node,
    settings: &'c KubeletSettings,
    own: Reached<'c>,
    read_only: Reached<'c>,
}

fn open_kubelets<'c>(nodes: &[&'c Node], network: &NetworkIndex<'c>) -> Vec<OpenKubelet<'c>> {
    let reached = |node: &Node, port: Option<u16>| {
        let place = Place::Node {
            name: node.meta.name.clone(),
        };
        port.map_or_else(Reached::default, |port| {
            network.verdicts_by_pod(&place, Some(port))
        })
    };
    let open = nodes.iter().filter_map(|node| {
        let settings = node.kubelet.as_ref()?;
        let own = (settings.anonymous == Some(true)).then(|| kubelet_port(node));
        let read_only = settings.read_only_port.filter(|port| *port != 0);
        (own.is_some() || read_only.is_some()).then(|| OpenKubelet {
            node,
            settings,
            own: reached(node, own),
            read_only: reached(node, read_only),
        })
    });
    open.collect()
}

impl OpenKubelet<'_> {
    /// The settings with only those doors open that the pod certainly reaches.
    fn opened_to(&self, namespace: &str, name: &str) -> Option<KubeletSettings> {
        let pod = (namespace, name);
        let is_reached =
            |verdicts: &Reached<'_>| verdicts.get(&pod) == Some(&ReachVerdict::Allowed);
        let (own, read_only) = (is_reached(&self.own), is_reached(&self.read_only));
        (own || read_only).then(|| KubeletSettings {
            anonymous: Some(own),
            read_only_port: self.settings.read_only_port.filter(|_| read_only),
            ..self.settings.clone()
        })
    }
}

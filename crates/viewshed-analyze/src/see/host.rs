//! What follows from standing on a node, or from holding a part of it.

use viewshed_model::{Cluster, Identity, Link, MissingFact, Node, Pod, Runtime};

use super::board::{Board, extended, link};
use super::host_paths::{Opening, is_of_pods, serves};
use super::host_signs::depend_on_place;
use super::identity::Held;
use super::kubelet::{Tells, mark_pods};
use super::readers::Reader;
use super::tokens::{Audience, TokenHolder};
use super::ways::Ways;
use crate::sight::{SightIndex, environment_of, pod_objects, pod_of, volume_names};

/// A node on which the vantage holds something, and the steps that led there.
pub(super) struct Foothold<'a> {
    /// Node name; empty when the pod is not scheduled or stands in a manifest.
    pub(super) node: &'a str,
    pub(super) links: &'a [Link],
    /// Namespace and name of the pod that stands there; `None` for a template and on the node itself.
    pub(super) pod: Option<(&'a str, &'a str)>,
}

impl Foothold<'_> {
    /// Everything that root on the node sees. Identities that lie there are added to `held`.
    pub(super) fn mark_root(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>) {
        if self.node.is_empty() {
            board.depends_on.insert(MissingFact {
                fact: "the node that the pod runs on, which is not in the estate".to_owned(),
            });
            return;
        }
        self.mark_runtime(board, "every container runtime of the node answers root");
        self.mark_own_node(board);
        self.hold_node_credentials(held);
        self.mark_pod_volumes(board, held, Reader::Root);
        self.mark_environments(board);
        self.hold_admin_credentials(board, held);
        self.mark_etcd(board);
    }

    /// What one opening of the node's file system shows.
    pub(super) fn mark_opening(
        &self,
        board: &mut Board<'_, '_>,
        opening: Opening,
        held: &mut Vec<Held>,
    ) {
        if self.node.is_empty() {
            depend_on_place(board, opening);
        }
        match opening {
            Opening::Root => self.mark_root(board, held),
            Opening::NodeCredentials => self.hold_node_credentials(held),
            Opening::KubeletConfiguration => self.doubt_kubelet_configuration(board, held),
            Opening::PodVolumes => self.mark_pod_volumes(board, held, Reader::Root),
            Opening::GroupVolumes(user) => {
                self.mark_pod_volumes(board, held, Reader::RootsGroup(user));
            }
            Opening::AdminCredentials => self.hold_admin_credentials(board, held),
            Opening::ControlPlaneUser(user) => {
                let text = format!(
                    "the credential of {user} lies on control-plane {}",
                    self.place()
                );
                self.hold_of_control_plane(board, held, (Identity::user(user, []), text));
            }
            Opening::EtcdData => self.mark_etcd(board),
            Opening::Socket(runtime) => {
                if self.is_served_by(board, runtime) {
                    let text = format!("{} lists every container of the node", title(runtime));
                    self.mark_runtime(board, &text);
                }
            }
            Opening::StaticPods => self.mark_static_pods(board),
            Opening::Logs => self.mark_logs(board),
            Opening::RuntimeState(runtime) => {
                if self.is_served_by(board, runtime) {
                    let text = format!("{} keeps records of its containers there", title(runtime));
                    let links = extended(self.links, [link(text)]);
                    let index = board.index;
                    let pods = index.pods.on_node(self.node);
                    mark_pods(board, pods, Ways::NODE_FILES, &links, Tells::SPECIFICATION);
                }
            }
            Opening::Processes => self.mark_processes(board),
        }
    }

    pub(super) fn place(&self) -> String {
        if self.node.is_empty() {
            "its node".to_owned()
        } else {
            format!("node {}", self.node)
        }
    }

    /// Whether the node's pods show through this runtime; a doubt becomes a missing fact.
    fn is_served_by(&self, board: &mut Board<'_, '_>, runtime: Option<Runtime>) -> bool {
        let Some(runtime) = runtime else { return true };
        let told = node_runtime(board.index.cluster, self.node);
        match serves(runtime, told) {
            Some(true) => true,
            // Nothing speaks against it: the mount names the runtime.
            None => is_of_pods(runtime),
            Some(false) => {
                board.depends_on.insert(MissingFact {
                    fact: format!(
                        "whether {} runs on {} beside its runtime `{told}`",
                        runtime.name(),
                        self.place()
                    ),
                });
                false
            }
        }
    }

    fn mark_runtime(&self, board: &mut Board<'_, '_>, text: &str) {
        let index = board.index;
        let links = extended(self.links, [link(text)]);
        let pods = index.pods.on_node(self.node);
        mark_pods(board, pods, Ways::RUNTIME, &links, Tells::EVERYTHING);
        let chain = board.chain(links);
        let images = index
            .cluster
            .nodes
            .iter()
            .position(|node| node.meta.name == self.node)
            .and_then(|node| index.pods.images_of_node.get(node));
        if let Some(images) = images {
            let place = super::board::Place::Images;
            board.mark(place, images.iter().copied(), Ways::RUNTIME, chain);
        }
    }

    /// The pods whose manifests lie there.
    fn mark_static_pods(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let objects = pod_objects(&index.inventory);
        let mirrors = index.pods.on_node(self.node).iter().copied().filter(|at| {
            let pod = objects
                .get(*at)
                .and_then(|object| pod_of(index.cluster, object));
            pod.is_some_and(|pod| pod.is_mirror)
        });
        let mirrors: Vec<usize> = mirrors.collect();
        let text = "the manifests of static pods name them, their images and their settings";
        let links = extended(self.links, [link(text)]);
        mark_pods(
            board,
            &mirrors,
            Ways::NODE_FILES,
            &links,
            Tells::SPECIFICATION,
        );
    }

    fn mark_own_node(&self, board: &mut Board<'_, '_>) {
        let chain = board.chain(self.links.to_vec());
        board.mark_object(("", "nodes"), ("", self.node), Ways::OWN, chain);
    }

    fn hold_node_credentials(&self, held: &mut Vec<Held>) {
        if !self.node.is_empty() {
            let text = format!("the kubelet's certificate of node {} lies there", self.node);
            hold(
                held,
                Identity::node(self.node),
                extended(self.links, [link(text)]),
            );
        }
    }

    fn doubt_kubelet_configuration(&self, board: &mut Board<'_, '_>, held: &[Held]) {
        let node = Identity::node(self.node);
        if !held.iter().any(|known| known.identity == node) {
            board.depends_on.insert(MissingFact {
                fact: format!(
                    "whether /etc/kubernetes/kubelet.conf of {} holds the kubelet's certificate \
                     or names it",
                    self.place()
                ),
            });
        }
    }

    /// Tokens, secrets and config maps that the kubelet keeps for the node's pods.
    fn mark_pod_volumes(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>, reader: Reader) {
        let index = board.index;
        let objects = pod_objects(&index.inventory);
        for object in index
            .pods
            .on_node(self.node)
            .iter()
            .filter_map(|at| objects.get(*at))
        {
            let Some(pod) = pod_of(index.cluster, object) else {
                continue;
            };
            if !reader.may_read_volumes(&pod.spec) {
                continue;
            }
            let name = format!("{}/{}", object.namespace, object.name);
            let tokens = holder(index, pod, object.namespace).tokens().into_iter();
            for token in tokens.filter(|token| {
                token.secret.is_some() || reader.may_read_projected_tokens(&pod.spec)
            }) {
                if let (Some(account), false) = (
                    token.service_account,
                    matches!(token.audience, Audience::Other(_)),
                ) {
                    let text = format!(
                        "pod {name} keeps the token of service account {}/{account} there",
                        object.namespace
                    );
                    hold(
                        held,
                        Identity::service_account(object.namespace, &account),
                        extended(self.links, [link(text)]),
                    );
                }
            }
            let text = format!("pod {name} keeps its configuration there");
            self.mark_values(
                board,
                object.namespace,
                volume_names(&pod.spec),
                (&text, Ways::NODE_FILES),
            );
        }
    }

    /// Values of Secrets and config maps. Folders are named after volumes, and variables after themselves: the names of
    /// the objects are not told by them, so they show only to whoever has those from elsewhere.
    fn mark_values<'n>(
        &self,
        board: &mut Board<'_, '_>,
        namespace: &str,
        names: impl IntoIterator<Item = (&'static str, &'n str)>,
        (text, ways): (&str, Ways),
    ) {
        let names: Vec<(&str, &str)> = names.into_iter().collect();
        if names.is_empty() {
            return;
        }
        if board.is_whole() && !board.knows_names {
            let told = format!("values of {} Secrets and config maps: {text}", names.len());
            if !board.unnamed.contains(&told) {
                board.unnamed.push(told);
            }
            return;
        }
        let chain = board.chain(extended(self.links, [link(text.to_owned())]));
        for (resource, name) in names {
            board.mark_object(("", resource), (namespace, name), ways, chain);
        }
    }

    /// Secrets and config maps in the environment of the node's containers.
    fn mark_environments(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let objects = pod_objects(&index.inventory);
        for object in index
            .pods
            .on_node(self.node)
            .iter()
            .filter_map(|at| objects.get(*at))
        {
            let Some(pod) = pod_of(index.cluster, object) else {
                continue;
            };
            let text = format!(
                "containers of pod {}/{} hold it in their environment",
                object.namespace, object.name
            );
            let names = pod.spec.standing().flat_map(environment_of);
            self.mark_values(board, object.namespace, names, (&text, Ways::PROCESSES));
        }
    }

    fn hold_admin_credentials(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>) {
        let text = format!(
            "administrator credentials of control-plane {} lie in /etc/kubernetes",
            self.place()
        );
        let admin = Identity::user("kubernetes-admin", ["system:masters"]);
        self.hold_of_control_plane(board, held, (admin, text));
    }

    /// A credential that lies on control-plane nodes alone.
    fn hold_of_control_plane(
        &self,
        board: &mut Board<'_, '_>,
        held: &mut Vec<Held>,
        (identity, text): (Identity, String),
    ) {
        match runs_control_plane(board.index, self.node) {
            Some(true) => hold(held, identity, extended(self.links, [link(text)])),
            Some(false) => {}
            None => {
                board.depends_on.insert(MissingFact {
                    fact: format!(
                        "whether {} is a control-plane node, where administrator credentials lie",
                        self.place()
                    ),
                });
            }
        }
    }

    fn mark_etcd(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let objects = pod_objects(&index.inventory);
        let etcd = index
            .pods
            .on_node(self.node)
            .iter()
            .filter_map(|at| objects.get(*at))
            .find(|pod| is_static(index, pod.namespace, pod.name, "etcd"));
        let Some(etcd) = etcd else { return };
        let text = format!(
            "etcd of pod {}/{} keeps the names of every object there",
            etcd.namespace, etcd.name
        );
        let chain = board.chain(extended(self.links, [link(text)]));
        for (kind, of) in index.inventory.kinds.iter().enumerate() {
            let place = super::board::Place::Kind(kind);
            let ways = Ways::ETCD.with(Ways::SPANS_NAMESPACES);
            board.mark(place, 0..of.objects.len(), ways, chain);
        }
    }
}

/// `containerRuntimeVersion` of a node; empty when the estate does not tell.
pub(super) fn node_runtime<'c>(cluster: &'c Cluster, name: &str) -> &'c str {
    let node = cluster.nodes.iter().find(|node| node.meta.name == name);
    node.map_or("", |node| node.runtime.as_str())
}

fn title(runtime: Option<Runtime>) -> &'static str {
    runtime.map_or("the container runtime", Runtime::name)
}

/// Adds an identity unless it is held already: the first way to it is told.
pub(super) fn hold(held: &mut Vec<Held>, identity: Identity, links: Vec<Link>) {
    if !held.iter().any(|known| known.identity == identity) {
        held.push(Held { identity, links });
    }
}

/// The token holder of a pod that exists.
pub(super) fn holder<'a>(
    index: &'a SightIndex<'_>,
    pod: &'a Pod,
    namespace: &'a str,
) -> TokenHolder<'a> {
    TokenHolder {
        accounts: index.accounts(),
        namespace,
        spec: &pod.spec,
        is_admitted: index.cluster.is_live || !pod.phase.is_empty(),
        is_mirror: pod.is_mirror,
    }
}

/// Whether the node runs the control plane; `None` when the estate does not tell: it does not know the node, or no node
/// that does, so that each may be one whose label was taken away.
fn runs_control_plane(index: &SightIndex<'_>, node: &str) -> Option<bool> {
    let objects = pod_objects(&index.inventory);
    let has_api_server = |node: &str| {
        let pods = index.pods.on_node(node).iter();
        pods.filter_map(|at| objects.get(*at))
            .any(|pod| is_static(index, pod.namespace, pod.name, "kube-apiserver"))
    };
    let is_labelled = |node: &Node| {
        ["control-plane", "master"].iter().any(|role| {
            let label = format!("node-role.kubernetes.io/{role}");
            node.meta.labels.contains_key(&label)
        })
    };
    if has_api_server(node) {
        return Some(true);
    }
    let nodes = &index.cluster.nodes;
    let known = nodes.iter().find(|known| known.meta.name == node)?;
    if is_labelled(known) {
        return Some(true);
    }
    let mut others = nodes.iter();
    let has_others = others.any(|other| is_labelled(other) || has_api_server(&other.meta.name));
    has_others.then_some(false)
}

/// Whether a pod is the static pod of a control-plane program.
fn is_static(index: &SightIndex<'_>, namespace: &str, name: &str, program: &str) -> bool {
    let pod = index
        .inventory
        .kind("", "pods")
        .and_then(|kind| {
            kind.objects
                .get(index.inventory.find(kind, namespace, name)?)
        })
        .and_then(|object| pod_of(index.cluster, object));
    pod.is_some_and(|pod| {
        pod.is_mirror
            && namespace == "kube-system"
            && pod.spec.containers.iter().any(|container| {
                container.program.rsplit('/').next() == Some(program) || container.name == program
            })
    })
}

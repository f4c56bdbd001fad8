//! What a node shows of its pods without a credential and without its runtime: folders of logs, processes.

use viewshed_model::MissingFact;

use super::board::{Board, Place, extended, link};
use super::host::Foothold;
use super::host_paths::Opening;
use super::ways::Ways;

/// Where nobody knows the node, what shows there is a fact that is missing.
pub(super) fn depend_on_place(board: &mut Board<'_, '_>, opening: Opening) {
    let fact = match opening {
        // Told where it is marked.
        Opening::Root
        | Opening::KubeletConfiguration
        | Opening::AdminCredentials
        | Opening::ControlPlaneUser(_)
        | Opening::EtcdData => return,
        Opening::NodeCredentials => {
            "on which node it runs: it becomes that node (system:node:NAME) by its kubelet's certificate"
        }
        Opening::PodVolumes | Opening::GroupVolumes(_) => {
            "which pods run on its node: it has the token of every pod there that mounts one"
        }
        Opening::StaticPods
        | Opening::Socket(_)
        | Opening::Logs
        | Opening::RuntimeState(_)
        | Opening::Processes => "which pods and containers run on its node: they show there",
    };
    board.depends_on.insert(MissingFact {
        fact: fact.to_owned(),
    });
}

impl Foothold<'_> {
    /// The names in the paths of logs, and the logs: `NAMESPACE_POD_UID/CONTAINER/` (`BuildPodLogsDirectory` in
    /// `pkg/kubelet/kuberuntime/helpers.go`).
    pub(super) fn mark_logs(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let text = "the folders of its logs name every pod and container of the node";
        let chain = board.chain(extended(self.links, [link(text)]));
        let on_node = index.pods.on_node(self.node);
        let pods = on_node.iter().copied();
        if let Some(place) = board.place("", "pods") {
            let ways = Ways::NODE_FILES.with(Ways::SPANS_NAMESPACES);
            board.mark(place, pods.clone(), ways, chain);
        }
        for range in pods
            .clone()
            .filter_map(|pod| index.pods.containers_of_pod.get(pod))
        {
            board.mark(Place::Containers, range.clone(), Ways::NODE_FILES, chain);
        }
        board.mark(Place::Logs, pods, Ways::NODE_FILES, chain);
    }

    /// The containers of the node, by its process table. A control group's path ends with the id of its container;
    /// whoever looks from a container alone in its pod finds all but that one, whose path is the root there
    /// (`cgroup_namespaces(7)`).
    pub(super) fn mark_processes(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let text = format!(
            "the process table of {} shows every container by its id",
            self.place()
        );
        let chain = board.chain(extended(self.links, [link(text)]));
        let own = self
            .pod
            .and_then(|(namespace, name)| {
                let kind = index.inventory.kind("", "pods")?;
                index.inventory.find(kind, namespace, name)
            })
            .filter(|at| {
                let range = index.pods.containers_of_pod.get(*at).cloned();
                let containers = index.pods.containers.get(range.unwrap_or_default());
                let mut running = containers.into_iter().flatten();
                running.by_ref().find(|one| !one.id.is_empty());
                running.all(|one| one.id.is_empty())
            });
        let others = index.pods.on_node(self.node).iter();
        for pod in others.filter(|pod| own != Some(**pod)) {
            if let Some(range) = index.pods.containers_of_pod.get(*pod) {
                let running = range.clone().filter(|at| {
                    let container = index.pods.containers.get(*at);
                    container.is_some_and(|container| !container.id.is_empty())
                });
                board.mark(Place::Containers, running, Ways::PROCESSES, chain);
            }
        }
    }
}

//! Ways out of a container: to its node, or to what lies there.

use super::build::{Ground, Inhabitant};
use super::graph::{State, Step, Why};
use crate::see::{Opening, openings_on};

/// The name of a node that nobody knows.
const UNPLACED: &str = "(where it runs)";

impl<'c> Ground<'_, 'c> {
    /// The steps of a pod to its node.
    pub(super) fn leave(&self, pod: &Inhabitant<'c>, steps: &mut Vec<Step<'c>>) {
        let runtime = self.runtimes.get(pod.node).copied().unwrap_or_default();
        let node = if pod.node.is_empty() {
            UNPLACED
        } else {
            pod.node
        };
        let title = format!("pod {}/{}", pod.namespace, pod.name);
        let name = pod.pod.map_or("", |pod| pod.meta.name.as_str());
        let place = (self.sight.cluster, pod.namespace, name);
        for one in openings_on(place, pod.spec, &title, runtime) {
            let Some((to, doubt)) = self.behind(one.opening, node) else {
                continue;
            };
            steps.push(Step {
                to,
                why: Why::Text(one.text),
                doubt: one.doubt.or(doubt),
            });
        }
    }

    /// What lies behind an opening of a node, and on which fact it depends.
    fn behind(&self, opening: Opening, node: &'c str) -> Option<(State<'c>, Option<String>)> {
        Some(match opening {
            Opening::Root => (State::Node(node), None),
            Opening::Socket(runtime) => {
                let doubt = runtime
                    .filter(|runtime| !runtime.is_of_pods())
                    .map(|_| format!("whether a container of that runtime becomes root on {node}"));
                (State::Node(node), doubt)
            }
            Opening::AdminCredentials => {
                let fact = format!("whether administrator credentials lie on node {node}");
                (State::Administrator, self.on_control_plane(node, fact)?)
            }
            Opening::EtcdData => {
                let fact = format!("whether etcd keeps its data on node {node}");
                (State::AllSecrets, self.on_control_plane(node, fact)?)
            }
            Opening::NodeCredentials | Opening::KubeletConfiguration | Opening::PodVolumes => {
                // The node's own rights are those to its pods' tokens.
                let doubt = match opening {
                    _ if node == UNPLACED => Some(format!("which pods run on node {node}")),
                    Opening::KubeletConfiguration => Some(format!(
                        "whether /etc/kubernetes/kubelet.conf of node {node} holds the kubelet's certificate or \
                         names it"
                    )),
                    _ => None,
                };
                (State::PodsOn(node), doubt)
            }
            Opening::Logs | Opening::RuntimeState(_) | Opening::Processes => return None,
        })
    }

    /// Whether what lies on control-plane nodes lies on this one: certainly, perhaps by that fact, or (outer
    /// `None`) not. kubeadm writes `admin.conf`, `ca.key` and etcd's data on control-plane nodes alone
    /// (`cmd/kubeadm/app/phases`); a worker's `/etc/kubernetes/pki` holds `ca.crt`.
    fn on_control_plane(&self, node: &str, fact: String) -> Option<Option<String>> {
        let is_known = self.runtimes.contains_key(node);
        match self.nodes().get(node) {
            Some(true) => Some(None),
            Some(false) if is_known => None,
            Some(false) | None => Some(Some(fact)),
        }
    }
}

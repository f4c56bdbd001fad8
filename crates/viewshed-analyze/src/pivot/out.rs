//! Ways out of a container: to its node, or to what lies there.

use std::collections::BTreeSet;

use viewshed_model::ServerVersion;

use super::build::{Ground, Inhabitant, member, own_account};
use super::doors::step_over;
use super::graph::{State, Step, Why};
use crate::see::{Opening, is_of_pods, openings_on, pod_accounts};

/// Minor version since which kubelets ask for audiences of their pods only, by default
/// (`pkg/features/kube_features.go`).
const AUDIENCES_MINOR: u32 = 32;

/// The name of a node that nobody knows.
pub(super) const UNPLACED: &str = "(where it runs)";

impl<'c> Ground<'_, 'c> {
    /// The steps of a pod to its node.
    /// Credentials that lie on the node are used from where the intruder is: who stands in the pod meets its network.
    pub(super) fn leave(&self, pod: &Inhabitant<'c>, stands: bool, steps: &mut Vec<Step<'c>>) {
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
            let doubt = one.doubt.or(one.assumed).or(doubt);
            let is_credential = matches!(
                to,
                State::Administrator | State::User(_) | State::Kubelet(_) | State::TokensOn(_)
            );
            let why = Why::Text(one.text);
            if stands && is_credential {
                let verdict = self.to_api_server().of_pod(pod);
                let step = step_over(pod, verdict, (to, why, "the API server"));
                steps.extend(step.map(|step| Step {
                    doubt: doubt.or(step.doubt),
                    ..step
                }));
            } else {
                steps.push(Step { to, why, doubt });
            }
        }
    }

    /// What the credential of a kubelet opens, and what it keeps for its pods.
    pub(super) fn hold_of_kubelet(&self, state: State<'c>, steps: &mut Vec<Step<'c>>) {
        match state {
            State::Kubelet(node) => {
                self.ask_for_tokens(node, steps);
                self.rights().use_of_kubelet(self.sight, node, steps);
            }
            State::AllKubelets => {
                let nodes = self.nodes().keys();
                steps.extend(nodes.map(|name| member(State::Kubelet(name))));
            }
            State::TokensOn(node) => {
                for pod in self.pods_on(node) {
                    let place = (pod.namespace, "");
                    for (account, _) in pod_accounts(self.sight, place, (pod.spec, pod.pod)) {
                        if let Some(account) = self.own_name(pod, &account) {
                            steps.push(member(State::Account(pod.namespace, account)));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// A kubelet may ask for tokens of the accounts of its pods (`plugin/pkg/auth/authorizer/node`), since 1.32 only
    /// for audiences that the pod asks for (`ServiceAccountNodeAudienceRestriction`).
    fn ask_for_tokens(&self, node: &'c str, steps: &mut Vec<Step<'c>>) {
        let version = self.sight.cluster.version.as_ref();
        let minor = version.and_then(ServerVersion::minor_number);
        let is_free = minor.is_some_and(|minor| minor < AUDIENCES_MINOR);
        // A static pod has no account that admission would look at.
        let pods = self
            .pods_on(node)
            .filter(|pod| pod.pod.is_none_or(|pod| !pod.is_mirror));
        let mut doubtful: BTreeSet<(&'c str, &'c str)> = BTreeSet::new();
        let mut certain: BTreeSet<(&'c str, &'c str)> = BTreeSet::new();
        for pod in pods {
            let account = own_account(pod);
            let held = pod_accounts(self.sight, (pod.namespace, ""), (pod.spec, pod.pod));
            let is_mounted = held.iter().any(|(held, _)| held == account);
            let own = self.rights().account(pod.namespace, account);
            let list = if is_free || is_mounted {
                &mut certain
            } else {
                &mut doubtful
            };
            list.extend(own.map(|account| (pod.namespace, account)));
        }
        let fact = "whether the API server lets kubelets ask for tokens that no pod asks for \
                    (`ServiceAccountNodeAudienceRestriction`)";
        let certain = certain.into_iter().map(|one| (one, None));
        let doubtful = doubtful.into_iter().map(|one| (one, Some(fact.to_owned())));
        steps.extend(certain.chain(doubtful).map(|((namespace, account), doubt)| Step {
            to: State::Account(namespace, account),
            why: Why::Text(format!(
                "the kubelet of node {node} may ask for tokens of the service accounts of its pods"
            )),
            doubt,
        }));
    }

    fn pods_on(&self, node: &str) -> impl Iterator<Item = &Inhabitant<'c>> {
        let pods = self.whereabouts().on_node.get(node).into_iter().flatten();
        pods.filter_map(|pod| self.inhabitants.get(*pod))
    }

    /// What lies behind an opening of a node, and on which fact it depends.
    fn behind(&self, opening: Opening, node: &'c str) -> Option<(State<'c>, Option<String>)> {
        Some(match opening {
            Opening::Root => (State::Node(node), None),
            Opening::Socket(runtime) => {
                let doubt = runtime
                    .filter(|runtime| !is_of_pods(*runtime))
                    .map(|_| format!("whether a container of that runtime becomes root on {node}"));
                (State::Node(node), doubt)
            }
            Opening::AdminCredentials | Opening::ControlPlaneUser(_) | Opening::EtcdData => {
                let (to, fact) = match opening {
                    Opening::EtcdData => (
                        State::AllSecrets,
                        format!("whether etcd keeps its data on node {node}"),
                    ),
                    Opening::ControlPlaneUser(user) => (
                        State::User(user),
                        format!("whether the credential of {user} lies on node {node}"),
                    ),
                    _ => (
                        State::Administrator,
                        format!("whether administrator credentials lie on node {node}"),
                    ),
                };
                match self.is_control_plane(node) {
                    Some(true) => (to, None),
                    Some(false) => return None,
                    None => (to, Some(fact)),
                }
            }
            Opening::NodeCredentials
            | Opening::KubeletConfiguration
            | Opening::PodVolumes
            | Opening::GroupVolumes(_) => {
                let to = match opening {
                    Opening::PodVolumes | Opening::GroupVolumes(_) => State::TokensOn(node),
                    _ => State::Kubelet(node),
                };
                let doubt = match opening {
                    _ if node == UNPLACED => Some(format!("which pods run on node {node}")),
                    Opening::GroupVolumes(_) => Some(format!(
                        "which of the tokens on node {node} the group of root may read"
                    )),
                    Opening::KubeletConfiguration => Some(format!(
                        "whether /etc/kubernetes/kubelet.conf of node {node} holds the kubelet's certificate or \
                         names it"
                    )),
                    _ => None,
                };
                (to, doubt)
            }
            Opening::StaticPods | Opening::Logs | Opening::RuntimeState(_) | Opening::Processes => {
                return None;
            }
        })
    }

    /// Whether what lies on control-plane nodes lies on this one; `None` when the estate does not tell: without any such
    /// node in it, each may be one whose label was taken away. kubeadm writes
    /// `admin.conf`, `ca.key` and etcd's data on control-plane nodes alone (`cmd/kubeadm/app/phases`); a worker's
    /// `/etc/kubernetes/pki` holds `ca.crt`.
    fn is_control_plane(&self, node: &str) -> Option<bool> {
        let is_known = self.runtimes.contains_key(node);
        let is = self.nodes().get(node).copied();
        let has_others = || self.nodes().values().any(|is| *is);
        is.filter(|is| *is || (is_known && has_others()))
    }
}

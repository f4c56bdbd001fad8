//! Every single step of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Cluster, Identity, Node, Pod, PodSpec, ReachVerdict, Target};

use super::doors::{Paths, ask_kubelets, ask_without_credential, is_open, visit_dashboards};
use super::graph::{Graph, State, Why};
use super::rights::use_rights;
use crate::checks::namespace_of;
use crate::network::NetworkIndex;
use crate::see::{Opening, openings_on, pod_accounts};
use crate::sight::SightIndex;

/// The name of a node that nobody knows.
const UNPLACED: &str = "(where it runs)";

/// A pod that exists, or a workload that makes pods.
pub(super) struct Inhabitant<'c> {
    /// `None` for a workload.
    pub(super) pod: Option<&'c Pod>,
    pub(super) namespace: &'c str,
    pub(super) name: &'c str,
    pub(super) spec: &'c PodSpec,
    labels: &'c BTreeMap<String, String>,
    /// Empty when unknown.
    node: &'c str,
}

impl<'c> Inhabitant<'c> {
    pub(super) const fn labels(&self) -> &'c BTreeMap<String, String> {
        self.labels
    }
}

pub(super) fn graph<'c>(
    sight: &SightIndex<'c>,
    network: &NetworkIndex<'c>,
    asker: Option<&Identity>,
) -> Graph<'c> {
    let cluster = sight.cluster;
    let mut graph = Graph::default();
    graph.asker = asker.cloned();
    let inhabitants = inhabitants(cluster);
    let to_api_server = Paths::of(network, Target::Apiserver);
    let to_kubelet = Paths::of(network, Target::Kubelet);
    let mut accounts: BTreeSet<(&str, &str)> = BTreeSet::new();
    for account in &cluster.service_accounts {
        accounts.insert((namespace_of(&account.meta), account.meta.name.as_str()));
    }
    let open_kubelets: Vec<&Node> = cluster.nodes.iter().filter(|node| is_open(node)).collect();
    let nodes = cluster.nodes.iter();
    let runtimes: BTreeMap<&str, &str> = nodes
        .map(|node| (node.meta.name.as_str(), node.runtime.as_str()))
        .collect();
    for pod in &inhabitants {
        let (standing, entered) = (
            State::Standing(pod.namespace, pod.name),
            State::Entered(pod.namespace, pod.name),
        );
        let full = format!("{}/{}", pod.namespace, pod.name);
        let title = format!("pod {full}");
        let tokens = pod_accounts(cluster, (pod.namespace, &title), (pod.spec, pod.pod));
        for (account, text) in tokens {
            let Some(account) = own_name(cluster, pod, &account) else {
                continue;
            };
            accounts.insert((pod.namespace, account));
            let held = State::Account(pod.namespace, account);
            graph.step(entered, held, Why::Token(text.clone()));
            match to_api_server.of_pod(pod) {
                ReachVerdict::Allowed => graph.step(standing, held, Why::Token(text)),
                ReachVerdict::Depends => {
                    let fact = format!("whether pod `{full}` reaches the API server");
                    graph.step_if(standing, held, Why::Token(text), Some(fact));
                }
                // A token that cannot be shown to anybody.
                ReachVerdict::Denied => {}
            }
        }
        let runtime = runtimes.get(pod.node).copied().unwrap_or_default();
        leave(&mut graph, pod, runtime, [standing, entered]);
        let verdict = to_kubelet.of_pod(pod);
        ask_kubelets(&mut graph, pod, verdict, &open_kubelets);
        group(
            &mut graph,
            State::PodsIn(pod.namespace),
            State::AllPods,
            entered,
        );
    }
    hold_nodes(&mut graph, cluster, &inhabitants);
    for (namespace, name) in &accounts {
        let account = State::Account(namespace, name);
        group(
            &mut graph,
            State::AccountsIn(namespace),
            State::AllAccounts,
            account,
        );
    }
    use_rights(&mut graph, sight, &accounts, asker);
    visit_dashboards(&mut graph, (sight, network), &inhabitants);
    ask_without_credential(&mut graph, &inhabitants, &to_api_server);
    graph
}

/// A member of the group of its namespace and of the group of all.
fn group<'c>(graph: &mut Graph<'c>, of_namespace: State<'c>, all: State<'c>, member: State<'c>) {
    graph.step(of_namespace, member, Why::Member);
    graph.step(all, member, Why::Member);
}

fn inhabitants(cluster: &Cluster) -> Vec<Inhabitant<'_>> {
    let mut found: Vec<Inhabitant<'_>> = Vec::new();
    let mut with_pods: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for pod in &cluster.pods {
        let namespace = namespace_of(&pod.meta);
        if let Some(owner) = &pod.meta.owner {
            with_pods.insert((namespace, owner.kind.as_str(), owner.name.as_str()));
        }
        if !matches!(pod.phase.as_str(), "Succeeded" | "Failed") {
            found.push(Inhabitant {
                pod: Some(pod),
                namespace,
                name: &pod.meta.name,
                spec: &pod.spec,
                labels: &pod.meta.labels,
                node: &pod.node,
            });
        }
    }
    for workload in cluster.workloads.iter().filter(|_| !cluster.is_live) {
        let namespace = namespace_of(&workload.meta);
        let key = (
            namespace,
            workload.kind.as_str(),
            workload.meta.name.as_str(),
        );
        if workload.meta.owner.is_none() && !with_pods.contains(&key) {
            found.push(Inhabitant {
                pod: None,
                namespace,
                name: &workload.meta.name,
                spec: &workload.template,
                labels: &workload.pod_labels,
                node: "",
            });
        }
    }
    found
}

/// The account by the name that the cluster has for it.
pub(super) fn own_name<'c>(
    cluster: &'c Cluster,
    pod: &Inhabitant<'c>,
    account: &str,
) -> Option<&'c str> {
    let of_pod = match pod.spec.service_account.as_str() {
        "" => "default",
        name => name,
    };
    if of_pod == account {
        return Some(of_pod);
    }
    let mut known = cluster.service_accounts.iter();
    let known = known
        .find(|known| namespace_of(&known.meta) == pod.namespace && known.meta.name == account);
    known.map(|known| known.meta.name.as_str())
}

/// Ways out of the container: to its node, or to what lies there.
fn leave<'c>(graph: &mut Graph<'c>, pod: &Inhabitant<'c>, runtime: &str, states: [State<'c>; 2]) {
    let node = if pod.node.is_empty() {
        UNPLACED
    } else {
        pod.node
    };
    let title = format!("pod {}/{}", pod.namespace, pod.name);
    for (opening, text) in openings_on(pod.spec, &title, runtime) {
        let (to, doubt) = match opening {
            Opening::Root => (State::Node(node), None),
            Opening::Socket(runtime) => {
                let doubt = runtime
                    .filter(|runtime| !runtime.is_of_pods())
                    .map(|_| format!("whether a container of that runtime becomes root on {node}"));
                (State::Node(node), doubt)
            }
            Opening::AdminCredentials => {
                let fact = format!("whether administrator credentials lie on node {node}");
                (State::Administrator, Some(fact))
            }
            Opening::EtcdData => {
                let fact = format!("whether etcd keeps its data on node {node}");
                (State::AllSecrets, Some(fact))
            }
            Opening::NodeCredentials | Opening::KubeletConfiguration | Opening::PodVolumes => {
                // The node's own rights are those to its pods' tokens.
                let fact = format!("which pods run on node {node}");
                let doubt = pod.node.is_empty().then_some(fact);
                (State::PodsOn(node), doubt)
            }
            Opening::Logs | Opening::RuntimeState(_) | Opening::Processes => continue,
        };
        for from in states {
            graph.step_if(from, to, Why::Text(text.clone()), doubt.clone());
        }
    }
}

/// Root on a node is in all of its pods, and on a control-plane node everything.
fn hold_nodes<'c>(graph: &mut Graph<'c>, cluster: &'c Cluster, pods: &[Inhabitant<'c>]) {
    let mut control_plane: BTreeSet<&str> = BTreeSet::new();
    let mut nodes: BTreeSet<&str> = BTreeSet::new();
    for node in &cluster.nodes {
        let roles =
            ["control-plane", "master"].map(|role| format!("node-role.kubernetes.io/{role}"));
        if roles.iter().any(|role| node.meta.labels.contains_key(role)) {
            control_plane.insert(&node.meta.name);
        }
        nodes.insert(&node.meta.name);
    }
    for pod in pods.iter().filter(|pod| !pod.node.is_empty()) {
        nodes.insert(pod.node);
        let inside = State::Entered(pod.namespace, pod.name);
        graph.step(State::PodsOn(pod.node), inside, Why::Member);
        let is_api_server =
            pod.namespace == "kube-system"
                && pod.spec.containers.iter().any(|one| {
                    one.name == "kube-apiserver" || one.program.ends_with("kube-apiserver")
                });
        if is_api_server {
            control_plane.insert(pod.node);
        }
    }
    for node in nodes {
        let text = format!("root on node {node} is in every pod of it");
        graph.step(State::Node(node), State::PodsOn(node), Why::Text(text));
        graph.step(State::AllNodes, State::Node(node), Why::Member);
        if control_plane.contains(node) {
            let text = format!("administrator credentials lie on control-plane node {node}");
            graph.step(State::Node(node), State::Administrator, Why::Text(text));
        }
    }
}

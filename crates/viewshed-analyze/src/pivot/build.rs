//! Every single step of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use viewshed_model::{
    Cluster, Identity, Node, Place, Pod, PodSpec, ReachVerdict, SubjectKind, Target,
};

use super::graph::{Graph, State, Why};
use super::powers::{Leads, POWERS, Power};
use crate::checks::namespace_of;
use crate::network::NetworkIndex;
use crate::rbac::Session;
use crate::see::{Opening, openings_of, pod_accounts};
use crate::sight::SightIndex;

/// The name of a node that nobody knows.
const UNPLACED: &str = "(where it runs)";

/// A pod that exists, or a workload that makes pods.
struct Inhabitant<'c> {
    /// `None` for a workload.
    pod: Option<&'c Pod>,
    namespace: &'c str,
    name: &'c str,
    spec: &'c PodSpec,
    /// Empty when unknown.
    node: &'c str,
}

pub(super) fn graph<'c>(sight: &SightIndex<'c>, network: &NetworkIndex<'c>) -> Graph<'c> {
    let cluster = sight.cluster;
    let mut graph = Graph::default();
    let inhabitants = inhabitants(cluster);
    let to_api_server = Paths::of(network, Target::Apiserver);
    let to_kubelet = Paths::of(network, Target::Kubelet);
    let mut accounts: BTreeSet<(&str, &str)> = BTreeSet::new();
    for account in &cluster.service_accounts {
        accounts.insert((namespace_of(&account.meta), account.meta.name.as_str()));
    }
    let open_kubelets: Vec<&Node> = cluster.nodes.iter().filter(|node| is_open(node)).collect();
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
            graph.step(entered, held, Why::Text(text.clone()));
            match to_api_server.of_pod(pod) {
                ReachVerdict::Allowed => graph.step(standing, held, Why::Text(text)),
                ReachVerdict::Depends => {
                    let fact = format!("whether pod `{full}` reaches the API server");
                    graph.step_if(standing, held, Why::Text(text), Some(fact));
                }
                // A token that cannot be shown to anybody.
                ReachVerdict::Denied => {}
            }
        }
        leave(&mut graph, pod, [standing, entered]);
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
    use_rights(&mut graph, sight, &accounts);
    follow_any_user(&mut graph, cluster);
    graph
}

/// Steps through kubelets that run commands for everybody.
fn ask_kubelets<'c>(
    graph: &mut Graph<'c>,
    pod: &Inhabitant<'c>,
    verdict: ReachVerdict,
    kubelets: &[&'c Node],
) {
    if verdict == ReachVerdict::Denied {
        return;
    }
    let full = format!("{}/{}", pod.namespace, pod.name);
    let doubt = (verdict == ReachVerdict::Depends)
        .then(|| format!("whether pod `{full}` reaches the kubelets"));
    let standing = State::Standing(pod.namespace, pod.name);
    for node in kubelets {
        let name = node.meta.name.as_str();
        let text = format!(
            "pod {full} reaches kubelets, and that of node {name} runs commands in its pods for everybody"
        );
        // One step to all pods of the node: their number does not multiply with that of the sources.
        graph.step_if(
            standing,
            State::PodsOn(name),
            Why::Text(text),
            doubt.clone(),
        );
    }
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
                node: "",
            });
        }
    }
    found
}

/// What single pods reach, by namespace and name.
struct Paths {
    by_pod: BTreeMap<(String, String), ReachVerdict>,
}

impl Paths {
    fn of(network: &NetworkIndex<'_>, target: Target) -> Self {
        let verdicts = network.verdicts_by_pod(&Place::Target(target));
        Self { by_pod: verdicts }
    }

    /// A pod that is in no table: nobody knows.
    fn of_pod(&self, pod: &Inhabitant<'_>) -> ReachVerdict {
        let key = (pod.namespace.to_owned(), pod.name.to_owned());
        self.by_pod
            .get(&key)
            .copied()
            .unwrap_or(ReachVerdict::Depends)
    }
}

/// The account by the name that the cluster has for it.
fn own_name<'c>(cluster: &'c Cluster, pod: &Inhabitant<'c>, account: &str) -> Option<&'c str> {
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
fn leave<'c>(graph: &mut Graph<'c>, pod: &Inhabitant<'c>, states: [State<'c>; 2]) {
    let node = if pod.node.is_empty() {
        UNPLACED
    } else {
        pod.node
    };
    let title = format!("pod {}/{}", pod.namespace, pod.name);
    for (opening, text) in openings_of(pod.spec, &title) {
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

/// A kubelet that runs commands for everybody (`authentication.anonymous`, `authorization.mode`,
/// `enableDebuggingHandlers` of its configuration).
fn is_open(node: &Node) -> bool {
    node.kubelet.as_ref().is_some_and(|settings| {
        settings.anonymous == Some(true)
            && settings.authorization_mode == "AlwaysAllow"
            && settings.debugging_handlers != Some(false)
    })
}

/// A power that an account holds: everywhere, or in one namespace.
type Held<'c> = (&'static Power, Option<&'c str>);

fn use_rights<'c>(
    graph: &mut Graph<'c>,
    sight: &SightIndex<'c>,
    accounts: &BTreeSet<(&'c str, &'c str)>,
) {
    let cluster = sight.cluster;
    let namespaces: BTreeSet<&'c str> = cluster
        .bindings
        .iter()
        .filter_map(|binding| binding.meta.namespace.as_deref())
        .collect();
    let accounts: Vec<(&str, &str)> = accounts.iter().copied().collect();
    let held: Vec<Vec<Held<'c>>> = accounts
        .par_iter()
        .map(|(namespace, name)| {
            let session = sight
                .access
                .session(&Identity::service_account(namespace, name));
            powers_of(&session, &namespaces)
        })
        .collect();
    let guarded = guarded_namespaces(cluster);
    for ((namespace, name), held) in accounts.into_iter().zip(held) {
        let from = State::Account(namespace, name);
        for (power, place) in held {
            let why = || Why::Power(power, place.unwrap_or_default().to_owned());
            let (pods, accounts) = match place {
                None => (State::AllPods, State::AllAccounts),
                Some(place) => (State::PodsIn(place), State::AccountsIn(place)),
            };
            match power.leads {
                Leads::Administrator => graph.step(from, State::Administrator, why()),
                Leads::AnyUser => graph.step(from, State::AnyUser, why()),
                Leads::Secrets => graph.step(from, State::AllSecrets, why()),
                Leads::Pods => graph.step(from, pods, why()),
                Leads::Accounts => graph.step(from, accounts, why()),
                Leads::AccountsAndNodes => {
                    graph.step(from, accounts, why());
                    if place.is_none_or(|place| !guarded.contains(place)) {
                        let place = place.map_or_else(
                            || "every namespace".to_owned(),
                            |place| format!("namespace {place}"),
                        );
                        let fact =
                            format!("whether admission refuses paths of the node in {place}");
                        graph.step_if(from, State::AllNodes, why(), Some(fact));
                    }
                }
            }
        }
    }
}

fn powers_of<'c>(session: &Session<'_>, namespaces: &BTreeSet<&'c str>) -> Vec<Held<'c>> {
    let mut found: Vec<Held<'c>> = Vec::new();
    let own: Vec<&'c str> = session
        .namespaces()
        .into_iter()
        .filter_map(|name| namespaces.get(name).copied())
        .collect();
    for power in &POWERS {
        if power.is_held(session, "") {
            found.push((power, None));
        } else if !power.is_cluster_wide {
            let held = own
                .iter()
                .filter(|namespace| power.is_held(session, namespace));
            found.extend(held.map(|namespace| (power, Some(*namespace))));
        }
    }
    found
}

/// Namespaces whose label makes Pod Security refuse paths of the node
/// (`pod-security.kubernetes.io/enforce`, standards `baseline` and `restricted`).
fn guarded_namespaces(cluster: &Cluster) -> BTreeSet<&str> {
    let namespaces = cluster.namespaces.iter();
    let guarded = namespaces.filter(|namespace| {
        let level = namespace
            .meta
            .labels
            .get("pod-security.kubernetes.io/enforce");
        level.is_some_and(|level| matches!(level.as_str(), "baseline" | "restricted"))
    });
    guarded
        .map(|namespace| namespace.meta.name.as_str())
        .collect()
}

/// Who may act as any user takes one with every right, where a binding names such a one.
fn follow_any_user(graph: &mut Graph<'_>, cluster: &Cluster) {
    let binding = cluster.bindings.iter().find_map(|binding| {
        let is_admin = binding.meta.namespace.is_none() && binding.role.name == "cluster-admin";
        let subject = binding.subjects.iter().find(|subject| {
            let is_human = matches!(subject.kind, SubjectKind::User | SubjectKind::Group);
            is_human && subject.name != "system:masters"
        });
        subject
            .filter(|_| is_admin)
            .map(|subject| (binding, subject))
    });
    if let Some((binding, subject)) = binding {
        let text = format!(
            "ClusterRoleBinding {} gives cluster-admin to {subject}",
            binding.meta.name
        );
        graph.step(State::AnyUser, State::Administrator, Why::Text(text));
    }
}

//! The single steps of a cluster, state by state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Cluster, Identity, Pod, PodSpec, Target};

use super::LazyNetwork;
use super::doors::{
    ANONYMOUS, Dashboard, OpenKubelet, Paths, ask_kubelets, ask_without_credential, dashboards,
    open_kubelets, step_over, visit,
};
use super::graph::{State, Step, Steps, Why};
use super::out::UNPLACED;
use super::rights::{Rights, is_static};
use crate::checks::namespace_of;
use crate::rbac::Alike;
use crate::see::{Door, pod_accounts};
use crate::sight::SightIndex;

/// A pod that exists, or a workload that makes pods.
#[derive(Debug)]
pub(super) struct Inhabitant<'c> {
    /// `None` for a workload.
    pub(super) pod: Option<&'c Pod>,
    pub(super) namespace: &'c str,
    pub(super) name: &'c str,
    pub(super) spec: &'c PodSpec,
    labels: &'c BTreeMap<String, String>,
    /// Empty when unknown.
    pub(super) node: &'c str,
}

impl<'c> Inhabitant<'c> {
    pub(super) const fn labels(&self) -> &'c BTreeMap<String, String> {
        self.labels
    }
}

/// What the steps of a cluster follow from. Tables that only some states need are made when the first of them
/// is asked for, so that a question about one identity does not pay for the whole cluster.
#[derive(Debug)]
pub(super) struct Ground<'i, 'c> {
    pub(super) sight: &'i SightIndex<'c>,
    pub(super) network: LazyNetwork<'i, 'c>,
    pub(super) asker: Option<Identity>,
    pub(super) inhabitants: Vec<Inhabitant<'c>>,
    whereabouts: OnceLock<Whereabouts<'c>>,
    open_kubelets: Vec<OpenKubelet<'c>>,
    /// What runs the pods of each node.
    pub(super) runtimes: FxHashMap<&'c str, &'c str>,
    nodes: OnceLock<Nodes<'c>>,
    to_api_server: OnceLock<Paths<'c>>,
    to_kubelet: OnceLock<Paths<'c>>,
    dashboards: OnceLock<Vec<Dashboard<'c>>>,
    anonymous_leads_on: OnceLock<bool>,
    rights: OnceLock<Rights<'c>>,
    /// What rights open.
    pub(super) used: Alike<Arc<[Step<'c>]>>,
}

/// Where the inhabitants are, by their positions in the list.
#[derive(Debug, Default)]
pub(super) struct Whereabouts<'c> {
    of_place: FxHashMap<(&'c str, &'c str), usize>,
    of_namespace: FxHashMap<&'c str, Vec<usize>>,
    pub(super) on_node: FxHashMap<&'c str, Vec<usize>>,
}

impl<'c> Whereabouts<'c> {
    fn of(inhabitants: &[Inhabitant<'c>]) -> Self {
        let mut found = Self::default();
        for (number, pod) in inhabitants.iter().enumerate() {
            found.of_place.insert((pod.namespace, pod.name), number);
            let namespace = found.of_namespace.entry(pod.namespace).or_default();
            namespace.push(number);
            if !pod.node.is_empty() {
                found.on_node.entry(pod.node).or_default().push(number);
            }
        }
        found
    }
}

/// The nodes of a cluster by name, and whether credentials of an administrator lie there.
pub(crate) type Nodes<'c> = BTreeMap<&'c str, bool>;

/// The nodes that a cluster names or that its pods run on. Those of the control plane have its label, or run the API
/// server.
pub(crate) fn nodes_of(cluster: &Cluster) -> Nodes<'_> {
    let mut nodes = Nodes::new();
    for node in &cluster.nodes {
        let roles =
            ["control-plane", "master"].map(|role| format!("node-role.kubernetes.io/{role}"));
        let labels = &node.meta.labels;
        let is_control_plane = roles.iter().any(|role| labels.contains_key(role));
        nodes.insert(&node.meta.name, is_control_plane);
    }
    for pod in cluster.pods.iter().filter(|pod| !pod.node.is_empty()) {
        if matches!(pod.phase.as_str(), "Succeeded" | "Failed") {
            continue;
        }
        let is_api_server =
            namespace_of(&pod.meta) == "kube-system"
                && pod.spec.containers.iter().any(|one| {
                    one.name == "kube-apiserver" || one.program.ends_with("kube-apiserver")
                });
        *nodes.entry(&pod.node).or_default() |= is_api_server;
    }
    nodes
}

impl<'i, 'c> Ground<'i, 'c> {
    pub(super) fn new(
        sight: &'i SightIndex<'c>,
        network: LazyNetwork<'i, 'c>,
        asker: Option<&Identity>,
    ) -> Self {
        let inhabitants = inhabitants(sight.cluster);
        let mut ground = Self {
            sight,
            network,
            asker: asker.cloned(),
            whereabouts: OnceLock::new(),
            open_kubelets: Vec::new(),
            runtimes: FxHashMap::default(),
            nodes: OnceLock::new(),
            to_api_server: OnceLock::new(),
            to_kubelet: OnceLock::new(),
            dashboards: OnceLock::new(),
            anonymous_leads_on: OnceLock::new(),
            rights: OnceLock::new(),
            used: Alike::default(),
            inhabitants,
        };
        let nodes = sight.cluster.nodes.iter();
        ground.open_kubelets = open_kubelets(sight.cluster);
        ground.runtimes = nodes
            .map(|node| (node.meta.name.as_str(), node.runtime.as_str()))
            .collect();
        ground
    }

    /// Every state that a way can start from or that is looked for.
    pub(super) fn every_state(&self) -> Vec<State<'c>> {
        let mut states = Vec::new();
        for pod in &self.inhabitants {
            states.push(State::Entered(pod.namespace, pod.name));
            states.push(State::Standing(pod.namespace, pod.name));
        }
        states.extend(self.nodes().keys().map(|name| State::Node(name)));
        states.extend(self.rights().subjects());
        states.extend(self.asker.as_ref().map(|_| State::Asker));
        states
    }

    /// The steps that leave a state, each thing by its first way: where the same rights open them, the same list.
    pub(super) fn steps_of(&self, state: State<'c>) -> Steps<'c> {
        let mut steps = Vec::new();
        match state {
            State::Standing(..) | State::Entered(..) => self.leave_pod(state, &mut steps),
            State::PodsIn(namespace) => {
                let pods = self.whereabouts().of_namespace.get(namespace);
                steps.extend(self.entered(pods.into_iter().flatten()));
            }
            State::PodsOn(node) => {
                let pods = self.whereabouts().on_node.get(node);
                steps.extend(self.entered(pods.into_iter().flatten()));
            }
            State::ChangeableIn(namespace) => {
                let pods = self.whereabouts().of_namespace.get(namespace);
                let of = |pod: &&usize| self.inhabitants.get(**pod).and_then(|pod| pod.pod);
                let pods = pods.into_iter().flatten();
                steps.extend(self.entered(pods.filter(|pod| !is_static(of(pod)))));
            }
            State::AllPods | State::AllChangeable => {
                let is_all = state == State::AllPods;
                let pods = self.inhabitants.iter();
                let pods = pods.filter(|pod| is_entered(pod) && (is_all || !is_static(pod.pod)));
                steps.extend(pods.map(|pod| member(State::Entered(pod.namespace, pod.name))));
            }
            State::AllNodes => {
                let nodes = self.nodes().keys().copied();
                // Manifests bring pods and no nodes: on whichever these will run.
                let unplaced = self.nodes().is_empty().then_some(UNPLACED);
                let nodes = nodes.chain(unplaced);
                steps.extend(nodes.map(|name| member(State::Node(name))));
            }
            State::Node(name) => self.hold_node(name, &mut steps),
            State::Kubelet(_) | State::AllKubelets | State::TokensOn(_) => {
                self.hold_of_kubelet(state, &mut steps);
            }
            State::AccountsIn(_)
            | State::AccountsBeside(_)
            | State::AllAccounts
            | State::TokensIn(_)
            | State::AllTokens
            | State::AnyUser
            | State::AnyGroup => self.rights().members(state, &mut steps),
            State::Account(..) | State::User(_) | State::Group(_) | State::Asker => {
                let identity = state.identity().or_else(|| self.asker.clone());
                if let Some(identity) = identity.filter(|identity| !self.is_refused(identity)) {
                    return Steps::Kept(self.use_rights(&identity));
                }
            }
            State::Administrator | State::AllSecrets => {}
        }
        Steps::Own(steps)
    }

    /// What an identity may become by its rights: the same for all whom the same bindings name.
    fn use_rights(&self, identity: &Identity) -> Arc<[Step<'c>]> {
        let session = self.sight.access.session(identity);
        let make = || {
            let mut steps = Vec::new();
            let rights = self.rights();
            rights.use_of(self.sight.cluster, &session, &mut steps);
            // Many rights lead to one thing: the first is the most powerful.
            let mut known: FxHashSet<(State<'c>, Option<String>)> = FxHashSet::default();
            steps.retain(|step| known.insert((step.to, step.doubt.clone())));
            Arc::from(steps)
        };
        self.used.of(&session, make, Arc::clone)
    }

    fn entered<'s>(
        &'s self,
        pods: impl Iterator<Item = &'s usize>,
    ) -> impl Iterator<Item = Step<'c>> {
        let pods = pods.filter_map(|pod| self.inhabitants.get(*pod));
        let pods = pods.filter(|pod| is_entered(pod));
        pods.map(|pod| member(State::Entered(pod.namespace, pod.name)))
    }

    /// The state of standing in a pod; none where there is no such pod.
    pub(super) fn standing(&self, namespace: &str, name: &str) -> Option<State<'c>> {
        let pod = self.pod(namespace, name)?;
        Some(State::Standing(pod.namespace, pod.name))
    }

    /// The state of root on a node; none where there is no such node.
    pub(super) fn node(&self, name: &str) -> Option<State<'c>> {
        let (name, _) = self.nodes().get_key_value(name)?;
        Some(State::Node(name))
    }

    fn pod(&self, namespace: &str, name: &str) -> Option<&Inhabitant<'c>> {
        let number = self.whereabouts().of_place.get(&(namespace, name))?;
        self.inhabitants.get(*number)
    }

    /// The steps of somebody in a pod: who stands there meets its network, who entered it through the API
    /// server or its node uses its tokens elsewhere.
    fn leave_pod(&self, state: State<'c>, steps: &mut Vec<Step<'c>>) {
        let (State::Standing(namespace, name) | State::Entered(namespace, name)) = state else {
            return;
        };
        let Some(pod) = self.pod(namespace, name) else {
            return;
        };
        let stands = matches!(state, State::Standing(..));
        let title = format!("pod {namespace}/{name}");
        let tokens = pod_accounts(self.sight, (namespace, &title), (pod.spec, pod.pod));
        for (account, text) in tokens {
            let Some(account) = self.own_name(pod, &account) else {
                continue;
            };
            let held = State::Account(namespace, account);
            if stands {
                let verdict = self.to_api_server().of_pod(pod);
                let way = (held, Why::Token(text), "the API server");
                steps.extend(step_over(pod, verdict, way));
            } else {
                steps.push(Step::to(held, Why::Token(text)));
            }
        }
        self.leave(pod, stands, steps);
        if stands {
            if !self.open_kubelets.is_empty() {
                let verdict = self.to_kubelet().of_pod(pod);
                ask_kubelets(pod, verdict, &self.open_kubelets, steps);
            }
            for dashboard in self.dashboards() {
                visit(pod, dashboard, steps);
            }
            if self.anonymous_leads_on() {
                ask_without_credential(pod, self.to_api_server(), steps);
            }
        }
    }

    /// The account of a pod's token by the name that the cluster has for it.
    pub(super) fn own_name(&self, pod: &Inhabitant<'c>, account: &str) -> Option<&'c str> {
        let of_pod = own_account(pod);
        if of_pod == account {
            return Some(of_pod);
        }
        self.rights().account(pod.namespace, account)
    }

    /// Root on a node is in all of its pods, and on a control-plane node everything.
    fn hold_node(&self, name: &'c str, steps: &mut Vec<Step<'c>>) {
        let Some(is_control_plane) = self.nodes().get(name) else {
            return;
        };
        let text = format!("root on node {name} is in every pod of it");
        steps.push(Step::to(State::PodsOn(name), Why::Text(text)));
        if *is_control_plane {
            let text = format!("administrator credentials lie on control-plane node {name}");
            steps.push(Step::to(State::Administrator, Why::Text(text)));
        }
        let text = format!("the certificate of its kubelet lies on node {name}");
        steps.push(Step::to(State::Kubelet(name), Why::Text(text)));
    }

    pub(super) fn whereabouts(&self) -> &Whereabouts<'c> {
        let make = || Whereabouts::of(&self.inhabitants);
        self.whereabouts.get_or_init(make)
    }

    pub(super) fn nodes(&self) -> &Nodes<'c> {
        self.nodes.get_or_init(|| nodes_of(self.sight.cluster))
    }

    pub(super) fn to_api_server(&self) -> &Paths<'c> {
        let make = || Paths::of(&self.network, Target::Apiserver);
        self.to_api_server.get_or_init(make)
    }

    fn to_kubelet(&self) -> &Paths<'c> {
        let make = || Paths::of(&self.network, Target::Kubelet);
        self.to_kubelet.get_or_init(make)
    }

    fn dashboards(&self) -> &[Dashboard<'c>] {
        self.dashboards.get_or_init(|| dashboards(self))
    }

    fn anonymous_leads_on(&self) -> bool {
        let is_closed = || Door::of(self.sight.cluster) == Door::Closed;
        let leads_on = || !is_closed() && !self.steps_of(ANONYMOUS).is_empty();
        *self.anonymous_leads_on.get_or_init(leads_on)
    }

    /// Whether the server answers requests of it with 401: those without a credential, where it takes none.
    fn is_refused(&self, identity: &Identity) -> bool {
        let mut groups = identity.groups.iter();
        let has_none = identity.user == "system:anonymous"
            || groups.any(|group| group == "system:unauthenticated");
        has_none && Door::of(self.sight.cluster) == Door::Closed
    }

    pub(super) fn rights(&self) -> &Rights<'c> {
        self.rights
            .get_or_init(|| Rights::of(self.sight, &self.inhabitants))
    }
}

/// A member of a group; no step of its own.
pub(super) const fn member(to: State<'_>) -> Step<'_> {
    Step {
        to,
        why: Why::Member,
        doubt: None,
    }
}

fn inhabitants(cluster: &Cluster) -> Vec<Inhabitant<'_>> {
    let mut found: Vec<Inhabitant<'_>> = Vec::new();
    let mut with_pods: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for pod in &cluster.pods {
        let namespace = namespace_of(&pod.meta);
        // A live estate has every pod: none stands for its workload.
        if let Some(owner) = pod.meta.owner.as_ref().filter(|_| !cluster.is_live) {
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

/// A pod that waits for a node: nothing of it runs yet.
pub(super) fn is_unplaced(pod: &Pod) -> bool {
    pod.phase == "Pending" && pod.node.is_empty()
}

fn is_entered(pod: &Inhabitant<'_>) -> bool {
    !pod.pod.is_some_and(is_unplaced)
}

/// The service account that a pod runs as.
pub(super) fn own_account<'c>(pod: &Inhabitant<'c>) -> &'c str {
    match pod.spec.service_account.as_str() {
        "" => "default",
        name => name,
    }
}

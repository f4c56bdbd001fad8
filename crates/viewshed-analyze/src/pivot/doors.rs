//! Steps that need no identity: places that answer whoever reaches them over the network.

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, KubeletSettings, Node, Place, PodSpec, ReachVerdict, Target};

use super::LazyNetwork;
use super::build::{Ground, Inhabitant};
use super::graph::{State, Step, Why};
use crate::checks::{OpenDashboard, open_dashboard};
use crate::network::NetworkIndex;
use crate::see::pod_accounts;

/// Nobody in particular, to the API server.
pub(super) const ANONYMOUS: State<'static> = State::User("system:anonymous");

/// What single pods reach, by namespace and name.
#[derive(Debug)]
pub(super) struct Paths<'c> {
    by_pod: FxHashMap<(&'c str, &'c str), ReachVerdict>,
}

impl<'c> Paths<'c> {
    pub(super) fn of(network: &LazyNetwork<'_, 'c>, target: Target) -> Self {
        let network = network.index();
        let verdicts = network.verdicts_by_pod(&Place::Target(target), None);
        Self { by_pod: verdicts }
    }

    /// To one of the ports of a pod; to any port where none is declared.
    fn to_pod(network: &NetworkIndex<'c>, place: &Place, ports: &[u16]) -> Self {
        let mut by_pod: FxHashMap<(&'c str, &'c str), ReachVerdict> = FxHashMap::default();
        let ports: Vec<Option<u16>> = match ports {
            [] => vec![None],
            ports => ports.iter().copied().map(Some).collect(),
        };
        for port in ports {
            #[expect(clippy::iter_over_hash_type, reason = "each pod is judged by itself")]
            for (pod, verdict) in network.verdicts_by_pod(place, port) {
                let known = by_pod.entry(pod).or_insert(ReachVerdict::Denied);
                *known = match (*known, verdict) {
                    (ReachVerdict::Allowed, _) | (_, ReachVerdict::Allowed) => {
                        ReachVerdict::Allowed
                    }
                    (ReachVerdict::Depends, _) | (_, ReachVerdict::Depends) => {
                        ReachVerdict::Depends
                    }
                    (ReachVerdict::Denied, ReachVerdict::Denied) => ReachVerdict::Denied,
                };
            }
        }
        Self { by_pod }
    }

    /// A pod that is in no table: nobody knows.
    pub(super) fn of_pod(&self, pod: &Inhabitant<'_>) -> ReachVerdict {
        self.by_pod
            .get(&pod.place())
            .copied()
            .unwrap_or(ReachVerdict::Depends)
    }
}

/// A step that the network decides on: where it leads, why, and through which place.
pub(super) fn step_over<'c>(
    pod: &Inhabitant<'c>,
    verdict: ReachVerdict,
    (to, why, what): (State<'c>, Why, &str),
) -> Option<Step<'c>> {
    let doubt = match verdict {
        ReachVerdict::Denied => return None,
        ReachVerdict::Allowed => None,
        ReachVerdict::Depends => Some(format!(
            "whether pod `{}/{}` reaches {what}",
            pod.namespace, pod.name
        )),
    };
    Some(Step { to, why, doubt })
}

/// Steps through kubelets that run commands for everybody. One step to all pods of a node: their number
/// does not multiply with that of the sources.
pub(super) fn ask_kubelets<'c>(
    pod: &Inhabitant<'c>,
    verdict: ReachVerdict,
    kubelets: &[OpenKubelet<'c>],
    steps: &mut Vec<Step<'c>>,
) {
    for kubelet in kubelets {
        let name = kubelet.node.meta.name.as_str();
        let text = format!(
            "pod {}/{} reaches kubelets, and that of node {name} runs commands in its pods for everybody",
            pod.namespace, pod.name
        );
        let way = (State::PodsOn(name), Why::Text(text), "the kubelets");
        let step = step_over(pod, verdict, way).map(|step| Step {
            doubt: if kubelet.is_of_file {
                Some(format!(
                    "whether the kubelet of node `{name}` runs with the KubeletConfiguration of the files"
                ))
            } else {
                step.doubt
            },
            ..step
        });
        steps.extend(step);
    }
}

/// Whoever reaches the API server may ask without a credential.
pub(super) fn ask_without_credential<'c>(
    pod: &Inhabitant<'c>,
    to_api_server: &Paths<'c>,
    steps: &mut Vec<Step<'c>>,
) {
    let text = format!(
        "pod {}/{} asks the API server without a credential",
        pod.namespace, pod.name
    );
    let way = (ANONYMOUS, Why::Text(text), "the API server");
    steps.extend(step_over(pod, to_api_server.of_pod(pod), way));
}

/// A dashboard that shows visitors what its own account may see, or do.
#[derive(Debug)]
pub(super) struct Dashboard<'c> {
    namespace: &'c str,
    name: &'c str,
    accounts: Vec<&'c str>,
    why: OpenDashboard,
    paths: Paths<'c>,
}

pub(super) fn dashboards<'c>(ground: &Ground<'_, 'c>) -> Vec<Dashboard<'c>> {
    let pods = ground.inhabitants.iter();
    let found = pods.filter_map(|pod| {
        let why = open_dashboard(pod.spec, pod.labels())?;
        let accounts = pod_accounts(ground.sight, (pod.namespace, ""), (pod.spec, pod.pod));
        let accounts = accounts.iter();
        let place = Place::Pod {
            namespace: pod.namespace.to_owned(),
            name: pod.name.to_owned(),
        };
        Some(Dashboard {
            namespace: pod.namespace,
            name: pod.name,
            accounts: accounts
                .filter_map(|(account, _)| ground.own_name(pod, account))
                .collect(),
            why,
            paths: Paths::to_pod(ground.network.index(), &place, &declared(pod.spec)),
        })
    });
    found.collect()
}

/// The steps of a pod through a dashboard of another.
pub(super) fn visit<'c>(
    pod: &Inhabitant<'c>,
    dashboard: &Dashboard<'c>,
    steps: &mut Vec<Step<'c>>,
) {
    let Dashboard {
        namespace,
        name,
        why,
        ..
    } = dashboard;
    if pod.place() == (*namespace, *name) {
        return;
    }
    for account in &dashboard.accounts {
        let text = format!(
            "pod {}/{} reaches {} of pod {namespace}/{name}, which lends visitors the rights of service account \
             {namespace}/{account}: {}",
            pod.namespace, pod.name, why.name, why.how
        );
        let to = State::Account(namespace, account);
        let what = format!("pod `{namespace}/{name}`");
        let way = (to, Why::Text(text), what.as_str());
        steps.extend(step_over(pod, dashboard.paths.of_pod(pod), way));
    }
}

fn declared(spec: &PodSpec) -> Vec<u16> {
    let containers = spec.containers.iter();
    let ports = containers.flat_map(|container| &container.ports);
    let mut ports: Vec<u16> = ports
        .filter(|port| port.protocol == "TCP" && port.port != 0)
        .map(|port| port.port)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// A kubelet that runs commands for everybody.
#[derive(Debug)]
pub(super) struct OpenKubelet<'c> {
    node: &'c Node,
    /// Its settings are a file's that does not say which nodes it is for.
    is_of_file: bool,
}

/// Those of a cluster: by the settings of each node, and where they were not read, by files of settings.
pub(super) fn open_kubelets(cluster: &Cluster) -> Vec<OpenKubelet<'_>> {
    let is_in_file = cluster.kubelet_files.iter().any(is_open);
    let nodes = cluster.nodes.iter().filter_map(|node| {
        let is_of_file = node.kubelet.is_none();
        let is_open = node.kubelet.as_ref().map_or(is_in_file, is_open);
        is_open.then_some(OpenKubelet { node, is_of_file })
    });
    nodes.collect()
}

/// Whether it runs commands for everybody (`authentication.anonymous`, `authorization.mode`,
/// `enableDebuggingHandlers` of its configuration).
fn is_open(settings: &KubeletSettings) -> bool {
    settings.anonymous == Some(true)
        && settings.authorization_mode == "AlwaysAllow"
        && settings.debugging_handlers != Some(false)
}

impl<'c> Inhabitant<'c> {
    fn place(&self) -> (&'c str, &'c str) {
        (self.namespace, self.name)
    }
}

//! Steps that need no identity: places that answer whoever reaches them over the network.

use std::collections::BTreeMap;

use viewshed_model::{Node, Place, PodSpec, ReachVerdict, Target};

use super::build::Inhabitant;
use super::graph::{Graph, State, Why};
use crate::checks::open_dashboard;
use crate::network::NetworkIndex;
use crate::see::pod_accounts;
use crate::sight::SightIndex;

/// What single pods reach, by namespace and name.
pub(super) struct Paths<'c> {
    by_pod: BTreeMap<(&'c str, &'c str), ReachVerdict>,
}

impl<'c> Paths<'c> {
    pub(super) fn of(network: &NetworkIndex<'c>, target: Target) -> Self {
        let verdicts = network.verdicts_by_pod(&Place::Target(target), None);
        Self { by_pod: verdicts }
    }

    /// To one of the ports of a pod; to any port where none is declared.
    fn to_pod(network: &NetworkIndex<'c>, place: &Place, ports: &[u16]) -> Self {
        let mut by_pod: BTreeMap<(&'c str, &'c str), ReachVerdict> = BTreeMap::new();
        let ports: Vec<Option<u16>> = match ports {
            [] => vec![None],
            ports => ports.iter().copied().map(Some).collect(),
        };
        for port in ports {
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
        let key = (pod.namespace, pod.name);
        let known = self.by_pod.get(&key).copied();
        known.unwrap_or(ReachVerdict::Depends)
    }
}

/// A step that the network decides on.
fn step_over<'c>(
    graph: &mut Graph<'c>,
    pod: &Inhabitant<'c>,
    verdict: ReachVerdict,
    (to, text, what): (State<'c>, String, &str),
) {
    let doubt = match verdict {
        ReachVerdict::Denied => return,
        ReachVerdict::Allowed => None,
        ReachVerdict::Depends => Some(format!(
            "whether pod `{}/{}` reaches {what}",
            pod.namespace, pod.name
        )),
    };
    let from = State::Standing(pod.namespace, pod.name);
    graph.step_if(from, to, Why::Text(text), doubt);
}

/// Steps through kubelets that run commands for everybody. One step to all pods of a node: their number
/// does not multiply with that of the sources.
pub(super) fn ask_kubelets<'c>(
    graph: &mut Graph<'c>,
    pod: &Inhabitant<'c>,
    verdict: ReachVerdict,
    kubelets: &[&'c Node],
) {
    for node in kubelets {
        let name = node.meta.name.as_str();
        let text = format!(
            "pod {}/{} reaches kubelets, and that of node {name} runs commands in its pods for everybody",
            pod.namespace, pod.name
        );
        step_over(
            graph,
            pod,
            verdict,
            (State::PodsOn(name), text, "the kubelets"),
        );
    }
}

/// Whoever reaches the API server may ask without a credential; worth a step where that leads on.
pub(super) fn ask_without_credential<'c>(
    graph: &mut Graph<'c>,
    pods: &[Inhabitant<'c>],
    to_api_server: &Paths<'_>,
) {
    let anonymous = State::User("system:anonymous");
    if !graph.leads_on(anonymous) {
        return;
    }
    for pod in pods {
        let text = format!(
            "pod {}/{} asks the API server without a credential",
            pod.namespace, pod.name
        );
        let verdict = to_api_server.of_pod(pod);
        step_over(graph, pod, verdict, (anonymous, text, "the API server"));
    }
}

/// Steps through dashboards that show visitors what their own account may see, or do.
pub(super) fn visit_dashboards<'c>(
    graph: &mut Graph<'c>,
    (sight, network): (&SightIndex<'c>, &NetworkIndex<'c>),
    pods: &[Inhabitant<'c>],
) {
    for dashboard in pods {
        let Some(why) = open_dashboard(dashboard.spec, dashboard.labels()) else {
            continue;
        };
        let full = format!("{}/{}", dashboard.namespace, dashboard.name);
        let accounts = pod_accounts(
            sight.cluster,
            (dashboard.namespace, ""),
            (dashboard.spec, dashboard.pod),
        );
        let place = Place::Pod {
            namespace: dashboard.namespace.to_owned(),
            name: dashboard.name.to_owned(),
        };
        let paths = Paths::to_pod(network, &place, &declared(dashboard.spec));
        for (account, _) in accounts {
            let Some(account) = super::build::own_name(sight.cluster, dashboard, &account) else {
                continue;
            };
            let to = State::Account(dashboard.namespace, account);
            for pod in pods.iter().filter(|pod| pod.place() != dashboard.place()) {
                let text = format!(
                    "pod {}/{} reaches {} of pod {full}, which lends visitors the rights of service account \
                     {}/{account}: {}",
                    pod.namespace, pod.name, why.name, dashboard.namespace, why.how
                );
                let what = format!("pod `{full}`");
                step_over(graph, pod, paths.of_pod(pod), (to, text, &what));
            }
        }
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

/// A kubelet that runs commands for everybody (`authentication.anonymous`, `authorization.mode`,
/// `enableDebuggingHandlers` of its configuration).
pub(super) fn is_open(node: &Node) -> bool {
    node.kubelet.as_ref().is_some_and(|settings| {
        settings.anonymous == Some(true)
            && settings.authorization_mode == "AlwaysAllow"
            && settings.debugging_handlers != Some(false)
    })
}

impl<'c> Inhabitant<'c> {
    fn place(&self) -> (&'c str, &'c str) {
        (self.namespace, self.name)
    }
}

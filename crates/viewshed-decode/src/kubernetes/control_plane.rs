//! Settings that the control plane's own pods give away by their flags.

use viewshed_model::{Cluster, Container, Gap, GapReason};

use super::authentication::anonymous_of_flags;
use super::authorization::chain_of_flags;
use super::flags::value_of;
use super::kubelet::settings_of_flags;
use crate::gaps::gap;

/// Where control-plane pods run. Elsewhere a kube-apiserver belongs to a virtual cluster.
const NAMESPACE: &str = "kube-system";

/// Fills in what is unknown so far: the authorizer chain from kube-apiserver's static pod, and a
/// node's kubelet settings where a kubelet runs as a pod. Call it once all pods are there.
///
/// What was read directly (a configuration file, live `configz`) is never replaced. Several API
/// servers with different chains are a gap; the first one by pod name counts.
pub fn settings_from_pods(cluster: &mut Cluster, gaps: &mut Vec<Gap>) {
    let mut servers: Vec<(&str, &Container)> = programs(cluster, "kube-apiserver").collect();
    servers.sort_by_key(|(pod, _)| *pod);
    let mut chains = servers.iter().map(|(_, server)| chain_of_flags(server));
    let first = chains.next();
    if chains.any(|chain| Some(chain) != first) {
        gaps.push(gap(
            &cluster.name,
            "be sure of the authorizer chain",
            GapReason::NotCollected,
            "the kube-apiserver pods have different flags",
            "compare their `--authorization-mode` and `--authorization-config`",
        ));
    }
    let config_file = servers
        .first()
        .and_then(|(_, server)| value_of(&server.flags, "authorization-config"))
        .map(str::to_owned);
    let mut access = servers.iter().map(|(_, server)| anonymous_of_flags(server));
    let first_access = access.next().flatten();
    // Servers that differ settle nothing.
    if cluster.anonymous_access.is_none() && access.all(|other| other == first_access) {
        cluster.anonymous_access = first_access;
    }
    if cluster.authorizers.is_none() {
        cluster.authorizers = first.flatten();
        if let Some(file) = config_file {
            gaps.push(gap(
                &cluster.name,
                "read the authorizer chain",
                GapReason::NotCollected,
                &format!("kube-apiserver takes it from `{file}`"),
                "give that file to viewshed together with the manifests",
            ));
        }
    }
    let kubelets: Vec<_> = cluster
        .pods
        .iter()
        .filter(|pod| pod.meta.namespace_or_empty() == NAMESPACE && !pod.node.is_empty())
        .flat_map(|pod| pod.spec.containers.iter().map(|one| (&pod.node, one)))
        .filter(|(_, container)| runs(container, "kubelet"))
        .map(|(node, container)| (node.clone(), settings_of_flags(container)))
        .collect();
    for (name, settings) in kubelets {
        let node = cluster.nodes.iter_mut().find(|node| node.meta.name == name);
        if let Some(node) = node
            && node.kubelet.is_none()
        {
            node.kubelet = Some(settings);
        }
    }
}

fn programs<'a>(
    cluster: &'a Cluster,
    program: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Container)> {
    cluster
        .pods
        .iter()
        .filter(|pod| pod.meta.namespace_or_empty() == NAMESPACE)
        .flat_map(|pod| {
            let name = pod.meta.name.as_str();
            pod.spec.containers.iter().map(move |one| (name, one))
        })
        .filter(move |(_, container)| runs(container, program))
}

/// By the program's file name, or by the container's name where an image such as `hyperkube` or a
/// shell starts it.
fn runs(container: &Container, program: &str) -> bool {
    container.program.rsplit('/').next() == Some(program) || container.name == program
}

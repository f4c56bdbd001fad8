//! Pods on nodes where the agent of a network plugin does not run.

use super::{NodePlace, Origin, PodPlace};

/// Pods of Fargate and on Windows nodes count as pods that nobody owns: the AWS plugin's policies hold for pods that a
/// controller made, on Linux nodes of EC2 (EKS user guide, "Limit Pod traffic with Kubernetes network policies").
pub(super) fn disown(pods: &mut [PodPlace<'_>], nodes: &[NodePlace<'_>]) {
    for pod in pods.iter_mut().filter(|pod| pod.body.is_owned) {
        let node = pod.body.node.and_then(|node| nodes.get(node as usize));
        if is_of_fargate(pod) || node.is_some_and(is_without_agent) {
            pod.body.is_owned = false;
        }
    }
}

fn is_of_fargate(pod: &PodPlace<'_>) -> bool {
    matches!(pod.origin, Origin::Pod(of) if of.meta.labels.contains_key("eks.amazonaws.com/fargate-profile"))
}

fn is_without_agent(node: &NodePlace<'_>) -> bool {
    let labels = node.node.map(|node| &node.meta.labels);
    let is = |key: &str, value: &str| {
        labels.is_some_and(|labels| labels.get(key).is_some_and(|own| own == value))
    };
    is("eks.amazonaws.com/compute-type", "fargate") || is("kubernetes.io/os", "windows")
}

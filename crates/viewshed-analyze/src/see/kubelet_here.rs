//! What kubelets really answered here.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Cluster, Identity, KubeletSight, Pod};

use super::board::{Board, Place, link};
use super::here::{add_namespace, add_node};
use super::kubelet::{Tells, mark_pods};
use super::ways::Ways;

/// Adds the pods that kubelets told, and the nodes and namespaces that they are in.
pub(super) fn add_to(cluster: &mut Cluster, kubelets: &[KubeletSight]) {
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (at, pod) in cluster.pods.iter().enumerate() {
        known.entry(key(pod)).or_insert(at);
    }
    let mut namespaces = BTreeSet::new();
    for kubelet in kubelets {
        for pod in &kubelet.pods {
            namespaces.insert(pod.meta.namespace_or_empty());
            let at = known.entry(key(pod)).or_insert(cluster.pods.len());
            match cluster.pods.get_mut(*at) {
                None => cluster.pods.push(pod.clone()),
                Some(known) => complete(known, pod),
            }
        }
        if !kubelet.node.is_empty() {
            add_node(cluster, &kubelet.node);
        }
    }
    for namespace in namespaces {
        add_namespace(cluster, namespace);
    }
}

fn key(pod: &Pod) -> (String, String) {
    let namespace = pod.meta.namespace_or_empty().to_owned();
    (namespace, pod.meta.name.clone())
}

/// Adds what one kubelet tells of a pod beyond what is known: lists of the API server tell all, figures less.
fn complete(known: &mut Pod, told: &Pod) {
    for container in &told.spec.containers {
        let mut containers = known.spec.containers.iter_mut();
        match containers.find(|one| one.name == container.name) {
            Some(one) if one.image.is_empty() => one.image.clone_from(&container.image),
            Some(_) => {}
            None => known.spec.containers.push(container.clone()),
        }
    }
    if known.node.is_empty() {
        known.node.clone_from(&told.node);
    }
}

/// Marks what each of them told.
pub(super) fn mark(board: &mut Board<'_, '_>, kubelets: &[KubeletSight]) {
    let index = board.index;
    for kubelet in kubelets {
        let by = if kubelet.credential.is_empty() {
            "without a credential".to_owned()
        } else {
            let identity = Identity {
                user: kubelet.subject.clone(),
                ..Identity::default()
            };
            format!("with the token {} of {identity}", kubelet.credential)
        };
        let unchecked = if kubelet.is_unverified {
            ", without checking its certificate"
        } else {
            ""
        };
        let links = [
            link(format!(
                "the kubelet at {} ({}) was asked {by}{unchecked}",
                kubelet.address, kubelet.address_from
            )),
            link(format!("it answers {}", kubelet.paths.join(", "))),
        ];
        let inventory = &index.inventory;
        let position = |namespace: &str, name: &str| {
            let kind = inventory.kind("", "pods")?;
            inventory.find(kind, namespace, name)
        };
        // Figures and folders of logs name no images.
        for (tells, has_images) in [(Tells::SPECIFICATION, true), (Tells::LISTED, false)] {
            let told = kubelet.pods.iter().filter(|pod| {
                let mut containers = pod.spec.containers.iter();
                containers.any(|container| !container.image.is_empty()) == has_images
            });
            let pods: Vec<usize> = told
                .filter_map(|pod| position(pod.meta.namespace_or_empty(), &pod.meta.name))
                .collect();
            mark_pods(board, &pods, Ways::KUBELET, &links, tells);
        }
        let chain = board.chain(links.to_vec());
        let logged = kubelet.logged.iter();
        let logged = logged.filter_map(|(namespace, name)| position(namespace, name));
        board.mark(Place::Logs, logged, Ways::KUBELET, chain);
        board.mark_object(("", "nodes"), ("", &kubelet.node), Ways::KUBELET, chain);
    }
}

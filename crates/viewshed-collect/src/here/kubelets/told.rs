//! What several answers of one kubelet tell together.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_decode::kubernetes::add_list;
use viewshed_model::{Cluster, Pod};

/// Namespace and name.
pub(super) fn key(pod: &Pod) -> (String, String) {
    let namespace = pod.meta.namespace_or_empty().to_owned();
    (namespace, pod.meta.name.clone())
}

/// What several answers of one kubelet tell together.
#[derive(Default)]
pub(super) struct Told {
    pub(super) node: String,
    pub(super) paths: Vec<String>,
    pub(super) pods: BTreeMap<(String, String), Pod>,
    pub(super) logged: BTreeSet<(String, String)>,
}

impl Told {
    /// The list of `/pods`, which is a `PodList` of the API.
    pub(super) fn add_list(&mut self, body: &[u8]) {
        let mut cluster = Cluster::default();
        let mut gaps = Vec::new();
        if add_list(&mut cluster, &mut gaps, "here", "", "pods", body).is_ok() {
            let node = cluster.pods.first().map(|pod| pod.node.clone());
            self.name_node(&node.unwrap_or_default());
            self.add(super::PODS, cluster.pods);
        }
    }

    pub(super) fn name_node(&mut self, node: &str) {
        if self.node.is_empty() {
            node.clone_into(&mut self.node);
        }
    }

    pub(super) fn add(&mut self, path: &str, pods: Vec<Pod>) {
        self.paths.push(path.to_owned());
        for pod in pods {
            let Some(known) = self.pods.get_mut(&key(&pod)) else {
                self.pods.insert(key(&pod), pod);
                continue;
            };
            for container in pod.spec.containers {
                let mut containers = known.spec.containers.iter_mut();
                match containers.find(|one| one.name == container.name) {
                    Some(one) if one.image.is_empty() => one.image = container.image,
                    Some(_) => {}
                    None => known.spec.containers.push(container),
                }
            }
        }
    }
}

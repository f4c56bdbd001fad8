//! Containers, images and places of pods and templates, looked up once.

use std::ops::Range;

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, Pod, PodSpec, Workload};

use crate::inventory::{Inventory, Kind, List, Object};

/// What comes with pods, pod templates and nodes.
#[derive(Debug, Default)]
pub(crate) struct PodTables<'c> {
    /// Every container of every pod, sorted by namespace, pod and container.
    pub(crate) containers: Vec<ContainerName<'c>>,
    /// Containers of each pod, by the pod's position in the inventory.
    pub(crate) containers_of_pod: Vec<Range<usize>>,
    /// Every container of every template.
    pub(crate) templates: Vec<ContainerName<'c>>,
    /// Containers of each template, by the workload's position in the cluster.
    pub(crate) containers_of_workload: Vec<Range<usize>>,
    /// Every image that a pod, a template or a node names; sorted, each once.
    pub(crate) images: Vec<&'c str>,
    /// Positions in `images`, by node position in the cluster.
    pub(crate) images_of_node: Vec<Vec<usize>>,
    /// Positions of the pods that have a node, sorted.
    scheduled: Vec<usize>,
    /// Positions of pods in the inventory, by node name.
    pods_on: FxHashMap<&'c str, Vec<usize>>,
}

/// A container of a pod or template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContainerName<'c> {
    /// Namespace of its pod or workload.
    pub(crate) namespace: &'c str,
    /// Name of its pod or workload.
    pub(crate) owner: &'c str,
    /// Its own name.
    pub(crate) name: &'c str,
    /// Position of its image.
    pub(crate) image: Option<usize>,
    /// Id that the runtime gave it; empty when not told.
    pub(crate) id: &'c str,
}

impl<'c> PodTables<'c> {
    pub(super) fn new(cluster: &'c Cluster, inventory: &Inventory<'c>) -> Self {
        let images = images_of(cluster);
        let position: FxHashMap<&str, usize> = images
            .iter()
            .enumerate()
            .map(|(position, image)| (*image, position))
            .collect();
        let mut tables = Self {
            images_of_node: cluster
                .nodes
                .iter()
                .map(|node| {
                    let known = node.images.iter().map(String::as_str);
                    known
                        .filter_map(|image| position.get(image).copied())
                        .collect()
                })
                .collect(),
            images,
            ..Self::default()
        };
        for (at, object) in pod_objects(inventory).iter().enumerate() {
            let start = tables.containers.len();
            let Some(pod) = pod_of(cluster, object) else {
                tables.containers_of_pod.push(start..start);
                continue;
            };
            let range = add_containers(
                &mut tables.containers,
                (object.namespace, object.name),
                &pod.spec,
                &position,
            );
            tables.containers_of_pod.push(range);
            if !pod.node.is_empty() {
                tables.pods_on.entry(&pod.node).or_default().push(at);
                tables.scheduled.push(at);
            }
        }
        for workload in &cluster.workloads {
            let owner = (
                workload.meta.namespace.as_deref().unwrap_or("default"),
                workload.meta.name.as_str(),
            );
            let range = add_containers(&mut tables.templates, owner, &workload.template, &position);
            tables.containers_of_workload.push(range);
        }
        tables
    }

    /// Positions of the pods on a node, sorted.
    pub(crate) fn on_node(&self, node: &str) -> &[usize] {
        self.pods_on.get(node).map_or(&[], Vec::as_slice)
    }

    /// Positions of all pods that run on some node, sorted.
    pub(crate) fn on_every_node(&self) -> &[usize] {
        &self.scheduled
    }
}

/// The pod behind an object of the inventory.
pub(crate) fn pod_of<'c>(cluster: &'c Cluster, object: &Object<'_>) -> Option<&'c Pod> {
    (object.list == List::Pods)
        .then(|| cluster.pods.get(object.source))
        .flatten()
}

/// Whether nothing runs in the pod any more.
pub(crate) fn has_ended(pod: &Pod) -> bool {
    matches!(pod.phase.as_str(), "Succeeded" | "Failed")
}

/// The pods of the inventory.
pub(crate) fn pod_objects<'i, 'c>(inventory: &'i Inventory<'c>) -> &'i [Object<'c>] {
    inventory
        .kind("", "pods")
        .map_or(&[], |kind: &Kind<'c>| kind.objects.as_slice())
}

fn images_of(cluster: &Cluster) -> Vec<&str> {
    let pods = cluster.pods.iter().map(|pod: &Pod| &pod.spec);
    let templates = cluster
        .workloads
        .iter()
        .map(|workload: &Workload| &workload.template);
    let in_specs = pods
        .chain(templates)
        .flat_map(|spec| &spec.containers)
        .map(|container| container.image.as_str());
    let on_nodes = cluster
        .nodes
        .iter()
        .flat_map(|node| &node.images)
        .map(String::as_str);
    let mut seen = rustc_hash::FxHashSet::default();
    let mut images: Vec<&str> = in_specs
        .chain(on_nodes)
        .filter(|image| !image.is_empty() && seen.insert(*image))
        .collect();
    images.sort_unstable();
    images
}

fn add_containers<'c>(
    containers: &mut Vec<ContainerName<'c>>,
    (namespace, owner): (&'c str, &'c str),
    spec: &'c PodSpec,
    images: &FxHashMap<&str, usize>,
) -> Range<usize> {
    let start = containers.len();
    containers.extend(spec.containers.iter().map(|container| ContainerName {
        namespace,
        owner,
        name: &container.name,
        image: images.get(container.image.as_str()).copied(),
        id: &container.runtime_id,
    }));
    if let Some(added) = containers.get_mut(start..) {
        added.sort_by_key(|container| container.name);
    }
    start..containers.len()
}

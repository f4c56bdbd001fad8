//! Everything that runs containers, once: pods are gathered under the workload that makes them, so
//! that a Deployment with a hundred pods is one thing to report and to mend.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, Location, Meta, Owner, Pod, PodSpec, Workload};

use crate::sight::has_ended;

/// Owners above a pod: CronJob, Job, and a custom kind over both. More is a loop.
const OWNER_DEPTH_MAX: usize = 4;

/// A workload, or a pod that no workload makes.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    /// For example `Deployment`; `Pod` for a pod on its own.
    pub(crate) kind: &'a str,
    /// Name without the node's name for static pods.
    pub(crate) name: &'a str,
    /// Namespace; `default` where a manifest names none, as `kubectl apply` would do.
    pub(crate) namespace: &'a str,
    /// Labels of its pods.
    pub(crate) pod_labels: &'a BTreeMap<String, String>,
    /// What its pods run: as admission left it where a pod exists, else the template.
    pub(crate) spec: &'a PodSpec,
    /// Its pods that have not ended, sorted by name.
    pub(crate) pods: Vec<&'a Pod>,
    /// Where it stands in a file.
    pub(crate) location: Option<Location>,
}

type Key<'a> = (&'a str, &'a str, &'a str);

/// Everything that runs containers in `cluster`, sorted by namespace, kind and name.
pub(crate) fn runners(cluster: &Cluster) -> Vec<Runner<'_>> {
    let by_key: BTreeMap<Key<'_>, &Workload> = cluster
        .workloads
        .iter()
        .map(|workload| {
            let key = (
                namespace_of(&workload.meta),
                &*workload.kind,
                &*workload.meta.name,
            );
            (key, workload)
        })
        .collect();
    let mut found: BTreeMap<Key<'_>, Runner<'_>> = BTreeMap::new();
    for (key, workload) in &by_key {
        if top_of(key.0, workload.meta.owner.as_ref(), &by_key).is_none() {
            found.insert(*key, from_workload(workload));
        }
    }
    let mut pods: Vec<&Pod> = cluster.pods.iter().filter(|pod| !has_ended(pod)).collect();
    pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
    for pod in pods {
        let namespace = namespace_of(&pod.meta);
        let owner = pod.meta.owner.as_ref().filter(|_| !pod.is_mirror);
        let key = match (top_of(namespace, owner, &by_key), owner) {
            (Some(key), _) => key,
            // The owner was not read: its name still gathers the pods that it made.
            (None, Some(owner)) => (namespace, &*owner.kind, &*owner.name),
            (None, None) => (namespace, "Pod", own_name(pod)),
        };
        let runner = found.entry(key).or_insert_with(|| from_pod(key, pod));
        if runner.pods.is_empty() {
            runner.spec = &pod.spec;
        }
        runner.pods.push(pod);
    }
    found.into_values().collect()
}

fn from_workload(workload: &Workload) -> Runner<'_> {
    Runner {
        kind: &workload.kind,
        name: &workload.meta.name,
        namespace: namespace_of(&workload.meta),
        pod_labels: &workload.pod_labels,
        spec: &workload.template,
        pods: Vec::new(),
        location: location_of(&workload.meta),
    }
}

fn from_pod<'a>((namespace, kind, name): Key<'a>, pod: &'a Pod) -> Runner<'a> {
    Runner {
        kind,
        name,
        namespace,
        pod_labels: &pod.meta.labels,
        spec: &pod.spec,
        pods: Vec::new(),
        location: location_of(&pod.meta),
    }
}

/// The topmost workload of the estate above something that `owner` owns.
fn top_of<'a>(
    namespace: &'a str,
    owner: Option<&'a Owner>,
    by_key: &BTreeMap<Key<'a>, &'a Workload>,
) -> Option<Key<'a>> {
    let mut top = None;
    let mut next = owner;
    for _ in 0..OWNER_DEPTH_MAX {
        let Some(owner) = next else { break };
        let key = (namespace, &*owner.kind, &*owner.name);
        let Some(workload) = by_key.get(&key) else {
            break;
        };
        top = Some(key);
        next = workload.meta.owner.as_ref();
    }
    top
}

/// A mirror pod is called after its file and its node; the file is what one would edit.
fn own_name(pod: &Pod) -> &str {
    let name = pod.meta.name.as_str();
    if !pod.is_mirror || pod.node.is_empty() {
        return name;
    }
    name.strip_suffix(pod.node.as_str())
        .and_then(|name| name.strip_suffix('-'))
        .unwrap_or(name)
}

/// The namespace that an object without one gets from `kubectl apply`.
pub(crate) fn namespace_of(meta: &Meta) -> &str {
    meta.namespace.as_deref().unwrap_or("default")
}

fn location_of(meta: &Meta) -> Option<Location> {
    meta.position.as_deref().cloned()
}

impl Runner<'_> {
    /// `Deployment web`.
    pub(crate) fn object(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// `shop/web`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// What `kubectl` takes to name it: `deployment/web`.
    pub(crate) fn kubectl_name(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    /// The service account of its pods.
    pub(crate) fn service_account(&self) -> &str {
        match self.spec.service_account.as_str() {
            "" => "default",
            name => name,
        }
    }

    /// Distinct nodes on which its pods run.
    pub(crate) fn nodes(&self) -> Vec<&str> {
        let mut nodes: Vec<&str> = self
            .pods
            .iter()
            .map(|pod| &*pod.node)
            .filter(|node| !node.is_empty())
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

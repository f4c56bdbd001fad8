//! Finding places by name.

use super::{Origin, Places, PodPlace};

/// A place by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::network) enum Found {
    /// In `pods`.
    Pod(u32),
    /// In `nodes`.
    Node(u32),
}

impl<'c> Places<'c> {
    /// The pods of that name: one pod, or all pods that a workload of that name made.
    pub(in crate::network) fn pods_named(&self, namespace: &str, name: &str) -> Vec<u32> {
        let key = |pod: &PodPlace<'c>| {
            let meta = pod.origin.meta();
            (meta.namespace_or_empty(), meta.name.as_str())
        };
        let start = self
            .pods
            .partition_point(|pod| key(pod) < (namespace, name));
        let exact = self.pods.iter().zip(0_u32..).skip(start);
        let exact = exact.take_while(|(pod, _)| key(pod) == (namespace, name));
        let found: Vec<u32> = exact.map(|(_, index)| index).collect();
        if !found.is_empty() {
            return found;
        }
        let start = self.pods.partition_point(|pod| key(pod) < (namespace, ""));
        self.pods
            .iter()
            .zip(0_u32..)
            .skip(start)
            .take_while(|(pod, _)| key(pod).0 == namespace)
            .filter(|(pod, _)| self.is_made_by(pod, name))
            .map(|(_, index)| index)
            .collect()
    }

    /// The pods of a namespace.
    pub(in crate::network) fn pods_in(&self, namespace: &str) -> std::ops::Range<u32> {
        let of = |pod: &PodPlace<'c>| pod.origin.meta().namespace_or_empty();
        let start = self.pods.partition_point(|pod| of(pod) < namespace);
        let end = self.pods.partition_point(|pod| of(pod) <= namespace);
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        number(start)..number(end)
    }

    /// Whether a workload of this name made the pod, directly or through its replica sets and jobs.
    fn is_made_by(&self, pod: &PodPlace<'c>, name: &str) -> bool {
        let is_deployment = |kind: &str, maker: &str| {
            // The deployment of a replica set that alone is in the estate: its name without the hash.
            let hash = pod.labels().get("pod-template-hash");
            kind == "ReplicaSet"
                && hash.is_some_and(|hash| {
                    let rest = maker.strip_suffix(hash.as_str());
                    rest.and_then(|rest| rest.strip_suffix('-')) == Some(name)
                })
        };
        let mut makers = self.makers(pod).into_iter();
        makers.any(|(kind, maker)| maker == name || is_deployment(kind, maker))
    }

    /// The topmost workload that made a pod, as kind and name; the pod itself where nothing did.
    pub(in crate::network) fn topmost(&self, pod: &PodPlace<'c>) -> (&'c str, &'c str) {
        let own = ("Pod", pod.origin.meta().name.as_str());
        self.makers(pod).last().copied().unwrap_or(own)
    }

    /// The workloads that made a pod, the nearest first, as kind and name.
    fn makers(&self, pod: &PodPlace<'c>) -> Vec<(&'c str, &'c str)> {
        let namespace = pod.origin.meta().namespace_or_empty();
        let mut makers = Vec::new();
        if let Origin::Workload(workload) = pod.origin {
            makers.push((workload.kind.as_str(), workload.meta.name.as_str()));
        }
        let mut owner = pod.origin.meta().owner.as_ref();
        // Pod, replica set, deployment, and one more for what makes deployments.
        for _ in 0..4 {
            let Some(next) = owner else { break };
            makers.push((next.kind.as_str(), next.name.as_str()));
            let key = (namespace, next.kind.as_str(), next.name.as_str());
            let upper = self.workloads.get(&key);
            owner = upper.and_then(|workload| workload.meta.owner.as_ref());
        }
        makers
    }

    /// A node by name.
    pub(in crate::network) fn node_named(&self, name: &str) -> Option<u32> {
        let at = self.nodes.partition_point(|node| node.name < name);
        let node = self.nodes.get(at)?;
        (node.name == name).then(|| u32::try_from(at).ok())?
    }
}

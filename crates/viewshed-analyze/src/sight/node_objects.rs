//! The objects that the Node authorizer can lead to one node: those worth asking it about.

use viewshed_model::{PodSpec, VolumeSource};

use super::{SightIndex, pod_objects, pod_of};

/// An object as position of its resource and of itself in the inventory.
pub(crate) type ObjectAt = (usize, usize);

/// Every object that leads to `node` in the Node authorizer's graph, sorted, each once; whether nodes
/// may read that kind at all, the authorizer decides. Found from the node's pods, never by walking
/// the cluster.
pub(crate) fn near_node(index: &SightIndex<'_>, node: &str) -> Vec<ObjectAt> {
    let mut near = Near {
        index,
        found: Vec::new(),
    };
    near.add_own(node);
    let pods = pod_objects(&index.inventory);
    let mut claims = Vec::new();
    for pod in index
        .pods
        .on_node(node)
        .iter()
        .filter_map(|at| pods.get(*at))
    {
        near.add("", "pods", pod.namespace, pod.name);
        // A node must not gain access by making a mirror pod (`graph.go`, `AddPod`).
        let Some(of) = pod_of(index.cluster, pod).filter(|pod| !pod.is_mirror) else {
            continue;
        };
        near.add_named_by(&of.spec, pod.namespace);
        for volume in &of.spec.volumes {
            for source in &volume.sources {
                match source {
                    VolumeSource::PersistentVolumeClaim(claim) => {
                        claims.push((pod.namespace.to_owned(), claim.clone()));
                    }
                    VolumeSource::Ephemeral => claims.push((
                        pod.namespace.to_owned(),
                        format!("{}-{}", pod.name, volume.name),
                    )),
                    _ => {}
                }
            }
        }
    }
    claims.sort_unstable();
    for (namespace, claim) in &claims {
        near.add("", "persistentvolumeclaims", namespace, claim);
    }
    near.add_volumes(&claims, node);
    near.found.sort_unstable();
    near.found.dedup();
    near.found
}

struct Near<'i, 'c> {
    index: &'i SightIndex<'c>,
    found: Vec<ObjectAt>,
}

impl Near<'_, '_> {
    fn add(&mut self, group: &str, resource: &str, namespace: &str, name: &str) {
        let Some(kind) = self.index.inventory.position(group, resource) else {
            return;
        };
        let object = self
            .index
            .inventory
            .kinds
            .get(kind)
            .and_then(|of| of.find(namespace, name));
        self.found.extend(object.map(|object| (kind, object)));
    }

    fn add_all(&mut self, group: &str, resource: &str) {
        if let Some(kind) = self.index.inventory.position(group, resource) {
            let length = self
                .index
                .inventory
                .kinds
                .get(kind)
                .map_or(0, |of| of.objects.len());
            self.found.extend((0..length).map(|object| (kind, object)));
        }
    }

    fn add_own(&mut self, node: &str) {
        self.add("", "nodes", "", node);
        self.add("coordination.k8s.io", "leases", "kube-node-lease", node);
        self.add("storage.k8s.io", "csinodes", "", node);
        // Which node these belong to stands in their specs, which are not kept.
        self.add_all("resource.k8s.io", "resourceslices");
        self.add_all("certificates.k8s.io", "podcertificaterequests");
    }

    fn add_named_by(&mut self, spec: &PodSpec, namespace: &str) {
        let account = match spec.service_account.as_str() {
            "" => "default",
            name => name,
        };
        self.add("", "serviceaccounts", namespace, account);
        for claim in &spec.resource_claims {
            self.add("resource.k8s.io", "resourceclaims", namespace, claim);
        }
        for (resource, name) in config_names(spec) {
            self.add("", resource, namespace, name);
        }
    }

    fn add_volumes(&mut self, claims: &[(String, String)], node: &str) {
        let cluster = self.index.cluster;
        for volume in &cluster.volumes {
            let is_claimed = volume
                .claim
                .as_ref()
                .is_some_and(|claim| claims.binary_search(claim).is_ok());
            if is_claimed {
                self.add("", "persistentvolumes", "", &volume.meta.name);
                for (namespace, secret) in &volume.secrets {
                    self.add("", "secrets", namespace, secret);
                }
            }
        }
        for attachment in &cluster.volume_attachments {
            if attachment.node == node {
                self.add(
                    "storage.k8s.io",
                    "volumeattachments",
                    "",
                    &attachment.meta.name,
                );
            }
        }
    }
}

/// The config maps and secrets that a pod specification names, as resource and name.
pub(crate) fn config_names(spec: &PodSpec) -> impl Iterator<Item = (&'static str, &str)> {
    let pull = spec.image_pull_secrets.iter();
    pull.map(|name| ("secrets", name.as_str()))
        .chain(environment_names(spec))
        .chain(volume_names(spec))
}

/// Those whose values stand in the environment of its containers.
pub(crate) fn environment_names(spec: &PodSpec) -> impl Iterator<Item = (&'static str, &str)> {
    spec.containers.iter().flat_map(|container| {
        let secrets = container.env_secrets.iter();
        let maps = container.env_config_maps.iter();
        secrets
            .map(|name| ("secrets", name.as_str()))
            .chain(maps.map(|name| ("configmaps", name.as_str())))
    })
}

/// Those whose values lie in its volumes.
pub(crate) fn volume_names(spec: &PodSpec) -> impl Iterator<Item = (&'static str, &str)> {
    spec.volumes
        .iter()
        .flat_map(|volume| &volume.sources)
        .filter_map(|source| match source {
            VolumeSource::Secret(name) => Some(("secrets", name.as_str())),
            VolumeSource::ConfigMap(name) => Some(("configmaps", name.as_str())),
            // A driver reads its secret on the node; the pod does not get it.
            VolumeSource::DriverSecret(name) => Some(("secrets", name.as_str())),
            VolumeSource::HostPath(_)
            | VolumeSource::PersistentVolumeClaim(_)
            | VolumeSource::Ephemeral
            | VolumeSource::Token(_)
            | VolumeSource::Other(_) => None,
        })
}

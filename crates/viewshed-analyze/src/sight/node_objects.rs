//! The objects that the Node authorizer can lead to one node: those worth asking it about.

use viewshed_model::{Container, PodSpec, VolumeSource};

use super::{SightIndex, pod_objects, pod_of};
use crate::inventory::Kind;

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
    let mut claims = Vec::new();
    near.add_pods(node, &mut claims);
    claims.sort_unstable();
    near.add_volumes(&claims, node);
    near.found.sort_unstable();
    near.found.dedup();
    near.found
}

struct Near<'i, 'c> {
    index: &'i SightIndex<'c>,
    found: Vec<ObjectAt>,
}

impl<'i, 'c> Near<'i, 'c> {
    fn kind(&self, group: &str, resource: &str) -> Option<(usize, &'i Kind<'c>)> {
        let inventory = &self.index.inventory;
        let position = inventory.position(group, resource)?;
        Some((position, inventory.kinds.get(position)?))
    }

    fn add(&mut self, group: &str, resource: &str, namespace: &str, name: &str) {
        if let Some((position, kind)) = self.kind(group, resource) {
            let object = self.index.inventory.find(kind, namespace, name);
            self.found.extend(object.map(|object| (position, object)));
        }
    }

    fn add_all(&mut self, group: &str, resource: &str) {
        if let Some((position, kind)) = self.kind(group, resource) {
            let all = 0..kind.objects.len();
            self.found.extend(all.map(|object| (position, object)));
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

    /// The node's pods and what they name; their claims are collected by namespace and name.
    fn add_pods(&mut self, node: &str, claims: &mut Vec<(String, String)>) {
        let index = self.index;
        let pods = pod_objects(&index.inventory);
        let Some((pod_kind, _)) = self.kind("", "pods") else {
            return;
        };
        let kinds = [
            self.kind("", "secrets"),
            self.kind("", "configmaps"),
            self.kind("", "serviceaccounts"),
            self.kind("", "persistentvolumeclaims"),
            self.kind("resource.k8s.io", "resourceclaims"),
        ];
        let [secrets, configs, accounts, volume_claims, resource_claims] = kinds;
        for at in index.pods.on_node(node) {
            self.found.push((pod_kind, *at));
            // A node must not gain access by making a mirror pod (`graph.go`, `AddPod`).
            let Some((object, pod)) = pods
                .get(*at)
                .and_then(|object| Some((object, pod_of(index.cluster, object)?)))
                .filter(|(_, pod)| !pod.is_mirror)
            else {
                continue;
            };
            let spec = &pod.spec;
            let account = match spec.service_account.as_str() {
                "" => "default",
                name => name,
            };
            self.add_in(accounts, object.namespace_at, account);
            for (resource, name) in config_names(spec) {
                let kind = if resource == "secrets" {
                    secrets
                } else {
                    configs
                };
                self.add_in(kind, object.namespace_at, name);
            }
            for claim in &spec.resource_claims {
                self.add_in(resource_claims, object.namespace_at, claim);
            }
            for claim in claim_names(spec, object.name) {
                self.add_in(volume_claims, object.namespace_at, &claim);
                claims.push((object.namespace.to_owned(), claim));
            }
        }
    }

    fn add_in(&mut self, kind: Option<(usize, &Kind<'_>)>, namespace: u32, name: &str) {
        if let Some((position, kind)) = kind {
            let object = kind.find_in(namespace, name);
            self.found.extend(object.map(|object| (position, object)));
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
                let name = &attachment.meta.name;
                self.add("storage.k8s.io", "volumeattachments", "", name);
            }
        }
    }
}

/// The claims of a pod; an ephemeral one is named after pod and volume.
fn claim_names(spec: &PodSpec, pod: &str) -> Vec<String> {
    let mut names = Vec::new();
    for volume in &spec.volumes {
        for source in &volume.sources {
            match source {
                VolumeSource::PersistentVolumeClaim(claim) => names.push(claim.clone()),
                VolumeSource::Ephemeral => names.push(format!("{pod}-{}", volume.name)),
                _ => {}
            }
        }
    }
    names
}

/// The config maps and secrets that a pod specification names, as resource and name.
pub(crate) fn config_names(spec: &PodSpec) -> impl Iterator<Item = (&'static str, &str)> {
    let pull = spec.image_pull_secrets.iter();
    pull.map(|name| ("secrets", name.as_str()))
        .chain(environment_names(spec))
        .chain(volume_names(spec))
}

/// Those whose values stand in the environment of its containers.
fn environment_names(spec: &PodSpec) -> impl Iterator<Item = (&'static str, &str)> {
    spec.containers.iter().flat_map(environment_of)
}

/// Those whose values stand in the environment of one container.
pub(crate) fn environment_of(container: &Container) -> impl Iterator<Item = (&'static str, &str)> {
    let secrets = container.env_secrets.iter();
    let maps = container.env_config_maps.iter();
    secrets
        .map(|name| ("secrets", name.as_str()))
        .chain(maps.map(|name| ("configmaps", name.as_str())))
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

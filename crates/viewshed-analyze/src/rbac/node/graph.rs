//! Which objects lead to which node (`plugin/pkg/auth/authorizer/node/graph.go`).
//!
//! The server keeps the whole graph; here each question walks the pods of the one node that asks.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, Pod, PodSpec, StorageVolume, VolumeSource};

/// The kinds of object that lead to nodes and are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum VertexKind {
    ConfigMap,
    Pod,
    Claim,
    Volume,
    ResourceClaim,
    Secret,
    Attachment,
    ServiceAccount,
}

/// The pods of each node, and the objects outside pods that lead to nodes.
#[derive(Debug)]
pub(in super::super) struct NodeGraph<'c> {
    pods_by_node: FxHashMap<&'c str, Vec<&'c Pod>>,
    cluster: &'c Cluster,
}

impl<'c> NodeGraph<'c> {
    pub(in super::super) fn new(cluster: &'c Cluster) -> Self {
        let mut pods_by_node: FxHashMap<&str, Vec<&Pod>> = FxHashMap::default();
        for pod in cluster.pods.iter().filter(|pod| !pod.node.is_empty()) {
            pods_by_node.entry(&pod.node).or_default().push(pod);
        }
        Self {
            pods_by_node,
            cluster,
        }
    }

    /// The nodes that run pods or hold volumes, sorted, each once.
    pub(in super::super) fn nodes(&self) -> BTreeSet<&'c str> {
        let pods = self.cluster.pods.iter().map(|pod| pod.node.as_str());
        let attachments = self.cluster.volume_attachments.iter();
        let known = self
            .cluster
            .nodes
            .iter()
            .map(|node| node.meta.name.as_str());
        pods.chain(attachments.map(|attachment| attachment.node.as_str()))
            .chain(known)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The object through which the named one leads to the node; `None` when it does not.
    pub(in super::super) fn path(
        &self,
        node: &str,
        kind: VertexKind,
        namespace: &str,
        name: &str,
    ) -> Option<String> {
        match kind {
            VertexKind::Pod => self
                .pods_of(node, namespace)
                .any(|pod| pod.meta.name == name)
                .then(|| "the pod runs on the node".to_owned()),
            VertexKind::Attachment => self
                .cluster
                .volume_attachments
                .iter()
                .any(|attachment| attachment.meta.name == name && attachment.node == node)
                .then(|| "the volume is attached to the node".to_owned()),
            VertexKind::Volume if !namespace.is_empty() => None,
            VertexKind::Volume => {
                let volumes = &self.cluster.volumes;
                let volume = volumes.iter().find(|volume| volume.meta.name == name)?;
                self.volume_path(node, volume)
            }
            VertexKind::Secret => self
                .user_of(node, kind, namespace, name)
                .or_else(|| self.secret_of_volume(node, namespace, name)),
            VertexKind::ConfigMap
            | VertexKind::Claim
            | VertexKind::ResourceClaim
            | VertexKind::ServiceAccount => self.user_of(node, kind, namespace, name),
        }
    }

    fn pods_of<'a>(&'a self, node: &str, namespace: &'a str) -> impl Iterator<Item = &'c Pod> + 'a {
        self.pods_by_node
            .get(node)
            .into_iter()
            .flatten()
            .copied()
            .filter(move |pod| pod.meta.namespace_or_empty() == namespace)
    }

    fn user_of(&self, node: &str, kind: VertexKind, namespace: &str, name: &str) -> Option<String> {
        // A node must not gain access by making a mirror pod.
        self.pods_of(node, namespace)
            .find(|pod| !pod.is_mirror && uses(pod, kind, name))
            .map(|pod| format!("pod `{}`", pod.meta.full_name()))
    }

    fn volume_path(&self, node: &str, volume: &StorageVolume) -> Option<String> {
        let (namespace, claim) = volume.claim.as_ref()?;
        let through = self.user_of(node, VertexKind::Claim, namespace, claim)?;
        Some(format!("claim `{namespace}/{claim}` of {through}"))
    }

    fn secret_of_volume(&self, node: &str, namespace: &str, name: &str) -> Option<String> {
        self.cluster
            .volumes
            .iter()
            .filter(|volume| {
                volume
                    .secrets
                    .iter()
                    .any(|secret| secret.0 == namespace && secret.1 == name)
            })
            .find_map(|volume| {
                let through = self.volume_path(node, volume)?;
                Some(format!("volume `{}` by {through}", volume.meta.name))
            })
    }
}

fn uses(pod: &Pod, kind: VertexKind, name: &str) -> bool {
    let spec = &pod.spec;
    let has = |list: &[String]| list.iter().any(|entry| entry == name);
    let containers = &spec.containers;
    match kind {
        VertexKind::Secret => {
            has(&spec.image_pull_secrets)
                || containers.iter().any(|one| has(&one.env_secrets))
                || mounts(spec, |source| match source {
                    VolumeSource::Secret(secret) | VolumeSource::DriverSecret(secret) => {
                        secret == name
                    }
                    _ => false,
                })
        }
        VertexKind::ConfigMap => {
            containers.iter().any(|one| has(&one.env_config_maps))
                || mounts(
                    spec,
                    |source| matches!(source, VolumeSource::ConfigMap(config) if config == name),
                )
        }
        VertexKind::Claim => spec.volumes.iter().any(|volume| {
            volume.sources.iter().any(|source| match source {
                VolumeSource::PersistentVolumeClaim(claim) => claim == name,
                VolumeSource::Ephemeral => is_ephemeral_claim(pod, &volume.name, name),
                _ => false,
            })
        }),
        VertexKind::ResourceClaim => has(&spec.resource_claims),
        VertexKind::ServiceAccount => match spec.service_account.as_str() {
            "" => name == "default",
            account => account == name,
        },
        VertexKind::Pod | VertexKind::Volume | VertexKind::Attachment => false,
    }
}

fn mounts(spec: &PodSpec, wanted: impl Fn(&VolumeSource) -> bool) -> bool {
    spec.volumes
        .iter()
        .flat_map(|volume| &volume.sources)
        .any(wanted)
}

/// An ephemeral volume's claim is named `POD-VOLUME`.
fn is_ephemeral_claim(pod: &Pod, volume: &str, claim: &str) -> bool {
    claim
        .strip_prefix(pod.meta.name.as_str())
        .and_then(|rest| rest.strip_prefix('-'))
        == Some(volume)
}

//! Claims, volumes and attachments, as far as the Node authorizer's graph needs them.

use serde::Deserialize;
use viewshed_model::{Position, StorageVolume, VolumeAttachment, VolumeClaim};

use super::meta::MetaWire;
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ClaimWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<ClaimSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec {
    volume_name: Nullable<String>,
}

impl ClaimWire {
    pub(super) fn into_claim(self, position: Option<Box<Position>>) -> VolumeClaim {
        VolumeClaim {
            meta: self.metadata.0.into_meta(position),
            volume: self.spec.0.volume_name.0,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AttachmentWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<AttachmentSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AttachmentSpec {
    node_name: Nullable<String>,
}

impl AttachmentWire {
    pub(super) fn into_attachment(self, position: Option<Box<Position>>) -> VolumeAttachment {
        VolumeAttachment {
            meta: self.metadata.0.into_meta(position),
            node: self.spec.0.node_name.0,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VolumeWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<VolumeSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VolumeSpec {
    claim_ref: Option<Reference>,
    host_path: Option<OnNode>,
    local: Option<OnNode>,
    azure_file: Option<AzureFile>,
    cephfs: Option<WithSecret>,
    cinder: Option<WithSecret>,
    flex_volume: Option<WithSecret>,
    rbd: Option<WithSecret>,
    #[serde(rename = "scaleIO")]
    scale_io: Option<WithSecret>,
    iscsi: Option<WithSecret>,
    storageos: Option<WithSecret>,
    csi: Option<Csi>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OnNode {
    path: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    namespace: Nullable<String>,
    name: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AzureFile {
    secret_name: Nullable<String>,
    secret_namespace: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WithSecret {
    secret_ref: Option<Reference>,
}

/// The two controller secrets are left out: no node reads them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Csi {
    #[serde(rename = "nodePublishSecretRef")]
    publish: Option<Reference>,
    #[serde(rename = "nodeStageSecretRef")]
    stage: Option<Reference>,
    #[serde(rename = "nodeExpandSecretRef")]
    expand: Option<Reference>,
}

impl VolumeWire {
    pub(super) fn into_volume(self, position: Option<Box<Position>>) -> StorageVolume {
        let mut spec = self.spec.0;
        let on_node = spec.host_path.take().or_else(|| spec.local.take());
        let claim = spec
            .claim_ref
            .as_ref()
            .map(|claim| (claim.namespace.0.clone(), claim.name.0.clone()));
        StorageVolume {
            meta: self.metadata.0.into_meta(position),
            secrets: node_secrets(spec),
            claim,
            host_path: on_node.map(|folder| folder.path.0).unwrap_or_default(),
        }
    }
}

/// The secrets that a kubelet reads for a volume, in `pkg/api/v1/persistentvolume`
/// `VisitPVSecretNames`: `kubeletVisible`, with the claim's namespace where none is named.
fn node_secrets(spec: VolumeSpec) -> Vec<(String, String)> {
    let claim_namespace = spec
        .claim_ref
        .map(|claim| claim.namespace.0)
        .unwrap_or_default();
    let or_claim = |namespace: String| match namespace {
        namespace if namespace.is_empty() => claim_namespace.clone(),
        namespace => namespace,
    };
    let azure = spec.azure_file.map(|azure| Reference {
        namespace: azure.secret_namespace,
        name: azure.secret_name,
    });
    let in_claim_namespace = [
        spec.cephfs,
        spec.flex_volume,
        spec.rbd,
        spec.scale_io,
        spec.iscsi,
    ]
    .into_iter()
    .flatten()
    .filter_map(|source| source.secret_ref)
    .chain(azure)
    .map(|secret| (or_claim(secret.namespace.0), secret.name.0));
    let csi = spec.csi.unwrap_or_default();
    let exact = [spec.cinder, spec.storageos]
        .into_iter()
        .flatten()
        .filter_map(|source| source.secret_ref)
        .chain(csi.publish)
        .chain(csi.stage)
        .chain(csi.expand)
        .map(|secret| (secret.namespace.0, secret.name.0));
    in_claim_namespace
        .chain(exact)
        .filter(|(_, name)| !name.is_empty())
        .collect()
}

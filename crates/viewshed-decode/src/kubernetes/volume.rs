//! Volumes of a pod.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use viewshed_model::{PodVolume, TokenProjection, VolumeSource};

use super::meta::NameWire;
use crate::nullable::Nullable;

/// One entry of `spec.volumes`. Read by hand, so that a source of any name is kept by its name.
#[derive(Debug)]
pub(super) struct VolumeWire(pub(super) PodVolume);

impl<'de> Deserialize<'de> for VolumeWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = VolumeWire;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a volume")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<VolumeWire, A::Error> {
                let mut volume = PodVolume::default();
                while let Some(field) = map.next_key::<String>()? {
                    if field == "name" {
                        volume.name = map.next_value::<Nullable<String>>()?.0;
                    } else {
                        add_source(&mut volume, field, &mut map)?;
                    }
                }
                Ok(VolumeWire(volume))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

fn add_source<'de, A: MapAccess<'de>>(
    volume: &mut PodVolume,
    field: String,
    map: &mut A,
) -> Result<(), A::Error> {
    let source = match field.as_str() {
        "hostPath" => map
            .next_value::<Option<PathWire>>()?
            .map(|path| VolumeSource::HostPath(path.path.0)),
        "secret" => map.next_value::<Option<SecretWire>>()?.map(|secret| {
            secret.items.keep(&secret.secret_name, volume);
            VolumeSource::Secret(secret.secret_name.0)
        }),
        "configMap" => map
            .next_value::<Option<NameWire>>()?
            .map(|config| VolumeSource::ConfigMap(config.name.0)),
        "persistentVolumeClaim" => map
            .next_value::<Option<ClaimWire>>()?
            .map(|claim| VolumeSource::PersistentVolumeClaim(claim.claim_name.0)),
        "ephemeral" => map
            .next_value::<Option<IgnoredAny>>()?
            .map(|_| VolumeSource::Ephemeral),
        "projected" => {
            let projected = map.next_value::<Nullable<ProjectedWire>>()?.0;
            for projection in projected.sources.0 {
                if let Some(secret) = &projection.secret {
                    secret.items.keep(&secret.name, volume);
                }
                volume.sources.extend(projection.into_source());
            }
            None
        }
        "azureFile" | "cephfs" | "cinder" | "csi" | "flexVolume" | "iscsi" | "rbd" | "scaleIO"
        | "storageos" => map.next_value::<Option<DriverWire>>()?.map(|driver| {
            let secret = driver.into_secret().map(VolumeSource::DriverSecret);
            volume.sources.extend(secret);
            VolumeSource::Other(field)
        }),
        _ => map
            .next_value::<Option<IgnoredAny>>()?
            .map(|_| VolumeSource::Other(field)),
    };
    volume.sources.extend(source);
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PathWire {
    path: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SecretWire {
    secret_name: Nullable<String>,
    items: ItemsWire,
}

/// Which keys a volume has; none means all (`SecretVolumeSource.items`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ItemsWire(Nullable<Vec<ItemWire>>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ItemWire {
    key: Nullable<String>,
    path: Nullable<String>,
}

impl ItemsWire {
    /// Notes a secret whose token is not among them, or lies at a path of its own.
    fn keep(&self, secret: &str, volume: &mut PodVolume) {
        let items = &self.0.0;
        let token = items.iter().find(|item| item.key.as_str() == "token");
        match token {
            None if items.is_empty() => {}
            None => volume.without_token.push(secret.to_owned()),
            Some(item) => {
                let path = (secret.to_owned(), item.path.0.clone());
                volume.token_paths.push(path);
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SecretProjection {
    name: Nullable<String>,
    items: ItemsWire,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimWire {
    claim_name: Nullable<String>,
}

/// The secret references of all drivers (`pkg/api/v1/pod` `VisitPodSecretNames`): `azureFile` has a
/// name, `csi` its own field, the rest `secretRef`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DriverWire {
    secret_name: Nullable<String>,
    secret_ref: Nullable<NameWire>,
    node_publish_secret_ref: Nullable<NameWire>,
}

impl DriverWire {
    fn into_secret(self) -> Option<String> {
        [
            self.secret_name.0,
            self.secret_ref.0.name.0,
            self.node_publish_secret_ref.0.name.0,
        ]
        .into_iter()
        .find(|name| !name.is_empty())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProjectedWire {
    sources: Nullable<Vec<ProjectionWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProjectionWire {
    secret: Option<SecretProjection>,
    config_map: Option<NameWire>,
    service_account_token: Option<TokenWire>,
    #[serde(rename = "downwardAPI")]
    downward_api: Option<IgnoredAny>,
    cluster_trust_bundle: Option<IgnoredAny>,
    pod_certificate: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TokenWire {
    audience: Nullable<String>,
    path: Nullable<String>,
    expiration_seconds: Nullable<u64>,
}

impl ProjectionWire {
    fn into_source(self) -> Option<VolumeSource> {
        let other = |name: &str| VolumeSource::Other(name.to_owned());
        self.service_account_token
            .map(|token| {
                VolumeSource::Token(TokenProjection {
                    audience: token.audience.0,
                    path: token.path.0,
                    expiration_seconds: token.expiration_seconds.0,
                })
            })
            .or_else(|| {
                self.secret
                    .map(|secret| VolumeSource::Secret(secret.name.0))
            })
            .or_else(|| {
                self.config_map
                    .map(|config| VolumeSource::ConfigMap(config.name.0))
            })
            .or_else(|| self.downward_api.map(|_| other("downwardAPI")))
            .or_else(|| {
                self.cluster_trust_bundle
                    .map(|_| other("clusterTrustBundle"))
            })
            .or_else(|| self.pod_certificate.map(|_| other("podCertificate")))
    }
}

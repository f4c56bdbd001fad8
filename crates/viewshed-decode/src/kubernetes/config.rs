//! Config maps and secrets: names and key names. Values are skipped while they are decoded.

use serde::Deserialize;
use viewshed_model::{ConfigKind, ConfigNames, Position};

use super::meta::{KeyNames, MetaWire};
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ConfigWire {
    metadata: Nullable<MetaWire>,
    r#type: Nullable<String>,
    data: Nullable<KeyNames>,
    string_data: Nullable<KeyNames>,
    binary_data: Nullable<KeyNames>,
}

impl ConfigWire {
    /// `data`, `stringData` and `binaryData` of manifests and dumps; for metadata-only answers the
    /// keys that `managedFields` name, which may be fewer than there are.
    pub(super) fn into_names(
        mut self,
        kind: ConfigKind,
        position: Option<Box<Position>>,
    ) -> ConfigNames {
        let mut keys = self.data.0.0;
        keys.append(&mut self.string_data.0.0);
        keys.append(&mut self.binary_data.0.0);
        keys.append(&mut self.metadata.0.take_managed_keys());
        keys.sort_unstable();
        keys.dedup();
        ConfigNames {
            kind,
            token_of: match kind {
                ConfigKind::Secret => self.metadata.service_account().to_owned(),
                ConfigKind::ConfigMap => String::new(),
            },
            meta: self.metadata.0.into_meta(position),
            secret_type: match kind {
                ConfigKind::Secret => self.r#type.0,
                ConfigKind::ConfigMap => String::new(),
            },
            keys,
        }
    }
}

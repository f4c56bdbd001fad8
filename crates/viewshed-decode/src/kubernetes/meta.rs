//! `apiVersion`, `kind` and `metadata` of any object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use viewshed_model::{LabelSelector, Meta, Owner, Position, Requirement, SelectorOperator};

use super::annotations::Annotations;
use crate::nullable::{Nullable, TextMap};

/// Group and kind of an object. In typed lists they come from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectKind<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
    /// Plural name; empty when unknown.
    pub(crate) resource: &'a str,
}

/// `group/version` split; the core group has no slash (apimachinery `schema.ParseGroupVersion`).
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// What can be told of an object without knowing its kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TypeMeta<'a> {
    #[serde(borrow)]
    pub(crate) api_version: Nullable<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) kind: Nullable<Cow<'a, str>>,
}

/// `metav1.ObjectMeta`, as far as it is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetaWire {
    name: Nullable<String>,
    generate_name: Nullable<String>,
    namespace: Option<String>,
    labels: TextMap,
    annotations: Annotations,
    owner_references: Nullable<Vec<OwnerWire>>,
    creation_timestamp: Option<String>,
    managed_fields: Nullable<Vec<ManagedFields>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnerWire {
    kind: Nullable<String>,
    name: Nullable<String>,
    controller: Nullable<bool>,
}

impl MetaWire {
    pub(crate) fn is_mirror(&self) -> bool {
        self.annotations.is_mirror
    }

    pub(super) fn ingress_class(&self) -> &str {
        &self.annotations.ingress_class
    }

    pub(super) fn is_default_class(&self) -> bool {
        self.annotations.is_default_class
    }

    pub(super) fn internal_balancer(&self) -> &str {
        &self.annotations.internal_balancer
    }

    pub(super) const fn has_source_ranges(&self) -> bool {
        self.annotations.has_source_ranges
    }

    pub(super) const fn disables_network_policies(&self) -> Option<bool> {
        self.annotations.disables_network_policies
    }

    pub(super) fn service_account(&self) -> &str {
        &self.annotations.service_account
    }

    /// The port that metrics are told at; 0 for every port that is declared.
    pub(super) fn metrics_port(&self) -> Option<u16> {
        self.annotations.metrics_port()
    }

    /// The networks that a pod is attached to beside the cluster's.
    pub(super) fn further_networks(&self) -> Vec<String> {
        self.annotations.further_networks.clone()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.0.get(key).map(String::as_str)
    }

    /// Key names of a config map's or secret's data that some manager owns.
    pub(crate) fn take_managed_keys(&mut self) -> Vec<String> {
        let mut keys: Vec<String> = std::mem::take(&mut self.managed_fields.0)
            .into_iter()
            .flat_map(|entry| entry.fields_v1.0.into_names())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(crate) fn into_meta(self, position: Option<Box<Position>>) -> Meta {
        let name = match self.name.0 {
            name if name.is_empty() => self.generate_name.0,
            name => name,
        };
        Meta {
            namespace: self.namespace.filter(|namespace| !namespace.is_empty()),
            name,
            labels: self.labels.0,
            owner: self
                .owner_references
                .0
                .into_iter()
                .find(|owner| owner.controller.0)
                .map(|owner| Owner {
                    kind: owner.kind.0,
                    name: owner.name.0,
                }),
            created_at: self.creation_timestamp,
            position,
            is_assumed: false,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ManagedFields {
    #[serde(rename = "fieldsV1")]
    fields_v1: Nullable<FieldSet>,
}

/// The `f:data` parts of a field set (structured-merge-diff `fieldpath`): names, no values.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldSet {
    #[serde(rename = "f:data")]
    data: Nullable<KeyNames>,
    #[serde(rename = "f:binaryData")]
    binary_data: Nullable<KeyNames>,
    #[serde(rename = "f:stringData")]
    string_data: Nullable<KeyNames>,
}

impl FieldSet {
    fn into_names(self) -> impl Iterator<Item = String> {
        [self.data, self.binary_data, self.string_data]
            .into_iter()
            .flat_map(|Nullable(KeyNames(keys))| keys)
            .filter_map(|key| key.strip_prefix("f:").map(str::to_owned))
    }
}

/// The keys of a map whose values are skipped while decoding.
#[derive(Debug, Default)]
pub(crate) struct KeyNames(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for KeyNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = KeyNames;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyNames, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(KeyNames(keys))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// `metav1.LabelSelector`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SelectorWire {
    match_labels: TextMap,
    match_expressions: Nullable<Vec<RequirementWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequirementWire {
    key: Nullable<String>,
    operator: Nullable<String>,
    values: Nullable<Vec<String>>,
}

impl From<SelectorWire> for LabelSelector {
    fn from(wire: SelectorWire) -> Self {
        Self {
            match_labels: wire.match_labels.0,
            match_expressions: wire
                .match_expressions
                .0
                .into_iter()
                .map(|requirement| Requirement {
                    key: requirement.key.0,
                    operator: match requirement.operator.as_str() {
                        "In" => SelectorOperator::In,
                        "NotIn" => SelectorOperator::NotIn,
                        "Exists" => SelectorOperator::Exists,
                        "DoesNotExist" => SelectorOperator::DoesNotExist,
                        _ => SelectorOperator::Unknown,
                    },
                    values: requirement.values.0,
                })
                .collect(),
        }
    }
}

/// A reference by name, such as `secretRef` or `configMapRef`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NameWire {
    pub(crate) name: Nullable<String>,
}

/// An object of which only `metadata` is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MetaOnly {
    pub(crate) metadata: Nullable<MetaWire>,
}

//! What every Kubernetes object carries: names, labels, owner and where it was read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The parts of `metadata` that an answer can depend on.
///
/// Annotations are left out on purpose: `last-applied-configuration` repeats whole manifests,
/// with the values of environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// `None` for cluster-scoped objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Object name; unique within kind and namespace.
    pub name: String,
    /// Labels with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The controlling owner, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// RFC 3339 creation time as the server gave it; `None` in manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Where the object stands when it came from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Box<Position>>,
    /// Not read: every server makes such an object at its start, so it is taken for granted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_assumed: bool,
}

impl Meta {
    /// The namespace, or `""` for a cluster-scoped object.
    pub fn namespace_or_empty(&self) -> &str {
        self.namespace.as_deref().unwrap_or("")
    }

    /// `namespace/name`, or the bare name for a cluster-scoped object.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The controller that owns an object (`metadata.ownerReferences[controller=true]`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// For example `ReplicaSet`.
    pub kind: String,
    /// Its name, in the namespace of the owned object.
    pub name: String,
}

/// A place in an input file.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Path as the user gave it, relative where they gave a relative one.
    pub file: String,
    /// First line of the object, counted from 1.
    pub line: u32,
}

/// A label selector (`metav1.LabelSelector`): all parts must match; an empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSelector {
    /// Each label must be present with exactly this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Each requirement must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One term of `matchExpressions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// What is demanded of the label.
    pub operator: SelectorOperator,
    /// Values for `In` and `NotIn`; empty otherwise.
    #[serde(default)]
    pub values: Vec<String>,
}

/// `metav1.LabelSelectorOperator`. An unknown operator matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelectorOperator {
    /// The label is present with one of the values.
    In,
    /// The label is absent, or has none of the values.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// An operator this version does not know.
    Unknown,
}

impl LabelSelector {
    /// Whether `labels` satisfy every part of the selector (apimachinery `labels/selector.go`).
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                match requirement.operator {
                    SelectorOperator::In => value.is_some_and(|v| requirement.values.contains(v)),
                    SelectorOperator::NotIn => {
                        value.is_none_or(|v| !requirement.values.contains(v))
                    }
                    SelectorOperator::Exists => value.is_some(),
                    SelectorOperator::DoesNotExist => value.is_none(),
                    SelectorOperator::Unknown => false,
                }
            })
    }
}

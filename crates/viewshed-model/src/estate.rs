//! Everything that was read: clusters, Docker hosts, where they came from, and what is missing.

use serde::{Deserialize, Serialize};

use crate::{Cluster, DockerHost, Gap};

/// An estate: several clusters and Docker hosts, with the gaps of their collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Estate {
    /// RFC 3339 time of collection; empty for files.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub collected_at: String,
    /// Where it was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Kubernetes clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<Cluster>,
    /// Docker hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub docker_hosts: Vec<DockerHost>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One place that the estate was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What kind of place.
    pub kind: SourceKind,
    /// Address, context or path.
    pub name: String,
}

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A Kubernetes API server.
    Kubernetes,
    /// A Docker daemon.
    Docker,
    /// Manifests, dumps, inspect output or compose files.
    Files,
    /// A snapshot.
    Snapshot,
}

//! The answer of `viewshed scan` as a whole: what was read, what was found, what is missing.

use serde::{Deserialize, Serialize};

use crate::{
    Cluster, DockerHost, Estate, Finding, Gap, IdentityRank, Meta, Mitigation, PivotReport,
    ReachOverview, Severity, Source,
};

/// Everything that a scan reports. Each output format is made from this one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanReport {
    /// RFC 3339 time at which the scan ran; empty when it is left out on purpose.
    pub generated_at: String,
    /// Version of the program, for example `0.1.0`.
    pub program_version: String,
    /// What was read.
    pub estate: EstateSummary,
    /// The checks that ran, sorted by name.
    pub checks: Vec<CheckPage>,
    /// One entry per mitigation, in the order of [`Mitigation::ALL`].
    pub mitigations: Vec<MitigationSummary>,
    /// Every finding, worst first.
    pub findings: Vec<Finding>,
    /// Identities by what they can discover, most first.
    pub ranks: Vec<IdentityRank>,
    /// How many objects exist per resource, sorted by resource; same names as
    /// [`IdentityRank::by_resource`].
    pub totals: Vec<(String, u64)>,
    /// What the workloads of each cluster lead to, the worst first; empty where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pivots: Vec<PivotReport>,
    /// Who reaches the places that matter, of each cluster and of the Docker hosts together; filled for forms that
    /// draw it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reach: Vec<ReachOverview>,
    /// What could not be read or decided.
    pub gaps: Vec<Gap>,
}

/// What an estate holds, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EstateSummary {
    /// RFC 3339 time of collection; empty for files.
    pub collected_at: String,
    /// Where it was read.
    pub sources: Vec<Source>,
    /// One entry per cluster, in the estate's order.
    pub clusters: Vec<ClusterSummary>,
    /// One entry per Docker host, in the estate's order.
    pub docker_hosts: Vec<DockerSummary>,
}

/// One cluster in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterSummary {
    /// Its name in the estate.
    pub name: String,
    /// API server address; empty for manifests.
    pub server: String,
    /// Server version, for example `v1.37.2`; empty when unknown.
    pub version: String,
    /// Whether it was read from a running server.
    pub is_live: bool,
    /// Namespaces.
    pub namespaces: u64,
    /// Nodes.
    pub nodes: u64,
    /// Pods.
    pub pods: u64,
    /// Workloads of every kind.
    pub workloads: u64,
    /// Roles and ClusterRoles.
    pub roles: u64,
    /// RoleBindings and ClusterRoleBindings.
    pub bindings: u64,
}

/// One Docker host in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerSummary {
    /// Its name in the estate.
    pub name: String,
    /// How it was reached; empty for files.
    pub endpoint: String,
    /// Product and version, for example `Docker 28.2.2`; empty when unknown.
    pub version: String,
    /// Whether it was read from a running daemon.
    pub is_live: bool,
    /// Containers.
    pub containers: u64,
    /// Images.
    pub images: u64,
}

/// A check and its page: what `viewshed explain NAME` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPage {
    /// Name of the check.
    pub name: String,
    /// One line: the hole it looks for.
    pub title: String,
    /// The mitigation that closes it.
    pub mitigation: Mitigation,
    /// The worst severity that it reports.
    pub severity: Severity,
    /// The page, as Markdown.
    pub markdown: String,
}

/// What `viewshed explain` tells of: one page, or all of them without their Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Of a check.
    Check(CheckPage),
    /// Of a detection.
    Detection(crate::DetectionPage),
}

/// One of the technique's mitigations: where it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MitigationSummary {
    /// Which.
    pub mitigation: Mitigation,
    /// Findings that it would close.
    pub findings: u64,
    /// The worst of them; `None` when there is none.
    pub worst: Option<Severity>,
    /// Where it is missing, worst first.
    pub missing_in: Vec<MissingPlace>,
    /// Names of the checks that looked for it, sorted.
    pub checks: Vec<String>,
    /// Whether gaps hide a part of the answer, so that no finding does not mean that it is in place.
    pub is_incomplete: bool,
    /// One entry per cluster and Docker host to which it applies, in the estate's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<MitigationState>,
}

/// Whether a mitigation is in place in one cluster or on one Docker host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MitigationState {
    /// Cluster or Docker host.
    pub estate: String,
    /// The judgement.
    pub presence: Presence,
    /// Why, in plain words: findings per check, or the facts that were not read.
    pub reasons: Vec<String>,
}

/// The judgement on one mitigation in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// The facts were read, and no check found a hole.
    Present,
    /// A check found a hole of at least low severity.
    Missing,
    /// The facts that would tell were not read.
    Unknown,
}

/// A place in which a mitigation is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingPlace {
    /// Cluster or Docker host.
    pub estate: String,
    /// Namespace; empty for the whole cluster or host.
    pub namespace: String,
    /// Findings there; 0 where it is missing and no finding says so, because nothing there is exposed by it.
    pub findings: u64,
    /// The worst of them; `info` where there is none.
    pub worst: Severity,
}

impl EstateSummary {
    /// Counts what `estate` holds.
    pub fn of(estate: &Estate) -> Self {
        Self {
            collected_at: estate.collected_at.clone(),
            sources: estate.sources.clone(),
            clusters: estate.clusters.iter().map(ClusterSummary::of).collect(),
            docker_hosts: estate.docker_hosts.iter().map(DockerSummary::of).collect(),
        }
    }
}

impl ClusterSummary {
    fn of(cluster: &Cluster) -> Self {
        Self {
            name: cluster.name.clone(),
            server: cluster.server.clone(),
            version: cluster
                .version
                .as_ref()
                .map(|version| version.git_version.clone())
                .unwrap_or_default(),
            is_live: cluster.is_live,
            namespaces: cluster.namespaces.len() as u64,
            nodes: cluster.nodes.len() as u64,
            pods: cluster.pods.len() as u64,
            workloads: cluster.workloads.len() as u64,
            roles: count_read(cluster.roles.iter().map(|role| &role.meta)),
            bindings: count_read(cluster.bindings.iter().map(|binding| &binding.meta)),
        }
    }
}

/// Objects without those that are only assumed.
fn count_read<'m>(metas: impl Iterator<Item = &'m Meta>) -> u64 {
    metas.filter(|meta| !meta.is_assumed).count() as u64
}

impl DockerSummary {
    fn of(host: &DockerHost) -> Self {
        let words = [host.daemon.product.as_str(), host.daemon.version.as_str()];
        let known: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Self {
            name: host.name.clone(),
            endpoint: host.endpoint.clone(),
            version: known.join(" "),
            is_live: host.is_live,
            containers: host.containers.len() as u64,
            images: host.images.len() as u64,
        }
    }
}

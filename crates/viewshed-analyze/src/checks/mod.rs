//! The checks behind `viewshed scan`: what is exposed to whom, and which mitigation is missing.
//!
//! One file per check; its name is the name of its page in `docs/checks`, its SARIF rule id and its
//! ignore key. What several checks need to know of a cluster is worked out once, in [`facts`].

mod anonymous_discovery;
mod api_server_always_allow;
mod authenticated_discovery;
mod cluster_wide_binding;
mod dashboard_broad_account;
mod docker_api_on_public_address;
mod docker_api_without_tls;
mod equal_policy_priorities;
mod facts;
mod kubelet_always_allow;
mod kubelet_anonymous;
mod kubelet_read_only_port;
mod kubelet_readers;
mod node_opened;
mod nodes_proxy_holders;
mod policy_selects_nothing;
mod revealing_environment;
mod runtime_socket_mounted;
mod secrets_readable_everywhere;
mod summary;
mod system_masters_members;
#[cfg(test)]
mod tests;
mod unrestricted_path_to_control_plane;
mod unused_token_mounted;
mod wildcard_resources;
mod wildcard_verbs;

use viewshed_model::{CheckPage, Confidence, DockerHost, Estate, Finding, Mitigation, Severity};

use facts::{ClusterFacts, Place, fold};
pub(crate) use facts::{
    Listener, Near, OpenDashboard, Protection, Reach, dashboard_name, listeners, namespace_of,
    open_dashboard, runners, token_mount, ways_to,
};
pub use summary::summary;

/// One check: what it looks for, and how it looks.
#[derive(Debug)]
pub struct Check {
    /// Kebab-case name of the hole.
    pub name: &'static str,
    /// One line: the hole.
    pub title: &'static str,
    /// The mitigation that closes it.
    pub mitigation: Mitigation,
    /// The worst severity that it reports.
    pub worst: Severity,
    /// Its page: what it finds, why it matters, cases, how to fix. The cases are run as tests.
    pub page: &'static str,
    /// More findings than this in one cluster become one that counts the rest. It is lower for holes
    /// that stand in every namespace of most clusters.
    findings_max: usize,
    on_cluster: Option<fn(&ClusterFacts<'_>) -> Vec<Finding>>,
    on_docker_host: Option<fn(&DockerHost) -> Vec<Finding>>,
}

/// Every check, sorted by name.
pub static ALL: &[&Check] = &[
    &anonymous_discovery::CHECK,
    &api_server_always_allow::CHECK,
    &authenticated_discovery::CHECK,
    &cluster_wide_binding::CHECK,
    &dashboard_broad_account::CHECK,
    &docker_api_on_public_address::CHECK,
    &docker_api_without_tls::CHECK,
    &equal_policy_priorities::CHECK,
    &kubelet_always_allow::CHECK,
    &kubelet_anonymous::CHECK,
    &kubelet_read_only_port::CHECK,
    &kubelet_readers::CHECK,
    &node_opened::CHECK,
    &nodes_proxy_holders::CHECK,
    &policy_selects_nothing::CHECK,
    &revealing_environment::CHECK,
    &runtime_socket_mounted::CHECK,
    &secrets_readable_everywhere::CHECK,
    &system_masters_members::CHECK,
    &unrestricted_path_to_control_plane::CHECK,
    &unused_token_mounted::CHECK,
    &wildcard_resources::CHECK,
    &wildcard_verbs::CHECK,
];

/// Findings of one check in one cluster before the rest is only counted: more than a person reads,
/// enough to annotate a large pull request.
const MANY: usize = 200;
/// The same for holes that most clusters have in every namespace.
const FEW: usize = 25;

/// Runs every check: worst first, then by estate, check, namespace and object. Deterministic.
///
/// Clusters of manifests must have been through [`bootstrap::complete`](crate::bootstrap::complete): a binding of
/// `cluster-admin` grants nothing otherwise.
///
/// A hole is reported where it is to be closed: once per role, binding, workload, service account,
/// namespace or node setting, with all who gain by it as its subjects.
pub fn scan(estate: &Estate) -> Vec<Finding> {
    let mut findings = run(estate, ALL);
    findings.sort_by(worst_first);
    findings.dedup();
    findings
}

/// What some of the checks find, in their order, estate by estate.
pub(crate) fn scan_only(estate: &Estate, names: &[&str]) -> Vec<Finding> {
    let chosen: Vec<&Check> = ALL
        .iter()
        .filter(|check| names.contains(&check.name))
        .copied()
        .collect();
    run(estate, &chosen)
}

fn run(estate: &Estate, checks: &[&Check]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for cluster in &estate.clusters {
        let facts = ClusterFacts::new(cluster);
        for check in checks {
            if let Some(judge) = check.on_cluster {
                findings.extend(fold(check, judge(&facts)));
            }
        }
    }
    for host in &estate.docker_hosts {
        for check in checks {
            if let Some(judge) = check.on_docker_host {
                findings.extend(fold(check, judge(host)));
            }
        }
    }
    findings
}

/// The page of a check, as Markdown; `None` for a name that no check has.
pub fn page(name: &str) -> Option<&'static str> {
    let check = ALL.iter().find(|check| check.name == name)?;
    Some(check.page)
}

/// Every check with its page, sorted by name, as reports carry them.
pub fn pages() -> Vec<CheckPage> {
    ALL.iter()
        .map(|check| CheckPage {
            name: check.name.to_owned(),
            title: check.title.to_owned(),
            mitigation: check.mitigation,
            severity: check.worst,
            markdown: check.page.to_owned(),
        })
        .collect()
}

impl Check {
    /// A finding of this check; the caller adds the evidence, the fix, and who gains by it.
    fn finding(&self, place: Place, severity: Severity, confidence: Confidence) -> Finding {
        Finding {
            check: self.name.to_owned(),
            severity,
            confidence,
            mitigation: self.mitigation,
            title: self.title.to_owned(),
            estate: place.estate,
            object: place.object,
            namespace: place.namespace,
            subjects: Vec::new(),
            exposed_count: 0,
            evidence: viewshed_model::Chain::default(),
            fix: String::new(),
            reproduce: String::new(),
            location: place.location,
        }
    }
}

fn worst_first(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    let key = |finding: &Finding| {
        (
            std::cmp::Reverse(finding.severity),
            std::cmp::Reverse(finding.confidence),
            std::cmp::Reverse(finding.exposed_count),
        )
    };
    key(a).cmp(&key(b)).then_with(|| {
        (&a.estate, &a.check, &a.namespace, &a.object, &a.title).cmp(&(
            &b.estate,
            &b.check,
            &b.namespace,
            &b.object,
            &b.title,
        ))
    })
}

//! Human-made grants of `nodes/proxy`: the kubelet's whole API, past audit and admission.

use viewshed_model::{Confidence, Finding, Mitigation, PolicyRule, Severity, SubjectKind};

use super::facts::{Asked, ClusterFacts, Holding, can_i, holdings, links, weighed};
use super::{Check, MANY};
use crate::rbac::{Question, ResourceQuestion, rule_allows};

pub(super) static CHECK: Check = Check {
    name: "nodes-proxy-holders",
    title: "a grant of `nodes/proxy` opens every pod of the nodes",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/nodes-proxy-holders.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const FIX: &str = "replace `nodes/proxy` by what is read: `nodes/metrics` and `nodes/stats` for scrapers, `nodes/log`, \
     `nodes/healthz`, `nodes/configz` or `nodes/pods` (Kubernetes 1.33 and later)";

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    holdings(facts, allows_proxy)
        .iter()
        // Nodes belong to no namespace: a RoleBinding of such a role grants nothing.
        .filter(|holding| holding.is_cluster_wide())
        .map(|holding| judge_holding(facts, holding))
        .collect()
}

/// Any verb: a websocket to `/exec` is a `get`. Rules with `*` are the wildcard checks' own.
fn allows_proxy(rule: &PolicyRule) -> bool {
    let name = rule.resource_names.first().map_or("", String::as_str);
    let asks = |verb| {
        Question::Resource(ResourceQuestion {
            verb,
            resource: "nodes",
            subresource: "proxy",
            name,
            ..ResourceQuestion::default()
        })
    };
    !rule.resources.iter().any(|resource| resource == "*")
        && ["get", "create"]
            .into_iter()
            .any(|verb| rule_allows(rule, &asks(verb)))
}

fn judge_holding(facts: &ClusterFacts<'_>, holding: &Holding<'_>) -> Finding {
    let is_api_server = is_api_server(holding);
    let severity = if is_api_server {
        Severity::Info
    } else {
        weighed(Severity::High, holding.holders())
    };
    let mut finding = CHECK.finding(holding.place(facts), severity, Confidence::High);
    finding.title = format!(
        "{} may read, and run commands in, every pod of every node through the kubelets",
        holding.who()
    );
    holding.describe(facts, &mut finding);
    finding.exposed_count = facts.cluster.pods.len() as u64;
    if is_api_server {
        let reason = "this is what the API server's own client at the kubelets has to hold: `nodes` and their \
            parts, and nothing else, for one user";
        finding
            .evidence
            .links
            .extend(links([reason.to_owned()]).links);
    }
    finding.fix = FIX.into();
    finding.reproduce = can_i(
        Asked {
            verb: "get",
            resource: "nodes/proxy",
            ..Asked::default()
        },
        holding,
    );
    finding
}

/// The grant that kube-apiserver needs to reach kubelets (`--kubelet-client-certificate`): one user, to
/// whom the role gives nodes and their parts only, whose name says what it is.
fn is_api_server(holding: &Holding<'_>) -> bool {
    let only_nodes = holding.role.rules.iter().all(|rule| {
        !rule.resources.is_empty()
            && rule
                .resources
                .iter()
                .all(|resource| resource == "nodes" || resource.starts_with("nodes/"))
    });
    let is_one_user = matches!(
        holding.subjects.as_slice(),
        [one] if one.kind == SubjectKind::User && one.name.contains("apiserver")
    );
    only_nodes && is_one_user
}

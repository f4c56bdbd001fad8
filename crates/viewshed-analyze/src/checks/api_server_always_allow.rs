//! API servers that ask nobody what a caller may do.

use viewshed_model::{AuthorizerKind, Confidence, Container, Finding, Mitigation, Severity};

use super::facts::{ClusterFacts, Place, Runner, flag_value, has_flag, links, reproduce};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "api-server-always-allow",
    title: "the API server allows every authenticated caller everything",
    mitigation: Mitigation::M1018,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/api-server-always-allow.md"),
    findings_max: MANY,
    on_cluster: Some(judge),
    on_docker_host: None,
};

const MODE: &str = "authorization-mode";
const FILE: &str = "authorization-config";

/// Where control-plane pods run. Elsewhere a kube-apiserver belongs to a virtual cluster.
const NAMESPACE: &str = "kube-system";

const FIX: &str = "start kube-apiserver with `--authorization-mode=Node,RBAC`, or leave Node, RBAC and the webhooks in \
    use alone in the AuthorizationConfiguration; bind roles before, to those who work with the cluster now";

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let before = match before_allow(facts) {
        Before::NeverAsked => return Vec::new(),
        Before::NoRefusal => None,
        Before::MayRefuse(name) => Some(format!(
            "authorizer `{name}` is asked before it, and may refuse"
        )),
    };
    let servers = facts
        .runners
        .iter()
        .filter(|runner| runner.namespace == NAMESPACE);
    let servers = servers.filter_map(|runner| {
        let opening = runner.spec.containers.iter().find_map(opening)?;
        Some((runner, opening))
    });
    let mut findings: Vec<Finding> = servers
        .map(|(runner, (opening, confidence))| by_flags(facts, runner, &opening, confidence))
        .collect();
    // The chain stands in a file of its own.
    if findings.is_empty() {
        let place = Place {
            estate: facts.cluster.name.clone(),
            object: "AuthorizationConfiguration".to_owned(),
            ..Place::default()
        };
        let opening = "an authorizer has `type: AlwaysAllow`";
        findings.push(finding(facts, place, opening, Confidence::High));
    }
    for finding in &mut findings {
        if let Some(doubt) = &before {
            finding.confidence = Confidence::Medium;
            finding.evidence.links.extend(links([doubt.clone()]).links);
        }
    }
    findings
}

/// What is asked before AlwaysAllow.
enum Before<'c> {
    /// It is not in the chain, or all is refused before.
    NeverAsked,
    /// Nothing that refuses a request.
    NoRefusal,
    /// The last authorizer of that name which may.
    MayRefuse(&'c str),
}

/// RBAC, Node and ABAC refuse nothing (`staging/src/k8s.io/apiserver/pkg/authorization/union`: the first allow or
/// deny counts).
fn before_allow<'c>(facts: &ClusterFacts<'c>) -> Before<'c> {
    let mut before = Before::NoRefusal;
    for authorizer in facts.cluster.authorizers.iter().flatten() {
        match authorizer.kind {
            AuthorizerKind::AlwaysAllow => return before,
            AuthorizerKind::AlwaysDeny => return Before::NeverAsked,
            AuthorizerKind::Webhook | AuthorizerKind::Unknown => {
                before = Before::MayRefuse(&authorizer.name);
            }
            AuthorizerKind::Node | AuthorizerKind::Rbac | AuthorizerKind::Abac => {}
        }
    }
    Before::NeverAsked
}

/// Which flag of a kube-apiserver opens it, or that none closes it: without `--authorization-config` the mode is
/// AlwaysAllow unless one is given (`pkg/kubeapiserver/options/authorization.go`).
fn opening(container: &Container) -> Option<(String, Confidence)> {
    let is_server = container.program.rsplit('/').next() == Some("kube-apiserver")
        || container.name == "kube-apiserver";
    if !is_server || has_flag(container, FILE) {
        return None;
    }
    if !has_flag(container, MODE) {
        let text = format!(
            "kube-apiserver is started with neither `--{MODE}` nor `--{FILE}`, and `AlwaysAllow` is the default mode"
        );
        return Some((text, Confidence::Medium));
    }
    let modes = flag_value(container, MODE)?;
    let is_open = modes.split(',').any(|mode| mode.trim() == "AlwaysAllow");
    is_open.then(|| (format!("`--{MODE}` is `{modes}`"), Confidence::High))
}

fn by_flags(
    facts: &ClusterFacts<'_>,
    runner: &Runner<'_>,
    opening: &str,
    confidence: Confidence,
) -> Finding {
    finding(facts, facts.place_of(runner), opening, confidence)
}

fn finding(
    facts: &ClusterFacts<'_>,
    place: Place,
    opening: &str,
    confidence: Confidence,
) -> Finding {
    let mut finding = CHECK.finding(place, Severity::Critical, confidence);
    finding.exposed_count = facts.cluster.pods.len() as u64;
    finding.evidence = links([
        format!("{opening}, so every request with a credential is allowed, whatever RBAC says"),
        "the token of any pod reads every Secret and runs commands in every pod".to_owned(),
    ]);
    finding.fix = FIX.into();
    finding.reproduce = reproduce(&["kubectl", "auth", "can-i", "*", "*", "-A", "--as=anybody"]);
    finding
}

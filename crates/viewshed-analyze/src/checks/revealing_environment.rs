//! Environment variables whose values tell a reader of the pod about services, the cloud, or credentials.

use std::collections::BTreeMap;

use viewshed_model::{Confidence, DockerHost, EnvName, Finding, Mitigation, Severity, Tell};

use super::facts::{ClusterFacts, Runner, container_place, count, links, list, reproduce};
use super::{Check, FEW};

pub(super) static CHECK: Check = Check {
    name: "revealing-environment",
    title: "environment variables tell of services, the cloud, or credentials",
    mitigation: Mitigation::M1018,
    worst: Severity::Medium,
    page: include_str!("../../../../docs/checks/revealing-environment.md"),
    findings_max: FEW,
    on_cluster: Some(judge_cluster),
    on_docker_host: Some(judge_host),
};

/// What the variables of one workload tell, and which tell it.
type Told<'a> = BTreeMap<Tell, Vec<&'a str>>;

fn judge_cluster(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    facts
        .runners
        .iter()
        .filter_map(|runner| judge_runner(facts, runner))
        .collect()
}

fn judge_runner(facts: &ClusterFacts<'_>, runner: &Runner<'_>) -> Option<Finding> {
    let told = told_by(runner.spec.containers.iter().flat_map(|c| &c.env));
    let (severity, confidence) = judge(&told)?;
    let mut finding = CHECK.finding(facts.place_of(runner), severity, confidence);
    finding.title = title(&told, &runner.full_name(), "whoever may `get pods` there");
    finding.exposed_count = variables(&told);
    let mut steps = steps(&told);
    steps.push(format!(
        "the values stand in the pod template: `get` or `list` on pods in `{}` shows them, and the \
         role `view` grants that while it withholds secrets",
        runner.namespace
    ));
    finding.evidence = links(steps);
    finding.fix = fix(&told).into();
    finding.reproduce = reproduce(&[
        "kubectl",
        "get",
        &runner.kubectl_name(),
        "-n",
        runner.namespace,
        "-o",
        "yaml",
    ]);
    Some(finding)
}

fn judge_host(host: &DockerHost) -> Vec<Finding> {
    let findings = host.containers.iter().filter_map(|container| {
        let told = told_by(&container.env);
        let (severity, confidence) = judge(&told)?;
        let mut finding = CHECK.finding(container_place(host, container), severity, confidence);
        finding.title = title(
            &told,
            &container.name,
            "whoever may use the Docker API of the host",
        );
        finding.exposed_count = variables(&told);
        let mut steps = steps(&told);
        steps.push("`docker inspect` shows the values to every client of the API".to_owned());
        finding.evidence = links(steps);
        finding.fix = fix(&told).into();
        finding.reproduce = reproduce(&[
            "docker",
            "inspect",
            "--format",
            "{{json .Config.Env}}",
            &container.name,
        ]);
        Some(finding)
    });
    findings.collect()
}

fn told_by<'a>(variables: impl IntoIterator<Item = &'a EnvName>) -> Told<'a> {
    let mut told = Told::new();
    // A reference shows its name only; the value is where the reader needs another permission.
    for variable in variables.into_iter().filter(|one| !one.is_reference) {
        for tell in &variable.tells {
            told.entry(*tell).or_default().push(&variable.name);
        }
    }
    for names in told.values_mut() {
        names.sort_unstable();
        names.dedup();
    }
    told
}

/// A name of a service alone is worth knowing and no more: nearly every program is told one. The name
/// of a stage or of the pod's own namespace is nothing to report.
fn judge(told: &Told<'_>) -> Option<(Severity, Confidence)> {
    if told.contains_key(&Tell::Credential) {
        return Some((Severity::Medium, Confidence::Medium));
    }
    match (
        told.contains_key(&Tell::Cloud),
        told.contains_key(&Tell::ServiceAddress),
    ) {
        (true, true) => Some((Severity::Low, Confidence::High)),
        (true, false) => Some((Severity::Low, Confidence::High)),
        (false, true) => Some((Severity::Info, Confidence::High)),
        (false, false) => None,
    }
}

fn variables(told: &Told<'_>) -> u64 {
    let mut names: Vec<&str> = told.values().flatten().copied().collect();
    names.sort_unstable();
    names.dedup();
    names.len() as u64
}

fn title(told: &Told<'_>, holder: &str, readers: &str) -> String {
    let mut what: Vec<&str> = Vec::new();
    if told.contains_key(&Tell::Credential) {
        what.push("a credential");
    }
    if told.contains_key(&Tell::Cloud) {
        what.push("the cloud it runs in");
    }
    if told.contains_key(&Tell::ServiceAddress) {
        what.push("addresses of services");
    }
    format!(
        "the environment of `{holder}` shows {} to {readers}",
        what.join(" and ")
    )
}

fn steps(told: &Told<'_>) -> Vec<String> {
    let of = |tell: &Tell, words: &str| {
        let names = told.get(tell)?;
        Some(format!(
            "{} {words}: {}",
            count(names.len(), "variable"),
            list(names)
        ))
    };
    [
        of(
            &Tell::Credential,
            "whose value looks like a password, key or token",
        ),
        of(
            &Tell::Cloud,
            "whose value names the cloud, its region, account or a resource",
        ),
        of(
            &Tell::ServiceAddress,
            "whose value is the address of a service",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fix(told: &Told<'_>) -> &'static str {
    if told.contains_key(&Tell::Credential) {
        "keep the value in a Secret and mount it as a file, or refer to it with \
         `valueFrom.secretKeyRef` (in compose: `secrets:`), and replace the credential that was shown"
    } else {
        "refer to the values with `valueFrom.configMapKeyRef` or read them from a mounted file, and \
         grant `get pods` only where it is needed"
    }
}

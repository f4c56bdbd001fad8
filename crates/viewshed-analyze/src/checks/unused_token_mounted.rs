//! Pods that hold a token of the API server though nothing is granted to it, or the program never asks.

use std::collections::BTreeMap;

use viewshed_model::{Confidence, Finding, Location, Mitigation, Severity, Subject, SubjectKind};

use super::facts::{
    ClusterFacts, Place, Runner, TokenMount, count, is_in_no_need_of_api, links, list, reproduce,
};
use super::{Check, FEW};

pub(super) static CHECK: Check = Check {
    name: "unused-token-mounted",
    title: "pods mount an API token that they do not need",
    mitigation: Mitigation::M1018,
    worst: Severity::Medium,
    page: include_str!("../../../../docs/checks/unused-token-mounted.md"),
    findings_max: FEW,
    on_cluster: Some(judge),
    on_docker_host: None,
};

/// A workload with a token, and why it does not need it.
struct Idle<'f, 'a> {
    runner: &'f Runner<'a>,
    mount: TokenMount,
    has_grant: bool,
}

fn judge(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let mut by_account: BTreeMap<(&str, &str), Vec<Idle<'_, '_>>> = BTreeMap::new();
    for runner in &facts.runners {
        if let Some(idle) = idle(facts, runner) {
            let account = (runner.namespace, runner.service_account());
            by_account.entry(account).or_default().push(idle);
        }
    }
    by_account
        .iter()
        .map(|((namespace, account), idle)| judge_account(facts, namespace, account, idle))
        .collect()
}

fn idle<'f, 'a>(facts: &'f ClusterFacts<'a>, runner: &'f Runner<'a>) -> Option<Idle<'f, 'a>> {
    let mount = facts.token_mount(runner)?;
    let account = runner.service_account();
    let has_grant = facts.uses_api(runner);
    if has_grant && !is_in_no_need_of_api(runner) {
        return None;
    }
    // Of an account that somebody made, but whose grants were not read, nothing follows.
    let is_known = facts.cluster.is_live
        || account == "default"
        || is_in_no_need_of_api(runner)
        || (facts.access.has_bindings
            && facts.service_account(runner.namespace, account).is_some());
    is_known.then_some(Idle {
        runner,
        mount,
        has_grant,
    })
}

fn judge_account(
    facts: &ClusterFacts<'_>,
    namespace: &str,
    account: &str,
    idle: &[Idle<'_, '_>],
) -> Finding {
    let has_grant = idle.iter().any(|idle| idle.has_grant);
    let severity = if has_grant && facts.access.has_own_sight(namespace, account) {
        Severity::Medium
    } else {
        Severity::Low
    };
    let place = Place {
        estate: facts.cluster.name.clone(),
        object: format!("ServiceAccount {account}"),
        namespace: namespace.to_owned(),
        location: location(facts, namespace, account, idle),
    };
    let mut finding = CHECK.finding(place, severity, confidence(facts, account, idle));
    let names: Vec<&str> = idle.iter().map(|idle| idle.runner.name).collect();
    finding.title = format!(
        "{} of `{namespace}` {} a token of service account `{account}` without need",
        count(idle.len(), "workload"),
        if idle.len() == 1 { "mounts" } else { "mount" }
    );
    let mut steps = Vec::new();
    for mount in [
        TokenMount::InPod,
        TokenMount::Explicit,
        TokenMount::Automatic,
    ] {
        let names: Vec<&str> = idle
            .iter()
            .filter(|idle| idle.mount == mount)
            .map(|idle| idle.runner.name)
            .collect();
        if !names.is_empty() {
            steps.push(format!("{}: {}", mount.words(), list(&names)));
        }
    }
    steps.push(if has_grant {
        format!("bindings grant `{account}` more than everybody has, and these programs are not known to call the API")
    } else {
        format!("no binding names `{account}`: its token opens no more than the API's own catalogue")
    });
    steps.push(
        "assumed: the program does not hand the token to another service (such as Vault) to prove who it is"
            .to_owned(),
    );
    finding.evidence = links(steps);
    finding.fix = format!(
        "set `automountServiceAccountToken: false` in ServiceAccount `{namespace}/{account}`, or in the pod \
         templates of {}; a pod that needs a token can still ask for one with its own field",
        list(&names)
    );
    let subject = Subject {
        kind: SubjectKind::ServiceAccount,
        name: account.to_owned(),
        namespace: Some(namespace.to_owned()),
    };
    let user = format!("--as=system:serviceaccount:{namespace}:{account}");
    finding.reproduce = reproduce(&["kubectl", "auth", "can-i", "--list", "-n", namespace, &user]);
    finding.subjects = vec![subject];
    finding
}

/// Sure where a live server's bindings were read, and the account or the program speaks for itself.
fn confidence(facts: &ClusterFacts<'_>, account: &str, idle: &[Idle<'_, '_>]) -> Confidence {
    let is_plain =
        account == "default" || idle.iter().all(|idle| is_in_no_need_of_api(idle.runner));
    if idle.iter().any(|idle| idle.has_grant) || !facts.access.index.undecided_by().is_empty() {
        return Confidence::Low;
    }
    match (facts.cluster.is_live, is_plain) {
        (true, true) => Confidence::High,
        (true, false) | (false, true) => Confidence::Medium,
        (false, false) => Confidence::Low,
    }
}

fn location(
    facts: &ClusterFacts<'_>,
    namespace: &str,
    account: &str,
    idle: &[Idle<'_, '_>],
) -> Option<Location> {
    let own = facts
        .service_account(namespace, account)
        .and_then(|account| account.meta.position.as_deref().cloned());
    own.or_else(|| idle.iter().find_map(|idle| idle.runner.location.clone()))
}

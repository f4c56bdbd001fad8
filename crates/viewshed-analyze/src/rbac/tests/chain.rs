//! The authorizer chain, with authorizers whose answers are not in the estate.

use viewshed_model::{Authorizer, AuthorizerKind, Decision};

use super::scenery::{action, cluster, identity};
use crate::rbac::{AccessIndex, Verdict};

/// `chain` names authorizers in order; jane may get pods, kate nothing. The expected answer is
/// `yes`, `no` or `depends on NAME,NAME`.
fn check(chain: &str, who: &str, expected: &str) {
    let mut cluster = cluster("role r verbs=get resources=pods\nbind b ClusterRole:r User:jane");
    cluster.authorizers = Some(chain.split(',').map(authorizer).collect());
    let index = AccessIndex::new(&cluster);
    let session = index.session(&identity(who));
    let question = action("get pods -n shop");
    let decision = session.decide(&question);
    let (text, verdict) = match &decision {
        Decision::Allowed(_) => ("yes".to_owned(), Verdict::Yes),
        Decision::Denied(_) => ("no".to_owned(), Verdict::No),
        Decision::DependsOn(facts) => {
            let facts: Vec<&str> = facts.iter().map(|fact| fact.fact.as_str()).collect();
            (format!("depends on {}", facts.join(", ")), Verdict::Unknown)
        }
    };
    assert_eq!(text, expected, "{chain} for {who}");
    assert_eq!(session.verdict(&question), verdict, "{chain} for {who}");
}

fn authorizer(text: &str) -> Authorizer {
    Authorizer {
        kind: match text {
            "Node" => AuthorizerKind::Node,
            "RBAC" => AuthorizerKind::Rbac,
            "ABAC" => AuthorizerKind::Abac,
            "AlwaysAllow" => AuthorizerKind::AlwaysAllow,
            "AlwaysDeny" => AuthorizerKind::AlwaysDeny,
            "Strange" => AuthorizerKind::Unknown,
            _ => AuthorizerKind::Webhook,
        },
        name: text.to_owned(),
        match_conditions: Vec::new(),
        failure_policy: String::new(),
    }
}

#[test]
fn a_webhook_behind_an_allow_changes_nothing() {
    check("Node,RBAC,opa", "jane", "yes");
}

#[test]
fn a_webhook_behind_rbac_may_allow_what_rbac_does_not() {
    check(
        "Node,RBAC,opa",
        "kate",
        "depends on the authorization webhook `opa`",
    );
}

#[test]
fn a_webhook_before_rbac_may_deny_what_rbac_allows() {
    check(
        "opa,RBAC",
        "jane",
        "depends on the authorization webhook `opa`",
    );
    check(
        "opa,RBAC",
        "kate",
        "depends on the authorization webhook `opa`",
    );
}

#[test]
fn only_facts_that_can_change_the_answer_are_named() {
    check(
        "opa,RBAC,late",
        "jane",
        "depends on the authorization webhook `opa`",
    );
    check(
        "opa,RBAC,late",
        "kate",
        "depends on the authorization webhook `opa`, the authorization webhook `late`",
    );
    check(
        "opa,ABAC,RBAC",
        "jane",
        "depends on the authorization webhook `opa`",
    );
    check(
        "opa,AlwaysAllow,late",
        "kate",
        "depends on the authorization webhook `opa`",
    );
}

#[test]
fn abac_allows_but_never_denies() {
    check("ABAC,RBAC", "jane", "yes");
    check("ABAC,RBAC", "kate", "depends on the ABAC policy file");
}

#[test]
fn always_deny_has_no_opinion() {
    check("AlwaysDeny,RBAC", "jane", "yes");
    check("AlwaysDeny,RBAC", "kate", "no");
    check("AlwaysDeny,AlwaysAllow", "kate", "yes");
}

#[test]
fn an_unknown_authorizer_may_do_anything() {
    check(
        "Strange,RBAC",
        "jane",
        "depends on the authorizer `Strange`",
    );
}

#[test]
fn masters_come_before_every_authorizer() {
    check("AlwaysDeny,opa", "kate,system:masters", "yes");
}

#[test]
fn without_rbac_in_the_chain_bindings_grant_nothing() {
    check("Node", "jane", "no");
    check("AlwaysDeny", "jane", "no");
}

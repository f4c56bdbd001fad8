//! SelfSubjectRulesReview says what the server says, also where that is not the truth.

use viewshed_model::{Authorizer, AuthorizerKind, RulesReview};

use super::scenery::{cluster, identity};
use crate::rbac::{AccessIndex, self_subject_rules};

const OBJECTS: &str = "
    role r verbs=get resources=nodes
    role r verbs=get urls=/metrics
    role all verbs=list resources=pods
    bind b ClusterRole:all User:jane
    bind c ClusterRole:gone User:jane
    bind shop/d ClusterRole:r User:jane
    bind bank/e ClusterRole:r User:jane
    bind shop/f ClusterRole:all User:jane
    bind shop/g Role:gone User:jane User:system:node:n1";

fn review(who: &str, namespace: &str) -> RulesReview {
    let cluster = cluster(OBJECTS);
    self_subject_rules(&AccessIndex::new(&cluster), &identity(who), namespace)
}

fn resources(review: &RulesReview) -> Vec<&str> {
    let rules = review.resource_rules.iter();
    rules.map(|rule| rule.resources[0].as_str()).collect()
}

#[test]
fn it_lists_cluster_wide_first_with_duplicates_and_what_cannot_apply() {
    let review = review("jane", "shop");
    assert_eq!(resources(&review), ["pods", "nodes", "pods"]);
    assert_eq!(review.non_resource_rules[0].non_resource_urls, ["/metrics"]);
    assert!(!review.incomplete);
    assert_eq!(
        review.evaluation_error,
        "[clusterrole.rbac.authorization.k8s.io \"gone\" not found, \
         role.rbac.authorization.k8s.io \"gone\" not found]"
    );
}

#[test]
fn it_does_not_know_masters() {
    let review = review("kate,system:masters", "shop");
    assert!(review.resource_rules.is_empty());
    assert_eq!(review.evaluation_error, "");
}

#[test]
fn it_is_incomplete_for_nodes() {
    let review = review("system:node:n1,system:nodes", "shop");
    assert!(review.incomplete);
    assert_eq!(
        review.evaluation_error,
        "[node authorizer does not support user rule resolution, \
         role.rbac.authorization.k8s.io \"gone\" not found]"
    );
}

#[test]
fn one_error_stands_without_brackets() {
    let review = review("system:node:n2,system:nodes", "shop");
    assert_eq!(
        review.evaluation_error,
        "node authorizer does not support user rule resolution"
    );
}

#[test]
fn webhooks_make_it_incomplete_and_always_allow_lists_stars() {
    let mut cluster = cluster(OBJECTS);
    let authorizer = |kind| Authorizer {
        kind,
        name: String::new(),
        match_conditions: Vec::new(),
        failure_policy: String::new(),
    };
    cluster.authorizers = Some(vec![
        authorizer(AuthorizerKind::Webhook),
        authorizer(AuthorizerKind::AlwaysAllow),
    ]);
    let review = self_subject_rules(&AccessIndex::new(&cluster), &identity("jane"), "shop");
    assert!(review.incomplete);
    assert_eq!(
        review.evaluation_error,
        "webhook authorizer does not support user rule resolution"
    );
    assert_eq!(resources(&review), ["*"]);
    assert_eq!(review.non_resource_rules[0].verbs, ["*"]);
}

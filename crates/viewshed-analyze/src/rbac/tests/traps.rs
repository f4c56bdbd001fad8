//! Each trap of rule and subject matching, as a fact.

use viewshed_model::{Decision, Evidence};

use super::scenery::{action, cluster, identity};
use crate::rbac::{AccessIndex, Verdict, server_reason};

/// Who is allowed: `jane` in the text means exactly the user jane without groups.
fn check(objects: &str, who: &str, question: &str, expected: bool) {
    let cluster = cluster(objects);
    let index = AccessIndex::new(&cluster);
    let session = index.session(&identity(who));
    let question = action(question);
    assert_eq!(
        session.decide(&question).is_allowed(),
        expected,
        "{question:?}"
    );
    let verdict = if expected { Verdict::Yes } else { Verdict::No };
    assert_eq!(session.verdict(&question), verdict, "{question:?}");
}

/// One ClusterRole with this rule, bound to jane cluster-wide.
fn check_rule(rule: &str, question: &str, expected: bool) {
    let objects = format!("role r {rule}\nbind b ClusterRole:r User:jane");
    check(&objects, "jane", question, expected);
}

#[test]
fn one_rule_must_match_as_a_whole() {
    let objects = "
        role r verbs=get resources=pods
        role r verbs=list resources=secrets
        bind b ClusterRole:r User:jane";
    check(objects, "jane", "get pods -n shop", true);
    check(objects, "jane", "list pods -n shop", false);
    check(objects, "jane", "get secrets -n shop", false);
}

#[test]
fn comparison_is_exact_and_case_sensitive() {
    check_rule("verbs=get resources=pods", "Get pods", false);
    check_rule("verbs=get resources=pods", "get Pods", false);
    check_rule(
        "verbs=get resources=pods groups=Apps",
        "get pods.apps",
        false,
    );
}

#[test]
fn a_request_for_a_star_needs_a_star() {
    check_rule("verbs=get,list resources=pods", "* pods", false);
    check_rule("verbs=* resources=pods", "* pods", true);
    check_rule("verbs=get resources=pods", "get *", false);
    check_rule("verbs=get resources=*", "get *", true);
    check_rule("verbs=get resources=* groups=apps", "get pods.*", false);
}

#[test]
fn subresources_are_resources_of_their_own() {
    check_rule("verbs=get resources=pods", "get pods/log", false);
    check_rule("verbs=get resources=pods/log", "get pods/log", true);
    check_rule("verbs=get resources=pods/log", "get pods", false);
    check_rule("verbs=get resources=*", "get pods/log", true);
    check_rule("verbs=get resources=*/log", "get pods/log", true);
    check_rule("verbs=get resources=*/log", "get pods/xlog", false);
    check_rule("verbs=get resources=*/log", "get pods", false);
    check_rule("verbs=get resources=*/", "get pods", false);
}

#[test]
fn resource_slash_star_is_no_pattern() {
    check_rule("verbs=get resources=pods/*", "get pods/log", false);
    check_rule("verbs=get resources=pods/*", "get pods", false);
    check_rule("verbs=get resources=pods/*", "get pods/*", true);
}

#[test]
fn names_are_literal_and_need_a_name_in_the_request() {
    check_rule(
        "verbs=* resources=pods names=web",
        "get pods -n shop web",
        true,
    );
    check_rule(
        "verbs=* resources=pods names=web",
        "get pods -n shop web2",
        false,
    );
    check_rule(
        "verbs=* resources=pods names=web",
        "list pods -n shop",
        false,
    );
    check_rule(
        "verbs=* resources=pods names=web",
        "create pods -n shop",
        false,
    );
    check_rule(
        "verbs=* resources=pods names=*",
        "get pods -n shop web",
        false,
    );
    check_rule("verbs=* resources=pods names=*", "get pods -n shop *", true);
}

#[test]
fn the_core_group_is_the_empty_one() {
    check_rule("verbs=get resources=pods groups=core", "get pods", false);
    check_rule(
        "verbs=get resources=deployments",
        "get deployments.apps",
        false,
    );
    check_rule(
        "verbs=get resources=deployments groups=*",
        "get deployments.apps",
        true,
    );
}

#[test]
fn paths_match_by_trailing_stars_only() {
    check_rule("verbs=get urls=/a*", "get /a", true);
    check_rule("verbs=get urls=/a*", "get /abc/d", true);
    check_rule("verbs=get urls=/a**", "get /abc", true);
    check_rule("verbs=get urls=/a/*", "get /a", false);
    check_rule("verbs=get urls=/a*c", "get /abc", false);
    check_rule("verbs=get urls=/a*c", "get /a*c", true);
    check_rule("verbs=get urls=/a", "get /a/", false);
    check_rule("verbs=get urls=*", "get /anything", true);
    check_rule("verbs=get urls=*", "post /anything", false);
    check_rule("verbs=* resources=* groups=*", "get /metrics", false);
    check_rule("verbs=* urls=*", "get pods", false);
}

#[test]
fn a_role_binding_reaches_its_namespace_only() {
    let objects = "
        role r verbs=* resources=* groups=*
        role r verbs=* urls=*
        bind shop/b ClusterRole:r User:jane";
    check(objects, "jane", "list pods -n shop", true);
    check(objects, "jane", "list pods -n bank", false);
    check(objects, "jane", "list pods", false);
    check(objects, "jane", "list nodes", false);
    check(objects, "jane", "get /metrics", false);
    // The server sets the namespace of this request to its name.
    check(objects, "jane", "get namespaces -n shop shop", true);
}

#[test]
fn a_role_is_looked_up_in_the_namespace_of_the_binding() {
    let objects = "
        role bank/r verbs=list resources=pods
        bind shop/b Role:r User:jane
        bind all Role:r User:jane";
    check(objects, "jane", "list pods -n shop", false);
    check(objects, "jane", "list pods -n bank", false);
}

#[test]
fn subjects_match_exactly() {
    let objects = "
        role r verbs=get resources=pods
        bind b1 ClusterRole:r Group:dev
        bind b2 ClusterRole:r User:system:serviceaccount:shop:cart
        bind b3 ClusterRole:r user:kate Robot:kate";
    check(objects, "jane,dev", "get pods", true);
    check(objects, "dev", "get pods", false);
    check(objects, "jane,devs", "get pods", false);
    check(objects, "system:serviceaccount:shop:cart", "get pods", true);
    check(objects, "kate,kate", "get pods", false);
}

#[test]
fn a_service_account_without_namespace_is_of_the_bindings_namespace() {
    let objects = "
        role r verbs=get resources=pods
        bind shop/b ClusterRole:r ServiceAccount:/cart
        bind c ClusterRole:r ServiceAccount:/pay";
    check(
        objects,
        "system:serviceaccount:shop:cart",
        "get pods -n shop",
        true,
    );
    check(
        objects,
        "system:serviceaccount:bank:cart",
        "get pods -n shop",
        false,
    );
    check(
        objects,
        "system:serviceaccount::pay",
        "get pods -n shop",
        false,
    );
    check(
        objects,
        "system:serviceaccount:shop:pay",
        "get pods -n shop",
        false,
    );
}

#[test]
fn a_service_accounts_groups_are_not_implied() {
    let objects = "
        role r verbs=get resources=pods
        bind b ClusterRole:r Group:system:serviceaccounts";
    check(
        objects,
        "system:serviceaccount:shop:cart",
        "get pods",
        false,
    );
    check(
        objects,
        "system:serviceaccount:shop:cart,system:serviceaccounts",
        "get pods",
        true,
    );
}

#[test]
fn masters_need_no_binding() {
    check("", "jane,system:masters", "delete nodes", true);
    check("", "jane,system:masters", "get /metrics", true);
    check("", "system:masters", "delete nodes", false);
}

#[test]
fn a_missing_role_grants_nothing_and_is_named() {
    let cluster = cluster(
        "bind b1 ClusterRole:gone User:jane
         bind b2 ClusterRole:gone User:jane
         bind shop/b3 Role:lost User:jane
         bind shop/b4 Rolle:odd User:jane",
    );
    let index = AccessIndex::new(&cluster);
    let decision = index
        .session(&identity("jane"))
        .decide(&action("get pods -n shop"));
    let Decision::Denied(reason) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(
        reason,
        "rbac: RBAC: [clusterrole.rbac.authorization.k8s.io \"gone\" not found, \
         role.rbac.authorization.k8s.io \"lost\" not found, \
         unsupported role reference kind: \"Rolle\"]"
    );
}

#[test]
fn evidence_names_binding_rule_and_subject() {
    let cluster = cluster(
        "role r verbs=get resources=secrets
         role r verbs=get resources=pods
         bind shop/b ClusterRole:r User:kate Group:ops Group:dev",
    );
    let index = AccessIndex::new(&cluster);
    let decision = index
        .session(&identity("jane,dev,ops"))
        .decide(&action("get pods -n shop web"));
    let Decision::Allowed(Evidence::Grant {
        binding_namespace,
        binding,
        role,
        rule,
        subject,
    }) = decision
    else {
        panic!("{decision:?}");
    };
    assert_eq!(binding_namespace.as_deref(), Some("shop"));
    assert_eq!((binding.as_str(), role.name.as_str(), rule), ("b", "r", 1));
    assert_eq!(subject.name, "ops");
}

#[test]
fn the_last_of_two_roles_with_one_name_counts() {
    let mut cluster = cluster("role r verbs=get resources=pods\nbind b ClusterRole:r User:jane");
    let mut newer = cluster.roles[0].clone();
    newer.rules[0].resources = vec!["secrets".to_owned()];
    cluster.roles.push(newer);
    let index = AccessIndex::new(&cluster);
    let session = index.session(&identity("jane"));
    assert_eq!(session.verdict(&action("get pods")), Verdict::No);
    assert_eq!(session.verdict(&action("get secrets")), Verdict::Yes);
}

#[test]
fn more_verbs_than_the_table_has_bits_are_all_answered() {
    let verbs: Vec<String> = (0..200).map(|number| format!("v{number}")).collect();
    let objects = format!(
        "role r verbs={} resources=pods\nrole s verbs=v150 resources=secrets\n\
         bind b ClusterRole:r User:jane\nbind c ClusterRole:s User:jane",
        verbs.join(",")
    );
    for verb in ["v0", "v62", "v63", "v64", "v199"] {
        check(&objects, "jane", &format!("{verb} pods"), true);
    }
    check(&objects, "jane", "v150 secrets", true);
    check(&objects, "jane", "v151 secrets", false);
    check(&objects, "jane", "v200 pods", false);
}

#[test]
fn long_subresource_names_are_compared_in_full() {
    let long = "x".repeat(200);
    check_rule(
        &format!("verbs=get resources=pods/{long}"),
        &format!("get pods/{long}"),
        true,
    );
    check_rule(
        &format!("verbs=get resources=*/{long}"),
        &format!("get pods/{long}"),
        true,
    );
    check_rule(
        &format!("verbs=get resources=pods/{long}"),
        &format!("get pods/{long}y"),
        false,
    );
}

#[test]
fn the_servers_reason_names_binding_before_namespace() {
    let reason = |objects: &str, who: &str| {
        let cluster = cluster(objects);
        let index = AccessIndex::new(&cluster);
        let decision = index
            .session(&identity(who))
            .decide(&action("get pods -n shop"));
        server_reason(&decision)
    };
    let role = "role r verbs=get resources=pods\n";
    assert_eq!(
        reason(
            &format!("{role}bind shop/b ClusterRole:r ServiceAccount:/cart"),
            "system:serviceaccount:shop:cart"
        ),
        "RBAC: allowed by RoleBinding \"b/shop\" of ClusterRole \"r\" to ServiceAccount \"cart/shop\""
    );
    assert_eq!(
        reason(&format!("{role}bind b ClusterRole:r Group:dev"), "jane,dev"),
        "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to Group \"dev\""
    );
    assert_eq!(reason("", "jane,system:masters"), "");
}

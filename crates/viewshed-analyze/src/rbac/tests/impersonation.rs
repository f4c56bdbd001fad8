//! Who may act as whom, in which mode.

use std::collections::BTreeMap;

use viewshed_model::{Identity, ServerVersion};

use super::scenery::{action, cluster, identity};
use crate::rbac::{AccessIndex, Impersonation, Mode, impersonation};

fn attempt(rules: &str, wanted: &Identity, question: &str) -> Impersonation {
    let objects = format!("{rules}\nbind b ClusterRole:r User:admin");
    let cluster = cluster(&objects);
    impersonation(
        &AccessIndex::new(&cluster),
        &identity("admin"),
        wanted,
        &action(question),
    )
}

/// The mode in which `admin`, with the rules of role `r`, may list pods as the wanted identity.
fn check(rules: &str, wanted: &str, expected: Option<Mode>) {
    let answer = attempt(rules, &identity(wanted), "list pods -n shop");
    assert_eq!(answer.mode, expected, "{wanted}");
    assert_eq!(answer.decision.is_allowed(), expected.is_some(), "{wanted}");
}

const AUTHN: &str = "groups=authentication.k8s.io";

#[test]
fn the_legacy_verb_opens_every_action() {
    let users = "role r verbs=impersonate resources=users names=jane";
    check(users, "jane", Some(Mode::Legacy));
    check(users, "kate", None);
    check(users, "jane,dev", None);
    let both = "role r verbs=impersonate resources=users,groups";
    check(both, "jane,dev,system:masters", Some(Mode::Legacy));
    check(both, "system:serviceaccount:shop:cart", None);
    // Not a valid service account name, so it is an ordinary user.
    check(both, "system:serviceaccount:shop:CART", Some(Mode::Legacy));
    check(both, "system:node:n1", Some(Mode::Legacy));
}

#[test]
fn service_accounts_are_asked_for_in_their_namespace() {
    let local = "
        role r verbs=impersonate resources=serviceaccounts
        bind shop/local ClusterRole:r User:admin
        role empty verbs=get resources=none";
    let objects = format!("{local}\nbind b ClusterRole:empty User:admin");
    let cluster = cluster(&objects);
    let index = AccessIndex::new(&cluster);
    for (namespace, expected) in [("shop", Some(Mode::Legacy)), ("bank", None)] {
        let wanted = identity(&format!("system:serviceaccount:{namespace}:cart"));
        let question = action("list pods -n bank");
        let answer = impersonation(&index, &identity("admin"), &wanted, &question);
        assert_eq!(answer.mode, expected, "{namespace}");
    }
}

#[test]
fn user_info_needs_both_verbs() {
    let on = "role r verbs=impersonate-on:user-info:list resources=pods";
    let who = format!("role r verbs=impersonate:user-info resources=users,groups {AUTHN}");
    check(on, "jane", None);
    check(&who, "jane", None);
    let both = format!("{on}\n{who}");
    check(&both, "jane", Some(Mode::UserInfo));
    check(&both, "jane,dev", Some(Mode::UserInfo));
    check(&both, "jane,system:masters", None);
    check(&both, "jane,", None);
    check(&both, "system:node:n1", None);
    check(&both, "system:serviceaccount:shop:cart", None);
    let answer = attempt(&both, &identity("jane"), "get pods -n shop");
    assert_eq!(answer.mode, None, "another verb");
    let answer = attempt(&both, &identity("jane"), "list secrets -n shop");
    assert_eq!(answer.mode, None, "another resource");
}

#[test]
fn many_groups_may_be_granted_by_a_star() {
    let on = "role r verbs=impersonate-on:user-info:list resources=pods";
    let user = format!("role r verbs=impersonate:user-info resources=users {AUTHN}");
    let star = format!("role r verbs=impersonate:user-info resources=groups names=* {AUTHN}");
    let rules = format!("{on}\n{user}\n{star}");
    check(&rules, "jane,a,b,c", None);
    check(&rules, "jane,a,b,c,d", Some(Mode::UserInfo));
}

#[test]
fn service_account_and_node_modes_take_the_user_alone() {
    let rules = format!(
        "role r verbs=impersonate-on:serviceaccount:list,impersonate-on:arbitrary-node:list resources=pods
         role r verbs=impersonate:serviceaccount resources=serviceaccounts {AUTHN}
         role r verbs=impersonate:arbitrary-node resources=nodes names=n1 {AUTHN}"
    );
    check(
        &rules,
        "system:serviceaccount:shop:cart",
        Some(Mode::ServiceAccount),
    );
    check(&rules, "system:serviceaccount:shop:cart,dev", None);
    check(&rules, "system:node:n1", Some(Mode::ArbitraryNode));
    check(&rules, "system:node:n2", None);
    check(&rules, "system:node:N1", None);
    check(&rules, "jane", None);
}

#[test]
fn a_pod_may_act_as_the_node_it_runs_on() {
    let objects = format!(
        "role r verbs=impersonate-on:associated-node:list resources=pods
         role r verbs=impersonate:associated-node resources=nodes names=* {AUTHN}
         bind b ClusterRole:r ServiceAccount:shop/agent"
    );
    let cluster = cluster(&objects);
    let index = AccessIndex::new(&cluster);
    let mut agent = Identity::service_account("shop", "agent");
    let question = action("list pods");
    let mode = |agent: &Identity, node: &str| {
        impersonation(&index, agent, &identity(node), &question).mode
    };
    assert_eq!(
        mode(&agent, "system:node:n1"),
        None,
        "the token names no node"
    );
    agent.extra = BTreeMap::from([(
        "authentication.kubernetes.io/node-name".to_owned(),
        vec!["n1".to_owned()],
    )]);
    assert_eq!(mode(&agent, "system:node:n1"), Some(Mode::AssociatedNode));
    assert_eq!(mode(&agent, "system:node:n2"), None);
}

#[test]
fn the_name_of_the_associated_node_is_asked_as_a_star() {
    let objects = format!(
        "role r verbs=impersonate-on:associated-node:list resources=pods
         role r verbs=impersonate:associated-node resources=nodes names=n1 {AUTHN}
         bind b ClusterRole:r ServiceAccount:shop/agent"
    );
    let cluster = cluster(&objects);
    let mut agent = Identity::service_account("shop", "agent");
    agent.extra.insert(
        "authentication.kubernetes.io/node-name".to_owned(),
        vec!["n1".to_owned()],
    );
    let wanted = identity("system:node:n1");
    let question = action("list pods");
    let answer = impersonation(&AccessIndex::new(&cluster), &agent, &wanted, &question);
    assert_eq!(answer.mode, None);
}

#[test]
fn extra_and_uid_are_asked_for_one_by_one() {
    let mut wanted = identity("jane");
    wanted.uid = Some("u1".to_owned());
    wanted
        .extra
        .insert("example.com/team".to_owned(), vec!["red".to_owned()]);
    let user = "role r verbs=impersonate resources=users";
    let uid = format!("role r verbs=impersonate resources=uids names=u1 {AUTHN}");
    let extra =
        format!("role r verbs=impersonate resources=userextras/example.com/team names=red {AUTHN}");
    let ask = |rules: &str| attempt(rules, &wanted, "list pods").mode;
    assert_eq!(ask(user), None);
    assert_eq!(ask(&format!("{user}\n{uid}")), None);
    assert_eq!(ask(&format!("{user}\n{uid}\n{extra}")), Some(Mode::Legacy));
}

#[test]
fn the_identity_gets_the_groups_that_the_server_adds() {
    let all = "role r verbs=* resources=* groups=*";
    let becomes = |wanted: &str| {
        let answer = attempt(all, &identity(wanted), "list pods");
        answer.becomes.unwrap().groups.join(",")
    };
    assert_eq!(becomes("jane"), "system:authenticated");
    assert_eq!(becomes("jane,dev"), "dev,system:authenticated");
    assert_eq!(
        becomes("jane,system:unauthenticated"),
        "system:unauthenticated"
    );
    assert_eq!(becomes("system:anonymous"), "system:unauthenticated");
    assert_eq!(
        becomes("system:serviceaccount:shop:cart"),
        "system:serviceaccounts,system:serviceaccounts:shop,system:authenticated"
    );
    assert_eq!(
        becomes("system:node:n1"),
        "system:nodes,system:authenticated"
    );
}

#[test]
fn a_star_verb_still_opens_masters_through_the_legacy_mode() {
    check(
        "role r verbs=* resources=* groups=*",
        "jane,system:masters",
        Some(Mode::Legacy),
    );
}

#[test]
fn constrained_modes_do_not_exist_before_1_36() {
    let rules = format!(
        "role r verbs=impersonate-on:user-info:list resources=pods
         role r verbs=impersonate:user-info resources=users {AUTHN}
         bind b ClusterRole:r User:admin"
    );
    let mut cluster = cluster(&rules);
    for (minor, expected) in [("35", None), ("36", Some(Mode::UserInfo))] {
        cluster.version = Some(ServerVersion {
            minor: minor.to_owned(),
            ..ServerVersion::default()
        });
        let index = AccessIndex::new(&cluster);
        let question = action("list pods");
        let answer = impersonation(&index, &identity("admin"), &identity("jane"), &question);
        assert_eq!(answer.mode, expected, "1.{minor}");
    }
}

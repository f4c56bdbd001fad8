//! Everybody who may do one thing.

use viewshed_model::{Authorizer, AuthorizerKind, Meta, Pod, PodSpec};

use super::scenery::{action, cluster};
use crate::rbac::{AccessIndex, Reach, who_can};

const OBJECTS: &str = "
    role pods verbs=list,get resources=pods
    role one verbs=get,list,create resources=pods names=web,api
    bind all ClusterRole:pods Group:ops
    bind shop/team ClusterRole:pods User:jane ServiceAccount:/cart
    bind bank/team ClusterRole:pods User:jane
    bind bank/one ClusterRole:one User:kate
    bind bank/none ClusterRole:gone User:lost";

fn check(question: &str, reach: Reach, expected: &[&str]) {
    let cluster = cluster(OBJECTS);
    let entries = who_can(&AccessIndex::new(&cluster), &action(question), reach);
    let actual: Vec<String> = entries
        .iter()
        .map(|entry| {
            let namespace = entry.namespace.as_deref().unwrap_or("*");
            let names = entry.names.join(",");
            format!("{} in {namespace} {names}", entry.subject)
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(actual, expected, "{question}");
}

#[test]
fn a_question_about_one_namespace_takes_its_bindings() {
    check(
        "list pods -n shop",
        Reach::Exactly,
        &[
            "user jane in shop",
            "group ops in *",
            "group system:masters in *",
            "service account shop/cart in shop",
        ],
    );
}

#[test]
fn a_question_about_all_namespaces_may_be_answered_in_some() {
    check(
        "list pods",
        Reach::Exactly,
        &["group ops in *", "group system:masters in *"],
    );
    check(
        "list pods",
        Reach::AnyNamespace,
        &[
            "user jane in bank",
            "user jane in shop",
            "user kate in bank api,web",
            "group ops in *",
            "group system:masters in *",
            "service account shop/cart in shop",
        ],
    );
}

#[test]
fn names_count_where_the_verb_carries_one() {
    check(
        "get pods -n bank web",
        Reach::Exactly,
        &[
            "user jane in bank",
            "user kate in bank",
            "group ops in *",
            "group system:masters in *",
        ],
    );
    check(
        "create pods -n bank",
        Reach::Exactly,
        // Nodes make mirror pods; admission limits them to that.
        &["group system:masters in *", "group system:nodes in *"],
    );
}

#[test]
fn nodes_are_named_one_by_one_or_all_together() {
    let mut cluster = cluster("");
    cluster.pods.push(Pod {
        meta: Meta {
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
            ..Meta::default()
        },
        node: "n1".to_owned(),
        spec: PodSpec {
            image_pull_secrets: vec!["pull".to_owned()],
            ..PodSpec::default()
        },
        ..Pod::default()
    });
    let index = AccessIndex::new(&cluster);
    let names = |question: &str| -> Vec<String> {
        let entries = who_can(&index, &action(question), Reach::Exactly);
        entries
            .into_iter()
            .map(|entry| entry.subject.name)
            .collect()
    };
    assert_eq!(
        names("get secrets -n shop pull"),
        ["system:node:n1", "system:masters"]
    );
    assert_eq!(names("list services"), ["system:masters", "system:nodes"]);
    assert_eq!(names("get secrets -n shop other"), ["system:masters"]);
}

#[test]
fn always_allow_means_everybody() {
    let mut cluster = cluster("");
    cluster.authorizers = Some(vec![Authorizer {
        kind: AuthorizerKind::AlwaysAllow,
        name: "open".to_owned(),
        match_conditions: Vec::new(),
        failure_policy: String::new(),
    }]);
    let index = AccessIndex::new(&cluster);
    let entries = who_can(&index, &action("list pods"), Reach::Exactly);
    let names: Vec<&str> = entries
        .iter()
        .map(|entry| entry.subject.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "system:authenticated",
            "system:masters",
            "system:unauthenticated"
        ]
    );
}

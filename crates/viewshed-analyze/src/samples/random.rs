//! Small random clusters for property tests.

use proptest::prelude::*;
use viewshed_model::{Authorizer, AuthorizerKind, Cluster, Identity, OtherObject};

use super::{binding, meta, role, shop};

fn pick(
    choices: &'static [&'static str],
    range: std::ops::Range<usize>,
) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(choices), range)
        .prop_map(|words| words.join(" "))
}

fn any_rule() -> impl Strategy<Value = String> {
    (
        pick(&["get", "list", "watch", "*", "create", "GET"], 1..3),
        pick(&["core", "apps", "*", "events.k8s.io", "example.com"], 1..3),
        pick(
            &[
                "pods",
                "secrets",
                "configmaps",
                "namespaces",
                "nodes",
                "*",
                "pods/log",
                "*/log",
                "pods/*",
                "deployments",
                "events",
                "gizmos",
                "nodes/proxy",
                "nodes/pods",
                "nodes/stats",
                "services",
                "serviceaccounts",
                "Pods",
            ],
            1..3,
        ),
        proptest::option::of(pick(
            &["db", "shop", "cart", "worker-1", "core", "web"],
            1..3,
        )),
    )
        .prop_map(|(verbs, groups, resources, names)| match names {
            Some(names) => format!("{verbs} | {groups} | {resources} | {names}"),
            None => format!("{verbs} | {groups} | {resources}"),
        })
}

fn any_chain() -> impl Strategy<Value = Option<Vec<Authorizer>>> {
    let kind = proptest::sample::select(vec![
        AuthorizerKind::Node,
        AuthorizerKind::Rbac,
        AuthorizerKind::Rbac,
        AuthorizerKind::Abac,
        AuthorizerKind::Webhook,
        AuthorizerKind::AlwaysAllow,
        AuthorizerKind::AlwaysDeny,
    ]);
    let authorizer = kind.prop_map(|kind| Authorizer {
        kind,
        name: format!("{kind:?}"),
        match_conditions: Vec::new(),
        failure_policy: String::new(),
    });
    proptest::option::weighted(0.3, proptest::collection::vec(authorizer, 0..4))
}

const SUBJECTS: &[&str] = &[
    "user:dev",
    "group:devs",
    "sa:shop/cart",
    "group:system:serviceaccounts:shop",
    "group:system:authenticated",
    "user:system:serviceaccount:shop:cart",
    "user:system:node:worker-1",
];

/// The shop with generated roles, bindings and authorizers, biased to the traps.
pub(crate) fn any_cluster() -> impl Strategy<Value = Cluster> {
    let rules = proptest::collection::vec(any_rule(), 0..3);
    let roles = proptest::collection::vec(rules, 4);
    let place = proptest::sample::select(&["", "shop/", "ops/"][..]);
    let subjects = proptest::collection::vec(proptest::sample::select(SUBJECTS), 1..3);
    let bindings = proptest::collection::vec((place, 0..5_usize, subjects), 0..5);
    (roles, bindings, any_chain()).prop_map(|(roles, bindings, authorizers)| {
        let mut cluster = shop();
        cluster.authorizers = authorizers;
        cluster.others = vec![
            OtherObject {
                resource: "events".to_owned(),
                kind: "Event".to_owned(),
                meta: meta("shop/started"),
                ..OtherObject::default()
            },
            OtherObject {
                group: "example.com".to_owned(),
                kind: "Gizmo".to_owned(),
                meta: meta("ops/gizmo"),
                ..OtherObject::default()
            },
        ];
        let names = ["a", "b", "shop/c", "ops/d"];
        for (name, rules) in names.iter().zip(&roles) {
            let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
            cluster.roles.push(role(name, &rules));
        }
        for (at, (place, granted, subjects)) in bindings.into_iter().enumerate() {
            let reference = [
                "ClusterRole/a",
                "ClusterRole/b",
                "Role/c",
                "Role/d",
                "ClusterRole/gone",
            ][granted];
            cluster
                .bindings
                .push(binding(&format!("{place}b{at}"), reference, &subjects));
        }
        cluster
    })
}

/// One of each kind of identity that the generated bindings can name.
pub(crate) fn identities() -> [Identity; 5] {
    [
        Identity::user("dev", ["devs"]),
        Identity::service_account("shop", "cart"),
        Identity::node("worker-1"),
        Identity::user("system:node:worker-2", []),
        Identity::user("root", ["system:masters"]),
    ]
}

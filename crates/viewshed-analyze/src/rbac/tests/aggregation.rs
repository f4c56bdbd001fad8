//! Aggregation reaches the controller's fixed point.

use std::collections::BTreeMap;

use viewshed_model::{LabelSelector, Requirement, Role, SelectorOperator};

use super::scenery::cluster;
use crate::rbac::aggregate;

fn role(name: &str, label: &str, rules: &str, selects: Option<&str>) -> Role {
    let text = format!("role {name} {rules}");
    let mut role = cluster(&text).roles.remove(0);
    if rules.is_empty() {
        role.rules.clear();
    }
    role.meta.labels = BTreeMap::from([(label.to_owned(), "true".to_owned())]);
    role.aggregation = selects.map(|label| vec![selector(label)]);
    role
}

fn selector(label: &str) -> LabelSelector {
    LabelSelector {
        match_labels: BTreeMap::from([(label.to_owned(), "true".to_owned())]),
        ..LabelSelector::default()
    }
}

/// The resources of a role's rules, in order.
fn resources<'r>(roles: &'r [Role], name: &str) -> Vec<&'r str> {
    let role = roles.iter().find(|role| role.meta.name == name).unwrap();
    role.rules
        .iter()
        .flat_map(|rule| rule.resources.iter().map(String::as_str))
        .collect()
}

#[test]
fn a_chain_is_followed_to_its_end_in_any_order() {
    let mut roles = vec![
        role("admin", "none", "", Some("to-admin")),
        role("edit", "to-admin", "", Some("to-edit")),
        role("view", "to-edit", "", Some("to-view")),
        role("z-crd", "to-view", "verbs=get resources=crds", None),
        role("a-base", "to-view", "verbs=get resources=pods", None),
    ];
    assert_eq!(aggregate(&mut roles), 3);
    for name in ["view", "edit", "admin"] {
        assert_eq!(
            resources(&roles, name),
            ["pods", "crds"],
            "{name}: by role name"
        );
    }
    assert_eq!(aggregate(&mut roles), 0, "already complete");
}

#[test]
fn own_rules_are_overwritten_and_self_is_left_out() {
    let mut roles = vec![
        role("sum", "part", "verbs=* resources=everything", Some("part")),
        role("one", "part", "verbs=get resources=pods", None),
    ];
    aggregate(&mut roles);
    assert_eq!(resources(&roles, "sum"), ["pods"]);
}

#[test]
fn equal_rules_are_kept_once_and_selectors_in_order() {
    let mut roles = vec![
        role("sum", "none", "", Some("first")),
        role("b", "first", "verbs=get resources=b", None),
        role("a", "second", "verbs=get resources=a", None),
        role("c", "second", "verbs=get resources=b", None),
    ];
    roles[0].aggregation = Some(vec![
        selector("first"),
        selector("second"),
        selector("first"),
    ]);
    aggregate(&mut roles);
    assert_eq!(resources(&roles, "sum"), ["b", "a"]);
}

#[test]
fn an_empty_selector_takes_every_cluster_role_but_no_role() {
    let mut roles = vec![
        role("sum", "none", "", None),
        role("one", "none", "verbs=get resources=pods", None),
        role("shop/local", "none", "verbs=get resources=secrets", None),
    ];
    roles[0].aggregation = Some(vec![LabelSelector::default()]);
    aggregate(&mut roles);
    assert_eq!(resources(&roles, "sum"), ["pods"]);
}

#[test]
fn a_selector_that_cannot_be_read_leaves_the_role_alone() {
    let mut roles = vec![
        role("sum", "none", "verbs=get resources=own", Some("part")),
        role("one", "part", "verbs=get resources=pods", None),
    ];
    roles[0].aggregation.as_mut().unwrap()[0]
        .match_expressions
        .push(Requirement {
            key: "part".to_owned(),
            operator: SelectorOperator::Unknown,
            values: Vec::new(),
        });
    aggregate(&mut roles);
    assert_eq!(resources(&roles, "sum"), ["own"]);
}

#[test]
fn roles_that_select_each_other_end() {
    let mut roles = vec![
        role("a", "x", "verbs=get resources=a", Some("x")),
        role("b", "x", "verbs=get resources=b", Some("x")),
        role("c", "x", "verbs=get resources=c", None),
    ];
    aggregate(&mut roles);
    assert_eq!(resources(&roles, "b").last(), Some(&"c"));
}

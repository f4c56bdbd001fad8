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
    assert_eq!(aggregate(&mut roles).changed, 3);
    for name in ["view", "edit", "admin"] {
        assert_eq!(
            resources(&roles, name),
            ["pods", "crds"],
            "{name}: by role name"
        );
    }
    assert_eq!(aggregate(&mut roles).changed, 0, "already complete");
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

/// As the controller does it, one sum after the other, with rules compared word by word.
fn slowly(roles: &mut [Role]) {
    for _ in 0..=roles.len() {
        let before = roles.to_vec();
        let mut order: Vec<usize> = (0..roles.len()).collect();
        order.sort_by_key(|at| roles[*at].meta.name.clone());
        for target in &order {
            let Some(selectors) = roles[*target].aggregation.clone() else {
                continue;
            };
            let mut rules: Vec<viewshed_model::PolicyRule> = Vec::new();
            for selector in &selectors {
                for other in order.iter().filter(|other| *other != target) {
                    if selector.matches(&roles[*other].meta.labels) {
                        for rule in &roles[*other].rules {
                            if !rules.contains(rule) {
                                rules.push(rule.clone());
                            }
                        }
                    }
                }
            }
            roles[*target].rules = rules;
        }
        if roles == before {
            break;
        }
    }
}

proptest::proptest! {
    #[test]
    fn sums_equal_those_of_the_slow_way(
        shapes in proptest::collection::vec((0_usize..4, 0_usize..6, proptest::option::of(0_usize..4)), 1..9),
    ) {
        let mut roles: Vec<Role> = shapes
            .iter()
            .enumerate()
            .map(|(number, (label, resource, selects))| {
                let rules = format!("verbs=get resources=r{resource}");
                let selects = selects.map(|label| format!("l{label}"));
                role(&format!("r{number}"), &format!("l{label}"), &rules, selects.as_deref())
            })
            .collect();
        let mut expected = roles.clone();
        slowly(&mut expected);
        let result = aggregate(&mut roles);
        let rules = |roles: &[Role]| -> Vec<_> { roles.iter().map(|role| role.rules.clone()).collect() };
        // In circles without an end both stop somewhere.
        if result.unfinished == 0 {
            proptest::prop_assert_eq!(rules(&roles), rules(&expected));
        }
    }
}

#[test]
fn many_roles_that_select_each_other_come_to_an_end() {
    let many = |count: usize| -> Vec<Role> {
        let rules = |number| format!("verbs=get resources=r{number}");
        (0..count)
            .map(|number| role(&format!("r{number:04}"), "x", &rules(number), Some("x")))
            .collect()
    };
    let mut roles = many(300);
    assert_eq!(aggregate(&mut roles).unfinished, 0);
    // Each loses its own rules and gets those of the others; the first one's were overwritten before anybody read them.
    assert_eq!(resources(&roles, "r0299").len(), 299);
    let mut roles = many(1_000);
    let result = aggregate(&mut roles);
    // A thousand rules in each role: more than any server keeps.
    assert_eq!(result.unfinished, 1_000 - 300_000 / 999);
}

#[test]
fn circles_without_an_end_are_told() {
    let mut roles = vec![
        role("a", "a", "verbs=get resources=a", Some("b")),
        role("b", "b", "verbs=get resources=b", Some("c")),
        role("c", "c", "verbs=get resources=c", Some("a")),
    ];
    assert!(aggregate(&mut roles).unfinished > 0);
}

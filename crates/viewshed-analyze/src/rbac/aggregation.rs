//! Aggregated ClusterRoles, computed as the controller would
//! (`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`).

use std::collections::BTreeMap;

use viewshed_model::{LabelSelector, PolicyRule, Role, SelectorOperator};

/// Fills the rules of every ClusterRole that has an aggregation rule, repeated until nothing
/// changes, so that chains such as view, edit, admin are complete. What such a role had as rules
/// is overwritten, as on a server. Returns how many roles changed.
///
/// For manifests only: a running server has done it already, and then its own result counts.
pub fn aggregate(roles: &mut [Role]) -> usize {
    // The last of several roles with one name is the one that counts.
    let by_name: BTreeMap<String, usize> = roles
        .iter()
        .enumerate()
        .filter(|(_, role)| role.meta.namespace.is_none())
        .map(|(at, role)| (role.meta.name.clone(), at))
        .collect();
    let mut changed: Vec<bool> = vec![false; roles.len()];
    // Each round can only complete one more link of a chain; the bound also stops two roles whose
    // rule orders feed back into each other for ever.
    for _ in 0..=by_name.len() {
        let mut is_stable = true;
        for at in by_name.values() {
            let Some(rules) = aggregated_rules(roles, *at, &by_name) else {
                continue;
            };
            if let (Some(role), Some(changed)) = (roles.get_mut(*at), changed.get_mut(*at))
                && role.rules != rules
            {
                role.rules = rules;
                *changed = true;
                is_stable = false;
            }
        }
        if is_stable {
            break;
        }
    }
    changed.into_iter().filter(|changed| *changed).count()
}

/// The union of the selected roles' rules: selector by selector, roles by name, each rule once.
fn aggregated_rules(
    roles: &[Role],
    target: usize,
    by_name: &BTreeMap<String, usize>,
) -> Option<Vec<PolicyRule>> {
    let selectors = roles.get(target)?.aggregation.as_ref()?;
    if !selectors.iter().all(is_readable) {
        return None;
    }
    let mut rules: Vec<PolicyRule> = Vec::new();
    for selector in selectors {
        let selected = by_name
            .values()
            .filter(|at| **at != target)
            .filter_map(|at| roles.get(*at))
            .filter(|role| selector.matches(&role.meta.labels));
        for rule in selected.flat_map(|role| &role.rules) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    Some(rules)
}

/// The controller gives up on a role with an operator that it cannot read, and leaves its rules.
fn is_readable(selector: &LabelSelector) -> bool {
    let operators = selector.match_expressions.iter();
    operators
        .map(|requirement| requirement.operator)
        .all(|operator| operator != SelectorOperator::Unknown)
}

//! What the rules of one role show, wherever the role is granted.

use viewshed_model::PolicyRule;

use super::{Targets, Verbs};
use crate::rbac::rule_allows;

/// The targets that a role's rules show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Coverage<'r> {
    /// Whole resources, in the order of the rules.
    pub(crate) whole: Vec<Shown>,
    /// Single names, from rules with `resourceNames`.
    pub(crate) named: Vec<NamedShown<'r>>,
}

/// A rule shows every object of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Position in [`Targets::all`].
    pub(crate) target: usize,
    /// How.
    pub(crate) verbs: Verbs,
    /// Position of the rule in the role.
    pub(crate) rule: usize,
}

/// A rule shows one name of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedShown<'r> {
    /// The object's name.
    pub(crate) name: &'r str,
    /// Target, verbs and rule.
    pub(crate) shown: Shown,
}

impl<'r> Coverage<'r> {
    /// Reads the rules once. Cost: one lookup per entry of `resources`, then only what it can mean.
    pub(crate) fn of(rules: &'r [PolicyRule], targets: &Targets) -> Self {
        let mut coverage = Self::default();
        for (position, rule) in rules.iter().enumerate() {
            let mut candidates: Vec<usize> = rule
                .resources
                .iter()
                .flat_map(|resource| targets.named(resource))
                .copied()
                .collect();
            candidates.sort_unstable();
            candidates.dedup();
            for target in candidates {
                coverage.add(rule, position, target, targets);
            }
        }
        coverage
    }

    fn add(&mut self, rule: &'r PolicyRule, position: usize, target: usize, targets: &Targets) {
        let name = rule.resource_names.first().map_or("", String::as_str);
        let verbs = verbs_of(rule, target, name, targets);
        if verbs.is_empty() {
            return;
        }
        let shown = Shown {
            target,
            verbs,
            rule: position,
        };
        if rule.resource_names.is_empty() {
            self.whole.push(shown);
        } else {
            // An empty entry matches questions without a name: a whole list, but no object's `get`.
            if rule.resource_names.iter().any(String::is_empty) {
                let lists = verbs.without(Verbs::GET);
                if !lists.is_empty() {
                    self.whole.push(Shown {
                        verbs: lists,
                        ..shown
                    });
                }
            }
            self.named.extend(
                rule.resource_names
                    .iter()
                    .filter(|name| !name.is_empty())
                    .map(|name| NamedShown { name, shown }),
            );
        }
    }
}

/// The verbs with which the rule allows the target, in any of its groups.
fn verbs_of(rule: &PolicyRule, target: usize, name: &str, targets: &Targets) -> Verbs {
    let Some(target) = targets.all.get(target) else {
        return Verbs::NONE;
    };
    let mut verbs = Verbs::NONE;
    for (verb, word) in target.served() {
        if target
            .groups
            .iter()
            .any(|group| rule_allows(rule, &target.question(group, word, "", name).into()))
        {
            verbs |= verb;
        }
    }
    verbs
}

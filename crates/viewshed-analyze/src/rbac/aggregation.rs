//! Aggregated ClusterRoles, computed as the controller would
//! (`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use viewshed_model::{LabelSelector, PolicyRule, Role, SelectorOperator};

/// Steps that one estate is worth: a thousand roles that all select each other take some ten million, and files that
/// want more are made to keep programs busy. A step is 64 rules or one selector compared.
const STEPS_MAX: usize = 1_000_000_000;

/// Rules that aggregated roles hold together. Real clusters have some thousands; a server takes no role beyond
/// etcd's 1.5 MiB.
const RULES_MAX: usize = 300_000;

/// What came of an aggregation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aggregation {
    /// Roles that have other rules now.
    pub changed: usize,
    /// Roles whose rules may not be all: roles that select each other in circles and come to no end, or more work
    /// than a real cluster is.
    pub unfinished: usize,
}

/// Fills the rules of every ClusterRole that has an aggregation rule, repeated until nothing
/// changes, so that chains such as view, edit, admin are complete. What such a role had as rules
/// is overwritten, as on a server.
///
/// For manifests only: a running server has done it already, and then its own result counts.
pub fn aggregate(roles: &mut [Role]) -> Aggregation {
    if roles.iter().all(|role| role.aggregation.is_none()) {
        return Aggregation::default();
    }
    // The last of several roles with one name is the one that counts.
    let by_name: BTreeMap<String, usize> = roles
        .iter()
        .enumerate()
        .filter(|(_, role)| role.meta.namespace.is_none())
        .map(|(at, role)| (role.meta.name.clone(), at))
        .collect();
    let cluster_roles: Vec<&Role> = by_name.values().filter_map(|at| roles.get(*at)).collect();
    let mut sums = Sums::of(&cluster_roles);
    let unfinished = sums.settle();
    let changed = sums.changed();
    let mut result = Aggregation {
        changed: 0,
        unfinished,
    };
    let mut room = RULES_MAX;
    let positions: Vec<usize> = by_name.into_values().collect();
    for (number, rules) in changed {
        let Some(left) = room.checked_sub(rules.len()) else {
            result.unfinished += 1;
            continue;
        };
        room = left;
        let role = positions.get(number).and_then(|at| roles.get_mut(*at));
        if let Some(role) = role {
            role.rules = rules;
            result.changed += 1;
        }
    }
    result
}

/// Every ClusterRole by its number in the order of names, with its rules as numbers.
struct Sums {
    rules: Vec<PolicyRule>,
    lists: Vec<Vec<u32>>,
    before: Vec<Vec<u32>>,
    /// The same as bits.
    sets: Vec<Vec<u64>>,
    /// What each role with an aggregation rule selects, selector by selector, roles by name; not itself.
    selected: Vec<(usize, Vec<u32>)>,
    steps: usize,
}

impl Sums {
    fn of(roles: &[&Role]) -> Self {
        let mut numbers: FxHashMap<&PolicyRule, u32> = FxHashMap::default();
        let mut rules = Vec::new();
        let lists: Vec<Vec<u32>> = roles
            .iter()
            .map(|role| {
                let numbered = role.rules.iter().map(|rule| {
                    *numbers.entry(rule).or_insert_with(|| {
                        rules.push(rule.clone());
                        u32::try_from(rules.len() - 1).unwrap_or(u32::MAX)
                    })
                });
                numbered.collect()
            })
            .collect();
        let words = rules.len().div_ceil(64);
        let sets = lists.iter().map(|list| bits(list, words)).collect();
        let (selected, steps) = selections(roles);
        Self {
            rules,
            before: lists.clone(),
            lists,
            sets,
            selected,
            steps,
        }
    }

    /// Sums up until nothing changes; the number of roles that still change when it is enough.
    fn settle(&mut self) -> usize {
        // Each round completes at least one more link of every chain. Roles in a circle may hand rules on for ever.
        for _ in 0..=self.lists.len() {
            let mut is_stable = true;
            for number in 0..self.selected.len() {
                is_stable &= self.steps > STEPS_MAX || !self.sum_up(number);
            }
            if is_stable {
                break;
            }
        }
        // In another order they are the same rules.
        (0..self.selected.len())
            .filter(|number| {
                let Some((target, members)) = self.selected.get(*number) else {
                    return false;
                };
                self.sets.get(*target) != Some(&self.union(members))
            })
            .count()
    }

    /// Whether the role's rules, or their order, are others now.
    fn sum_up(&mut self, number: usize) -> bool {
        let Some((target, members)) = self.selected.get(number) else {
            return false;
        };
        let target = *target;
        let set = self.union(members);
        let mut steps = members.len() * set.len().max(1);
        let wanted: usize = set.iter().map(|word| word.count_ones() as usize).sum();
        let mut seen = vec![0u64; set.len()];
        let mut list = Vec::with_capacity(wanted);
        for member in members {
            if list.len() == wanted {
                break;
            }
            let rules = self
                .lists
                .get(*member as usize)
                .map_or(&[][..], Vec::as_slice);
            steps += rules.len() / 8;
            list.extend(rules.iter().filter(|rule| insert(&mut seen, **rule)));
        }
        self.steps = self.steps.saturating_add(steps);
        let (Some(known), Some(known_set)) =
            (self.lists.get_mut(target), self.sets.get_mut(target))
        else {
            return false;
        };
        let is_other = *known != list;
        *known = list;
        *known_set = set;
        is_other
    }

    fn union(&self, members: &[u32]) -> Vec<u64> {
        let mut set = vec![0u64; self.rules.len().div_ceil(64)];
        for of_member in members
            .iter()
            .filter_map(|one| self.sets.get(*one as usize))
        {
            for (word, more) in set.iter_mut().zip(of_member) {
                *word |= more;
            }
        }
        set
    }

    /// The roles with other rules than before, with these rules.
    fn changed(&self) -> impl Iterator<Item = (usize, Vec<PolicyRule>)> {
        let pairs = self.lists.iter().zip(&self.before).enumerate();
        let changed = pairs.filter(|(_, (list, before))| list != before);
        changed.map(|(number, (list, _))| {
            let rules = list.iter();
            let rules = rules.filter_map(|rule| self.rules.get(*rule as usize).cloned());
            (number, rules.collect())
        })
    }
}

/// What each role with a readable aggregation rule selects, and how many comparisons that took. Equal selectors are
/// compared once.
fn selections(roles: &[&Role]) -> (Vec<(usize, Vec<u32>)>, usize) {
    let mut known: Vec<(&LabelSelector, Vec<u32>)> = Vec::new();
    let mut steps = 0;
    let mut selected = Vec::new();
    for (target, role) in roles.iter().enumerate() {
        let Some(selectors) = &role.aggregation else {
            continue;
        };
        if !selectors.iter().all(is_readable) {
            continue;
        }
        let mut members = Vec::new();
        for selector in selectors {
            let at = known.iter().position(|(other, _)| *other == selector);
            let at = at.unwrap_or_else(|| {
                steps += roles.len();
                let matching = (0u32..).zip(roles);
                let matching = matching.filter(|(_, role)| selector.matches(&role.meta.labels));
                known.push((selector, matching.map(|(number, _)| number).collect()));
                known.len() - 1
            });
            let found = known.get(at).map_or(&[][..], |(_, found)| found.as_slice());
            let others = found.iter().filter(|number| **number as usize != target);
            members.extend(others);
            steps += found.len();
        }
        selected.push((target, members));
        if steps > STEPS_MAX {
            break;
        }
    }
    (selected, steps)
}

fn bits(list: &[u32], words: usize) -> Vec<u64> {
    let mut set = vec![0u64; words];
    for rule in list {
        insert(&mut set, *rule);
    }
    set
}

/// Whether the number is new in the set.
fn insert(set: &mut [u64], number: u32) -> bool {
    let Some(word) = set.get_mut(number as usize / 64) else {
        return false;
    };
    let bit = 1 << (number % 64);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

/// The controller gives up on a role with an operator that it cannot read, and leaves its rules.
fn is_readable(selector: &LabelSelector) -> bool {
    let operators = selector.match_expressions.iter();
    operators
        .map(|requirement| requirement.operator)
        .all(|operator| operator != SelectorOperator::Unknown)
}

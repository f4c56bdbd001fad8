//! Rules as numbers, so that a verdict costs a few table lookups instead of string comparisons
//! against every rule. Gives exactly the answers of [`super::rule_allows`].

use rustc_hash::FxHashMap;
use viewshed_model::{PolicyRule, Role};

use super::matching::rule_allows;
use super::numbers::Numbers;
use super::{Question, ResourceQuestion};

/// A set of verbs: bit 63 is `*`, the others are the first verbs that were seen.
type Verbs = u64;

const ANY_VERB: Verbs = 1 << 63;
/// Verbs with a bit of their own; rules with later ones are compared as strings.
const VERBS_MAX: u32 = 63;

/// Stands for `*` in a rule; no other string has this number.
const STAR: u32 = u32::MAX;

/// Every role's rules in one table. Roles with equal rules share one number.
#[derive(Debug, Default)]
pub(super) struct CompiledRoles<'c> {
    verbs: Numbers,
    groups: Numbers,
    resources: Numbers,
    roles: Vec<CompiledRole<'c>>,
    numbers_by_rules: FxHashMap<&'c [PolicyRule], u32>,
    /// By role, group and resource (or `*/subresource`).
    table: FxHashMap<(u32, u32, u32), Cell>,
}

/// What one role says about one resource.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Allowed for every name.
    verbs: Verbs,
    /// Allowed for some names: the rules themselves must be asked.
    some_names: Verbs,
}

impl Cell {
    fn with(self, other: Self) -> Self {
        Self {
            verbs: self.verbs | other.verbs,
            some_names: self.some_names | other.some_names,
        }
    }
}

#[derive(Debug, Default)]
struct CompiledRole<'c> {
    /// Every verb of rules for resources; with the two marks below, most roles that cannot allow a
    /// question are passed over without a lookup.
    all_verbs: Verbs,
    /// A bit for each group and resource number, modulo 64; all bits where a rule has `*`.
    group_marks: u64,
    resource_marks: u64,
    /// What rules with `*` for group and resource allow.
    everything: Cell,
    has_star_group: bool,
    has_star_resource: bool,
    has_star_subresource: bool,
    has_table: bool,
    /// Rules that are limited to names.
    named: Vec<&'c PolicyRule>,
    /// Rules with verbs that have no bit.
    rare: Vec<&'c PolicyRule>,
    /// Rules for paths.
    paths: Vec<&'c PolicyRule>,
}

/// A resource question as numbers; valid for the table that made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberedQuestion {
    verbs: Verbs,
    group: Option<u32>,
    resource: Option<u32>,
    /// The number of `*/subresource`.
    star_subresource: Option<u32>,
    /// The bit of the group; all bits when it has no number, so that stars are still seen.
    group_mark: u64,
    resource_marks: u64,
}

impl<'c> CompiledRoles<'c> {
    /// The number of a role's rules.
    pub(super) fn add(&mut self, role: &'c Role) -> u32 {
        if let Some(number) = self.numbers_by_rules.get(role.rules.as_slice()) {
            return *number;
        }
        let number = u32::try_from(self.roles.len()).unwrap_or(STAR);
        let mut compiled = CompiledRole::default();
        for rule in &role.rules {
            self.add_rule(&mut compiled, number, rule);
        }
        self.roles.push(compiled);
        self.numbers_by_rules.insert(&role.rules, number);
        number
    }

    fn add_rule(&mut self, compiled: &mut CompiledRole<'c>, role: u32, rule: &'c PolicyRule) {
        if !rule.non_resource_urls.is_empty() {
            compiled.paths.push(rule);
        }
        if rule.api_groups.is_empty() || rule.resources.is_empty() {
            return;
        }
        let Some(verbs) = self.verbs_of(rule) else {
            compiled.rare.push(rule);
            return;
        };
        let cell = if rule.resource_names.is_empty() {
            Cell {
                verbs,
                some_names: 0,
            }
        } else {
            compiled.named.push(rule);
            Cell {
                verbs: 0,
                some_names: verbs,
            }
        };
        compiled.all_verbs |= verbs;
        for group in &rule.api_groups {
            let group = number_or_star(&mut self.groups, group);
            compiled.group_marks |= mark(group);
            for name in &rule.resources {
                let resource = number_or_star(&mut self.resources, name);
                compiled.resource_marks |= mark(resource);
                if group == STAR && resource == STAR {
                    compiled.everything = compiled.everything.with(cell);
                    continue;
                }
                compiled.has_table = true;
                compiled.has_star_group |= group == STAR;
                compiled.has_star_resource |= resource == STAR;
                compiled.has_star_subresource |= name.starts_with("*/");
                let entry = self.table.entry((role, group, resource)).or_default();
                *entry = entry.with(cell);
            }
        }
    }

    /// `None` when a verb has no bit.
    fn verbs_of(&mut self, rule: &PolicyRule) -> Option<Verbs> {
        let mut verbs = 0;
        for verb in &rule.verbs {
            verbs |= match number_or_star(&mut self.verbs, verb) {
                STAR => ANY_VERB,
                number if number < VERBS_MAX => 1 << number,
                _ => return None,
            };
        }
        Some(verbs)
    }

    /// Whether the role has rules for resources, so that it must be asked at all.
    pub(super) fn has_resources(&self, role: u32) -> bool {
        self.roles.get(role as usize).is_some_and(|compiled| {
            let everything = compiled.everything;
            everything.verbs | everything.some_names != 0
                || compiled.has_table
                || !compiled.rare.is_empty()
        })
    }

    /// Whether the role has rules for paths.
    pub(super) fn has_paths(&self, role: u32) -> bool {
        let compiled = self.roles.get(role as usize);
        compiled.is_some_and(|compiled| !compiled.paths.is_empty())
    }

    /// The question as numbers, once for all roles. A `*` that is asked for has no number: only a
    /// `*` in a rule matches it.
    pub(super) fn numbered(&self, asked: &ResourceQuestion<'_>) -> NumberedQuestion {
        let bit = match self.verbs.get(asked.verb) {
            Some(number) if number < VERBS_MAX => 1 << number,
            _ => 0,
        };
        let (resource, star_subresource) = if asked.subresource.is_empty() {
            (self.resources.get(asked.resource), None)
        } else {
            (
                self.resources.get_joined(asked.resource, asked.subresource),
                self.resources.get_joined("*", asked.subresource),
            )
        };
        let group = self.groups.get(asked.api_group);
        NumberedQuestion {
            verbs: bit | ANY_VERB,
            group,
            resource,
            star_subresource,
            group_mark: group.map_or(u64::MAX, mark),
            resource_marks: match (resource, star_subresource) {
                (Some(resource), None) => mark(resource),
                (Some(resource), Some(star)) => mark(resource) | mark(star),
                (None, Some(star)) => mark(star),
                (None, None) => u64::MAX,
            },
        }
    }

    /// Whether the role allows the resource question.
    #[inline]
    pub(super) fn allows(
        &self,
        role: u32,
        asked: &ResourceQuestion<'_>,
        numbered: &NumberedQuestion,
    ) -> bool {
        let Some(compiled) = self.roles.get(role as usize) else {
            return false;
        };
        let by_strings = |rules: &[&PolicyRule]| {
            let question = Question::Resource(*asked);
            rules.iter().any(|rule| rule_allows(rule, &question))
        };
        let may_match = compiled.all_verbs & numbered.verbs != 0
            && compiled.group_marks & numbered.group_mark != 0
            && compiled.resource_marks & numbered.resource_marks != 0;
        let cell = if may_match {
            self.cell(role, compiled, numbered)
        } else {
            Cell::default()
        };
        if cell.verbs & numbered.verbs != 0 {
            return true;
        }
        (cell.some_names & numbered.verbs != 0 && by_strings(&compiled.named))
            || (!compiled.rare.is_empty() && by_strings(&compiled.rare))
    }

    /// Everything that the role says about the resource.
    fn cell(&self, role: u32, compiled: &CompiledRole<'_>, numbered: &NumberedQuestion) -> Cell {
        let mut cell = compiled.everything;
        if !compiled.has_table {
            return cell;
        }
        let at = |group: Option<u32>, resource: Option<u32>| -> Cell {
            let (Some(group), Some(resource)) = (group, resource) else {
                return Cell::default();
            };
            let found = self.table.get(&(role, group, resource));
            found.copied().unwrap_or_default()
        };
        cell = cell.with(at(numbered.group, numbered.resource));
        if compiled.has_star_resource {
            cell = cell.with(at(numbered.group, Some(STAR)));
        }
        if compiled.has_star_group {
            cell = cell.with(at(Some(STAR), numbered.resource));
        }
        if compiled.has_star_subresource {
            cell = cell.with(at(numbered.group, numbered.star_subresource));
            if compiled.has_star_group {
                cell = cell.with(at(Some(STAR), numbered.star_subresource));
            }
        }
        cell
    }

    /// Whether the role allows a question about a path.
    pub(super) fn allows_path(&self, role: u32, question: &Question<'_>) -> bool {
        self.roles.get(role as usize).is_some_and(|compiled| {
            compiled
                .paths
                .iter()
                .any(|rule| rule_allows(rule, question))
        })
    }
}

fn mark(number: u32) -> u64 {
    if number == STAR {
        u64::MAX
    } else {
        1 << (number % 64)
    }
}

fn number_or_star(numbers: &mut Numbers, name: &str) -> u32 {
    if name == "*" { STAR } else { numbers.add(name) }
}

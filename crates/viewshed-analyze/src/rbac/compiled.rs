//! Rules as numbers, so that a verdict costs a few table lookups instead of string comparisons
//! against every rule. Gives exactly the answers of [`super::rule_allows`].

use rustc_hash::FxHashMap;
use viewshed_model::{PolicyRule, Role};

use super::matching::rule_allows;
use super::{Question, ResourceQuestion};

/// The verbs of one table entry: bit 63 is `*`, the others are the first verbs that were seen.
type Verbs = u64;

const ANY_VERB: Verbs = 1 << 63;
/// Verbs with a bit of their own; rules with later ones are compared as strings.
const VERBS_MAX: u32 = 63;

/// Stands for `*` in a rule; no string has this number.
const STAR: u32 = u32::MAX;

/// Names as numbers. Borrowed bytes, so that a composed key needs no `String`.
#[derive(Debug, Default)]
struct Numbers<'c> {
    by_name: FxHashMap<&'c [u8], u32>,
}

impl<'c> Numbers<'c> {
    fn number(&mut self, name: &'c str) -> u32 {
        if name == "*" {
            return STAR;
        }
        let next = u32::try_from(self.by_name.len()).unwrap_or(STAR - 1);
        *self.by_name.entry(name.as_bytes()).or_insert(next)
    }

    fn get(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}

/// Every role's rules in one table.
#[derive(Debug, Default)]
pub(super) struct CompiledRoles<'c> {
    verbs: Numbers<'c>,
    groups: Numbers<'c>,
    resources: Numbers<'c>,
    roles: Vec<CompiledRole<'c>>,
    /// Verbs by role, group and resource (or `*/subresource`).
    table: FxHashMap<(u32, u32, u32), Verbs>,
}

#[derive(Debug)]
struct CompiledRole<'c> {
    /// Verbs of rules with `*` for group and resource.
    everything: Verbs,
    has_star_group: bool,
    has_star_resource: bool,
    has_star_subresource: bool,
    has_table: bool,
    /// Rules that the table cannot hold: limited to names, or with rare verbs.
    special: Vec<&'c PolicyRule>,
    /// Rules for paths.
    paths: Vec<&'c PolicyRule>,
}

impl CompiledRole<'_> {
    /// Whether a resource question can be allowed at all.
    fn has_resources(&self) -> bool {
        self.everything != 0 || self.has_table || !self.special.is_empty()
    }
}

/// A resource question as numbers; valid for the tables that made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberedQuestion {
    verbs: Verbs,
    group: Option<u32>,
    resource: Option<u32>,
    /// The number of `*/subresource`.
    star_subresource: Option<u32>,
}

impl<'c> CompiledRoles<'c> {
    /// Adds a role and returns its number.
    pub(super) fn add(&mut self, role: &'c Role) -> u32 {
        let number = u32::try_from(self.roles.len()).unwrap_or(STAR);
        let mut compiled = CompiledRole {
            everything: 0,
            has_star_group: false,
            has_star_resource: false,
            has_star_subresource: false,
            has_table: false,
            special: Vec::new(),
            paths: Vec::new(),
        };
        for rule in &role.rules {
            if !rule.non_resource_urls.is_empty() {
                compiled.paths.push(rule);
            }
            if rule.api_groups.is_empty() || rule.resources.is_empty() {
                continue;
            }
            match self.verbs_of(rule) {
                Some(verbs) if rule.resource_names.is_empty() => {
                    self.add_rule(&mut compiled, number, rule, verbs);
                }
                _ => compiled.special.push(rule),
            }
        }
        self.roles.push(compiled);
        number
    }

    /// `None` when a verb has no bit.
    fn verbs_of(&mut self, rule: &'c PolicyRule) -> Option<Verbs> {
        let mut verbs = 0;
        for verb in &rule.verbs {
            verbs |= match self.verbs.number(verb) {
                STAR => ANY_VERB,
                number if number < VERBS_MAX => 1 << number,
                _ => return None,
            };
        }
        Some(verbs)
    }

    fn add_rule(
        &mut self,
        compiled: &mut CompiledRole<'c>,
        number: u32,
        rule: &'c PolicyRule,
        verbs: Verbs,
    ) {
        for group in &rule.api_groups {
            let group = self.groups.number(group);
            for name in &rule.resources {
                let resource = self.resources.number(name);
                if group == STAR && resource == STAR {
                    compiled.everything |= verbs;
                    continue;
                }
                compiled.has_table = true;
                compiled.has_star_group |= group == STAR;
                compiled.has_star_resource |= resource == STAR;
                compiled.has_star_subresource |= name.starts_with("*/");
                *self.table.entry((number, group, resource)).or_default() |= verbs;
            }
        }
    }

    /// Whether the role has rules for resources, so that it must be asked at all.
    pub(super) fn has_resources(&self, role: u32) -> bool {
        self.roles
            .get(role as usize)
            .is_some_and(CompiledRole::has_resources)
    }

    /// Whether the role has rules for paths.
    pub(super) fn has_paths(&self, role: u32) -> bool {
        let compiled = self.roles.get(role as usize);
        compiled.is_some_and(|compiled| !compiled.paths.is_empty())
    }

    /// The question as numbers, once for all roles.
    pub(super) fn numbered(&self, asked: &ResourceQuestion<'_>) -> NumberedQuestion {
        let verb = self.verbs.get(asked.verb.as_bytes());
        let bit = match verb {
            Some(number) if number < VERBS_MAX => 1 << number,
            _ => 0,
        };
        let (resource, star_subresource) = if asked.subresource.is_empty() {
            (self.resources.get(asked.resource.as_bytes()), None)
        } else {
            (
                self.joined(asked.resource, asked.subresource),
                self.joined("*", asked.subresource),
            )
        };
        NumberedQuestion {
            verbs: bit | ANY_VERB,
            group: self.groups.get(asked.api_group.as_bytes()),
            resource,
            star_subresource,
        }
    }

    /// The number of `resource/subresource`.
    fn joined(&self, resource: &str, subresource: &str) -> Option<u32> {
        const BUFFER: usize = 128;
        let mut buffer = [0u8; BUFFER];
        let length = resource.len() + 1 + subresource.len();
        let Some(space) = buffer.get_mut(..length) else {
            return self
                .resources
                .get(format!("{resource}/{subresource}").as_bytes());
        };
        let (front, back) = space.split_at_mut_checked(resource.len())?;
        front.copy_from_slice(resource.as_bytes());
        let (slash, back) = back.split_first_mut()?;
        *slash = b'/';
        back.copy_from_slice(subresource.as_bytes());
        self.resources.get(space)
    }

    /// Whether the role allows the resource question.
    pub(super) fn allows(
        &self,
        role: u32,
        asked: &ResourceQuestion<'_>,
        numbered: &NumberedQuestion,
    ) -> bool {
        let Some(compiled) = self.roles.get(role as usize) else {
            return false;
        };
        let mut verbs = compiled.everything;
        if compiled.has_table {
            let at = |group: Option<u32>, resource: Option<u32>| -> Verbs {
                let (Some(group), Some(resource)) = (group, resource) else {
                    return 0;
                };
                let entry = self.table.get(&(role, group, resource));
                entry.copied().unwrap_or_default()
            };
            let star_group = compiled.has_star_group.then_some(STAR);
            verbs |= at(numbered.group, numbered.resource) | at(star_group, numbered.resource);
            if compiled.has_star_resource {
                verbs |= at(numbered.group, Some(STAR));
            }
            if compiled.has_star_subresource {
                verbs |= at(numbered.group, numbered.star_subresource)
                    | at(star_group, numbered.star_subresource);
            }
        }
        verbs & numbered.verbs != 0
            || (!compiled.special.is_empty()
                && compiled
                    .special
                    .iter()
                    .any(|rule| rule_allows(rule, &Question::Resource(*asked))))
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

//! What the rights of an identity make of it, told at a glance: by its roles alone, without where the steps lead.

use std::collections::BTreeMap;

use viewshed_model::{PolicyRule, Role};

use super::powers::{IN_NO_NAMESPACE, Leads, POWERS, Power, Right};
use crate::rbac::{Question, ResourceQuestion, rule_allows};

/// Parts of powers, one bit each, in the order of [`POWERS`]: of each part one right has to be held.
type Parts = u128;

/// Which parts of powers a role gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RoleParts {
    /// Bound in the whole cluster.
    everywhere: Parts,
    /// Bound in a namespace, where nothing counts that is in none.
    within: Parts,
}

/// Parts that one identity holds, as its grants are added.
#[derive(Debug, Default)]
pub(crate) struct HeldParts<'a> {
    everywhere: Parts,
    within: BTreeMap<&'a str, Parts>,
}

impl RoleParts {
    /// `None` for a role that gives no part of any.
    pub(crate) fn of(role: &Role) -> Option<Self> {
        let mut parts = Self::default();
        for (bit, power, any) in all_parts() {
            let given = |right: &&Right| role.rules.iter().any(|rule| allows(rule, right));
            let mut rights = any.iter().filter(given).peekable();
            if rights.peek().is_none() {
                continue;
            }
            parts.everywhere |= bit;
            let is_in_namespace =
                |(_, _, resource, ..): &Right| !IN_NO_NAMESPACE.contains(resource);
            if !power.is_cluster_wide && rights.any(is_in_namespace) {
                parts.within |= bit;
            }
        }
        (parts != Self::default()).then_some(parts)
    }
}

impl<'a> HeldParts<'a> {
    /// Adds a grant of a role: in one namespace, or everywhere.
    pub(crate) fn add(&mut self, role: RoleParts, namespace: Option<&'a str>) {
        match namespace {
            None => self.everywhere |= role.everywhere,
            Some(namespace) => *self.within.entry(namespace).or_default() |= role.within,
        }
    }

    /// Adds a grant of a role that may give parts.
    pub(crate) fn add_some(&mut self, role: Option<&RoleParts>, namespace: Option<&'a str>) {
        if let Some(role) = role {
            self.add(*role, namespace);
        }
    }

    /// Where it holds a whole power, in words; the most powerful first. What it sees by itself, and whom it may
    /// impersonate, is told elsewhere.
    pub(crate) fn effects(&self) -> Vec<String> {
        let mut effects: Vec<String> = Vec::new();
        for (power, needed) in whole_powers().filter(|(power, _)| is_further(power)) {
            let is_held = |parts: Parts| parts & needed == needed;
            let places = self.within.iter();
            let places: Vec<&str> = places
                .filter(|(_, parts)| is_held(self.everywhere | **parts))
                .map(|(namespace, _)| *namespace)
                .collect();
            let effect = match (is_held(self.everywhere), places.as_slice()) {
                (true, _) => power.effect.to_owned(),
                (false, []) => continue,
                (false, [one]) => format!("{} in {one}", power.effect),
                (false, many) => format!("{} in {} namespaces", power.effect, many.len()),
            };
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
        effects
    }
}

/// Whether a rule gives a part of any power.
pub(crate) fn gives_a_part(rule: &PolicyRule) -> bool {
    all_parts().any(|(_, _, any)| any.iter().any(|right| allows(rule, right)))
}

/// Whether a power leads to more than the identity sees, or is told to see, anyway.
fn is_further(power: &Power) -> bool {
    let mut rights = power.all.iter().flat_map(|any| any.iter());
    match power.leads {
        Leads::Administrator => true,
        Leads::AnyUser | Leads::Secrets | Leads::Tokens => false,
        _ => rights.any(|(verb, ..)| *verb != "impersonate"),
    }
}

/// Every part with its bit and its power.
fn all_parts() -> impl Iterator<Item = (Parts, &'static Power, &'static [Right])> {
    let parts = POWERS
        .iter()
        .flat_map(|power| power.all.iter().map(move |any| (power, *any)));
    (0..Parts::BITS)
        .zip(parts)
        .map(|(place, (power, any))| (1 << place, power, any))
}

/// Every power with the bits of its parts.
fn whole_powers() -> impl Iterator<Item = (&'static Power, Parts)> {
    let mut place = 0;
    POWERS.iter().map(move |power| {
        let mut needed = 0;
        for _ in power.all {
            needed |= 1 << place;
            place += 1;
        }
        (power, needed)
    })
}

fn allows(rule: &PolicyRule, (verb, api_group, resource, subresource, name): &Right) -> bool {
    let question = Question::Resource(ResourceQuestion {
        verb,
        api_group,
        resource,
        subresource,
        name,
        ..ResourceQuestion::default()
    });
    rule_allows(rule, &question)
}

// Each part has a bit.
const _: () = {
    let (mut parts, mut rest): (usize, &[Power]) = (0, &POWERS);
    while let [power, after @ ..] = rest {
        parts += power.all.len();
        rest = after;
    }
    assert!(parts <= Parts::BITS as usize);
};

//! The repository rules. Each is a function from the repository to what breaks the rule.

mod direction;
mod edges;
mod map;
mod orphans;
mod purity;
mod size;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::repository::Repository;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// File or package.
    pub(crate) place: String,
    /// What is wrong, and what would be right.
    pub(crate) message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

fn violation(place: impl Into<String>, message: impl Into<String>) -> Violation {
    Violation {
        place: place.into(),
        message: message.into(),
    }
}

type Rule = fn(&Repository) -> Vec<Violation>;

/// Every rule with its name.
const RULES: [(&str, Rule); 7] = [
    ("direction", direction::check),
    ("purity", purity::check),
    ("orphans", orphans::check),
    ("size", size::check),
    ("edges", edges::check),
    ("map", map::check),
    ("words", words::check),
];

/// Runs every rule; the messages start with the rule's name.
pub(crate) fn check_all(repository: &Repository) -> Vec<Violation> {
    RULES
        .iter()
        .flat_map(|(name, rule)| {
            rule(repository).into_iter().map(move |found| Violation {
                message: format!("{name}: {}", found.message),
                ..found
            })
        })
        .collect()
}

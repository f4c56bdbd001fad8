//! Why there is no view at all.

use std::fmt;

/// The vantage does not exist in the estate. Everything else gives a view with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeeError {
    /// No cluster or host has such a thing.
    NoSuchVantage {
        /// What was asked for, for example ``pod `shop/carts` ``.
        what: String,
        /// Names that come close, best first; at most [`NEAR_NAMES_MAX`].
        near: Vec<String>,
    },
    /// The estate holds nothing of the kind that the vantage needs.
    EmptyEstate {
        /// `Kubernetes cluster` or `Docker host`.
        what: &'static str,
    },
    /// Where the program runs is answered by the program itself, not from an estate.
    NotFromAnEstate,
}

/// How many near names an error suggests: more than a line is not read.
pub const NEAR_NAMES_MAX: usize = 3;

impl fmt::Display for SeeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchVantage { what, near } => {
                write!(formatter, "there is no {what} in the estate")?;
                for (position, name) in near.iter().enumerate() {
                    let before = match position {
                        0 => "; did you mean ",
                        _ if position + 1 == near.len() => " or ",
                        _ => ", ",
                    };
                    write!(formatter, "{before}`{name}`")?;
                }
                if near.is_empty() {
                    Ok(())
                } else {
                    formatter.write_str("?")
                }
            }
            Self::EmptyEstate { what } => write!(formatter, "the estate holds no {what}"),
            Self::NotFromAnEstate => formatter
                .write_str("`--here` is answered where the program runs, not from an estate"),
        }
    }
}

impl std::error::Error for SeeError {}

impl SeeError {
    /// The error for a name that nothing has, with the closest of `known`.
    pub(super) fn no_such<'a>(
        what: String,
        name: &str,
        known: impl Iterator<Item = String> + 'a,
    ) -> Self {
        Self::NoSuchVantage {
            what,
            near: near_names(name, known),
        }
    }
}

/// The names of `known` that come closest to `name`, best first; at most [`NEAR_NAMES_MAX`].
pub fn near_names(name: &str, known: impl Iterator<Item = String>) -> Vec<String> {
    let mut scored: Vec<(usize, String)> = known
        .map(|candidate| (distance(name, &candidate), candidate))
        // Further away than half of the name is another name.
        .filter(|(distance, candidate)| {
            *distance <= name.chars().count() / 2 || candidate.contains(name)
        })
        .collect();
    scored.sort();
    scored.dedup();
    scored
        .into_iter()
        .take(NEAR_NAMES_MAX)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// Edits that turn one name into the other (Levenshtein), looking at the first
/// [`COMPARED_CHARACTERS_MAX`] characters.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(COMPARED_CHARACTERS_MAX).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().take(COMPARED_CHARACTERS_MAX).enumerate() {
        let mut next = vec![line + 1];
        let mut beside = line + 1;
        for ((right, above), diagonal) in other.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            let change = usize::from(left != *right);
            beside = (diagonal + change).min(above + 1).min(beside + 1);
            next.push(beside);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Object names are at most 253 characters; hostile input may not be.
const COMPARED_CHARACTERS_MAX: usize = 64;

//! The operators on values, after `sinsp_filter_check::compare_rhs` and `filter_compare.cpp` in
//! falcosecurity/libs.
//!
//! An absent field satisfies nothing, not even `!=`. On a list `in` demands every element, `intersects` one;
//! where Falco refuses another operator on a list, here some element must satisfy it, for `!=` every one.

use rustc_hash::FxHashSet;

use super::extract::Extracted;
use super::parse::Operator;

/// Values to compare with, made ready.
#[derive(Debug)]
pub(super) enum Operand {
    /// None: `exists`.
    None,
    /// One text.
    Text(Box<str>),
    /// The bytes that a hexadecimal text stands for.
    Bytes(Box<[u8]>),
    /// A set.
    Set(FxHashSet<Box<str>>),
    /// Path prefixes, without closing slashes.
    Paths(Box<[Box<str>]>),
}

/// Makes values ready for an operator.
pub(super) fn operand(operator: Operator, values: Vec<String>) -> Result<Operand, String> {
    match operator {
        Operator::Exists => Ok(Operand::None),
        Operator::In | Operator::Intersects => Ok(Operand::Set(
            values.into_iter().map(String::into_boxed_str).collect(),
        )),
        Operator::PathMatch => Ok(Operand::Paths(
            values
                .iter()
                .map(|value| Box::from(value.trim_end_matches('/')))
                .collect(),
        )),
        _ => {
            let Some(value) = values.into_iter().next() else {
                return Err("a value is missing".to_owned());
            };
            match operator {
                Operator::ContainsBytes | Operator::StartsWithBytes => hexadecimal(&value)
                    .map(|bytes| Operand::Bytes(bytes.into()))
                    .ok_or_else(|| format!("`{value}` is no sequence of hexadecimal bytes")),
                Operator::ContainsFolded | Operator::GlobFolded => {
                    Ok(Operand::Text(value.to_lowercase().into()))
                }
                _ => Ok(Operand::Text(value.into())),
            }
        }
    }
}

/// Whether a field's values satisfy the comparison.
pub(super) fn holds(operator: Operator, operand: &Operand, field: &Extracted<'_>) -> bool {
    match field {
        Extracted::None => false,
        Extracted::One(value) => one_holds(operator, operand, value),
        Extracted::Many(values) if values.is_empty() => false,
        Extracted::Many(values) => match operator {
            Operator::In | Operator::Differs => values
                .iter()
                .all(|value| one_holds(operator, operand, value)),
            _ => values
                .iter()
                .any(|value| one_holds(operator, operand, value)),
        },
    }
}

fn one_holds(operator: Operator, operand: &Operand, value: &str) -> bool {
    match operand {
        Operand::None => true,
        Operand::Set(set) => set.contains(value),
        Operand::Paths(paths) => paths.iter().any(|path| is_below(value, path)),
        Operand::Bytes(bytes) => match operator {
            Operator::StartsWithBytes => value.as_bytes().starts_with(bytes),
            _ => contains_bytes(value.as_bytes(), bytes),
        },
        Operand::Text(text) => match operator {
            Operator::Equal => value == &**text,
            Operator::Differs => value != &**text,
            Operator::Contains => value.contains(&**text),
            Operator::ContainsFolded => value.to_lowercase().contains(&**text),
            Operator::StartsWith => value.starts_with(&**text),
            Operator::EndsWith => value.ends_with(&**text),
            Operator::Glob => glob(text, value),
            Operator::GlobFolded => glob(text, &value.to_lowercase()),
            Operator::Less => order(value, text).is_lt(),
            Operator::LessOrEqual => order(value, text).is_le(),
            Operator::Greater => order(value, text).is_gt(),
            Operator::GreaterOrEqual => order(value, text).is_ge(),
            Operator::Exists
            | Operator::In
            | Operator::Intersects
            | Operator::PathMatch
            | Operator::ContainsBytes
            | Operator::StartsWithBytes => false,
        },
    }
}

/// Numbers by value, everything else by its letters.
fn order(value: &str, text: &str) -> std::cmp::Ordering {
    match (value.parse::<i128>(), text.parse::<i128>()) {
        (Ok(value), Ok(text)) => value.cmp(&text),
        _ => value.cmp(text),
    }
}

fn is_below(value: &str, path: &str) -> bool {
    value
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || (path.contains(['*', '?', '[']) && glob(path, value))
}

fn contains_bytes(value: &[u8], bytes: &[u8]) -> bool {
    bytes.is_empty() || value.windows(bytes.len()).any(|window| window == bytes)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(high * 16 + low).ok())
        .collect()
}

/// Shell patterns as `fnmatch(3)` without flags: `*`, `?`, `[a-z]`, `[!a]` and `\` before a letter.
///
/// The last `*` that was passed is the only one to come back to, so the work is bounded by the product of
/// both lengths.
pub(super) fn glob(pattern: &str, value: &str) -> bool {
    let (mut pattern, mut value) = (pattern, value);
    let mut retry: Option<(&str, &str)> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            retry = Some((rest, value));
            pattern = rest;
            continue;
        }
        let mut letters = value.chars();
        match letters.next() {
            None => return pattern.is_empty(),
            Some(letter) => {
                if let Some(rest) = one_letter(pattern, letter) {
                    pattern = rest;
                    value = letters.as_str();
                    continue;
                }
            }
        }
        let Some((after_star, from)) = retry else {
            return false;
        };
        let mut letters = from.chars();
        if letters.next().is_none() {
            return false;
        }
        retry = Some((after_star, letters.as_str()));
        pattern = after_star;
        value = letters.as_str();
    }
}

/// What is left of the pattern when its first part takes this letter.
fn one_letter(pattern: &str, letter: char) -> Option<&str> {
    let mut letters = pattern.chars();
    match letters.next()? {
        '?' => Some(letters.as_str()),
        '\\' => (letters.next()? == letter).then_some(letters.as_str()),
        '[' => match set_of_letters(letters.as_str(), letter) {
            Some((rest, true)) => Some(rest),
            Some((_, false)) => None,
            None => (letter == '[').then_some(letters.as_str()),
        },
        other => (other == letter).then_some(letters.as_str()),
    }
}

/// Reads `a-z]` or `!a]`; `None` when no `]` closes it.
fn set_of_letters(set: &str, letter: char) -> Option<(&str, bool)> {
    let (inside, is_inverted) = match set.strip_prefix(['!', '^']) {
        Some(rest) => (rest, true),
        None => (set, false),
    };
    // A `]` that stands first is a letter of the set.
    let first = inside.chars().next()?.len_utf8();
    let end = inside.get(first..)?.find(']')?.saturating_add(first);
    let members: Vec<char> = inside.get(..end)?.chars().collect();
    let mut is_in = false;
    let mut at = 0;
    while let Some(start) = members.get(at) {
        match (
            members.get(at.saturating_add(1)),
            members.get(at.saturating_add(2)),
        ) {
            (Some('-'), Some(stop)) => {
                is_in |= (*start..=*stop).contains(&letter);
                at = at.saturating_add(3);
            }
            _ => {
                is_in |= *start == letter;
                at = at.saturating_add(1);
            }
        }
    }
    let rest = inside.get(end.saturating_add(1)..)?;
    Some((rest, is_in != is_inverted))
}

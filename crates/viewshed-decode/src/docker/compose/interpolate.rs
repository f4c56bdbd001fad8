//! `${VAR}` and its forms (compose-spec `12-interpolation.md`), as far as the file itself decides them.
//!
//! Variables come from the shell and from `.env`, which the file does not hold: a default counts, and a
//! reference without one stays as it is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Deepest nesting of `${A:-${B:-...}}` that is followed; people write two or three.
const NESTING_MAX: usize = 16;

/// Fields of a service that say what it holds and where it is reached. A reference without a value in another
/// field changes no answer.
const DECIDING: [&str; 14] = [
    "cap_add",
    "devices",
    "net",
    "network_mode",
    "networks",
    "pid",
    "ports",
    "privileged",
    "security_opt",
    "tmpfs",
    "user",
    "userns_mode",
    "volumes",
    "volumes_from",
];

/// A service with every default filled in. Names of variables without a value in fields that decide are added
/// to `unset`.
pub(super) fn service(
    fields: &Map<String, Value>,
    unset: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut elsewhere = BTreeSet::new();
    let field = |(key, value): (&String, &Value)| {
        let found = if DECIDING.contains(&key.as_str()) {
            &mut *unset
        } else {
            &mut elsewhere
        };
        (key.clone(), tree(value, found))
    };
    fields.iter().map(field).collect()
}

/// What stands beside the services, likewise: of that, networks decide.
pub(super) fn project(
    fields: &Map<String, Value>,
    unset: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut elsewhere = BTreeSet::new();
    let field = |(key, value): (&String, &Value)| {
        let found = if key == "networks" {
            &mut *unset
        } else {
            &mut elsewhere
        };
        (key.clone(), tree(value, found))
    };
    fields.iter().map(field).collect()
}

/// Keys are never interpolated.
fn tree(value: &Value, unset: &mut BTreeSet<String>) -> Value {
    match value {
        Value::String(words) if words.contains('$') => Value::String(text(words, unset, 0)),
        Value::Array(items) => items.iter().map(|item| tree(item, unset)).collect(),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| (key.clone(), tree(value, unset));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

fn text(words: &str, unset: &mut BTreeSet<String>, depth: usize) -> String {
    let mut plain = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('$') {
        plain.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            // `$$` is a dollar sign.
            plain.push('$');
            rest = after;
        } else if let Some((inside, after)) = braced(after) {
            match filled(inside, unset, depth) {
                Some(value) => plain.push_str(&value),
                None => plain.extend(["${", inside, "}"]),
            }
            rest = after;
        } else {
            let name = name_of(after);
            if !name.is_empty() {
                unset.insert(name.to_owned());
            }
            plain.push('$');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain
}

/// What `${inside}` stands for; `None` when the file does not say.
fn filled(inside: &str, unset: &mut BTreeSet<String>, depth: usize) -> Option<String> {
    let name = name_of(inside);
    let form = inside.get(name.len()..).unwrap_or_default();
    let bare = form.strip_prefix(':').unwrap_or(form);
    if name.is_empty() || depth >= NESTING_MAX {
        return None;
    }
    if let Some(default) = bare.strip_prefix('-') {
        return Some(text(default, unset, depth + 1));
    }
    if bare.starts_with('+') {
        // It stands there only where the variable is set.
        return Some(String::new());
    }
    unset.insert(name.to_owned());
    None
}

/// The text inside of `{...}` at the start, and what follows it. Braces of references inside are matched.
fn braced(words: &str) -> Option<(&str, &str)> {
    let inside = words.strip_prefix('{')?;
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, character) in inside.char_indices() {
        match character {
            '{' if previous == '$' => depth += 1,
            '}' if depth == 0 => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
        previous = character;
    }
    None
}

/// The name of a variable at the start: letters, digits and underscores, no digit first.
fn name_of(words: &str) -> &str {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let end = words.find(|character| !is_part(character));
    let name = words.get(..end.unwrap_or(words.len())).unwrap_or_default();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_stands_for_what_the_file_says() {
        // The table of compose-spec's `12-interpolation.md`, with no variable set.
        for (written, expected, names) in [
            ("plain", "plain", &[][..]),
            ("${S:-/run/a}", "/run/a", &[]),
            ("${S-/run/a}:/b", "/run/a:/b", &[]),
            ("${S:-${T:-x}}", "x", &[]),
            ("${S:-${T}}", "${T}", &["T"]),
            ("${S:-}y", "y", &[]),
            ("${S:+set}y", "y", &[]),
            ("${S+set}y", "y", &[]),
            ("${S:?say why}", "${S:?say why}", &["S"]),
            ("${S}/x", "${S}/x", &["S"]),
            ("$S/x", "$S/x", &["S"]),
            ("$$S", "$S", &[]),
            ("cost: 5$", "cost: 5$", &[]),
            ("${", "${", &[]),
            ("${1x}", "${1x}", &[]),
        ] {
            let mut unset = BTreeSet::new();
            assert_eq!(text(written, &mut unset, 0), expected, "{written}");
            assert!(unset.iter().eq(names), "{written}: {unset:?}");
        }
    }

    #[test]
    fn nesting_ends() {
        let deep = "${A:-".repeat(20_000);
        let closed = format!("{deep}{}", "}".repeat(20_000));
        for words in [deep, closed] {
            assert!(!text(&words, &mut BTreeSet::new(), 0).is_empty());
        }
    }
}

//! Field selectors as apimachinery reads them (`pkg/fields/selector.go`).

/// The terms `field=value` of a selector, unescaped and in the server's order (sorted as text);
/// `None` when the server cannot parse it. `!=` terms are checked and left out.
pub(super) fn equality_terms(selector: &str) -> Option<Vec<(String, String)>> {
    let mut terms = split_terms(selector);
    terms.sort_unstable();
    let mut equal = Vec::new();
    for term in terms.into_iter().filter(|term| !term.is_empty()) {
        let (field, is_equality, raw) = split_term(term)?;
        let value = unescape(raw)?;
        if is_equality && !(field.is_empty() && value.is_empty()) {
            equal.push((field.to_owned(), value));
        }
    }
    Some(equal)
}

/// Whether the selector demands `field` to equal `value`. A selector that does not parse demands nothing.
pub(super) fn requires_equal(selector: &str, field: &str, value: &str) -> bool {
    !selector.is_empty()
        && equality_terms(selector)
            .is_some_and(|terms| terms.iter().any(|term| term.0 == field && term.1 == value))
}

/// Splits at commas that no backslash escapes.
fn split_terms(selector: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut rest = selector;
    let mut escaped = false;
    let mut start = 0;
    for (at, character) in selector.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                let (term, _) = rest.split_at_checked(at - start).unwrap_or((rest, ""));
                terms.push(term);
                rest = selector.get(at + 1..).unwrap_or_default();
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(rest);
    terms
}

/// Field, whether it is an equality, and the raw value; the first operator in the text counts.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find(['!', '=']).map(|first| {
        // A `!` that no `=` follows is part of the field's name.
        term.char_indices()
            .skip_while(|(at, _)| *at < first)
            .find(|(at, character)| {
                *character == '=' || term.get(*at..).is_some_and(|rest| rest.starts_with("!="))
            })
            .map(|(at, _)| at)
    })??;
    let (field, rest) = term.split_at_checked(at)?;
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, false, value));
    }
    let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?;
    Some((field, true, value))
}

/// `\\`, `\,` and `\=` lose their backslash; any other escape, and a bare `,` or `=`, is an error.
fn unescape(raw: &str) -> Option<String> {
    let mut value = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                escaped @ ('\\' | ',' | '=') => value.push(escaped),
                _ => return None,
            },
            ',' | '=' => return None,
            plain => value.push(plain),
        }
    }
    Some(value)
}

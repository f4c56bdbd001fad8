//! The grammar of label selectors (apimachinery `labels.Parse`), only to tell whether one is valid.

/// Longest name part of a label key and longest label value, in bytes.
const NAME_BYTES_MAX: usize = 63;
/// Longest prefix of a label key (a DNS subdomain), in bytes.
const PREFIX_BYTES_MAX: usize = 253;

/// Whether the server can parse it: `key`, `!key`, `key=value`, `key==value`, `key!=value`,
/// `key>1`, `key<1`, `key in (a,b)`, `key notin (a,b)`, joined by commas.
pub(super) fn is_label_selector(raw: &str) -> bool {
    let tokens = tokens(raw);
    let mut rest = tokens.as_slice();
    if rest.is_empty() {
        return true;
    }
    loop {
        let Some(after) = requirement(rest) else {
            return false;
        };
        match after {
            [] => return true,
            [",", next @ ..] => rest = next,
            _ => return false,
        }
    }
}

/// Symbols and the words between them.
fn tokens(raw: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = raw.trim_start();
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| c.is_ascii_whitespace() || "=!(),<>".contains(c))
            .unwrap_or(rest.len());
        let length = match word {
            0 if rest.starts_with("==") || rest.starts_with("!=") => 2,
            0 => 1,
            word => word,
        };
        let (token, after) = rest.split_at(length.min(rest.len()));
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn requirement<'t, 'a>(tokens: &'t [&'a str]) -> Option<&'t [&'a str]> {
    match tokens {
        ["!", key, rest @ ..] => (is_key(key) && at_end(rest)).then_some(rest),
        [key, rest @ ..] if is_key(key) => match rest {
            [] | [",", ..] => Some(rest),
            ["=" | "==" | "!=", rest @ ..] => exact_value(rest, is_value),
            [">" | "<", rest @ ..] => exact_value(rest, |value| value.parse::<i64>().is_ok()),
            ["in" | "notin", "(", ")", ..] => None,
            ["in" | "notin", "(", rest @ ..] => {
                let end = rest.iter().position(|token| *token == ")")?;
                let (values, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
                let mut was_value = false;
                for token in values {
                    let is_value_token = *token != ",";
                    if is_value_token && (was_value || !is_value(token)) {
                        return None;
                    }
                    was_value = is_value_token;
                }
                Some(rest)
            }
            _ => None,
        },
        _ => None,
    }
}

fn at_end(rest: &[&str]) -> bool {
    matches!(rest, [] | [",", ..])
}

/// One value, which may be empty.
fn exact_value<'t, 'a>(
    rest: &'t [&'a str],
    is_valid: impl Fn(&str) -> bool,
) -> Option<&'t [&'a str]> {
    match rest {
        [] | [",", ..] => is_valid("").then_some(rest),
        [value, after @ ..] => is_valid(value).then_some(after),
    }
}

/// `validation.IsQualifiedName`.
pub(super) fn is_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_prefix = prefix.is_none_or(|prefix| {
        prefix.len() <= PREFIX_BYTES_MAX
            && prefix.split('.').all(|label| {
                has_form(label, |byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit()
                }) && !label.contains(['_', '.'])
            })
    });
    is_prefix && name.len() <= NAME_BYTES_MAX && has_form(name, |byte| byte.is_ascii_alphanumeric())
}

/// `validation.IsValidLabelValue`.
pub(super) fn is_value(value: &str) -> bool {
    value.is_empty()
        || value.len() <= NAME_BYTES_MAX && has_form(value, |byte| byte.is_ascii_alphanumeric())
}

/// Starts and ends with a plain character; between them also `-`, `_` and `.`.
fn has_form(text: &str, is_plain: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| is_plain(*byte) || matches!(byte, b'-' | b'_' | b'.');
    bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && bytes.iter().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::is_label_selector;

    #[test]
    fn selectors_are_told_from_other_texts() {
        for (raw, expected) in [
            ("", true),
            ("app=cart", true),
            ("app==cart,tier!=db", true),
            ("app in (a, b),!x", true),
            ("example.org/app notin (a)", true),
            ("x>7", true),
            ("app=", true),
            ("app in ()", false),
            ("app in (a b)", false),
            ("x>y", false),
            ("app=a=b", false),
            ("app,", false),
            ("-app", false),
            ("app==_", false),
            ("a b", false),
        ] {
            assert_eq!(is_label_selector(raw), expected, "{raw}");
        }
    }
}

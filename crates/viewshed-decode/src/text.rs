//! Text of untrusted origin made fit for a terminal, a log line or a page title.

use std::borrow::Cow;

/// Longest text that [`clean_short`] keeps, in characters: one screen line of an error is enough.
pub const SHORT_CHARS_MAX: usize = 300;

/// Removes what could steer a terminal or hide text: control characters (with their whole ANSI
/// escape sequences), line and paragraph separators, and the invisible characters that reorder
/// text (Unicode TR36 and TR9: bidirectional controls, zero-width characters, tags).
/// Tabs and line breaks become one blank, so that a name never starts a line of its own.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                if !kept.ends_with(' ') {
                    kept.push(' ');
                }
            }
            '\u{1b}' => match rest.next_if(|c| matches!(c, '[' | ']' | 'P' | 'X' | '^' | '_')) {
                Some('[') => skip_control_sequence(&mut rest),
                Some(_) => skip_string_sequence(&mut rest),
                None => {
                    rest.next_if(|c| ('\u{20}'..='\u{7e}').contains(c));
                }
            },
            '\u{9b}' => skip_control_sequence(&mut rest),
            other if is_hostile(other) => {}
            other => kept.push(other),
        }
    }
    Cow::Owned(kept)
}

/// [`clean`], cut to [`SHORT_CHARS_MAX`] characters with an ellipsis.
pub fn clean_short(text: &str) -> String {
    let cleaned = clean(text);
    match cleaned.char_indices().nth(SHORT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", cleaned.get(..end).unwrap_or_default()),
        None => cleaned.into_owned(),
    }
}

/// ECMA-48 CSI: parameters, then one final byte. Without a final byte nothing visible is dropped.
fn skip_control_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while rest
        .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
        .is_some()
    {}
    rest.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// ECMA-48 OSC, DCS and their kin: up to BEL or the string terminator, else up to the end.
fn skip_string_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(next) = rest.next() {
        match next {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests;

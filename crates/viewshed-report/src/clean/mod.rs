//! Makes text of untrusted origin harmless to look at. Escaping for a format is the format's own work.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// What stands in the place of a character that must not be shown.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Characters of one piece of text that a report shows; the rest is cut and marked. A Kubernetes name
/// has at most 253, and a sentence about three of them fits.
pub(crate) const TEXT_CHARS_MAX: usize = 1_000;

/// `text` without characters that steer a terminal or hide what is written.
///
/// Line breaks and tabs become spaces; every other control, bidirectional or invisible character becomes
/// U+FFFD, so that two different names never look the same for the lack of it. Nothing is dropped silently.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|character| match character {
                '\n' | '\r' | '\t' => ' ',
                other if is_unsafe(other) => REPLACEMENT,
                other => other,
            })
            .collect(),
    )
}

/// Whether a character steers (control, bidirectional) or is not seen (format, filler, tag).
///
/// The ranges are Unicode's `Bidi_Control` and `Default_Ignorable_Code_Point` properties
/// (PropList.txt, DerivedCoreProperties.txt), and the line and paragraph separators.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Cuts `text` to `chars_max` characters and ends it with `mark` where something was cut.
pub(crate) fn shorten<'a>(text: Cow<'a, str>, chars_max: usize, mark: &str) -> Cow<'a, str> {
    match text.char_indices().nth(chars_max) {
        None => text,
        Some(_) => {
            let keep = chars_max.saturating_sub(mark.chars().count());
            let mut short: String = text.chars().take(keep).collect();
            short.push_str(mark);
            Cow::Owned(short)
        }
    }
}

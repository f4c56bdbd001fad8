//! Where text lives that a log holds only in escaped form.

use std::borrow::Cow;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use super::shape::plain_length;

/// Owns the text that had to be unescaped; lives as long as the chunk it came from.
///
/// It never holds more than a small multiple of the chunk: unescaping only ever shortens JSON, and at most
/// two envelopes are taken off an entry. [`Arena::reset`] makes room for the next chunk without giving
/// the memory back.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
}

impl Arena {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything; possible only when no activity of the last chunk is left.
    pub fn reset(&mut self) {
        self.bump.reset();
    }

    /// Keeps a text for as long as the arena lives.
    pub(super) fn keep(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// Keeps what was allocated elsewhere; what was borrowed from the chunk stays there.
    pub(super) fn keep_owned<'a>(&'a self, text: Cow<'a, str>) -> &'a str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.keep(&text),
        }
    }

    /// Joins pieces.
    pub(super) fn join<'p>(&self, pieces: impl IntoIterator<Item = &'p str>) -> &str {
        let mut joined = BumpString::new_in(&self.bump);
        for piece in pieces {
            joined.push_str(piece);
        }
        joined.into_bump_str()
    }

    /// The text that the inside of a JSON string stands for; `None` where JSON (RFC 8259, 7) forbids it.
    pub(super) fn unescape(&self, written: &str) -> Option<&str> {
        let mut text = BumpString::with_capacity_in(written.len(), &self.bump);
        let mut rest = written;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            text.push_str(rest.get(..at)?);
            rest = rest.get(at + 1..)?;
            text.push(escape(&mut rest)?);
        }
        text.push_str(rest);
        Some(text.into_bump_str())
    }

    /// The same for a string that goes on to its closing quote, whose place is given too.
    pub(super) fn unescape_string(&self, written: &str) -> Option<(&str, usize)> {
        // The reason of an authorizer, which nearly every event has, is shorter.
        let mut text = BumpString::with_capacity_in(192, &self.bump);
        let mut rest = written;
        loop {
            let plain = plain_length(rest.as_bytes())?;
            text.push_str(rest.get(..plain)?);
            rest = rest.get(plain..)?;
            if let Some(escaped) = rest.strip_prefix('\\') {
                rest = escaped;
                text.push(escape(&mut rest)?);
            } else if rest.starts_with('"') {
                return Some((text.into_bump_str(), written.len() - rest.len()));
            } else {
                return None;
            }
        }
    }
}

/// Reads what follows a backslash.
fn escape(rest: &mut &str) -> Option<char> {
    let escape = *rest.as_bytes().first()?;
    *rest = rest.get(1..)?;
    Some(match escape {
        b'"' | b'\\' | b'/' => char::from(escape),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => unicode_escape(rest)?,
        _ => return None,
    })
}

/// Reads the four digits after `\u`, and the second half of a surrogate pair.
fn unicode_escape(rest: &mut &str) -> Option<char> {
    let first = hex_digits(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix("\\u")?;
    let second = hex_digits(rest)?;
    let low = second
        .checked_sub(0xdc00)
        .filter(|offset| *offset < 0x400)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)
}

fn hex_digits(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    *rest = rest.get(4..)?;
    u32::from_str_radix(digits, 16).ok()
}

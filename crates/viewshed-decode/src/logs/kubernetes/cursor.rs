//! Reading JSON forward, byte by byte, where the order of its fields is known.

#![expect(
    clippy::inline_always,
    reason = "calls between the steps of one walk cost a tenth of it"
)]

use viewshed_model::LazyText;

use crate::logs::arena::Arena;
use crate::logs::shape::{
    Breaks, container_length, is_plain, plain_length, quoting_length, short_length,
};

/// A place in a text of JSON. Every method answers `None` (or false) where the text deviates.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    arena: &'a Arena,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, arena: &'a Arena) -> Self {
        Self { text, at: 0, arena }
    }

    /// How many bytes were read.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Steps over what is known.
    #[inline(always)]
    pub(super) fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// What was read since `start`.
    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Steps over `expected` if it stands here. Its length is known to the compiler, so that it is compared
    /// without a call.
    #[inline(always)]
    pub(super) fn eat<const LENGTH: usize>(&mut self, expected: &[u8; LENGTH]) -> bool {
        let is_here = self.rest().first_chunk() == Some(expected);
        if is_here {
            self.at += LENGTH;
        }
        is_here
    }

    /// The same for a constant that others need as text.
    #[inline(always)]
    pub(super) fn eat_text(&mut self, expected: &'static str) -> bool {
        let is_here = self.rest().starts_with(expected.as_bytes());
        if is_here {
            self.at += expected.len();
        }
        is_here
    }

    /// Steps over what must stand here.
    #[inline(always)]
    pub(super) fn require<const LENGTH: usize>(&mut self, expected: &[u8; LENGTH]) -> Option<()> {
        self.eat(expected).then_some(())
    }

    /// Takes `length` bytes unseen.
    #[inline(always)]
    pub(super) fn chunk<const LENGTH: usize>(&mut self) -> Option<&'a [u8; LENGTH]> {
        let chunk = self.rest().first_chunk()?;
        self.at += LENGTH;
        Some(chunk)
    }

    /// The rest of a string without escapes, its opening quote being read already.
    #[inline(always)]
    pub(super) fn plain_string(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let length = plain_length(rest)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        let plain = self.text.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(plain)
    }

    /// Steps over the rest of a string without escapes, its opening quote being read already.
    #[inline(always)]
    pub(super) fn skip_plain_string(&mut self) -> Option<()> {
        let rest = self.rest();
        let length = plain_length(rest)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        self.at += length + 1;
        Some(())
    }

    /// The rest of a string that is most likely shorter than sixteen bytes.
    #[inline(always)]
    pub(super) fn short_string(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if let Some(length) = short_length(rest)
            && rest.get(length) == Some(&b'"')
        {
            let short = self.text.get(self.at..self.at + length)?;
            self.at += length + 1;
            return Some(short);
        }
        self.string()
    }

    /// The rest of a string, its opening quote being read already.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        match self.plain_string() {
            Some(plain) => Some(plain),
            None => self.escaped_string(),
        }
    }

    /// The rest of a string that is most likely a UUID.
    #[inline(always)]
    pub(super) fn uuid(&mut self) -> Option<&'a str> {
        if let Some(uuid) = self.rest().first_chunk::<36>()
            && self.rest().get(36) == Some(&b'"')
            && is_plain(uuid)
        {
            let uuid = self.text.get(self.at..self.at + 36)?;
            self.at += 37;
            return Some(uuid);
        }
        self.string()
    }

    /// The rest of a string in which quotes may be escaped, unescaped only when somebody looks.
    #[inline(always)]
    pub(super) fn lazy_string(&mut self) -> Option<LazyText<'a>> {
        let Some(length) = quoting_length(self.rest()) else {
            return self.string().map(LazyText::from);
        };
        let written = self.text.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(LazyText::quoting(written))
    }

    #[cold]
    fn escaped_string(&mut self) -> Option<&'a str> {
        let (text, length) = self.arena.unescape_string(self.text.get(self.at..)?)?;
        self.at += length + 1;
        Some(text)
    }

    /// A string if `key`, which ends with its opening quote, stands here; else the empty one.
    #[inline(always)]
    pub(super) fn optional_string<const LENGTH: usize>(
        &mut self,
        key: &[u8; LENGTH],
    ) -> Option<&'a str> {
        if self.eat(key) {
            self.string()
        } else {
            Some("")
        }
    }

    /// An object or list, unread but for where it ends.
    #[inline(never)]
    pub(super) fn container(&mut self) -> Option<&'a str> {
        let length = container_length(self.rest(), Breaks::Refused)?;
        let container = self.text.get(self.at..self.at + length)?;
        self.at += length;
        Some(container)
    }
}

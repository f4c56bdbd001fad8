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
    rest: &'a str,
    arena: &'a Arena,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, arena: &'a Arena) -> Self {
        Self { rest: text, arena }
    }

    /// What was not read yet.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// What was read since all this was to be read yet.
    #[inline(always)]
    pub(super) fn since(&self, start: &'a str) -> Option<&'a str> {
        start.get(..start.len().checked_sub(self.rest.len())?)
    }

    /// Goes on behind what is known.
    #[inline(always)]
    pub(super) fn go_on_with(&mut self, rest: &'a str) {
        self.rest = rest;
    }

    /// Steps over `expected` if it stands here. It is a constant, so that it is compared without a call.
    #[inline(always)]
    pub(super) fn eat(&mut self, expected: &'static str) -> bool {
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Steps over what must stand here.
    #[inline(always)]
    pub(super) fn require(&mut self, expected: &'static str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Takes `LENGTH` bytes unseen.
    #[inline(always)]
    pub(super) fn chunk<const LENGTH: usize>(&mut self) -> Option<&'a [u8; LENGTH]> {
        let chunk = self.rest.as_bytes().first_chunk()?;
        self.rest = self.rest.get(LENGTH..)?;
        Some(chunk)
    }

    /// Takes so many bytes, behind which a quote must stand.
    #[inline(always)]
    fn quoted(&mut self, length: usize) -> Option<&'a str> {
        let (inside, after) = self.rest.split_at_checked(length)?;
        self.rest = after.strip_prefix('"')?;
        Some(inside)
    }

    /// The rest of a string without escapes, its opening quote being read already.
    #[inline(always)]
    pub(super) fn plain_string(&mut self) -> Option<&'a str> {
        self.quoted(plain_length(self.rest.as_bytes())?)
    }

    /// The rest of a string, its opening quote being read already.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        match self.plain_string() {
            Some(plain) => Some(plain),
            None => self.escaped_string(),
        }
    }

    /// The rest of a string that is most likely shorter than sixteen bytes.
    #[inline(always)]
    pub(super) fn short_string(&mut self) -> Option<&'a str> {
        let length = short_length(self.rest.as_bytes());
        match length.and_then(|length| self.quoted(length)) {
            Some(short) => Some(short),
            None => self.string(),
        }
    }

    /// The rest of a string that is most likely a UUID.
    #[inline(always)]
    pub(super) fn uuid(&mut self) -> Option<&'a str> {
        let is_plain = self.rest.as_bytes().first_chunk().is_some_and(is_plain);
        match is_plain.then(|| self.quoted(36)).flatten() {
            Some(uuid) => Some(uuid),
            None => self.string(),
        }
    }

    /// The rest of a string in which quotes may be escaped, unescaped only when somebody looks.
    #[inline(always)]
    pub(super) fn lazy_string(&mut self) -> Option<LazyText<'a>> {
        match quoting_length(self.rest.as_bytes()) {
            Some(length) => self.quoted(length).map(LazyText::quoting),
            None => self.string().map(LazyText::from),
        }
    }

    #[cold]
    fn escaped_string(&mut self) -> Option<&'a str> {
        let (text, length) = self.arena.unescape_string(self.rest)?;
        self.rest = self.rest.get(length + 1..)?;
        Some(text)
    }

    /// A string if `key`, which ends with its opening quote, stands here; else the empty one.
    #[inline(always)]
    pub(super) fn optional_string(&mut self, key: &'static str) -> Option<&'a str> {
        if self.eat(key) {
            self.string()
        } else {
            Some("")
        }
    }

    /// An object or list, unread but for where it ends.
    #[inline(never)]
    pub(super) fn container(&mut self) -> Option<&'a str> {
        let length = container_length(self.rest.as_bytes(), Breaks::Refused)?;
        let (container, after) = self.rest.split_at_checked(length)?;
        self.rest = after;
        Some(container)
    }
}

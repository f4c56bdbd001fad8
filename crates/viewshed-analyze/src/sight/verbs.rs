//! The verbs that show objects, as a set.

use std::ops::{BitOr, BitOrAssign};

/// A set of `list`, `watch` and `get`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Verbs(u8);

impl Verbs {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const LIST: Self = Self(1);
    pub(crate) const WATCH: Self = Self(2);
    pub(crate) const GET: Self = Self(4);
    pub(crate) const ALL: Self = Self(7);

    /// Each single verb with its name, the widest first.
    pub(crate) const EACH: [(Self, &'static str); 3] = [
        (Self::LIST, "list"),
        (Self::WATCH, "watch"),
        (Self::GET, "get"),
    ];

    /// Those of the words that show something.
    pub(crate) fn of(words: &[String]) -> Self {
        Self::EACH
            .into_iter()
            .filter(|(_, name)| words.iter().any(|word| word == name))
            .fold(Self::NONE, |set, (verb, _)| set | verb)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The names of the verbs in the set, the widest first.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Self::EACH
            .into_iter()
            .filter(move |(verb, _)| self.contains(*verb))
            .map(|(_, name)| name)
    }

    /// The widest verb of the set: what a sentence about it names.
    pub(crate) fn widest(self) -> &'static str {
        self.names().next().unwrap_or("get")
    }
}

impl BitOr for Verbs {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Verbs {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

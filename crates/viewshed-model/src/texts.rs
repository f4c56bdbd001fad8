//! A list of strings that stays in the bytes it came in until somebody looks.

use std::borrow::Cow;

/// Strings as an event carries them.
///
/// A log of a busy cluster has four groups in every line and nobody asks for them in most: so the list
/// stays as it was written, and is taken apart only on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Texts<'a> {
    /// None.
    #[default]
    Empty,
    /// The inside of a JSON array whose strings hold no escape: `"dev","system:authenticated"`.
    Written(&'a str),
    /// Taken apart already.
    List(Vec<Cow<'a, str>>),
}

impl<'a> Texts<'a> {
    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (written, list): (&str, &[Cow<'a, str>]) = match self {
            Self::Empty => ("", &[]),
            Self::Written(text) => (text, &[]),
            Self::List(list) => ("", list),
        };
        // Without escapes a quote only ever ends a string, so every second piece is one.
        let pieces = written.split('"').skip(1).step_by(2);
        pieces.chain(list.iter().map(AsRef::as_ref))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The last one.
    pub fn last(&self) -> Option<&str> {
        self.iter().last()
    }

    /// Whether one of them is this.
    pub fn contains(&self, text: &str) -> bool {
        self.iter().any(|one| one == text)
    }
}

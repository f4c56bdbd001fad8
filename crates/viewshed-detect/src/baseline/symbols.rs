//! Names that occur again and again, kept once.

use ahash::RandomState;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::engine::kinds::is_telling;

/// Names kept. Further ones become [`Symbol::OTHER`] and are counted: a client can make up kinds and
/// namespaces without end, an estate has thousands.
const SYMBOLS_MAX: usize = 1 << 18;

/// A name in the table.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct Symbol(pub(crate) u32);

impl Symbol {
    /// The empty name.
    pub(crate) const EMPTY: Self = Self(0);
    /// Stands for any name.
    pub(crate) const ANY: Self = Self(1);
    /// A name that found no room.
    pub(crate) const OTHER: Self = Self(2);
}

/// The table.
#[derive(Debug, Clone)]
pub(crate) struct Symbols {
    texts: Vec<Box<str>>,
    /// Of each, whether it is a kind that tells much.
    telling: Vec<bool>,
    places: FxHashMap<u64, u32>,
    hasher: RandomState,
    pub(crate) refused: u64,
}

impl Symbols {
    /// An empty table.
    pub(crate) fn new(hasher: RandomState) -> Self {
        let mut symbols = Self {
            texts: Vec::new(),
            telling: Vec::new(),
            places: FxHashMap::default(),
            hasher,
            refused: 0,
        };
        for text in ["", "*", "(other)"] {
            symbols.intern(text);
        }
        symbols
    }

    /// The symbol of a name that has one of its own.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        self.places
            .get(&self.hasher.hash_one(text))
            .copied()
            .map(Symbol)
    }

    /// The symbol of a name, new or known.
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        let hash = self.hasher.hash_one(text);
        if let Some(place) = self.places.get(&hash) {
            return Symbol(*place);
        }
        let Ok(place) = u32::try_from(self.texts.len()) else {
            return Symbol::OTHER;
        };
        if self.texts.len() >= SYMBOLS_MAX {
            self.refused += 1;
            return Symbol::OTHER;
        }
        self.texts.push(text.into());
        self.telling.push(is_telling(text));
        self.places.insert(hash, place);
        Symbol(place)
    }

    /// The name.
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        usize::try_from(symbol.0)
            .ok()
            .and_then(|place| self.texts.get(place))
            .map_or("(other)", |text| text)
    }

    /// Whether it is a kind that tells much.
    pub(crate) fn is_telling(&self, symbol: Symbol) -> bool {
        let place = usize::try_from(symbol.0).ok();
        place.and_then(|at| self.telling.get(at)) == Some(&true)
    }

    /// All names, in the order of their numbers.
    pub(crate) fn texts(&self) -> &[Box<str>] {
        &self.texts
    }
}

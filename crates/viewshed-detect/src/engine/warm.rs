//! What was judged ordinary a moment ago is ordinary now: one look-up for most of a log.

use serde::{Deserialize, Serialize};

/// Entries; a power of two, 4 MiB. What is used of it stays in the processor's cache. An entry that lost its
/// place to another costs one judgement more.
const ENTRIES_MAX: usize = 1 << 17;
/// An entry is judged anew after this time, so that a habit that fades is noticed. Seconds.
const VALID_S: u32 = 6 * 60 * 60;
/// Repetitions are passed on to the habit after this time at the latest ... Seconds.
const KEPT_S: u32 = 8 * 60;
/// ... or when there are so many.
const KEPT_MAX: u8 = 32;

/// A request shape of an identity from a place, found ordinary. Two to a cache line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(align(32))]
pub(crate) struct Entry {
    pub(crate) key: u64,
    /// Parts of the hashes of identity and habit, to notice that others took their places.
    pub(crate) record: u32,
    pub(crate) habit: u32,
    pub(crate) index: u32,
    /// When the habit was last told.
    pub(crate) at_s: u32,
    pub(crate) generation: u32,
    pub(crate) habit_at: u16,
    /// Repetitions that the habit was not told yet.
    pub(crate) kept: u8,
    /// Whether every repetition is told at once: somebody counts them.
    pub(crate) is_counted: bool,
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warmth {
    /// Nothing is known.
    Cold,
    /// Ordinary, and nothing is to be done.
    Ordinary,
    /// Ordinary if identity and habit are still there; they are to be told.
    Tell(Entry),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Warm {
    entries: Vec<Entry>,
    generation: u32,
}

impl Default for Warm {
    fn default() -> Self {
        Self {
            entries: vec![Entry::default(); ENTRIES_MAX],
            generation: 1,
        }
    }
}

impl Warm {
    /// What is known of this shape; counts it.
    #[inline]
    pub(crate) fn look(&mut self, key: u64, now_s: u32) -> Warmth {
        let generation = self.generation;
        let Some(entry) = self.entries.get_mut(place(key)) else {
            return Warmth::Cold;
        };
        if entry.key != key || entry.generation != generation {
            return Warmth::Cold;
        }
        let age_s = now_s.saturating_sub(entry.at_s);
        if age_s < KEPT_S && entry.kept < KEPT_MAX && !entry.is_counted {
            entry.kept += 1;
            return Warmth::Ordinary;
        }
        if age_s >= VALID_S {
            return Warmth::Cold;
        }
        let told = *entry;
        entry.kept = 0;
        entry.at_s = now_s;
        Warmth::Tell(told)
    }

    /// Fetches the entry of this shape from memory.
    #[inline]
    pub(crate) fn touch(&self, key: u64) -> u64 {
        self.entries.get(place(key)).map_or(0, |entry| entry.key)
    }

    /// Adds an entry; gives back the one that lost its place, which may still have something to tell.
    pub(crate) fn set(&mut self, mut entry: Entry) -> Option<Entry> {
        entry.generation = self.generation;
        let old = self.entries.get_mut(place(entry.key))?;
        let lost = std::mem::replace(old, entry);
        (lost.kept > 0).then_some(lost)
    }

    /// Something happened to identities or sessions: every shape is to be judged anew once.
    pub(crate) fn cool(&mut self) {
        self.generation = self.generation.wrapping_add(1).max(1);
    }

    /// Takes what was not told yet out of all entries.
    pub(crate) fn untold(&mut self) -> Vec<Entry> {
        let mut untold = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.kept > 0) {
            untold.push(*entry);
            entry.kept = 0;
        }
        untold
    }

    /// What is worth saving: the entries, and their generation.
    pub(crate) fn saved(&self) -> (Vec<Entry>, u32) {
        (
            self.entries
                .iter()
                .filter(|entry| entry.key != 0)
                .copied()
                .collect(),
            self.generation,
        )
    }

    /// What [`saved`](Self::saved) gave.
    pub(crate) fn restored((entries, generation): (Vec<Entry>, u32)) -> Self {
        let mut warm = Self {
            generation,
            ..Self::default()
        };
        for entry in entries {
            if let Some(old) = warm.entries.get_mut(place(entry.key)) {
                *old = entry;
            }
        }
        warm
    }
}

#[inline]
fn place(key: u64) -> usize {
    usize::try_from(key >> 32).unwrap_or_default() % ENTRIES_MAX
}

//! What was judged ordinary a moment ago is ordinary now: one look-up for most of a log.

use serde::{Deserialize, Serialize};

/// Entries; a power of two, 5 MiB. What is used of it stays in the processor's cache. An entry that lost its
/// place to another costs one judgement more.
const ENTRIES_MAX: usize = 1 << 17;
/// An entry is judged anew after this time, so that addresses stay known as in use. Seconds.
const VALID_S: u32 = 10 * 60;

/// A request shape of an identity from a place, found ordinary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: u64,
    pub(crate) record: u64,
    pub(crate) habit: u64,
    pub(crate) index: u32,
    pub(crate) at_s: u32,
    pub(crate) habit_at: u16,
    pub(crate) is_write: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Warm {
    entries: Vec<Entry>,
}

impl Default for Warm {
    fn default() -> Self {
        Self {
            entries: vec![Entry::default(); ENTRIES_MAX],
        }
    }
}

impl Warm {
    /// The entry of this shape, if it is still valid.
    #[inline]
    pub(crate) fn get(&self, key: u64, now_s: u32) -> Option<Entry> {
        let entry = self.entries.get(place(key))?;
        (entry.key == key && now_s.saturating_sub(entry.at_s) < VALID_S).then_some(*entry)
    }

    pub(crate) fn set(&mut self, entry: Entry) {
        if let Some(old) = self.entries.get_mut(place(entry.key)) {
            *old = entry;
        }
    }

    /// What is worth saving.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.key != 0)
            .copied()
            .collect()
    }
}

#[inline]
fn place(key: u64) -> usize {
    usize::try_from(key >> 32).unwrap_or_default() % ENTRIES_MAX
}

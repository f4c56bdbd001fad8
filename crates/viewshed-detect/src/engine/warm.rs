//! What was judged ordinary and would be again: one look-up for most of a log.
//!
//! An entry says that an activity of this shape, judged in full, would change nothing but the counts of one
//! habit. Whatever that rests on is either looked at again each time (the habit's strength and its time window, work
//! that may explain something) or voids the entry when it changes: by a stamp of the identity and its habits, and
//! one of the spot that it acts from. So the engine comes to the same results, byte for byte, with entries and without.
//! What is a habit in any namespace has one entry for all of them.
//!
//! Documents of the API's description are the exception: the same one once more tells nothing, as long as it is
//! remembered here.

use serde::{Deserialize, Serialize};

/// Entries; a power of two, 8 MiB. What is used of it stays in the processor's cache. An entry that lost its
/// place to another costs one full judgement more.
const ENTRIES_MAX: usize = 1 << 18;
/// Places that a shape may have, side by side in one cache line.
const WAYS: usize = 2;
const BUCKETS: usize = ENTRIES_MAX / WAYS;
/// Stamps of spots; several spots share one, and then void each other's entries.
const SPOTS: usize = 1 << 14;
/// A document is looked at anew after this time. Seconds.
const DOCUMENT_VALID_S: u32 = 6 * 60 * 60;

/// A request shape of an identity from a spot, found ordinary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: u64,
    /// The identity, and its stamp when this was found.
    pub(crate) index: u32,
    pub(crate) stamp: u32,
    pub(crate) spot_stamp: u32,
    /// When a document was read, 0 for everything else.
    pub(crate) document_s: u32,
    pub(crate) habit_at: u16,
    pub(crate) spot: u16,
}

/// The entries of one cache line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket([Entry; WAYS]);

/// A document that was read, as it is saved. Entries of other shapes are not: they make no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedDocument {
    key: u64,
    index: u32,
    habit_at: u16,
    spot: u16,
    read_s: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Warm {
    buckets: Vec<Bucket>,
    spots: Vec<u32>,
    /// For tests of what entries change: nothing.
    #[cfg(test)]
    pub(crate) is_off: bool,
}

impl Default for Warm {
    fn default() -> Self {
        Self {
            buckets: vec![Bucket::default(); BUCKETS],
            spots: vec![0; SPOTS],
            #[cfg(test)]
            is_off: false,
        }
    }
}

impl Warm {
    /// The entry of this shape, unless something happened at its spot.
    #[inline]
    pub(crate) fn find(&self, key: u64, now_s: u32) -> Option<Entry> {
        let bucket = self.buckets.get(place(key))?;
        let entry = bucket.0.iter().find(|entry| entry.key == key)?;
        let is_fresh =
            entry.document_s == 0 || now_s.saturating_sub(entry.document_s) < DOCUMENT_VALID_S;
        (is_fresh && self.spots.get(usize::from(entry.spot)) == Some(&entry.spot_stamp))
            .then_some(*entry)
    }

    /// Fetches the entry of this shape from memory: the places of its identity and its habit.
    #[inline]
    pub(crate) fn touch(&self, key: u64) -> Option<(u32, u16)> {
        let bucket = self.buckets.get(place(key))?;
        let entry = bucket.0.iter().find(|entry| entry.key == key)?;
        Some((entry.index, entry.habit_at))
    }

    /// Adds an entry of a shape that comes from a spot.
    pub(crate) fn set(&mut self, mut entry: Entry, spot: u64) {
        #[cfg(test)]
        if self.is_off && entry.document_s == 0 {
            return;
        }
        let at = spot_place(spot);
        entry.spot = u16::try_from(at).unwrap_or_default();
        entry.spot_stamp = self.spots.get(at).copied().unwrap_or_default();
        self.put(entry);
    }

    /// Puts it first; of the others in its bucket the later one goes.
    fn put(&mut self, entry: Entry) {
        let Some(Bucket([first, second])) = self.buckets.get_mut(place(entry.key)) else {
            return;
        };
        if second.key == entry.key {
            *second = entry;
        } else {
            if first.key != entry.key {
                *second = *first;
            }
            *first = entry;
        }
    }

    /// Something about a spot has changed: what comes from there is to be judged in full once.
    pub(crate) fn disturb(&mut self, spot: u64) {
        if let Some(stamp) = self.spots.get_mut(spot_place(spot)) {
            *stamp = stamp.wrapping_add(1);
        }
    }

    /// The same of all spots.
    pub(crate) fn disturb_all(&mut self) {
        for stamp in &mut self.spots {
            *stamp = stamp.wrapping_add(1);
        }
    }

    /// Documents that were read, of identities whose stamp is still the one of the entry.
    pub(crate) fn documents(&self, is_current: impl Fn(&Entry) -> bool) -> Vec<SavedDocument> {
        let entries = self.buckets.iter().flat_map(|bucket| &bucket.0);
        entries
            .filter(|entry| entry.document_s != 0 && is_current(entry))
            .filter(|entry| self.spots.get(usize::from(entry.spot)) == Some(&entry.spot_stamp))
            .map(|entry| SavedDocument {
                key: entry.key,
                index: entry.index,
                habit_at: entry.habit_at,
                spot: entry.spot,
                read_s: entry.document_s,
            })
            .collect()
    }

    /// What [`documents`](Self::documents) gave, for identities that were just read and have no stamp yet.
    pub(crate) fn restored(documents: &[SavedDocument]) -> Self {
        let mut warm = Self::default();
        // The one that came first goes first, so it is put in last.
        for saved in documents.iter().rev() {
            warm.put(Entry {
                key: saved.key,
                index: saved.index,
                habit_at: saved.habit_at,
                document_s: saved.read_s,
                spot: saved.spot,
                ..Entry::default()
            });
        }
        warm
    }
}

#[inline]
fn place(key: u64) -> usize {
    usize::try_from(key >> 32).unwrap_or_default() % BUCKETS
}

#[inline]
fn spot_place(spot: u64) -> usize {
    usize::try_from(spot >> 32).unwrap_or_default() % SPOTS
}

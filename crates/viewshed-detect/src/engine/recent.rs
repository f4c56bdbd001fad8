//! Which requests were judged already: one request is one audit id, however many lines tell of it.

use serde::{Deserialize, Serialize};

/// Remembered ids of finished requests. A power of two; an id that lost its place to another is forgotten,
/// so a repetition is recognised within about as many requests (copies of rotated files, retried webhooks).
const FINISHED_MAX: usize = 1 << 15;
/// The same for requests that write two lines minutes apart (watches, logs, commands in pods).
const RUNNING_MAX: usize = 1 << 15;

/// Bounded memory of audit ids, 512 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecentIds {
    finished: Vec<u64>,
    running: Vec<u64>,
}

impl Default for RecentIds {
    fn default() -> Self {
        Self {
            finished: vec![0; FINISHED_MAX],
            running: vec![0; RUNNING_MAX],
        }
    }
}

/// At what point of a request a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The answer has begun and goes on: there will be another line.
    Begun,
    /// The end of a request that may have had a line at its beginning.
    LongEnded,
    /// The one line of an ordinary request.
    Only,
}

impl RecentIds {
    /// Whether this id is new; from now on it is not.
    #[inline]
    pub(crate) fn is_new(&mut self, hash: u64, moment: Moment) -> bool {
        if moment == Moment::Only {
            return remember(&mut self.finished, hash);
        }
        let is_new = remember(&mut self.running, hash);
        is_new && (moment == Moment::Begun || remember(&mut self.finished, hash))
    }

    /// Fetches what is known of this id from memory.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) -> u64 {
        self.finished
            .get(place(hash, self.finished.len()))
            .copied()
            .unwrap_or_default()
    }

    /// Whether the tables have their size; those of a damaged file may not.
    pub(crate) fn is_sound(&self) -> bool {
        self.finished.len() == FINISHED_MAX && self.running.len() == RUNNING_MAX
    }
}

#[inline]
fn remember(places: &mut [u64], hash: u64) -> bool {
    let hash = hash.max(1);
    let at = place(hash, places.len());
    match places.get_mut(at) {
        Some(place) if *place == hash => false,
        Some(place) => {
            *place = hash;
            true
        }
        None => true,
    }
}

/// The low bits of the hash: the tables are powers of two below 2^32.
#[inline]
fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash & 0xffff_ffff).unwrap_or_default() & places.wrapping_sub(1)
}

//! Events in the order of their times, though batches of one log arrive in another.

use super::session::{Note, Session};

/// An event arrives no later than this after those that it came before: a webhook that was out of reach is sent again
/// what it missed. Microseconds.
const LATE_MAX_US: i64 = 60 * 60 * 1_000_000;

/// Whether an event of this time came before the first one that is known, and arrived late. One that claims to be much
/// earlier has a wrong clock.
pub(crate) fn is_earlier(at_us: i64, first_us: i64) -> bool {
    (1..=LATE_MAX_US).contains(&first_us.saturating_sub(at_us))
}

impl Session {
    /// Puts what arrived in another order in that of its times, before an incident is made of it.
    pub(crate) fn put_in_order(&mut self) {
        let first_us = self.notes.first().map_or(0, |note| note.at_us);
        let place = |at_us: i64| {
            if is_earlier(at_us, first_us) {
                at_us
            } else {
                at_us.max(first_us)
            }
        };
        let key = |note: &Note| (place(note.at_us), note.audit_id.clone());
        self.notes.sort_by_cached_key(key);
        self.evidence.sort_by_key(|one| place(one.at_us));
    }
}

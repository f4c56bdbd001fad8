//! What waits to be delivered to one target, within bounds.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::delivery::Delivery;

/// Incidents that wait for one target. Beyond it, the least bad, and of these the oldest, is dropped and counted.
/// Updates of one incident take one place, so this is ten thousand incidents, not messages.
pub(crate) const WAITING_MAX: usize = 10_000;

/// Bytes that wait for one target; beyond it as for [`WAITING_MAX`].
pub(crate) const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The messages for one target, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    waiting: VecDeque<Delivery>,
    /// What is being tried just now; it waits too, as far as a restart is concerned.
    under_way: Option<Delivery>,
    /// Messages that were dropped for want of room.
    pub(crate) dropped: u64,
}

impl Outbox {
    /// Adds a message, or replaces an older one of the same incident in its place.
    pub(crate) fn put(&mut self, delivery: Delivery) {
        let same = self
            .waiting
            .iter_mut()
            .find(|waiting| waiting.id == delivery.id);
        match same {
            Some(waiting) if waiting.revision <= delivery.revision => *waiting = delivery,
            Some(_) => {}
            None => self.waiting.push_back(delivery),
        }
        while self.waiting.len() > WAITING_MAX
            || (self.bytes() > WAITING_BYTES_MAX && self.waiting.len() > 1)
        {
            let least = self.waiting.iter().map(|waiting| waiting.severity).min();
            let place = self
                .waiting
                .iter()
                .position(|waiting| Some(waiting.severity) == least);
            self.waiting.remove(place.unwrap_or_default());
            self.dropped += 1;
        }
    }

    /// What is to be tried next.
    pub(crate) fn take(&mut self) -> Option<Delivery> {
        self.under_way = self.waiting.pop_front();
        self.under_way.clone()
    }

    /// It was delivered, or never will be.
    pub(crate) fn finished(&mut self) {
        self.under_way = None;
    }

    /// It is to be tried again, unless something newer of the same incident waits.
    pub(crate) fn give_back(&mut self) {
        let Some(delivery) = self.under_way.take() else {
            return;
        };
        if !self.waiting.iter().any(|waiting| waiting.id == delivery.id) {
            self.waiting.push_front(delivery);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.under_way.is_some())
    }

    fn bytes(&self) -> usize {
        self.waiting.iter().map(Delivery::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use viewshed_model::Severity;

    use super::{Outbox, WAITING_BYTES_MAX, WAITING_MAX};
    use crate::delivery::Delivery;

    fn delivery(id: &str, revision: u64, severity: Severity) -> Delivery {
        Delivery {
            id: id.to_owned(),
            revision,
            severity,
            at: Timestamp::UNIX_EPOCH,
            json: "{}".to_owned(),
            cef: String::new(),
        }
    }

    fn order(outbox: &mut Outbox) -> Vec<String> {
        std::iter::from_fn(|| {
            let key = outbox.take()?.key();
            outbox.finished();
            Some(key)
        })
        .collect()
    }

    #[test]
    fn an_update_takes_the_place_of_what_waits() {
        let mut outbox = Outbox::default();
        for (id, revision) in [("a", 1), ("b", 1), ("a", 3), ("a", 2)] {
            outbox.put(delivery(id, revision, Severity::Low));
        }
        assert_eq!(order(&mut outbox), ["a/3", "b/1"]);
    }

    #[test]
    fn what_failed_comes_first_again_unless_it_is_outdated() {
        let mut outbox = Outbox::default();
        outbox.put(delivery("a", 1, Severity::Low));
        outbox.put(delivery("b", 1, Severity::Low));
        outbox.take();
        outbox.give_back();
        outbox.take();
        outbox.put(delivery("a", 2, Severity::Low));
        assert_eq!(outbox.len(), 3);
        outbox.give_back();
        assert_eq!(order(&mut outbox), ["b/1", "a/2"]);
    }

    #[test]
    fn without_room_the_least_bad_goes() {
        let mut outbox = Outbox::default();
        outbox.put(delivery("worst", 1, Severity::Critical));
        outbox.put(delivery("least", 1, Severity::Info));
        for number in 0..WAITING_MAX - 1 {
            outbox.put(delivery(&number.to_string(), 1, Severity::Low));
        }
        assert_eq!((outbox.len(), outbox.dropped), (WAITING_MAX, 1));
        let order = order(&mut outbox);
        assert_eq!(order[..2], ["worst/1", "0/1"]);
        let large = |id: &str| Delivery {
            json: "x".repeat(WAITING_BYTES_MAX / 2),
            ..delivery(id, 1, Severity::Low)
        };
        for id in ["a", "b", "c"] {
            outbox.put(large(id));
        }
        assert_eq!(outbox.len(), 1);
    }
}

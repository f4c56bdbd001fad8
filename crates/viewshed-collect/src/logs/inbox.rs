//! Where the chunks of all sources wait for the one who takes them, in turn, so that no source starves.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::chunk::Chunk;
use super::limits::WAITING_BYTES_MAX;

/// Longest wait for a chunk: there is a largest time, and a caller may ask for more.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    /// Whether its producer waits for room.
    is_full: bool,
    is_closed: bool,
    /// Whether it counts as ended as soon as all is to stop: its reading cannot be broken off.
    ends_with_stop: bool,
}

#[derive(Debug, Default)]
struct State {
    queues: Vec<Queue>,
    /// Whose turn it is.
    turn: usize,
    /// Whether somebody waits for a chunk.
    is_awaited: bool,
    is_stopped: bool,
}

/// The queues of all sources.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    /// A chunk came, or a source ended.
    came: Condvar,
    /// There is room again, or all is to stop.
    taken: Condvar,
}

/// What [`Inbox::take`] found.
#[derive(Debug)]
pub(super) enum Taken {
    Chunk(Chunk),
    Nothing,
    /// All sources have ended, and everything was taken.
    End,
}

impl Inbox {
    /// A further source. It has ended when the [`Producer`] is dropped.
    pub(super) fn producer(self: &Arc<Self>) -> Producer {
        self.produce(Queue::default())
    }

    /// A further source that nobody waits for when all is to stop: what it hands in later is not taken.
    pub(super) fn producer_of_pipe(self: &Arc<Self>) -> Producer {
        self.produce(Queue {
            ends_with_stop: true,
            ..Queue::default()
        })
    }

    fn produce(self: &Arc<Self>, queue: Queue) -> Producer {
        let mut state = self.lock();
        state.queues.push(queue);
        Producer {
            inbox: Arc::clone(self),
            place: state.queues.len() - 1,
        }
    }

    /// The next chunk, waiting for it at most this long.
    pub(super) fn take(&self, wait: Duration) -> Taken {
        let until = Instant::now() + wait.min(WAIT_MAX);
        let mut state = self.lock();
        loop {
            if let Some((chunk, room)) = state.take_in_turn() {
                drop(state);
                if room == Room::Again {
                    self.taken.notify_all();
                }
                return Taken::Chunk(chunk);
            }
            if state.has_ended() {
                return Taken::End;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            state.is_awaited = true;
            state = self
                .came
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.is_awaited = false;
        }
    }

    /// Tells all sources to end. What waits can still be taken.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.taken.notify_all();
        self.came.notify_all();
    }

    /// Waits until told to stop, at most this long.
    ///
    /// # Errors
    /// [`Stopped`], at once, when told to stop.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Stopped> {
        let until = Instant::now() + time;
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return Err(Stopped);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state = self
                .taken
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_ended(&self) -> bool {
        self.queues
            .iter()
            .all(|queue| queue.is_closed || (queue.ends_with_stop && self.is_stopped))
    }

    fn take_in_turn(&mut self) -> Option<(Chunk, Room)> {
        let count = self.queues.len();
        let place = (self.turn..self.turn + count)
            .map(|place| place % count)
            .find(|place| {
                self.queues
                    .get(*place)
                    .is_some_and(|queue| !queue.chunks.is_empty())
            })?;
        self.turn = place + 1;
        let queue = self.queues.get_mut(place)?;
        let chunk = queue.chunks.pop_front()?;
        queue.bytes -= chunk.bytes.len();
        // Waking somebody for each chunk would cost more than reading it.
        if queue.is_full && queue.bytes <= WAITING_BYTES_MAX / 2 {
            queue.is_full = false;
            return Some((chunk, Room::Again));
        }
        Some((chunk, Room::AsBefore))
    }
}

/// Whether a producer that waits is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    AsBefore,
    Again,
}

/// The program is to end: nothing more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

/// One source's way in.
#[derive(Debug)]
pub(super) struct Producer {
    inbox: Arc<Inbox>,
    place: usize,
}

impl Producer {
    /// Waits for room. A chunk larger than all room is taken when nothing else waits.
    ///
    /// # Errors
    /// [`Stopped`]: the chunk was not taken.
    pub(super) fn push(&self, chunk: Chunk) -> Result<(), Stopped> {
        let mut state = self.inbox.lock();
        loop {
            if state.is_stopped {
                return Err(Stopped);
            }
            let Some(queue) = state.queues.get_mut(self.place) else {
                return Err(Stopped);
            };
            if queue.bytes == 0 || queue.bytes + chunk.bytes.len() <= WAITING_BYTES_MAX {
                self.put(state, chunk);
                return Ok(());
            }
            queue.is_full = true;
            state = self
                .inbox
                .taken
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Never waits: for those who keep their own bounds. Taken even when all is to stop.
    pub(super) fn push_now(&self, chunk: Chunk) {
        self.put(self.inbox.lock(), chunk);
    }

    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    fn put(&self, mut state: MutexGuard<'_, State>, chunk: Chunk) {
        if let Some(queue) = state.queues.get_mut(self.place) {
            queue.bytes += chunk.bytes.len();
            queue.chunks.push_back(chunk);
        }
        let is_awaited = state.is_awaited;
        drop(state);
        if is_awaited {
            self.inbox.came.notify_one();
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if let Some(queue) = self.inbox.lock().queues.get_mut(self.place) {
            queue.is_closed = true;
        }
        self.inbox.came.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::chunk::{Chunk, Mark};
    use super::super::limits::WAITING_BYTES_MAX;
    use super::{Inbox, Taken};

    #[test]
    fn everything_comes_in_order_however_large_it_is() {
        const PARTS: usize = 8;
        let inbox: Arc<Inbox> = Arc::default();
        let producer = inbox.producer();
        let sizes = [1, WAITING_BYTES_MAX / 3, WAITING_BYTES_MAX * 2, 5].map(|size| size + 1);
        let pushing = std::thread::spawn(move || {
            for (offset, size) in (0..).zip([sizes; PARTS].concat()) {
                let chunk = Chunk {
                    source: "s".into(),
                    file: "f".into(),
                    bytes: vec![0; size],
                    is_document: false,
                    offset,
                    mark: Mark::Nothing,
                };
                producer.push(chunk).expect("nobody stops it");
            }
        });
        let mut taken = Vec::new();
        while let Taken::Chunk(chunk) = inbox.take(Duration::from_secs(60)) {
            assert_eq!(chunk.offset, taken.len() as u64);
            taken.push(chunk.bytes.len());
        }
        assert_eq!(taken, [sizes; PARTS].concat());
        pushing.join().expect("it has pushed all");
    }
}

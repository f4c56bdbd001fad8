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
    is_closed: bool,
    /// Whether it counts as ended as soon as all is to stop: its reading cannot be broken off.
    ends_with_stop: bool,
}

#[derive(Debug, Default)]
struct State {
    queues: Vec<Queue>,
    /// Whose turn it is.
    turn: usize,
    is_stopped: bool,
}

/// The queues of all sources.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    /// A chunk came, or a source ended.
    came: Condvar,
    /// A chunk was taken, or all is to stop.
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
            if let Some(chunk) = state.take_in_turn() {
                self.taken.notify_all();
                return Taken::Chunk(chunk);
            }
            if state.has_ended() {
                return Taken::End;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            state = self
                .came
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
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

    fn take_in_turn(&mut self) -> Option<Chunk> {
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
        Some(chunk)
    }
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
            let bytes = state.queues.get(self.place).map_or(0, |queue| queue.bytes);
            if bytes == 0 || bytes + chunk.bytes.len() <= WAITING_BYTES_MAX {
                self.put(&mut state, chunk);
                return Ok(());
            }
            state = self
                .inbox
                .taken
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Never waits: for those who keep their own bounds. Taken even when all is to stop.
    pub(super) fn push_now(&self, chunk: Chunk) {
        let mut state = self.inbox.lock();
        self.put(&mut state, chunk);
    }

    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    fn put(&self, state: &mut State, chunk: Chunk) {
        if let Some(queue) = state.queues.get_mut(self.place) {
            queue.bytes += chunk.bytes.len();
            queue.chunks.push_back(chunk);
        }
        self.inbox.came.notify_one();
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

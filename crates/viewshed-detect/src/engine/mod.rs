//! The engine: activities in, incidents out.

mod settings;

use jiff::Timestamp;
use viewshed_model::{Activity, Incident};

use crate::{Baseline, StateError};

pub use settings::Settings;

/// What was read, and what a limit made the engine leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Activities judged.
    pub judged: u64,
}

/// Judges activities against what is usual. Bounded, whatever the log holds; its state can be saved.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    baseline: Baseline,
}

impl Engine {
    /// An engine that knows what `baseline` knows; an empty one learns as it goes.
    pub fn new(settings: Settings, baseline: Baseline) -> Self {
        Self { settings, baseline }
    }

    /// Judges one batch, in order, and adds every incident that opened or grew: same id, higher revision.
    ///
    /// Time is the log's own. `now` is the wall clock and only serves to tell a wrong clock from a right
    /// one. An empty batch says that time has passed up to `now` (live sources without events); the split
    /// into other batches makes no difference.
    pub fn step(&mut self, now: Timestamp, batch: &[Activity<'_>], incidents: &mut Vec<Incident>) {
        let _ = (now, batch, incidents);
    }

    /// Judges what was held back and closes what is open.
    pub fn finish(&mut self, now: Timestamp, incidents: &mut Vec<Incident>) {
        let _ = (now, incidents);
    }

    /// Tells that a source which should speak has been silent since `last_event`, or speaks again.
    pub fn source_silent(
        &mut self,
        now: Timestamp,
        source: &str,
        last_event: Timestamp,
        incidents: &mut Vec<Incident>,
    ) {
        let _ = (now, source, last_event, incidents);
    }

    /// What is usual, as learned so far.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// What was read and left out so far.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Everything that the engine knows, as bytes for [`restore`](Self::restore).
    pub fn checkpoint(&self) -> Vec<u8> {
        self.baseline.to_bytes()
    }

    /// Goes on where a [`checkpoint`](Self::checkpoint) stopped.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version; nothing is half restored.
    pub fn restore(settings: Settings, bytes: &[u8]) -> Result<Self, StateError> {
        Ok(Self::new(settings, Baseline::from_bytes(bytes)?))
    }
}

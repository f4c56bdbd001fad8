//! What is told about the reading itself: how much came from where, and what is missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use viewshed_model::{Gap, GapReason};

use super::limits::GAPS_MAX;

/// How one source fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// As in [`super::Chunk::source`].
    pub name: String,
    /// Uncompressed bytes that were handed out.
    pub bytes: u64,
    /// Lines that were longer than [`super::limits::LINE_BYTES_MAX`], and skipped.
    pub long_lines: u64,
    /// Bodies that were refused: too large, damaged, or no room.
    pub refused_bodies: u64,
    /// When bytes came last; `None` when none came yet.
    pub last_at: Option<SystemTime>,
}

#[derive(Debug, Default)]
struct Inner {
    states: BTreeMap<Arc<str>, SourceState>,
    gaps: BTreeMap<Gap, u64>,
    further_gaps: u64,
}

/// Shared between all who read.
#[derive(Debug, Default)]
pub(super) struct Report(Mutex<Inner>);

impl Report {
    pub(super) fn came(&self, source: &Arc<str>, bytes: usize) {
        self.change(source, |state| {
            state.bytes += bytes as u64;
            state.last_at = Some(SystemTime::now());
        });
    }

    pub(super) fn long_lines(&self, source: &Arc<str>, count: u64) {
        if count > 0 {
            self.change(source, |state| state.long_lines += count);
        }
    }

    pub(super) fn refused(&self, source: &Arc<str>) {
        self.change(source, |state| state.refused_bodies += 1);
    }

    /// A source that is known though nothing came yet: silence is told too.
    pub(super) fn known(&self, source: &Arc<str>) {
        self.change(source, |_| {});
    }

    /// The same gap again is counted.
    pub(super) fn gap(&self, gap: Gap) {
        let mut inner = self.lock();
        let count = gap.count;
        let gap = Gap { count: 0, ..gap };
        if inner.gaps.len() >= GAPS_MAX && !inner.gaps.contains_key(&gap) {
            inner.further_gaps += count;
        } else {
            *inner.gaps.entry(gap).or_default() += count;
        }
    }

    /// A gap that stays, however often it is met.
    pub(super) fn standing_gap(&self, gap: Gap) {
        let mut inner = self.lock();
        if inner.gaps.len() < GAPS_MAX {
            let count = gap.count;
            inner.gaps.insert(Gap { count: 0, ..gap }, count);
        }
    }

    pub(super) fn states(&self) -> Vec<SourceState> {
        self.lock().states.values().cloned().collect()
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        let inner = self.lock();
        let mut gaps: Vec<Gap> = inner
            .gaps
            .iter()
            .map(|(gap, count)| Gap {
                count: *count,
                ..gap.clone()
            })
            .collect();
        if inner.further_gaps > 0 {
            gaps.push(Gap {
                source: String::new(),
                what: "name every gap".to_owned(),
                reason: GapReason::TooLarge,
                detail: format!("only the first {GAPS_MAX} are named"),
                hint: String::new(),
                count: inner.further_gaps,
            });
        }
        gaps
    }

    fn change(&self, source: &Arc<str>, change: impl FnOnce(&mut SourceState)) {
        let mut inner = self.lock();
        let state = inner
            .states
            .entry(Arc::clone(source))
            .or_insert_with(|| SourceState {
                name: source.to_string(),
                bytes: 0,
                long_lines: 0,
                refused_bodies: 0,
                last_at: None,
            });
        change(state);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A gap of one source.
pub(super) fn gap(source: &str, reason: GapReason, detail: String, hint: &str) -> Gap {
    Gap {
        source: source.to_owned(),
        what: format!("read all of `{source}`"),
        reason,
        detail,
        hint: hint.to_owned(),
        count: 1,
    }
}

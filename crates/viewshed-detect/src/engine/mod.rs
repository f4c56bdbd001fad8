//! The engine: activities in, incidents out.
//!
//! An activity takes one of three ways. A shape that was found ordinary before, with nothing changed since that
//! would matter, takes one look-up ([`warm`]). A known habit from a known place takes two, identity and habit ([`judge`]). Everything else
//! is weighed by the [`detections`](crate::detections) and becomes evidence of a [`session`].

pub(crate) mod behaviour;
mod checkpoint;
mod clock;
pub(crate) mod command;
mod course;
pub(crate) mod decay;
pub(crate) mod docker;
mod door;
pub(crate) mod dossier;
pub(crate) mod evidence;
pub(crate) mod facts;
mod fingerprint;
mod hands;
mod judge;
pub(crate) mod kinds;
pub(crate) mod lifecycle;
mod margin;
pub(crate) mod marks;
mod merge;
mod order;
pub(crate) mod origin;
mod own;
pub(crate) mod path;
mod places;
mod recent;
mod score;
pub(crate) mod session;
mod sessions;
mod settings;
mod severity;
mod stranger;
#[cfg(test)]
mod tests;
pub(crate) mod warm;
mod weigh;
mod whereabouts;
pub(crate) mod who;
pub(crate) mod work;

use ahash::RandomState;
use jiff::Timestamp;
use viewshed_model::{Activity, Incident, Stage};

use crate::Baseline;
use crate::baseline::{Repeated, hasher};
use clock::{Clock, Tick};
pub use course::{Course, silences};
use fingerprint::{Fingerprint, moment};
use margin::Margin;
use own::Own;
use places::Places;
use recent::RecentIds;
use sessions::Sessions;
pub use settings::Settings;
#[cfg(test)]
pub(crate) use tests::Evidenced;
use warm::Warm;

/// When so many requests were received and none was ever answered, the log holds no answers, and the first
/// stage is judged.
const UNANSWERED_MAX: u64 = 16;

/// A line that is so much older than the others tells of a request that took so long. Seconds.
const LONG_S: i64 = 20 * 60;

/// Activities whose table entries are fetched together: the waits for memory overlap, which is most of the
/// time that a known activity takes.
const GROUP: usize = 16;

/// What was read, and what a limit made the engine leave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counters {
    /// Activities judged, each request once.
    pub judged: u64,
    /// Of them, those that were not ordinary at first sight.
    pub weighed: u64,
    /// Lines of requests that were judged already.
    pub duplicates: u64,
    /// Lines that tell that a request was received; its answer is judged instead.
    pub received_only: u64,
    /// Activities whose time was not believed: a server's clock is wrong.
    pub bad_times: u64,
    /// Activities of identities that found no room in the table.
    pub unremembered: u64,
    /// Weak sessions given up because there were too many.
    pub sessions_given_up: u64,
}

/// Judges activities against what is usual. Bounded, whatever the log holds; its state can be saved.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    baseline: Baseline,
    hasher: RandomState,
    clock: Clock,
    recent: RecentIds,
    warm: Warm,
    places: Places,
    sessions: Sessions,
    own: Own,
    margin: Margin,
    counters: Counters,
    /// The identity of all that find no room.
    crowd: usize,
    scratch: [String; 2],
    /// Lines of each surface that tell of a received request, and of an answered one.
    stages: [(u64, u64); 5],
    /// Only there so that the compiler does not leave the loads of `touch` out.
    touched: u64,
}

impl Engine {
    /// An engine that knows what `baseline` knows; an empty one learns as it goes.
    pub fn new(settings: Settings, mut baseline: Baseline) -> Self {
        baseline.prepare(
            settings.hash_seed,
            settings.identities_max,
            settings.habit_half_life_days,
            settings.time_window_s,
        );
        let crowd = baseline.crowd();
        Self {
            hasher: hasher(settings.hash_seed),
            settings,
            baseline,
            clock: Clock::default(),
            recent: RecentIds::default(),
            warm: Warm::default(),
            places: Places::default(),
            sessions: Sessions::default(),
            own: Own::default(),
            margin: Margin::default(),
            counters: Counters::default(),
            crowd,
            scratch: [String::new(), String::new()],
            stages: [(0, 0); 5],
            touched: 0,
        }
    }

    /// Judges one batch, in order, and adds every incident that opened or grew: same id, higher revision.
    ///
    /// Time is the log's own. `now` is the wall clock and only serves to tell a wrong clock from a right
    /// one. An empty batch says that time has passed up to `now` (live sources without events). How a log
    /// is split into batches makes no difference.
    pub fn step(&mut self, now: Timestamp, batch: &[Activity<'_>], incidents: &mut Vec<Incident>) {
        let wall_s = now.as_second();
        if batch.is_empty() {
            self.clock.advance(wall_s);
            self.look_again(incidents);
        }
        for group in batch.chunks(GROUP) {
            let mut fingerprints = [Fingerprint::default(); GROUP];
            for (place, activity) in fingerprints.iter_mut().zip(group) {
                *place = Fingerprint::of(activity, &self.hasher);
            }
            self.touch(&fingerprints);
            for (activity, fingerprint) in group.iter().zip(fingerprints) {
                self.take(activity, fingerprint, wall_s, incidents);
            }
        }
    }

    /// Judges what was held back, and closes what is open.
    pub fn finish(&mut self, now: Timestamp, incidents: &mut Vec<Incident>) {
        self.end_sessions(incidents);
        self.own.finish(now, incidents);
    }

    /// Tells that a live source spoke: call it once per batch. Ends its silence, if there was one.
    pub fn heard(&mut self, now: Timestamp, source: &str, incidents: &mut Vec<Incident>) {
        self.own.heard(now, source, incidents);
    }

    /// Raises an incident for each live source that spoke steadily and has been silent for too long. Call it
    /// once a minute or more often: longer pauses are taken for times in which nobody listened, across
    /// [`checkpoint`](Self::checkpoint) and [`restore`](Self::restore) too, and held against no source.
    pub fn silence(&mut self, now: Timestamp, incidents: &mut Vec<Incident>) {
        self.own.listen(now, incidents);
    }

    /// Since when nobody has listened to live sources, if that is so long that something may have been missed. Ask
    /// before the first [`heard`](Self::heard) or [`silence`](Self::silence) of a run.
    pub fn missed_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.own.missed_since(now)
    }

    /// What is usual, as learned so far.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// What was read and left out so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        counters.bad_times = self.clock.strays();
        counters.sessions_given_up = self.sessions.given_up;
        counters
    }

    fn take(
        &mut self,
        activity: &Activity<'_>,
        fingerprint: Fingerprint,
        wall_s: i64,
        incidents: &mut Vec<Incident>,
    ) {
        if self.is_answered_later(activity) {
            self.counters.received_only += 1;
            return;
        }
        if !activity.id.is_empty() && !self.recent.is_new(fingerprint.request, moment(activity)) {
            self.counters.duplicates += 1;
            if &*activity.verb == "watch" {
                self.end_watch(activity);
            }
            return;
        }
        // Its place in the log: what is written at the end of a long request was received long before.
        let is_long = activity.at_us / 1_000_000 + LONG_S < i64::from(self.clock.now_s());
        let written_us = if is_long {
            activity.at_us.max(activity.stage_at_us)
        } else {
            activity.at_us
        };
        match self.clock.tick(written_us, wall_s) {
            Tick::Steady => {}
            Tick::Jumped => {
                self.sessions.catch_up(self.clock.now_s());
                self.accuse();
            }
            Tick::Restarted => {
                self.end_sessions(incidents);
                // What was old enough to be usual may not be so any more.
                self.warm.disturb_all();
            }
        }
        let now_s = self.clock.now_s();
        if now_s >= self.sessions.next_due_s() {
            self.look_again(incidents);
        }
        self.counters.judged += 1;
        self.baseline.count(now_s);
        match self.repeat_warm(&fingerprint, now_s) {
            (Repeated::Yes, _) => {}
            (Repeated::MayExplain, index) => self.explain(activity, index),
            (Repeated::No, _) => self.examine(activity, &fingerprint, incidents),
        }
    }

    /// Whether a line only tells that a request was received, and another one will tell its result.
    fn is_answered_later(&mut self, activity: &Activity<'_>) -> bool {
        let is_received = activity.stage == Stage::RequestReceived;
        let Some((received, answered)) = self.stages.get_mut(activity.surface as usize) else {
            return false;
        };
        if is_received {
            *received = received.saturating_add(1);
        } else {
            *answered = answered.saturating_add(1);
        }
        is_received && (*answered > 0 || *received <= UNANSWERED_MAX)
    }

    /// Counts what was found ordinary and still is, and gives the place of its identity.
    #[inline]
    fn repeat_warm(&mut self, fingerprint: &Fingerprint, now_s: u32) -> (Repeated, u32) {
        if self.places.has_forgotten() {
            self.warm.disturb_all();
        }
        let limit = self.settings.pod_query_threshold;
        for key in [fingerprint.shape, fingerprint.anywhere] {
            let Some(entry) = self.warm.find(key, now_s) else {
                continue;
            };
            let repeated = self.baseline.repeat_settled(&entry, now_s, limit);
            if repeated != Repeated::No {
                return (repeated, entry.index);
            }
        }
        (Repeated::No, 0)
    }

    /// Fetches from memory what activities will be compared with, so that the waits overlap.
    #[inline]
    fn touch(&mut self, fingerprints: &[Fingerprint; GROUP]) {
        let mut places = [None; GROUP];
        for (place, fingerprint) in places.iter_mut().zip(fingerprints) {
            *place = self.warm.touch(fingerprint.shape);
            *place = place.or_else(|| self.warm.touch(fingerprint.anywhere));
            self.touched ^= self.recent.touch(fingerprint.request);
        }
        for (index, habit_at) in places.into_iter().flatten() {
            self.touched ^= self.baseline.touch(index, habit_at);
        }
    }

    /// Tells the records of identities when the evidence against them happened.
    fn accuse(&mut self) {
        for (index, accused) in self.sessions.accused() {
            self.baseline.accuse(index, accused);
        }
    }
}

//! One identity, or one group of them, and its habits.

use serde::{Deserialize, Serialize};

use super::DAY_S;
use super::symbols::Symbol;
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::decay::{remaining, rounded};
use crate::engine::who::Class;

/// Habits of one identity: with 44 bytes each they stay below 4 KiB even at the limit. When it is reached,
/// namespaces and then kinds are folded into "any"; what still finds no room replaces the weakest, counted.
pub(super) const HABITS_MAX: usize = 64;
/// Habits of a group: it has many members with different tasks.
pub(super) const GROUP_HABITS_MAX: usize = 512;
/// One time weighs this much in [`Habit::strength`].
pub(crate) const ONCE: u32 = 1_000;
/// A habit gets no stronger: what was done all day for years is forgotten after a year as well.
pub(crate) const STRENGTH_MAX: u32 = 1_000 * ONCE;
/// Below this a habit is forgotten: a single time is, after four half-lives.
const FORGOTTEN: f64 = 0.05 * 1_000.0;
/// A behaviour that belonged to an incident becomes a habit when it was seen on so many days: an intruder
/// does not train the baseline in an evening, and what stays forever stops to be an alarm.
const DAYS_OF_PROBATION: u8 = 5;
/// Remembered addresses and programs of one identity: replicas, versions. Older ones give way.
pub(crate) const ORIGINS_MAX: usize = 6;

/// How a behaviour was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// In ordinary times.
    Usual,
    /// As part of an incident.
    Suspect,
}

/// When the newest evidence happened that may turn out to have been the beginning of work; 0 for never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accused {
    /// Any such evidence.
    pub(crate) at_s: u32,
    /// A look at the API or at own rights, which reading something explains as well.
    pub(crate) of_look_s: u32,
}

/// Something that an identity does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Habit {
    pub(crate) kind: Symbol,
    pub(crate) namespace: Symbol,
    pub(crate) first_s: u32,
    pub(crate) last_s: u32,
    /// How often, decayed, in thousandths.
    pub(crate) strength: u32,
    window_s: u32,
    pub(crate) window_count: u16,
    /// Largest count of a time window; members for groups.
    pub(crate) peak: u16,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
    pub(crate) standing: Standing,
    /// Whether many repetitions are an event: questions for pods and nodes.
    pub(crate) is_counted: bool,
    days: u8,
}

impl Habit {
    pub(super) fn new(op: Op, outcome: Outcome, now_s: u32) -> Self {
        Self {
            kind: Symbol::EMPTY,
            namespace: Symbol::EMPTY,
            first_s: now_s,
            last_s: now_s,
            strength: ONCE,
            window_s: now_s,
            window_count: 1,
            peak: 1,
            op,
            outcome,
            standing: Standing::Usual,
            is_counted: false,
            days: 1,
        }
    }

    /// Counts so many more times.
    #[inline]
    pub(crate) fn repeat(&mut self, times: u32, now_s: u32, half_life_s: u32, window_s: u32) {
        // Two logs in one file: the later one may tell of earlier days.
        self.first_s = self.first_s.min(now_s);
        if now_s / DAY_S > self.last_s / DAY_S {
            self.days = self.days.saturating_add(1);
        }
        // Decay within an hour is below one part in three hundred.
        if now_s.saturating_sub(self.last_s) >= 3_600 {
            self.strength = self.faded(now_s, half_life_s);
        }
        let more = times.saturating_mul(ONCE);
        self.strength = self.strength.saturating_add(more).min(STRENGTH_MAX);
        self.last_s = self.last_s.max(now_s);
        // A window that began later belongs to another log.
        if now_s.abs_diff(self.window_s) < window_s {
            let times = u16::try_from(times).unwrap_or(u16::MAX);
            self.window_count = self.window_count.saturating_add(times);
        } else {
            if self.standing == Standing::Usual {
                // A peak is remembered, but one quiet week after another it comes down again.
                self.peak = self.window_count.max(self.peak - self.peak / 16);
            }
            self.window_s = now_s;
            self.window_count = 1;
        }
    }

    /// How often it was met in the time window that now belongs to.
    pub(crate) fn within(&self, now_s: u32, window_s: u32) -> u32 {
        if now_s.abs_diff(self.window_s) < window_s {
            u32::from(self.window_count)
        } else {
            0
        }
    }

    /// How many repetitions in one time window are no event.
    #[inline]
    pub(crate) fn tolerated(&self, limit: u32) -> u32 {
        // One time in a window is what every habit begins with.
        let by_habit = if self.peak > 1 {
            u32::from(self.peak) * 3
        } else {
            0
        };
        limit.max(by_habit)
    }

    /// The strength that is left.
    pub(crate) fn faded(&self, now_s: u32, half_life_s: u32) -> u32 {
        rounded(
            f64::from(self.strength) * remaining(now_s.saturating_sub(self.last_s), half_life_s),
        )
    }

    /// Whether it is usual now.
    #[inline]
    pub(crate) fn is_usual(&self, now_s: u32, half_life_s: u32) -> bool {
        let is_of_age = self.standing == Standing::Usual || self.days >= DAYS_OF_PROBATION;
        // Half of a single time is far from forgotten: what was repeated within a half-life takes no division.
        let is_fresh = now_s.saturating_sub(self.last_s) < half_life_s && self.strength >= ONCE;
        is_of_age && (is_fresh || f64::from(self.faded(now_s, half_life_s)) >= FORGOTTEN)
    }

    /// Whether it is usual now and one more time is no event.
    #[inline]
    pub(super) fn is_settled(&self, now_s: u32, half_life_s: u32, limit: u32) -> bool {
        let is_often = self.is_counted && u32::from(self.window_count) >= self.tolerated(limit);
        !is_often && self.is_usual(now_s, half_life_s)
    }

    /// Whether it has been met on so many days that it is no longer part of an incident.
    pub(crate) fn is_out_of_probation(&self) -> bool {
        self.days >= DAYS_OF_PROBATION
    }

    /// Whether it began a day ago or longer.
    pub(crate) fn is_old(&self, now_s: u32) -> bool {
        now_s.saturating_sub(self.first_s) >= DAY_S
    }

    /// On how many days it was met.
    pub(crate) fn days(&self) -> u8 {
        self.days
    }

    /// Takes it out of what is usual: it belonged to an incident.
    pub(crate) fn suspect(&mut self) {
        self.standing = Standing::Suspect;
        self.days = 1;
    }
}

/// An identity or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) key: Box<str>,
    pub(crate) cluster: Symbol,
    #[serde(skip)]
    pub(super) hash: u64,
    pub(crate) class: Class,
    /// Groups, as places in the table of groups plus one; 0 for none.
    pub(crate) groups: [u32; 2],
    pub(crate) first_s: u32,
    pub(crate) last_s: u32,
    pub(crate) requests: u32,
    /// The session that its unusual activity belongs to; 0 for none. Of this run: not part of a baseline.
    pub(crate) session: u32,
    /// Whether every request of it must be looked at: it has an open incident.
    pub(crate) is_watched: bool,
    /// Hash of the last address, credential and program that were found in order; 0 for none.
    pub(crate) last_arrival: u64,
    pub(crate) addresses: [u32; ORIGINS_MAX],
    pub(crate) programs: [u32; ORIGINS_MAX],
    pub(crate) habits: Vec<Habit>,
    /// Keyed hash of each habit, side by side: that is how they are looked for.
    #[serde(skip)]
    pub(super) hashes: Vec<u64>,
    /// Changes when something does that ordinary activities are judged by; no two records of a table had the
    /// same at one place. Of this run.
    #[serde(skip)]
    pub(crate) stamp: u32,
    /// When the newest evidence against it happened that work may explain for a while. Of this run; follows from
    /// the sessions.
    #[serde(skip)]
    pub(crate) accused: Accused,
}

impl Record {
    pub(super) fn new(key: &str, cluster: Symbol, class: Class, now_s: u32) -> Self {
        Self {
            key: key.into(),
            cluster,
            hash: 0,
            class,
            groups: [0; 2],
            first_s: now_s,
            last_s: now_s,
            requests: 0,
            session: 0,
            is_watched: false,
            last_arrival: 0,
            addresses: [0; ORIGINS_MAX],
            programs: [0; ORIGINS_MAX],
            habits: Vec::new(),
            hashes: Vec::new(),
            stamp: 0,
            accused: Accused::default(),
        }
    }

    /// Counts one more request.
    #[inline]
    pub(super) fn count(&mut self, now_s: u32) {
        self.requests = self.requests.saturating_add(1);
        self.first_s = self.first_s.min(now_s);
        self.last_s = self.last_s.max(now_s);
    }

    /// Its keyed hash.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The habit with this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<usize> {
        self.hashes.iter().position(|known| *known == hash)
    }

    /// Whether it has a habit of this kind.
    pub(crate) fn has(&self, wanted: impl Fn(&Habit) -> bool) -> bool {
        self.habits.iter().any(wanted)
    }

    /// How long it is known, in seconds.
    pub(crate) fn known_for_s(&self, now_s: u32) -> u32 {
        now_s.saturating_sub(self.first_s)
    }
}

/// Puts an origin to the front; says whether it was there.
pub(crate) fn remember_origin(origins: &mut [u32; ORIGINS_MAX], origin: u32) -> bool {
    let place = origins.iter().position(|one| *one == origin);
    let end = place.unwrap_or(ORIGINS_MAX - 1);
    if let Some(part) = origins.get_mut(..=end) {
        part.rotate_right(1);
        if let Some(first) = part.first_mut() {
            *first = origin;
        }
    }
    place.is_some()
}

//! The log's own time, which one wrong clock among the servers cannot turn.

use serde::{Deserialize, Serialize};

/// A time that is this close to the present moment of the engine, or to the wall clock, is believed: events
/// of several servers arrive out of order, and a pause of an hour says nothing yet. Seconds.
const BELIEVED_S: i64 = 60 * 60;
/// So many more events must disagree with the engine's time than agree before it gives in: a log that has a
/// gap gets there after as many events, a server with a wrong clock only as the one that writes most.
const DOUBTS_MAX: u32 = 12;
/// After a gap few events may follow before the next one, as in a log that holds a handful a day: then so many are
/// enough as agreed with the time since, but no fewer than this.
const DOUBTS_MIN: u32 = 3;

/// What the engine takes for the present: seconds since 1970, never behind what it was, unless the log itself
/// starts anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    now_s: u32,
    doubts: u32,
    /// Events that agreed since the last gap, as far as it matters.
    agreed: u32,
    strays: u64,
}

/// What an event's time did to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Went on or stood still.
    Steady,
    /// The log goes on after a gap; what came since the gap was taken for earlier than it was.
    Jumped,
    /// The log went back for good: another file, or a clock that was set right.
    Restarted,
}

impl Clock {
    /// The present.
    pub(crate) fn now_s(self) -> u32 {
        self.now_s
    }

    /// Events whose own time was not believed.
    pub(crate) fn strays(self) -> u64 {
        self.strays
    }

    /// Whether the log may have gone on without the engine: what happens now may be later than it seems.
    pub(crate) fn is_in_doubt(self) -> bool {
        self.doubts > 0
    }

    /// Takes notice of an event's time; `wall_s` is the wall clock of the caller.
    #[inline]
    pub(crate) fn tick(&mut self, at_us: i64, wall_s: i64) -> Tick {
        let at_s = at_us.div_euclid(1_000_000);
        let ahead = at_s - i64::from(self.now_s);
        if (-BELIEVED_S..=0).contains(&ahead) {
            self.agree();
            return Tick::Steady;
        }
        self.consider(at_s, wall_s)
    }

    /// Time has passed without an event.
    pub(crate) fn advance(&mut self, wall_s: i64) {
        if let Ok(wall_s) = u32::try_from(wall_s)
            && self.now_s != 0
        {
            self.now_s = self.now_s.max(wall_s);
        }
    }

    #[inline]
    fn agree(&mut self) {
        self.doubts = self.doubts.saturating_sub(1);
        self.agreed = (self.agreed + 1).min(DOUBTS_MAX);
    }

    #[cold]
    fn consider(&mut self, at_s: i64, wall_s: i64) -> Tick {
        let Ok(at) = u32::try_from(at_s) else {
            self.strays += 1;
            return Tick::Steady;
        };
        if at == 0 {
            return Tick::Steady;
        }
        let ahead = at_s - i64::from(self.now_s);
        let is_near_wall = (at_s - wall_s).abs() <= BELIEVED_S;
        if self.now_s == 0 || (0..=BELIEVED_S).contains(&ahead) || (is_near_wall && ahead > 0) {
            self.now_s = at;
            self.agree();
            return Tick::Steady;
        }
        self.strays += 1;
        self.doubts += 1;
        let doubts_max = if ahead > 0 {
            self.agreed.clamp(DOUBTS_MIN, DOUBTS_MAX)
        } else {
            DOUBTS_MAX
        };
        if self.doubts < doubts_max {
            return Tick::Steady;
        }
        (self.doubts, self.agreed) = (0, 0);
        self.now_s = at;
        if ahead < 0 {
            Tick::Restarted
        } else {
            Tick::Jumped
        }
    }
}

//! Past logs that fall silent: holes that are long beside the log's own rhythm, and logs that end while others,
//! which spoke at the same time, go on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use viewshed_model::{Incident, IncidentState};

use super::dossier::time;
use super::own::own_incident;

/// Longest pauses kept of one log; as many holes of one log, less one, can be told.
const PAUSES_MAX: usize = 8;
/// A log with fewer pauses has no rhythm that a hole could stand out of.
const PAUSES_MIN: u64 = 100;
/// A silence shorter than this means nothing in any log. Seconds.
const SILENCE_MIN_S: i64 = 10 * 60;
/// So many times the longest pause that is no hole is one.
const TIMES_USUAL: i64 = 6;

/// When one past log spoke, and when it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    first_s: i64,
    last_s: i64,
    pauses: u64,
    /// The longest pauses, the longest first: how long, and since when. Seconds.
    longest: Vec<(i64, i64)>,
}

impl Course {
    /// The log has an entry of this time, in microseconds since 1970. Earlier ones than the last say nothing: lines
    /// of several requests are a little out of order.
    pub fn add(&mut self, at_us: i64) {
        let at_s = at_us.div_euclid(1_000_000);
        if at_s <= self.last_s {
            return;
        }
        if self.last_s == 0 {
            (self.first_s, self.last_s) = (at_s, at_s);
            return;
        }
        let pause = (at_s - self.last_s, self.last_s);
        self.last_s = at_s;
        self.pauses += 1;
        let is_long = self.longest.last().is_none_or(|shortest| pause > *shortest);
        if is_long || self.longest.len() < PAUSES_MAX {
            let place = self.longest.partition_point(|one| *one > pause);
            self.longest.insert(place, pause);
            self.longest.truncate(PAUSES_MAX);
        }
    }

    /// A report has told the holes; those that come later are told by the next one.
    pub fn told(&mut self) {
        let holes = self.holes().0.len();
        self.longest.drain(..holes);
    }

    /// The holes, and the longest pause that is none.
    fn holes(&self) -> (&[(i64, i64)], i64) {
        if self.pauses < PAUSES_MIN {
            return (&[], i64::MAX);
        }
        // What comes again and again, as every night, is a rhythm and no hole.
        let number = self.longest.windows(2).rposition(|two| match two {
            [(longer, _), (shorter, _)] => *longer >= tolerated(*shorter),
            _ => false,
        });
        let (holes, usual) = self.longest.split_at(number.map_or(0, |place| place + 1));
        (holes, usual.first().map_or(i64::MAX, |one| one.0))
    }
}

/// How long a silence may be in a log with this longest pause. Seconds.
fn tolerated(usual_s: i64) -> i64 {
    SILENCE_MIN_S.max(usual_s.saturating_mul(TIMES_USUAL))
}

/// An incident for each silence in past logs, by the names of their sources.
pub fn silences(courses: &BTreeMap<&str, &Course>) -> Vec<Incident> {
    let mut found = Vec::new();
    for (name, course) in courses {
        let (holes, usual_s) = course.holes();
        for (length_s, since_s) in holes {
            let text = format!(
                "`{name}` says nothing for {} minutes and then goes on; its longest other pause is {} minutes",
                length_s / 60,
                (usual_s / 60).max(1)
            );
            found.push(silence(name, *since_s, since_s + length_s, text));
        }
        let Some(end_s) = outlived(course, usual_s, courses) else {
            continue;
        };
        let text = format!(
            "`{name}` ends {} minutes before others that spoke at the same time; its longest pause is {} minutes",
            (end_s - course.last_s) / 60,
            (usual_s / 60).max(1)
        );
        found.push(silence(name, course.last_s, end_s, text));
    }
    found
}

/// When the last of the others ends, if that is too long after this one. Others are those that spoke beside it for
/// at least half as long as they outlive it: what only follows it is its continuation, or another time.
fn outlived(course: &Course, usual_s: i64, all: &BTreeMap<&str, &Course>) -> Option<i64> {
    let ends = all.values().filter(|other| {
        let longer_s = other.last_s - course.last_s;
        let beside_s = course.last_s - other.first_s.max(course.first_s);
        other.pauses >= PAUSES_MIN && longer_s > tolerated(usual_s) && beside_s >= longer_s / 2
    });
    ends.map(|other| other.last_s).max()
}

fn silence(name: &str, since_s: i64, until_s: i64, text: String) -> Incident {
    let mut incident = own_incident("silent-source", name, time(since_s * 1_000_000), text);
    incident.last_event.time = time(until_s * 1_000_000);
    incident.revision = 1;
    incident.state = IncidentState::Closed;
    incident
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Course, silences};

    /// A log that speaks every `step_s` seconds in each of these spans.
    fn log(step_s: usize, spans: &[(i64, i64)]) -> Course {
        let mut course = Course::default();
        for (from_s, to_s) in spans {
            for at_s in (*from_s..*to_s).step_by(step_s) {
                course.add(at_s * 1_000_000);
            }
        }
        course
    }

    fn told(logs: &[(&str, &Course)]) -> Vec<String> {
        let logs: BTreeMap<&str, &Course> = logs.iter().copied().collect();
        let told = silences(&logs).into_iter();
        told.map(|one| format!("{} {}", one.first_event.time, one.reasons[0].text))
            .collect()
    }

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn a_hole_in_a_busy_log_is_told() {
        let gap = log(5, &[(DAY, DAY + HOUR), (DAY + 7 * HOUR, DAY + 8 * HOUR)]);
        assert_eq!(
            told(&[("gap.log", &gap)]),
            [
                "1970-01-02T00:59:55Z `gap.log` says nothing for 360 minutes and then goes on; its longest other pause is 1 minutes"
            ]
        );
        let dense = log(5, &[(DAY, DAY + 8 * HOUR)]);
        assert_eq!(told(&[("a.log", &dense)]), Vec::<String>::new());
    }

    #[test]
    fn nights_are_a_rhythm_and_few_lines_have_none() {
        let days: Vec<(i64, i64)> = (1..12)
            .map(|day| (day * DAY, day * DAY + 12 * HOUR))
            .collect();
        assert_eq!(told(&[("a.log", &log(30, &days))]), Vec::<String>::new());
        let few = log(60, &[(DAY, DAY + 600), (3 * DAY, 3 * DAY + 600)]);
        assert_eq!(told(&[("a.log", &few)]), Vec::<String>::new());
    }

    #[test]
    fn a_log_that_ends_before_the_others_is_told() {
        let (long, short) = (log(5, &[(DAY, 4 * DAY)]), log(5, &[(DAY, 3 * DAY)]));
        let all = [("a.log", &long), ("b.log", &short)];
        assert_eq!(
            told(&all),
            [
                "1970-01-03T23:59:55Z `b.log` ends 1440 minutes before others that spoke at the same time; its longest pause is 1 minutes"
            ]
        );
    }

    #[test]
    fn what_follows_a_log_is_not_beside_it() {
        let (before, after) = (
            log(5, &[(DAY, 2 * DAY)]),
            log(5, &[(2 * DAY - 60, 3 * DAY)]),
        );
        let all = [("january.log", &before), ("february.log", &after)];
        assert_eq!(told(&all), Vec::<String>::new());
    }
}

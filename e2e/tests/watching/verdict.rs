//! What the engine makes of a log, fed as it would arrive.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use viewshed_decode::logs::{Arena, LogFormat, decode};
use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Activity, Incident, Skips, Stage};

use crate::intrusions::Intrusion;

/// How fast an intruder goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As recorded.
    Recorded,
    /// One request in ten minutes.
    Slow,
}

/// Seconds between the requests of a slow intruder.
const SLOW_S: i64 = 600;
/// A list that may yet turn out to be the beginning of a watch is told of after this time. Seconds.
const HELD_S: i64 = 61;

/// The incidents of a log, and when they were told.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The last revision of each.
    pub(crate) incidents: Vec<Incident>,
    /// The intruder's requests, in order: time and audit id. Without what every client asks first.
    pub(crate) requests: Vec<(i64, String)>,
    /// How many of them there were when the first incident was told.
    pub(crate) told_after: Option<usize>,
}

/// Judges ordinary sessions. With a threshold below the usual one they have to be far from it.
pub(crate) fn of_ordinary<'l>(logs: impl IntoIterator<Item = &'l str>, threshold: u32) -> Verdict {
    let settings = Settings {
        threshold,
        ..Settings::default()
    };
    let mut engine = Engine::new(settings, Baseline::default());
    let mut verdict = Verdict::default();
    let now = read(logs, &mut engine, &mut verdict.incidents);
    verdict.finish(engine, now)
}

/// What an engine knows after ordinary sessions, to go on from.
pub(crate) fn after<'l>(logs: impl IntoIterator<Item = &'l str>) -> Vec<u8> {
    let mut engine = Engine::new(Settings::default(), Baseline::default());
    read(logs, &mut engine, &mut Vec::new());
    engine.checkpoint()
}

/// Judges an intrusion after ordinary sessions, event by event, and a minute more.
pub(crate) fn of_intrusion(known: &[u8], intrusion: &Intrusion, pace: Pace) -> Verdict {
    let mut engine = Engine::restore(Settings::default(), known).unwrap();
    let mut verdict = Verdict::default();
    let arena = Arena::new();
    let mut now = Timestamp::UNIX_EPOCH;
    for activity in paced(intrusion, pace, activities(&intrusion.session.log, &arena)) {
        let at = (activity.at_us, activity.id.to_string());
        let is_new = !verdict.requests.iter().any(|(_, id)| *id == at.1);
        if is_own(intrusion, &activity) && is_new && !is_preamble(&activity) {
            verdict.requests.push(at);
        }
        now = time(activity.at_us);
        engine.step(now, &[activity], &mut verdict.incidents);
        verdict.notice();
    }
    now = time(now.as_microsecond() + HELD_S * 1_000_000);
    engine.step(now, &[], &mut verdict.incidents);
    verdict.notice();
    verdict.finish(engine, now)
}

fn read<'l>(
    logs: impl IntoIterator<Item = &'l str>,
    engine: &mut Engine,
    told: &mut Vec<Incident>,
) -> Timestamp {
    let arena = Arena::new();
    let mut now = Timestamp::UNIX_EPOCH;
    for log in logs {
        let activities = activities(log, &arena);
        now = activities.last().map_or(now, |last| time(last.at_us));
        engine.step(now, &activities, told);
    }
    now
}

/// The events of an intrusion's session; of a slow one only the intruder's own, further apart.
fn paced<'l>(intrusion: &Intrusion, pace: Pace, log: Vec<Activity<'l>>) -> Vec<Activity<'l>> {
    if pace == Pace::Recorded {
        return log;
    }
    let mut begun: Vec<(String, i64)> = Vec::new();
    let mut slow = Vec::new();
    for mut activity in log.into_iter().filter(|one| is_own(intrusion, one)) {
        let known = begun.iter().position(|(id, _)| *id == activity.id);
        let place = known.unwrap_or_else(|| {
            begun.push((activity.id.to_string(), activity.at_us));
            begun.len() - 1
        });
        let start_us = begun.first().map_or(0, |(_, at_us)| *at_us);
        activity.at_us = start_us + i64::try_from(place).unwrap() * SLOW_S * 1_000_000;
        slow.push(activity);
    }
    // Two lines of one request are further apart in the log than in time.
    slow.sort_by_key(|one| one.at_us);
    slow
}

/// Whether a stolen identity, or nobody, made this request from an intruder's place.
fn is_own(intrusion: &Intrusion, activity: &Activity<'_>) -> bool {
    let user = &*activity.actor.user;
    let is_stolen = (user.starts_with("system:serviceaccount:")
        && !user.starts_with("system:serviceaccount:kube-system:"))
        || user.starts_with("system:node:");
    intrusion
        .script
        .addresses
        .contains(&&*activity.actor.address)
        && (is_stolen || user == "system:anonymous" || user.is_empty())
        && activity.stage != Stage::RequestReceived
}

/// Whether any client begins like this: which kinds there are, and which version.
fn is_preamble(activity: &Activity<'_>) -> bool {
    let path = activity.uri.split('?').next().unwrap_or_default();
    ["/api", "/apis", "/openapi/v2", "/openapi/v3", "/version"].contains(&path)
}

fn activities<'l>(log: &'l str, arena: &'l Arena) -> Vec<Activity<'l>> {
    let (mut activities, mut skips) = (Vec::new(), Skips::default());
    decode(
        LogFormat::KubernetesAudit,
        log.as_bytes(),
        arena,
        &mut activities,
        &mut skips,
    );
    assert_eq!(
        skips.total(),
        0,
        "the decoder reads every line of a real log"
    );
    activities
}

fn time(at_us: i64) -> Timestamp {
    Timestamp::from_microsecond(at_us).unwrap()
}

impl Verdict {
    fn notice(&mut self) {
        if !self.incidents.is_empty() && self.told_after.is_none() {
            self.told_after = Some(self.requests.len());
        }
    }

    /// Ends the log, and leaves the last revision of each incident.
    fn finish(mut self, mut engine: Engine, now: Timestamp) -> Self {
        engine.finish(now, &mut self.incidents);
        let mut latest = BTreeMap::new();
        for incident in self.incidents {
            latest.insert(incident.id.clone(), incident);
        }
        self.incidents = latest.into_values().collect();
        self
    }

    /// With which of the intruder's requests the first incident opened, counted from 1 after `ordinary` ones.
    pub(crate) fn opened_with(&self, ordinary: usize) -> usize {
        let opened = self
            .incidents
            .first()
            .map_or(i64::MAX, |one| one.opened_at.as_microsecond());
        let until = self.requests.iter().filter(|(at_us, _)| *at_us <= opened);
        until.count().saturating_sub(ordinary)
    }

    /// What a person needs to see when something is not as expected.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "{} incidents, {} requests, told after {:?}\n",
            self.incidents.len(),
            self.requests.len(),
            self.told_after
        );
        for one in &self.incidents {
            let others: Vec<&str> = one.also_as.iter().map(|actor| &*actor.name).collect();
            writeln!(
                text,
                "  {} {} {others:?} from {:?}, {} events, first {} opened {}",
                one.severity,
                one.actor.name,
                one.source_addresses,
                one.event_count,
                one.first_event.time,
                one.opened_at
            )
            .unwrap();
            for reason in &one.reasons {
                writeln!(
                    text,
                    "    {:3} {}: {} ({})",
                    reason.weight, reason.detection, reason.text, reason.at
                )
                .unwrap();
            }
        }
        text
    }
}

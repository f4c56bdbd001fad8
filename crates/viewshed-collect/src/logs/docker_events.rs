//! ENTERS: a Docker daemon's events, as JSON lines, from where they were read last.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use memchr::memchr;
use serde::Deserialize;
use viewshed_model::GapReason;

use super::chunk::{Chunk, Mark};
use super::inbox::Producer;
use super::limits::LINE_BYTES_MAX;
use super::positions::DockerPlace;
use super::report::{Report, gap};
use super::sources::Follow;
use crate::docker::{Endpoint, EventsEnd, events};

/// Waiting times between attempts to reach a daemon that is gone.
const RETRY_TIME_MIN: Duration = Duration::from_secs(1);
/// See [`RETRY_TIME_MIN`].
const RETRY_TIME_MAX: Duration = Duration::from_secs(30);

/// One daemon's events.
#[derive(Debug)]
pub(super) struct DockerEvents {
    pub(super) endpoint: Endpoint,
    pub(super) follow: Follow,
    pub(super) source: Arc<str>,
    pub(super) producer: Producer,
    pub(super) report: Arc<Report>,
    pub(super) place: DockerPlace,
}

impl DockerEvents {
    /// Reads what the daemon remembers; when following, also what comes, and again after every break.
    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return;
        };
        let mut cutter = EventCutter::new(self.place.clone());
        let mut retry_time = RETRY_TIME_MIN;
        loop {
            let since = cutter.place.time_ns;
            let until = match self.follow {
                Follow::Yes => None,
                Follow::No => Some(now_s()),
            };
            cutter.begin();
            let mut take = |bytes: &[u8]| self.take(&mut cutter, bytes);
            let end = runtime.block_on(events(&self.endpoint, (since, until), &mut take, || {
                self.producer.inbox().pause(Duration::ZERO).is_err()
            }));
            let has_come = cutter.has_come;
            match end {
                EventsEnd::Stopped => return,
                EventsEnd::Complete if self.follow == Follow::No => return,
                EventsEnd::Complete => {}
                EventsEnd::Failed(reason, detail) => {
                    let hint = "is the daemon running?";
                    self.report.gap(gap(&self.source, reason, detail, hint));
                    if self.follow == Follow::No {
                        return;
                    }
                }
            }
            if has_come {
                retry_time = RETRY_TIME_MIN;
            }
            if self.producer.inbox().pause(retry_time).is_err() {
                return;
            }
            retry_time = (retry_time * 2).min(RETRY_TIME_MAX);
        }
    }

    fn take(&self, cutter: &mut EventCutter, bytes: &[u8]) -> ControlFlow<()> {
        let Some(lines) = cutter.lines(bytes) else {
            return ControlFlow::Continue(());
        };
        if std::mem::take(&mut cutter.is_broken) {
            // A daemon remembers 256 events, and none from before its own start (moby daemon/events).
            let detail = "the daemon does not remember the event that was read last".to_owned();
            self.report
                .gap(gap(&self.source, GapReason::Truncated, detail, ""));
        }
        self.report
            .long_lines(&self.source, cutter.take_long_lines());
        if lines.is_empty() {
            return ControlFlow::Continue(());
        }
        self.report.came(&self.source, lines.len());
        let pushed = self.producer.push(Chunk {
            source: Arc::clone(&self.source),
            file: Arc::clone(&self.source),
            bytes: lines,
            is_document: false,
            offset: 0,
            mark: Mark::Docker(cutter.place.clone()),
        });
        match pushed {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Cuts the stream into events, and leaves out those that were read before.
#[derive(Debug)]
struct EventCutter {
    /// Up to where events were handed out.
    place: DockerPlace,
    /// What the daemon repeats when asked again; `None` once something new came.
    repeated: Option<DockerPlace>,
    /// Whether the daemon did not begin with what was read last.
    is_broken: bool,
    rest: Vec<u8>,
    /// Whether anything new came since the daemon was asked.
    has_come: bool,
    long_lines: u64,
}

#[derive(Deserialize)]
struct Times {
    #[serde(default, rename = "timeNano")]
    time_ns: i64,
    #[serde(default)]
    time: i64,
}

impl EventCutter {
    fn new(place: DockerPlace) -> Self {
        Self {
            place,
            repeated: None,
            is_broken: false,
            rest: Vec::new(),
            has_come: false,
            long_lines: 0,
        }
    }

    /// Before the daemon is asked (again).
    fn begin(&mut self) {
        self.rest.clear();
        self.has_come = false;
        self.repeated = (self.place.count > 0).then(|| self.place.clone());
    }

    fn take_long_lines(&mut self) -> u64 {
        std::mem::take(&mut self.long_lines)
    }

    /// The new events that have become whole; `None` when no line has.
    fn lines(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut begin = 0;
        while let Some(line) = rest.get(begin..).and_then(|rest| {
            let end = memchr(b'\n', rest)?;
            rest.get(..=end)
        }) {
            begin += line.len();
            let times = serde_json::from_slice::<Times>(line).ok();
            let time_ns = times.map_or(self.place.time_ns, |times| match times.time_ns {
                0 => times.time.saturating_mul(1_000_000_000),
                time_ns => time_ns,
            });
            if self.is_repeated(time_ns) {
                continue;
            }
            lines.extend_from_slice(line);
            self.has_come = true;
            if time_ns == self.place.time_ns {
                self.place.count += 1;
            } else {
                self.place = DockerPlace { time_ns, count: 1 };
            }
        }
        rest.drain(..begin);
        self.rest = rest;
        if self.rest.len() > LINE_BYTES_MAX {
            // What is left of it is no event either: its begin is missing.
            self.rest.clear();
            self.long_lines += 1;
        }
        (begin > 0).then_some(lines)
    }

    /// Whether an event was read before the daemon was asked again.
    fn is_repeated(&mut self, time_ns: i64) -> bool {
        let Some(repeated) = &mut self.repeated else {
            return false;
        };
        if time_ns < repeated.time_ns {
            return true;
        }
        if time_ns == repeated.time_ns && repeated.count > 0 {
            repeated.count -= 1;
            return true;
        }
        // All that were read at the last time come again, unless they are forgotten.
        self.is_broken = repeated.count > 0;
        self.repeated = None;
        false
    }
}

fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

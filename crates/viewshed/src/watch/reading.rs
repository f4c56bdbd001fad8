//! From chunks to judged activities, source by source.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use viewshed_collect::logs::Chunk;
use viewshed_decode::logs::{self, Arena, LogFormat, Rejoin};
use viewshed_detect::coverage::ProfileCollector;
use viewshed_detect::{Course, silences};
use viewshed_model::{Activity, Gap, Incident, LogProfile, SkipReason, Skips};

use super::Pump;

/// Sources that are told apart. More than anybody has; further logs of a folder that somebody fills share one
/// entry.
const SOURCES_MAX: usize = 1_024;

/// The name of what has no entry of its own.
const FURTHER: &str = "(further sources)";

/// What is known of the sources that were read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// What the user says that they are.
    format: Option<LogFormat>,
    pub(crate) sources: BTreeMap<String, SourceRead>,
    /// Activities since the last report.
    pub(crate) event_count: u64,
    /// Room that is used again for every chunk.
    arena: Arena,
    activities: Vec<Activity<'static>>,
}

/// One source.
#[derive(Debug, Default)]
pub(crate) struct SourceRead {
    /// `None` as long as nothing in it was recognised.
    pub(crate) format: Option<LogFormat>,
    /// Since the last report.
    pub(crate) skips: Skips,
    /// Since the beginning.
    pub(crate) profile: ProfileCollector,
    /// When it spoke.
    course: Course,
    /// Entries that a container runtime has not written to their end.
    rejoin: Rejoin,
}

/// What of it outlives a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct KeptReading {
    sources: BTreeMap<String, KeptSource>,
    event_count: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptSource {
    format: Option<String>,
    skips: Skips,
    profile: LogProfile,
    #[serde(default)]
    course: Course,
}

impl Reading {
    pub(crate) fn new(format: Option<LogFormat>) -> Self {
        Self::resume(format, KeptReading::default())
    }

    /// Goes on where [`Reading::kept`] stopped.
    pub(crate) fn resume(format: Option<LogFormat>, kept: KeptReading) -> Self {
        let sources = kept.sources.into_iter().map(|(name, source)| {
            let known = source.format.and_then(|name| name.parse().ok());
            let read = SourceRead {
                format: format.or(known),
                skips: source.skips,
                profile: ProfileCollector::resume(source.profile),
                course: source.course,
                rejoin: Rejoin::default(),
            };
            (name, read)
        });
        Self {
            format,
            sources: sources.collect(),
            event_count: kept.event_count,
            arena: Arena::new(),
            activities: Vec::new(),
        }
    }

    /// For the state folder.
    pub(crate) fn kept(&self) -> KeptReading {
        let sources = self.sources.iter().map(|(name, source)| {
            let kept = KeptSource {
                format: source.format.map(|format| format.name().to_owned()),
                skips: source.skips.clone(),
                profile: source.profile.profile(),
                course: source.course.clone(),
            };
            (name.clone(), kept)
        });
        KeptReading {
            sources: sources.collect(),
            event_count: self.event_count,
        }
    }

    /// A report has told what was counted so far; what the logs were seen to hold stays known.
    pub(crate) fn told(&mut self) {
        self.event_count = 0;
        for source in self.sources.values_mut() {
            source.course.told();
            source.skips.counts.clear();
            source.skips.first.clear();
        }
    }

    /// Decodes a chunk, whose parts of entries it puts together, notes what it shows, and hands both on. Entries without a time of their own get that of their
    /// arrival, where it is known; without either their time is 0, which means that nobody knows it.
    pub(crate) fn each(
        &mut self,
        chunk: &mut Chunk,
        arrived: Option<Timestamp>,
        act: impl FnOnce(&Chunk, &[Activity<'_>]),
    ) {
        let name = if self.sources.len() < SOURCES_MAX || self.sources.contains_key(&*chunk.source)
        {
            &*chunk.source
        } else {
            FURTHER
        };
        if !self.sources.contains_key(name) {
            let source = SourceRead {
                format: self.format,
                ..SourceRead::default()
            };
            self.sources.insert(name.to_owned(), source);
        }
        let Some(source) = self.sources.get_mut(name) else {
            return;
        };
        if !chunk.is_document
            && let Some(joined) = source.rejoin.chunk(&chunk.bytes, &mut source.skips)
        {
            chunk.bytes = joined;
        }
        // A pushed body is recognised by itself: several senders may share a listener.
        let known = if chunk.is_document || name == FURTHER {
            self.format
        } else {
            source.format
        };
        let format = known.or_else(|| logs::recognise(&chunk.bytes));
        source.format = source.format.or(format);
        let Some(format) = format else {
            source
                .skips
                .add(SkipReason::OtherKind, || format!("byte {}", chunk.offset));
            return;
        };
        self.arena.reset();
        let mut activities = logs::recycled(std::mem::take(&mut self.activities));
        logs::decode(
            format,
            &chunk.bytes,
            &self.arena,
            &mut activities,
            &mut source.skips,
        );
        if let Some(arrived) = arrived {
            for activity in activities.iter_mut().filter(|one| one.at_us == 0) {
                activity.at_us = arrived.as_microsecond();
            }
        }
        for activity in &activities {
            source.profile.add(activity);
            if activity.at_us > 0 {
                source.course.add(activity.at_us);
            }
        }
        self.event_count += activities.len() as u64;
        act(chunk, &activities);
        self.activities = logs::recycled(activities);
    }

    /// Silences of past logs: each source by itself, and beside the others. What has no entry of its own has no
    /// rhythm either.
    pub(crate) fn silences(&self) -> Vec<Incident> {
        let sources = self.sources.iter().filter(|(name, _)| *name != FURTHER);
        let courses = sources.map(|(name, source)| (name.as_str(), &source.course));
        silences(&courses.collect())
    }

    /// Reads past logs to their end; what could not be read.
    pub(crate) fn drain(&mut self, pump: Pump, mut act: impl FnMut(&[Activity<'_>])) -> Vec<Gap> {
        let gaps = pump.drain(|chunk| self.each(chunk, None, |_, activities| act(activities)));
        self.end();
        gaps
    }

    /// Nothing more comes for now: entries without an end are counted.
    pub(crate) fn end(&mut self) {
        for source in self.sources.values_mut() {
            for _ in 0..source.rejoin.end() {
                let line = source.skips.lines_read;
                source
                    .skips
                    .add(SkipReason::Truncated, || format!("line {line}"));
            }
        }
    }

    /// What was not judged, over all sources.
    pub(crate) fn skips(&self) -> Skips {
        let mut all = Skips::default();
        for source in self.sources.values() {
            all.merge(source.skips.clone());
        }
        all
    }
}

//! From chunks to judged activities, source by source.

use std::collections::BTreeMap;

use jiff::Timestamp;
use viewshed_collect::logs::Chunk;
use viewshed_decode::logs::{self, Arena, LogFormat};
use viewshed_detect::Engine;
use viewshed_detect::coverage::ProfileCollector;
use viewshed_model::{Activity, Incident, SkipReason, Skips};

/// What is known of the sources that were read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// What the user says that they are.
    format: Option<LogFormat>,
    pub(crate) sources: BTreeMap<String, SourceRead>,
    /// Room that is used again for every chunk.
    arena: Arena,
    activities: Vec<Activity<'static>>,
}

/// One source.
#[derive(Debug, Default)]
pub(crate) struct SourceRead {
    /// `None` as long as nothing in it was recognised.
    pub(crate) format: Option<LogFormat>,
    pub(crate) skips: Skips,
    pub(crate) profile: ProfileCollector,
}

impl Reading {
    pub(crate) fn new(format: Option<LogFormat>) -> Self {
        Self {
            format,
            sources: BTreeMap::new(),
            arena: Arena::new(),
            activities: Vec::new(),
        }
    }

    /// Decodes a chunk and hands it to the engine.
    pub(crate) fn judge(
        &mut self,
        chunk: &Chunk,
        engine: &mut Engine,
        now: Timestamp,
        incidents: &mut Vec<Incident>,
    ) {
        self.each(chunk, |activities| {
            engine.step(now, activities, incidents);
        });
    }

    /// Decodes a chunk and notes what it shows.
    pub(crate) fn note(&mut self, chunk: &Chunk) {
        self.each(chunk, |_| {});
    }

    fn each(&mut self, chunk: &Chunk, act: impl FnOnce(&[Activity<'_>])) {
        if !self.sources.contains_key(&*chunk.source) {
            let source = SourceRead {
                format: self.format,
                ..SourceRead::default()
            };
            self.sources.insert(chunk.source.to_string(), source);
        }
        let Some(source) = self.sources.get_mut(&*chunk.source) else {
            return;
        };
        // A pushed body is recognised by itself: several senders may share a listener.
        let known = if chunk.is_document {
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
        for activity in &activities {
            source.profile.add(activity);
        }
        act(&activities);
        self.activities = logs::recycled(activities);
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

//! Reads logs look by look: everything that is there, then, when following, everything that comes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::chunk::Chunk;
use super::inbox::{Producer, Stopped};
use super::limits::{LOOK_INTERVAL, LOOK_SHARE, THREADS_MAX};
use super::lines::Sizes;
use super::merge::{Reading, run};
use super::plan::Planner;
use super::report::Report;
use super::sources::Follow;
use super::spares::Spares;

/// Looks of a reading that does not follow: files may be rotated while it goes on.
const LOOKS_MAX: u32 = 5;

/// Bytes after which the next look comes at once: there is a backlog.
const BACKLOG_BYTES: u64 = 16 * 1024 * 1024;

/// Everything that reading logs needs.
#[derive(Debug)]
pub(super) struct LogReader {
    pub(super) planner: Planner,
    pub(super) follow: Follow,
    pub(super) producer: Producer,
    pub(super) report: Arc<Report>,
    pub(super) spares: Arc<Spares>,
    /// Threads; 0 for as many as there are cores.
    pub(super) threads: usize,
    pub(super) sizes: Sizes,
}

/// What one look brought.
#[derive(Debug)]
pub(super) struct Looked {
    bytes: u64,
    /// How long looking took, without reading.
    look_time: Duration,
    /// Whether a file was renamed while it was to be read.
    has_moved: bool,
}

impl LogReader {
    /// Reads until the end, or when following until told to stop.
    pub(super) fn run(mut self) {
        let mut looks = 0;
        while let Ok(looked) = self.look() {
            looks += 1;
            let pause = match self.follow {
                Follow::No if looked.has_moved && looks < LOOKS_MAX => continue,
                Follow::No => return,
                Follow::Yes if looked.bytes >= BACKLOG_BYTES => Duration::ZERO,
                Follow::Yes => LOOK_INTERVAL.max(looked.look_time * LOOK_SHARE),
            };
            if self.producer.inbox().pause(pause).is_err() {
                return;
            }
        }
    }

    /// Looks once, and reads what is new.
    pub(super) fn look(&mut self) -> Result<Looked, Stopped> {
        let start = Instant::now();
        let lanes = self.planner.look();
        let look_time = start.elapsed();
        let mut bytes = 0;
        let mut is_stopped = false;
        let mut deliver = |chunk: Chunk| {
            bytes += chunk.bytes.len() as u64;
            self.report.came(&chunk.source, chunk.bytes.len());
            match self.producer.push(chunk) {
                Ok(()) => ControlFlow::Continue(()),
                Err(Stopped) => {
                    is_stopped = true;
                    ControlFlow::Break(())
                }
            }
        };
        let reading = Reading {
            threads: threads(self.threads),
            sizes: self.sizes,
            spares: &self.spares,
        };
        let outcomes = run(lanes, reading, &mut deliver);
        if is_stopped {
            return Err(Stopped);
        }
        Ok(Looked {
            bytes,
            look_time,
            has_moved: self.planner.finished(outcomes),
        })
    }
}

fn threads(wanted: usize) -> usize {
    match wanted {
        0 => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(THREADS_MAX),
        wanted => wanted,
    }
}

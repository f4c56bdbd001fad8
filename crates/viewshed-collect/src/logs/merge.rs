//! Reads many files at once on several threads, and hands their chunks out in the order of time.
//!
//! The files of one log form a lane and come strictly in order. Between lanes, the chunk comes first whose
//! first line is oldest. A file's next chunk is one step; threads take the most urgent step, and read ahead
//! while there is room.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::chunk::Chunk;
use super::file::{End, FileReader, Job, Step};
use super::head::{FirstTime, first_time};
use super::limits::{READ_AHEAD_BYTES, SIDE_BY_SIDE_MAX};
use super::lines::Sizes;
use super::spares::Spares;

/// The files of one log, oldest first.
pub(super) type Lane = Vec<Job>;

/// How a file fared, and its lines that were too long.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) job: Job,
    pub(super) end: End,
    pub(super) long_lines: u64,
}

/// Bounds and helpers of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// Threads, this one included.
    pub(super) threads: usize,
    pub(super) sizes: Sizes,
    pub(super) spares: &'a Spares,
}

/// Reads all lanes to their ends, and gives every chunk to `deliver` until that breaks off.
///
/// The outcome of every file that was read to its end is given back.
pub(super) fn run(
    lanes: Vec<Lane>,
    reading: Reading<'_>,
    deliver: &mut dyn FnMut(Chunk) -> ControlFlow<()>,
) -> Vec<Outcome> {
    let file_count: usize = lanes.iter().map(Vec::len).sum();
    let helpers = reading.threads.min(file_count).saturating_sub(1);
    let room = READ_AHEAD_BYTES * (helpers as u64 + 1);
    let merge = Merge {
        board: Mutex::new(Board::new(lanes, reading.threads.max(1), room)),
        changed: Condvar::new(),
        helpers,
        reading,
    };
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|| merge.help());
        }
        merge.lead(deliver);
    });
    let board = merge.board.into_inner();
    board.unwrap_or_else(PoisonError::into_inner).outcomes
}

struct Merge<'a> {
    board: Mutex<Board>,
    changed: Condvar,
    /// Threads beside the one that hands out.
    helpers: usize,
    reading: Reading<'a>,
}

impl Merge<'_> {
    /// Hands out what is due; reads itself while nothing is.
    fn lead(&self, deliver: &mut dyn FnMut(Chunk) -> ControlFlow<()>) {
        let mut board = self.lock();
        loop {
            if let Some(chunk) = board.due() {
                drop(board);
                // Room was made.
                self.tell();
                let flow = deliver(chunk);
                board = self.lock();
                if flow.is_break() {
                    break;
                }
            } else if board.is_finished() {
                break;
            } else if let Some(work) = board.choose(Urgency::Needed) {
                drop(board);
                self.work(work);
                board = self.lock();
            } else {
                board = self.wait(board);
            }
        }
        board.is_over = true;
        drop(board);
        self.changed.notify_all();
    }

    fn help(&self) {
        let mut board = self.lock();
        while !board.is_over {
            if let Some(work) = board.choose(Urgency::Any) {
                drop(board);
                self.work(work);
                board = self.lock();
            } else {
                board = self.wait(board);
            }
        }
    }

    fn work(&self, work: Work) {
        let (reader, step) = match work.reader {
            Ok(mut reader) => {
                let step = reader.step(self.reading.spares.take());
                (Some(reader), step)
            }
            Err(job) => match FileReader::open(job, self.reading.sizes) {
                Ok(mut reader) => {
                    let step = reader.step(self.reading.spares.take());
                    (Some(Box::new(reader)), step)
                }
                Err(end) => (None, Step::End(end, 0)),
            },
        };
        self.lock().put_back(work.lane, work.job, reader, step);
        self.tell();
    }

    /// Wakes those who wait. Without helpers nobody ever does.
    fn tell(&self) {
        if self.helpers > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'b>(&self, board: MutexGuard<'b, Board>) -> MutexGuard<'b, Board> {
        self.changed
            .wait(board)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which steps a thread takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgency {
    /// Those without which nothing can be handed out.
    Needed,
    /// Also those ahead, while there is room.
    Any,
}

/// One step to take.
struct Work {
    lane: usize,
    job: u64,
    /// The file, or what to open.
    reader: Result<Box<FileReader>, Job>,
}

enum Reader {
    Closed,
    Open(Box<FileReader>),
    /// A thread has it.
    Away,
    Ended,
}

struct OneFile {
    /// Its number within the lane.
    number: u64,
    job: Job,
    reader: Reader,
    ready: VecDeque<(Option<FirstTime>, Chunk)>,
}

struct OneLane {
    begins: Option<FirstTime>,
    files: VecDeque<OneFile>,
    /// The time of what was handed out last, for chunks without a time of their own.
    last: Option<FirstTime>,
}

struct Board {
    /// By the time at which they begin.
    lanes: Vec<OneLane>,
    /// Lanes before this one have begun.
    begun: usize,
    is_single: bool,
    /// Files of one lane that are read at once.
    at_once: usize,
    ready_bytes: u64,
    ready_bytes_max: u64,
    outcomes: Vec<Outcome>,
    is_over: bool,
}

impl Board {
    fn new(lanes: Vec<Lane>, at_once: usize, ready_bytes_max: u64) -> Self {
        let mut lanes: Vec<OneLane> = lanes.into_iter().map(OneLane::new).collect();
        lanes.sort_by_key(|lane| lane.begins);
        Self {
            is_single: lanes.len() == 1,
            lanes,
            begun: 0,
            at_once,
            ready_bytes: 0,
            ready_bytes_max,
            outcomes: Vec::new(),
            is_over: false,
        }
    }

    fn is_finished(&self) -> bool {
        self.lanes.iter().all(|lane| lane.files.is_empty())
    }

    /// The chunk that comes next, when all lanes that have begun know theirs.
    fn due(&mut self) -> Option<Chunk> {
        loop {
            self.drop_ended();
            let mut first: Option<(Option<FirstTime>, usize)> = None;
            let mut running = 0;
            for (place, lane) in self.lanes.iter().enumerate().take(self.begun) {
                let Some(file) = lane.files.front() else {
                    continue;
                };
                let (time, _) = file.ready.front()?;
                let time = time.or(lane.last);
                running += 1;
                if first.is_none_or(|(earliest, _)| time < earliest) {
                    first = Some((time, place));
                }
            }
            let next = self.lanes.get(self.begun).map(|lane| lane.begins);
            let is_next_due = match (first, next) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some((time, _)), Some(begins)) => begins <= time && running < SIDE_BY_SIDE_MAX,
            };
            if is_next_due {
                self.begun += 1;
                continue;
            }
            let (time, place) = first?;
            let lane = self.lanes.get_mut(place)?;
            lane.last = time;
            let (_, chunk) = lane.files.front_mut()?.ready.pop_front()?;
            self.ready_bytes -= chunk.bytes.len() as u64;
            return Some(chunk);
        }
    }

    fn drop_ended(&mut self) {
        for lane in self.lanes.iter_mut().take(self.begun) {
            while lane
                .files
                .front()
                .is_some_and(|file| file.ready.is_empty() && matches!(file.reader, Reader::Ended))
            {
                lane.files.pop_front();
            }
        }
    }

    fn choose(&mut self, urgency: Urgency) -> Option<Work> {
        self.drop_ended();
        let has_room = self.ready_bytes < self.ready_bytes_max;
        let at_once = self.at_once;
        let mut ahead = None;
        for (place, lane) in self.lanes.iter().enumerate().take(self.begun) {
            for (depth, file) in lane.files.iter().enumerate().take(at_once) {
                if !matches!(file.reader, Reader::Closed | Reader::Open(_)) {
                    continue;
                }
                if depth == 0 && file.ready.is_empty() {
                    return self.take(place, depth);
                }
                ahead = ahead.or(Some((place, depth)));
            }
        }
        let (place, depth) = ahead.filter(|_| has_room && urgency == Urgency::Any)?;
        self.take(place, depth)
    }

    fn take(&mut self, lane: usize, depth: usize) -> Option<Work> {
        let file = self.lanes.get_mut(lane)?.files.get_mut(depth)?;
        let reader = match std::mem::replace(&mut file.reader, Reader::Away) {
            Reader::Open(reader) => Ok(reader),
            _ => Err(file.job.clone()),
        };
        Some(Work {
            lane,
            job: file.number,
            reader,
        })
    }

    fn put_back(&mut self, lane: usize, number: u64, reader: Option<Box<FileReader>>, step: Step) {
        let needs_time = !self.is_single;
        let files = self.lanes.get_mut(lane).map(|lane| &mut lane.files);
        let Some(file) =
            files.and_then(|files| files.iter_mut().find(|file| file.number == number))
        else {
            return;
        };
        match (step, reader) {
            (Step::Chunk(chunk), Some(reader)) => {
                self.ready_bytes += chunk.bytes.len() as u64;
                let time = needs_time.then(|| first_time(&chunk.bytes)).flatten();
                file.ready.push_back((time, chunk));
                file.reader = Reader::Open(reader);
            }
            (Step::End(end, long_lines), _) => {
                file.reader = Reader::Ended;
                self.outcomes.push(Outcome {
                    job: file.job.clone(),
                    end,
                    long_lines,
                });
            }
            (Step::Chunk(_), None) => file.reader = Reader::Ended,
        }
    }
}

impl OneLane {
    fn new(jobs: Lane) -> Self {
        let files = jobs.into_iter().zip(0..).map(|(job, number)| OneFile {
            number,
            job,
            reader: Reader::Closed,
            ready: VecDeque::new(),
        });
        let files: VecDeque<OneFile> = files.collect();
        Self {
            begins: files.front().and_then(|file| file.job.begins),
            files,
            last: None,
        }
    }
}

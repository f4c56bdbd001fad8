//! ENTERS: the names, sizes and first bytes of log files. Decides what is to be read next, and from where.
//!
//! A log is rotated by giving its file another name, by copying it and cutting it off, or by compressing
//! it. So content is known by how it begins, not by its file's name or number; a file only says where a
//! content can be found at the moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use viewshed_model::GapReason;

use super::compression::{Content as Bytes, Form};
use super::family::{Age, member};
use super::file::{End, Job, Stamp, shown};
use super::head::{Fingerprint, Head, first_time, is_document, read_head};
use super::limits::{ABSENT_LOOKS, STILL_LOOKS};
use super::lines::Tail;
use super::merge::{Lane, Outcome};
use super::positions::{Content, Positions, Whole};
use super::report::{Report, gap};
use super::roots::{Root, files, unreadable};
use super::sources::Follow;

/// What is known of a path.
#[derive(Debug, Clone)]
struct Seen {
    stamp: Stamp,
    content: Option<u64>,
    /// Whether everything was read that can be read of it as it is.
    is_read: bool,
    is_unfinished: bool,
    /// Told when the file has been still for a while.
    trouble: Option<(GapReason, String)>,
    /// Looks at which it was as it is.
    still: u32,
}

/// What is known of a content beside what is kept.
#[derive(Debug, Clone)]
struct Known {
    content: Content,
    /// Looks at which no file held it.
    absent: u32,
    /// Whether a file of this look is about to read it.
    is_taken: bool,
    /// Length of the plain file that holds it.
    length: u64,
}

/// What was opened to find out what it is.
struct Opened {
    stamp: Stamp,
    form: Form,
    head: Head,
}

/// Keeps track of files and contents from look to look.
#[derive(Debug)]
pub(super) struct Planner {
    roots: Vec<Root>,
    follow: Follow,
    positions: Arc<Positions>,
    report: Arc<Report>,
    contents: BTreeMap<u64, Known>,
    paths: BTreeMap<PathBuf, Seen>,
    /// Logs that an earlier run has read: unknown files of theirs are new.
    resumed: BTreeSet<String>,
    is_first_look: bool,
}

impl Planner {
    pub(super) fn new(
        roots: Vec<Root>,
        follow: Follow,
        positions: Arc<Positions>,
        report: Arc<Report>,
    ) -> Self {
        let kept = positions.contents();
        let resumed = kept.values().map(|content| content.log.clone()).collect();
        let contents = kept
            .into_iter()
            .map(|(id, content)| (id, Known::new(content, None)))
            .collect();
        for root in &roots {
            if let Root::Log(path) = root {
                report.known(&shown(&member(path).log).into());
            }
        }
        Self {
            roots,
            follow,
            positions,
            report,
            contents,
            paths: BTreeMap::new(),
            resumed,
            is_first_look: true,
        }
    }

    /// Looks at everything once, and says what there is to read.
    pub(super) fn look(&mut self) -> Vec<Lane> {
        for known in self.contents.values_mut() {
            known.absent += 1;
            known.is_taken = false;
        }
        let logs = files(&self.roots, self.follow, &self.report);
        let present: BTreeSet<&PathBuf> = logs
            .values()
            .flat_map(BTreeMap::keys)
            .map(|(_, path)| path)
            .collect();
        self.paths.retain(|path, _| present.contains(path));
        let mut lanes = Vec::new();
        for (log, files) in &logs {
            let lane: Lane = files
                .iter()
                .filter_map(|((age, path), is_wanted)| self.consider(log, age, path, *is_wanted))
                .collect();
            if !lane.is_empty() {
                lanes.push(lane);
            }
        }
        self.is_first_look = false;
        self.forget_absent();
        lanes
    }

    /// Notes how the reading went. Whether something moved away while it was to be read.
    pub(super) fn finished(&mut self, outcomes: Vec<Outcome>) -> bool {
        let mut has_moved = false;
        for Outcome {
            job,
            end,
            long_lines,
        } in outcomes
        {
            self.report.long_lines(&job.source, long_lines);
            let Some(seen) = self.paths.get_mut(&job.path) else {
                continue;
            };
            let read_to = match end {
                End::Moved => {
                    self.paths.remove(&job.path);
                    has_moved = true;
                    continue;
                }
                End::Complete { to, is_unfinished } => {
                    seen.is_unfinished = is_unfinished;
                    to
                }
                End::Broken { to, reason, detail } => {
                    let may_grow = self.follow == Follow::Yes && reason == GapReason::Truncated;
                    if may_grow {
                        seen.trouble = Some((reason, detail));
                    } else {
                        self.report.gap(gap(&job.file, reason, detail, ""));
                    }
                    to
                }
            };
            seen.is_read = true;
            let is_whole = job.is_compressed && seen.trouble.is_none();
            if let Some(known) = self.contents.get_mut(&job.content) {
                known.content.read_to = known.content.read_to.max(read_to);
                if is_whole {
                    known.content.whole = Some(whole(&job.stamp, read_to));
                    self.positions.moved(job.content, &known.content);
                }
            }
        }
        has_moved
    }

    fn consider(&mut self, log: &Path, age: &Age, path: &Path, is_wanted: bool) -> Option<Job> {
        let stamp = match std::fs::metadata(path) {
            Ok(metadata) => Stamp::of(&metadata),
            Err(error) => {
                if self.follow == Follow::No || error.kind() != std::io::ErrorKind::NotFound {
                    unreadable(&self.report, path, &error);
                }
                return None;
            }
        };
        let mut still = 0;
        if let Some(seen) = self.paths.get_mut(path).filter(|seen| seen.stamp == stamp) {
            seen.still = seen.still.saturating_add(1);
            still = seen.still;
            let (content, is_read) = (seen.content, seen.is_read);
            if let Some(known) = content.and_then(|id| self.contents.get_mut(&id)) {
                known.absent = 0;
            }
            if is_read && still != STILL_LOOKS {
                return None;
            }
        }
        if still == STILL_LOOKS && !self.is_worth_another_look(path, age) {
            return None;
        }
        let opened = match open(path) {
            Ok(opened) => opened,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    unreadable(&self.report, path, &error);
                }
                return None;
            }
        };
        let is_being_written = *age == Age::Written && opened.form == Form::Plain;
        let is_final = self.follow == Follow::No || (still >= STILL_LOOKS && !is_being_written);
        self.job(&Candidate {
            log,
            path,
            is_final,
            is_wanted,
            opened,
            still,
        })
    }

    /// For a file that has not changed for a while: whether its unfinished line is to be read now. A line in
    /// the file that is written to waits for ever.
    fn is_worth_another_look(&mut self, path: &Path, age: &Age) -> bool {
        let Some(seen) = self.paths.get_mut(path) else {
            return false;
        };
        if let Some((reason, detail)) = seen.trouble.take() {
            self.report.gap(gap(&shown(path), reason, detail, ""));
            return false;
        }
        seen.content.is_none() || (seen.is_unfinished && *age != Age::Written)
    }

    fn job(&mut self, candidate: &Candidate<'_>) -> Option<Job> {
        let Candidate {
            path,
            opened,
            is_final,
            ..
        } = candidate;
        let stamp = opened.stamp;
        let mut seen = Seen {
            stamp,
            content: None,
            is_read: true,
            is_unfinished: false,
            trouble: None,
            still: candidate.still,
        };
        if let Form::Other(what) = opened.form {
            let hint = "give it as text, gzip or zstd";
            let file = shown(path);
            let detail = format!("it is {what}, not a log");
            self.report
                .standing_gap(gap(&file, GapReason::Unsupported, detail, hint));
            self.paths.insert(path.to_path_buf(), seen);
            return None;
        }
        let Some(id) = self.identify(candidate) else {
            self.paths.insert(path.to_path_buf(), seen);
            return None;
        };
        let known = self.contents.get_mut(&id)?;
        known.absent = 0;
        seen.content = Some(id);
        let is_plain = opened.form == Form::Plain;
        let from = known.content.read_to;
        let is_known_to_end = if is_plain {
            stamp.length <= from
        } else {
            known.content.whole == Some(whole(&stamp, from))
        };
        if from == u64::MAX || is_known_to_end {
            self.paths.insert(path.to_path_buf(), seen);
            return None;
        }
        if known.is_taken {
            // Another file holds the same content, and is read at this look; this one at the next.
            return None;
        }
        seen.is_read = false;
        let is_document = is_document(&opened.head.bytes);
        self.paths.insert(path.to_path_buf(), seen);
        if is_document && is_plain && !is_final && candidate.still < 2 {
            // It may still be being written.
            return None;
        }
        known.is_taken = true;
        let waits = is_plain && !is_final;
        Some(Job {
            path: path.to_path_buf(),
            source: shown(candidate.log).into(),
            file: shown(path).into(),
            content: id,
            stamp,
            from,
            tail: if waits { Tail::Waits } else { Tail::IsLine },
            is_document,
            is_compressed: !is_plain,
            begins: first_time(&opened.head.bytes),
        })
    }

    /// Which content a file holds; `None` as long as it holds too little to tell.
    fn identify(&mut self, candidate: &Candidate<'_>) -> Option<u64> {
        let Opened { stamp, form, head } = &candidate.opened;
        let fingerprint = match Fingerprint::of(head) {
            Some(fingerprint) => fingerprint,
            None if candidate.is_final && !head.bytes.is_empty() => {
                Fingerprint::of_all(&head.bytes)
            }
            None => return None,
        };
        let log = candidate.log.to_string_lossy();
        let is_here =
            |content: &Content| (content.device, content.inode) == (stamp.device, stamp.inode);
        let found = self
            .contents
            .iter()
            .filter(|(_, known)| {
                known.content.log == log && known.content.fingerprint.matches(&head.bytes)
            })
            .max_by_key(|(_, known)| (is_here(&known.content), known.content.fingerprint.length()))
            .map(|(id, _)| *id);
        if let Some(known) = found.and_then(|id| self.contents.get_mut(&id)) {
            let content = &mut known.content;
            let is_plain = *form == Form::Plain;
            let was_cut_off = is_here(content) && is_plain && stamp.length < known.length;
            if was_cut_off {
                (content.device, content.inode) = (0, 0);
            } else {
                if is_plain {
                    known.length = stamp.length;
                }
                let is_new =
                    !is_here(content) || content.fingerprint.length() < fingerprint.length();
                if is_new {
                    content.device = stamp.device;
                    content.inode = stamp.inode;
                    content.fingerprint = fingerprint;
                    if let Some(id) = found {
                        self.positions.moved(id, content);
                    }
                }
                return found;
            }
        }
        let is_old =
            self.is_first_look && !candidate.is_wanted && !self.resumed.contains(log.as_ref());
        let content = Content {
            log: log.into_owned(),
            fingerprint,
            device: stamp.device,
            inode: stamp.inode,
            read_to: if is_old { u64::MAX } else { 0 },
            whole: None,
        };
        let id = self.positions.register(content.clone());
        let length = (*form == Form::Plain).then_some(stamp.length);
        self.contents.insert(id, Known::new(content, length));
        Some(id)
    }

    /// What no file holds any more is not kept for ever; what was lost with it is told.
    fn forget_absent(&mut self) {
        if self.follow == Follow::No {
            return;
        }
        let (report, positions) = (&self.report, &self.positions);
        self.contents.retain(|id, known| {
            let is_kept = known.absent < ABSENT_LOOKS;
            if !is_kept {
                positions.forget(*id);
                if known.length > known.content.read_to {
                    let detail = format!(
                        "a file was taken away before its last {} bytes were read",
                        known.length - known.content.read_to
                    );
                    let hint = "keep rotated files for a while";
                    report.gap(gap(&known.content.log, GapReason::Truncated, detail, hint));
                }
            }
            is_kept
        });
    }
}

impl Known {
    /// `length`: of the plain file that holds it, where that is known.
    fn new(content: Content, length: Option<u64>) -> Self {
        let read_to = match content.read_to {
            u64::MAX => 0,
            read_to => read_to,
        };
        Self {
            content,
            absent: 0,
            is_taken: false,
            length: length.unwrap_or(read_to),
        }
    }
}

/// A file that may be read.
struct Candidate<'a> {
    log: &'a Path,
    path: &'a Path,
    /// Whether nothing more is expected to be written to it.
    is_final: bool,
    is_wanted: bool,
    opened: Opened,
    still: u32,
}

fn open(path: &Path) -> std::io::Result<Opened> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let content = Bytes::open(file)?;
    let form = content.form();
    let head = match form {
        Form::Other(_) => Head::default(),
        _ => read_head(content),
    };
    Ok(Opened { stamp, form, head })
}

fn whole(stamp: &Stamp, holds: u64) -> Whole {
    Whole {
        inode: stamp.inode,
        length: stamp.length,
        changed_ns: stamp.changed_ns,
        holds,
    }
}

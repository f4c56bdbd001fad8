//! ENTERS: the bytes of one log file, plain or compressed, from a place to its end.

use std::fs::File;
use std::io::{ErrorKind, Read, Take};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use viewshed_model::GapReason;

use super::chunk::{Chunk, Mark};
use super::compression::{Bomb, Content, Form};
use super::head::FirstTime;
use super::limits::DOCUMENT_BYTES_MAX;
use super::lines::{Fill, LineCutter, Sizes, Tail};
use crate::text::one_line;

/// Which file this is to the system, and how it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) length: u64,
    pub(super) changed_ns: i64,
}

impl Stamp {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            changed_ns: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
        }
    }

    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// One file to read.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) path: PathBuf,
    /// See [`Chunk::source`] and [`Chunk::file`].
    pub(super) source: Arc<str>,
    pub(super) file: Arc<str>,
    /// Which content this is.
    pub(super) content: u64,
    /// The file must still be this one. A plain file is read up to the length it had then: what is written
    /// meanwhile is for the next look.
    pub(super) stamp: Stamp,
    /// Uncompressed bytes that were read before.
    pub(super) from: u64,
    pub(super) tail: Tail,
    pub(super) is_document: bool,
    pub(super) is_compressed: bool,
    /// When its first event was; `None` when that cannot be told.
    pub(super) begins: Option<FirstTime>,
}

/// How the reading of a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Everything that was there was read.
    Complete {
        to: u64,
        /// Whether a line waits for its end.
        is_unfinished: bool,
    },
    /// Another file has its name now.
    Moved,
    /// It was read up to where it breaks off or is damaged.
    Broken {
        to: u64,
        reason: GapReason,
        detail: String,
    },
}

/// What one step brought.
#[derive(Debug)]
pub(super) enum Step {
    Chunk(Chunk),
    /// The end, and the lines that were too long.
    End(End, u64),
}

/// An opened file.
#[derive(Debug)]
pub(super) struct FileReader {
    job: Job,
    cutter: LineCutter<Take<Content<File>>>,
    is_ended: bool,
}

impl FileReader {
    /// Opens the file and goes to its place.
    pub(super) fn open(job: Job, sizes: Sizes) -> Result<Self, End> {
        let from = job.from;
        let broken = |error: std::io::Error| broken(from, &error);
        let file = File::open(&job.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => End::Moved,
            _ => broken(error),
        })?;
        let stamp = Stamp::of(&file.metadata().map_err(broken)?);
        if !stamp.is_same_file(&job.stamp) || stamp.length < job.stamp.length {
            return Err(End::Moved);
        }
        let mut content = Content::open(file).map_err(broken)?;
        content.skip_to(from).map_err(broken)?;
        let length_max = match content.form() {
            Form::Gzip | Form::Zstd => u64::MAX,
            Form::Plain | Form::Other(_) => job.stamp.length.saturating_sub(from),
        };
        let stream = content.take(length_max);
        Ok(Self {
            cutter: LineCutter::new(stream, from, (job.tail, Fill::Full), sizes),
            job,
            is_ended: false,
        })
    }

    /// Reads on, into `buffer`.
    pub(super) fn step(&mut self, buffer: Vec<u8>) -> Step {
        if self.job.is_document {
            return self.document(buffer);
        }
        match self.cutter.next(buffer) {
            Ok(Some(lines)) => {
                let end = self.cutter.offset();
                Step::Chunk(self.chunk(lines.bytes, lines.offset, end))
            }
            Ok(None) => {
                let end = End::Complete {
                    to: self.cutter.offset(),
                    is_unfinished: self.cutter.has_unfinished_line(),
                };
                Step::End(end, self.cutter.long_lines)
            }
            Err(error) => Step::End(broken(self.cutter.offset(), &error), self.cutter.long_lines),
        }
    }

    fn document(&mut self, mut buffer: Vec<u8>) -> Step {
        let from = self.job.from;
        if self.is_ended {
            let end = End::Complete {
                to: self.cutter.offset(),
                is_unfinished: false,
            };
            return Step::End(end, 0);
        }
        self.is_ended = true;
        buffer.clear();
        let mut stream = self.cutter.stream_mut().take(DOCUMENT_BYTES_MAX as u64 + 1);
        if let Err(error) = stream.read_to_end(&mut buffer) {
            return Step::End(broken(from, &error), 0);
        }
        if buffer.len() > DOCUMENT_BYTES_MAX {
            let end = End::Broken {
                to: from,
                reason: GapReason::TooLarge,
                detail: format!(
                    "one document of more than {DOCUMENT_BYTES_MAX} bytes; as JSON lines it can have any size"
                ),
            };
            return Step::End(end, 0);
        }
        let end = from + buffer.len() as u64;
        self.cutter.set_offset(end);
        if buffer.is_empty() {
            return self.document(buffer);
        }
        Step::Chunk(self.chunk(buffer, from, end))
    }

    fn chunk(&self, mut bytes: Vec<u8>, offset: u64, end: u64) -> Chunk {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        if offset == 0 && bytes.starts_with(BYTE_ORDER_MARK) && bytes.len() > BYTE_ORDER_MARK.len()
        {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Chunk {
            source: Arc::clone(&self.job.source),
            file: Arc::clone(&self.job.file),
            bytes,
            is_document: self.job.is_document,
            offset,
            mark: Mark::File {
                content: self.job.content,
                end,
            },
        }
    }
}

fn broken(to: u64, error: &std::io::Error) -> End {
    let inner = error.get_ref();
    let is_bomb = inner
        .and_then(|inner| inner.downcast_ref::<Bomb>())
        .is_some();
    let reason = match error.kind() {
        ErrorKind::UnexpectedEof => GapReason::Truncated,
        ErrorKind::PermissionDenied => GapReason::Forbidden,
        _ if is_bomb => GapReason::TooLarge,
        _ if inner.is_some() => GapReason::Malformed,
        _ => GapReason::Unreachable,
    };
    let words = one_line(&error.to_string());
    let detail = match reason {
        GapReason::Truncated => format!("it breaks off behind byte {to} of its content"),
        GapReason::Malformed => format!("it is damaged behind byte {to} of its content: {words}"),
        _ => words,
    };
    End::Broken { to, reason, detail }
}

/// A path for people; names of files may hold anything.
pub(super) fn shown(path: &Path) -> String {
    viewshed_decode::text::clean(&path.to_string_lossy()).into_owned()
}

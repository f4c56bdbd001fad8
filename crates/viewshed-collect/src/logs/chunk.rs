//! Some bytes of one source, and what is to be noted when they have been worked off.

use std::sync::Arc;

use super::bodies::Receipt;
use super::positions::DockerPlace;

/// Whole lines of one log, or one whole document.
#[derive(Debug)]
pub struct Chunk {
    /// The log: the path of the file that is, or was, written to (the same for all its rotated files), `-`, the
    /// listener's address, or the Docker daemon's. Control characters are removed.
    pub source: Arc<str>,
    /// The very file, as a path for people; what `source` says where there are no files.
    pub file: Arc<str>,
    /// Never empty. Lines end with a line feed, but the last line of a file may lack it.
    pub bytes: Vec<u8>,
    /// Whether this is one document, such as a pushed body, and not lines.
    pub is_document: bool,
    /// Where in the file, uncompressed, or in the stream the bytes begin.
    pub offset: u64,
    pub(super) mark: Mark,
}

/// What is noted when a chunk is done.
#[derive(Debug)]
pub(super) enum Mark {
    /// Nothing: what is gone from a pipe does not come back.
    Nothing,
    /// The content was read up to here.
    File { content: u64, end: u64 },
    /// The daemon's events were read up to here.
    Docker(DockerPlace),
    /// The pusher is told.
    Body(Receipt),
}

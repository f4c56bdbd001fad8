//! How far every source has been worked off: what has to be kept to go on after a stop.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::chunk::Mark;
use super::head::Fingerprint;
use crate::error::Error;

/// Of what form the kept bytes are.
const VERSION: u32 = 1;

/// Contents that are kept. Beyond, those that were met first are forgotten, and would be read again.
const CONTENTS_MAX: usize = 200_000;

/// One content of a log: what was written between two rotations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    /// The file that it is, or was, written to.
    pub(super) log: String,
    /// How it begins.
    pub(super) fingerprint: Fingerprint,
    /// Where it was last.
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Uncompressed bytes that are worked off; [`u64::MAX`] for what was there before and is not wanted.
    pub(super) read_to: u64,
    /// The compressed file, by length and time of change, that holds nothing beyond a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) whole: Option<Whole>,
}

/// A compressed file that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whole {
    pub(super) inode: u64,
    pub(super) length: u64,
    pub(super) changed_ns: i64,
    /// Uncompressed bytes.
    pub(super) holds: u64,
}

/// How far a daemon's events are worked off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DockerPlace {
    /// Time of the last event, in nanoseconds since 1970.
    pub(super) time_ns: i64,
    /// How many events with that very time.
    pub(super) count: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    next_id: u64,
    contents: BTreeMap<u64, Content>,
    docker: BTreeMap<String, DockerPlace>,
}

/// Shared between those who read and those who work off.
#[derive(Debug, Default)]
pub(super) struct Positions(Mutex<Kept>);

impl Positions {
    /// From what [`Positions::to_bytes`] gave; nothing at all is the very beginning.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let unusable = |detail: String| Error::PositionsUnusable { detail };
        let kept: Kept =
            serde_json::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
        if kept.version != VERSION {
            return Err(unusable(format!(
                "version {} is not version {VERSION}",
                kept.version
            )));
        }
        Ok(Self(Mutex::new(kept)))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut kept = self.lock();
        kept.version = VERSION;
        // Maps with whole numbers and texts as keys always have a JSON form.
        serde_json::to_vec(&*kept).unwrap_or_default()
    }

    pub(super) fn contents(&self) -> BTreeMap<u64, Content> {
        self.lock().contents.clone()
    }

    /// Notes a new content and gives its number.
    pub(super) fn register(&self, content: Content) -> u64 {
        let mut kept = self.lock();
        let id = kept.next_id;
        kept.next_id += 1;
        kept.contents.insert(id, content);
        if kept.contents.len() > CONTENTS_MAX {
            kept.contents.pop_first();
        }
        id
    }

    /// Notes where a content is now; how far it is worked off stays as it is.
    pub(super) fn moved(&self, id: u64, now: &Content) {
        if let Some(content) = self.lock().contents.get_mut(&id) {
            let read_to = content.read_to;
            now.clone_into(content);
            content.read_to = read_to;
        }
    }

    pub(super) fn forget(&self, id: u64) {
        self.lock().contents.remove(&id);
    }

    pub(super) fn docker(&self, daemon: &str) -> DockerPlace {
        self.lock().docker.get(daemon).cloned().unwrap_or_default()
    }

    /// Notes that a chunk is worked off. A receipt is not noted here.
    pub(super) fn advance(&self, source: &str, mark: &Mark) {
        let mut kept = self.lock();
        match mark {
            Mark::File { content, end } => {
                if let Some(content) = kept.contents.get_mut(content) {
                    content.read_to = *end;
                }
            }
            Mark::Docker(place) => {
                kept.docker.insert(source.to_owned(), place.clone());
            }
            Mark::Nothing | Mark::Body(_) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

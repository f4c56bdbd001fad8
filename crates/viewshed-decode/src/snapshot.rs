//! The snapshot file: an estate as one compressed stream of lines.
//!
//! zstd over JSON lines: a header, then one line per object as `["tag", owner, {object}]` (`owner`
//! is the index of the cluster or Docker host that the line belongs to), then a trailer with the
//! number of lines per tag. So a reader needs one line of memory beside the result, a damaged line
//! costs one object, and a file that ends early is noticed. docs/reference/snapshot.md is the
//! format's description; the same estate always gives the same bytes.

mod bounded;
mod read;
mod record;
mod write;

pub use read::{read, read_named};
pub use write::write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the format. It grows when an older reader would misread a file; new tags and new
/// fields do not make it grow, because readers skip what they do not know and say so.
pub const VERSION: u64 = 1;

/// Value of `format` in the header.
const FORMAT: &str = "viewshed-snapshot";

/// Longest line that is read, in bytes. An object in etcd is at most 1.5 MiB, and what is kept of
/// it is far smaller; longer lines are refused, counted and skipped.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Decompressed bytes that are read: about a hundred times an estate of 25,000 pods. What follows
/// is refused, so that a small file cannot fill the memory.
pub const DECOMPRESSED_BYTES_MAX: u64 = 8 << 30;

/// zstd window that is accepted, as a power of two: 128 MiB, zstd's own default limit.
const WINDOW_LOG_MAX: u32 = 27;

/// The four bytes that every snapshot starts with (zstd frame, RFC 8878).
pub const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Header {
    format: String,
    version: u64,
    tool: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    collected_at: String,
}

/// Lines per tag.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Trailer {
    end: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests;

//! How much, how long and how many: every bound of reading logs, with its reason.

use std::time::Duration;

/// Bytes of one chunk, unless a single line or document is longer. Small enough to stay in a core's cache
/// between reading and decoding, large enough that handing it over costs nothing.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// Bytes of one line. An audit event carries at most a request and a response object; a `list` that is
/// logged with its response may have tens of megabytes. Longer lines are skipped and counted.
pub const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of a file that is one JSON document over many lines, for example an export of a cloud's log. Larger
/// ones are left out with a gap: as JSON lines they can have any size.
pub const DOCUMENT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Uncompressed bytes per compressed byte. Logs reach 30; more than this is a file made to keep its reader
/// busy, and the rest of it is left out with a gap.
pub const RATIO_MAX: u64 = 500;

/// Uncompressed bytes below which [`RATIO_MAX`] is not looked at.
pub(super) const RATIO_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// First bytes of a file by which its content is known again under another name or compressed. They hold
/// the id and the time of the first event.
pub(super) const FINGERPRINT_BYTES: usize = 1024;

/// First bytes of a file that are looked at for its form and its first time.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// Uncompressed bytes that are read ahead of what is handed out, per thread: a whole rotated file of
/// kube-apiserver's usual 100 MB, so that every thread has one to itself.
pub(super) const READ_AHEAD_BYTES: u64 = 128 * 1024 * 1024;

/// Threads that read and decompress. Beyond, whoever takes the chunks is the slower one.
pub(super) const THREADS_MAX: usize = 8;

/// Files that are read side by side because their times overlap: one per server of a large control plane.
/// Further ones wait until one of them has ended, and come late.
pub(super) const SIDE_BY_SIDE_MAX: usize = 64;

/// Bytes of one source that wait to be taken. Beyond, the source is read no further until half of them are.
/// Their buffers go round: as few as this stay in the cache that cores share, and are read into faster.
pub(super) const WAITING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes of used buffers that are kept for the next chunks.
pub(super) const SPARE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Time between two looks at followed files: an event is seen within it.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Looks take at most one part in this many of the time, however many files a folder holds.
pub(super) const LOOK_SHARE: u32 = 20;

/// Looks without change after which the unfinished last line of a file that was rotated away, and a
/// compressed file that ends early, are taken as they are: 10 s.
pub(super) const STILL_LOOKS: u32 = 40;

/// Looks after which content that no file holds any more is forgotten: one minute. A file disappears under
/// one name before it appears under the next while it is compressed.
pub(super) const ABSENT_LOOKS: u32 = 240;

/// Gaps that are kept word by word; further ones are counted.
pub(super) const GAPS_MAX: usize = 1000;

/// Bytes of one body that is pushed: kube-apiserver sends at most 10 MiB (`--audit-webhook-truncate-max-batch-size`),
/// and a little for the envelope.
pub const BODY_BYTES_MAX: usize = 11 * 1024 * 1024;

/// Bytes of bodies that are being received or wait to be taken, all together. Beyond, pushers wait.
pub(super) const BODIES_BYTES_MAX: usize = 96 * 1024 * 1024;

/// How long a pusher waits for room before it is told to come again. kube-apiserver gives up after 30 s.
pub(super) const ROOM_TIME_MAX: Duration = Duration::from_secs(10);

/// What a pusher that found no room is told to wait.
pub(super) const RETRY_AFTER_S: u32 = 5;

/// Time for one request's head, from the end of the one before.
pub(super) const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// Time for one request's body, and for a handshake.
pub(super) const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// Time until a body that waits to be taken must have been; kube-apiserver has long gone then.
pub(super) const RECEIPT_TIME_MAX: Duration = Duration::from_secs(60);

/// Bytes of one request's head.
pub(super) const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// Connections at once, in all and from one address. Every API server uses a handful.
pub(super) const CONNECTIONS_MAX: usize = 512;
/// See [`CONNECTIONS_MAX`].
pub(super) const CONNECTIONS_OF_ADDRESS_MAX: usize = 128;

/// Time that requests under way get when the program stops.
pub(super) const STOP_TIME_MAX: Duration = Duration::from_secs(5);

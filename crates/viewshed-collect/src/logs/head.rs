//! What the first bytes of a log tell: which content it is, when it begins, whether it is lines at all.

use std::fmt::Write;
use std::io::{ErrorKind, Read};

use memchr::memchr;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::limits::{FINGERPRINT_BYTES, HEAD_BYTES};

/// The first bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// Whether it breaks off or is damaged there. The reader will meet that too, and tell it.
    pub(super) is_broken: bool,
}

/// Reads the first bytes of a stream.
pub(super) fn read_head(stream: impl Read) -> Head {
    let mut head = Head::default();
    let mut stream = stream.take(HEAD_BYTES as u64);
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return head,
            Ok(count) => {
                let read = part.get(..count).unwrap_or_default();
                head.bytes.extend_from_slice(read);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => {
                head.is_broken = true;
                return head;
            }
        }
    }
}

/// Bytes of a SHA-256 that are kept: nobody can make two contents with the same 16.
const DIGEST_BYTES: usize = 16;

/// By which content is known again, whatever its file is called and whether it is compressed.
///
/// A file that is being written has few bytes at first; the fingerprint then covers those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    length: usize,
    digest: String,
}

impl Fingerprint {
    /// `None` as long as there are not enough bytes to tell contents apart: neither a whole line nor the
    /// whole length, or a compressed file that is just being written and holds less than others.
    pub(super) fn of(head: &Head) -> Option<Self> {
        let bytes = &head.bytes;
        let length = bytes.len().min(FINGERPRINT_BYTES);
        let has_line = memchr(b'\n', bytes).is_some() && !head.is_broken;
        (length == FINGERPRINT_BYTES || has_line).then(|| Self::with_length(bytes, length))
    }

    /// Of something that will not grow.
    pub(super) fn of_all(head: &[u8]) -> Self {
        Self::with_length(head, head.len().min(FINGERPRINT_BYTES))
    }

    fn with_length(head: &[u8], length: usize) -> Self {
        let hash = Sha256::digest(head.get(..length).unwrap_or(head));
        let mut digest = String::with_capacity(2 * DIGEST_BYTES);
        for byte in hash.iter().take(DIGEST_BYTES) {
            // Writing into a string cannot fail.
            write!(digest, "{byte:02x}").ok();
        }
        Self { length, digest }
    }

    /// Whether a content that begins like this is the one of this fingerprint.
    pub(super) fn matches(&self, head: &[u8]) -> bool {
        head.len() >= self.length && *self == Self::with_length(head, self.length)
    }

    /// How many bytes it covers: the more, the surer.
    pub(super) fn length(&self) -> usize {
        self.length
    }
}

/// Whether a file is one JSON value over many lines, as exports of cloud logs are, and not lines.
pub(super) fn is_document(head: &[u8]) -> bool {
    let Some(line_end) = memchr(b'\n', head) else {
        return false;
    };
    let first_line = head.get(..line_end).unwrap_or_default().trim_ascii();
    let next = head.get(line_end..).unwrap_or_default().trim_ascii();
    match first_line {
        // An array begins; a log line may begin with `[INFO]`.
        [b'['] => matches!(next.first(), None | Some(b'{' | b'[' | b'"' | b']')),
        [b'[', rest @ ..] => rest.trim_ascii_start().starts_with(b"{"),
        // An object that its first line does not close.
        [b'{', .., last] => matches!(last, b'{' | b'[' | b',' | b':'),
        [b'{'] => true,
        _ => false,
    }
}

/// A time as it stands in a log, `2025-11-26T14:33:45`: to be compared only.
pub(super) type FirstTime = [u8; 19];

/// The time in the first line.
///
/// An audit event holds many times, also in the objects it carries; those that it is about come last
/// (`audit.k8s.io/v1` `requestReceivedTimestamp`, `stageTimestamp`).
pub(super) fn first_time(bytes: &[u8]) -> Option<FirstTime> {
    const KEYS: [&[u8]; 4] = [
        b"\"requestReceivedTimestamp\":",
        b"\"stageTimestamp\":",
        b"\"timestamp\":",
        b"\"time\":",
    ];
    let line_end = memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..line_end)?;
    KEYS.iter()
        .find_map(|key| {
            let at = memmem::rfind(line, key)?;
            let value = line.get(at + key.len()..)?.trim_ascii_start();
            time_at(value.strip_prefix(b"\"")?)
        })
        .or_else(|| {
            memchr::memchr_iter(b'T', line).find_map(|at| time_at(line.get(at.checked_sub(10)?..)?))
        })
}

fn time_at(text: &[u8]) -> Option<FirstTime> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let time: FirstTime = text.get(..SHAPE.len())?.try_into().ok()?;
    let fits = time.iter().zip(SHAPE).all(|(is, should)| match should {
        b'0' => is.is_ascii_digit(),
        _ => is == should,
    });
    fits.then_some(time)
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, Head, first_time, is_document};

    fn fingerprint(bytes: &[u8], is_broken: bool) -> Option<Fingerprint> {
        Fingerprint::of(&Head {
            bytes: bytes.to_vec(),
            is_broken,
        })
    }

    #[test]
    fn documents_are_told_from_lines() {
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", false),
            ("{\n  \"kind\": \"EventList\"", true),
            ("{\"kind\":\"EventList\",\"items\":[\n{", true),
            ("[\n  {\"insertId\"", true),
            ("[{\"a\":1},\n{\"a\":2}]", true),
            ("[\n]", true),
            ("[INFO] 10.0.0.1:5353 - 1 \"A IN a.\"\n", false),
            ("[\nWARNING", false),
            ("time=\"2025-11-26T14:33:45Z\"\n", false),
            ("{\"one line and no end", false),
            ("", false),
        ] {
            assert_eq!(is_document(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_time_of_the_event_is_found_not_that_of_its_object() {
        for (line, expected) in [
            (
                "{\"requestObject\":{\"creationTimestamp\":\"2020-01-01T00:00:00Z\"},\"requestReceivedTimestamp\":\"2025-11-26T14:33:45.1Z\",\"stageTimestamp\":\"2025-11-26T14:33:46Z\"}",
                "2025-11-26T14:33:45",
            ),
            (
                "{\"timestamp\": \"2025-07-13T08:38:39.1Z\"}",
                "2025-07-13T08:38:39",
            ),
            ("2026-01-01T00:00:01.0Z stdout F x", "2026-01-01T00:00:01"),
            (
                "time=\"2025-11-26T14:33:45Z\" level=debug",
                "2025-11-26T14:33:45",
            ),
            ("no time Today\n2026-01-01T00:00:01Z", "-"),
            ("{\"time\":1766395777}", "-"),
        ] {
            let found = first_time(line.as_bytes());
            let found = found.map_or("-".to_owned(), |time| {
                String::from_utf8(time.to_vec()).unwrap()
            });
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_fingerprint_knows_its_content_when_it_has_grown() {
        let early = fingerprint(b"first\n", false).unwrap();
        assert!(early.matches(b"first\nsecond\n"));
        assert!(!early.matches(b"first"));
        assert!(!early.matches(b"other\nsecond\n"));
        assert_eq!(fingerprint(b"no end yet", false), None);
        assert_eq!(fingerprint(b"first\n", true), None);
        assert!(fingerprint(&[b'x'; 1024], true).is_some());
    }
}

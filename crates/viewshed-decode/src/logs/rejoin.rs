//! Lines that a container runtime wrote in parts, put together again.
//!
//! Runtimes read what a container prints in pieces of 16 KiB, and write each as an entry of its own: containerd and CRI-O
//! with the tag `P` on all but the last (kubernetes/cri-client `pkg/logs`, tags of the CRI log format), Docker's json-file
//! driver with a line feed at the end of the last alone (moby `daemon/logger/copier.go`). An API server that writes its
//! audit log to the standard output has long lines in plenty: every large list at level `RequestResponse`.

use memchr::memmem;
use viewshed_model::{SkipReason, Skips};

use super::shape::field;
use super::sink::ENTRY_BYTES_MAX;
use crate::lines::offset_in;

/// The streams of a container, whose parts are told apart.
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// Parts of one source whose line has not ended yet. At most [`ENTRY_BYTES_MAX`] of each stream.
#[derive(Debug, Default)]
pub struct Rejoin {
    open: [Open; 2],
}

#[derive(Debug, Default)]
struct Open {
    /// As written, without wrappers.
    parts: Vec<u8>,
    /// The line became too long: it is counted, and what follows of it dropped.
    is_lost: bool,
}

/// One line of a runtime.
#[derive(Debug, Clone, Copy)]
struct Wrapped<'a> {
    stream: usize,
    is_whole: bool,
    before: &'a [u8],
    text: &'a [u8],
    after: &'a [u8],
}

impl Rejoin {
    /// The chunk with its parts put together; `None` when there are none, and it stays as it is. The line that ends an
    /// entry holds all of it, the lines of its other parts are empty, so that lines keep their numbers.
    ///
    /// `chunk` is whole lines. An entry that is too long is counted in `skips`, with its line.
    pub fn chunk(&mut self, chunk: &[u8], skips: &mut Skips) -> Option<Vec<u8>> {
        let is_docker = is_docker(chunk);
        // At a glance: most logs are not wrapped, and none of theirs is looked through.
        if !is_docker && !chunk.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        if self.is_empty() && !is_docker && memmem::find(chunk, b" P ").is_none() {
            return None;
        }
        let mut joined = Vec::with_capacity(chunk.len());
        for (line, number) in chunk.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            match Wrapped::of(line, is_docker) {
                Some(wrapped) => {
                    if self.take(wrapped, &mut joined) {
                        let line = skips.lines_read + number;
                        skips.add(SkipReason::TooLong, || format!("line {line}"));
                    }
                }
                None => joined.extend_from_slice(line),
            }
        }
        Some(joined)
    }

    /// The source has ended: how many entries never did.
    pub fn end(&mut self) -> u64 {
        let open = std::mem::take(&mut self.open);
        let unended = open.iter().filter(|open| !open.parts.is_empty());
        unended.count() as u64
    }

    fn is_empty(&self) -> bool {
        self.open
            .iter()
            .all(|open| open.parts.is_empty() && !open.is_lost)
    }

    /// Adds one line; true when it begins to be too long.
    fn take(&mut self, line: Wrapped<'_>, joined: &mut Vec<u8>) -> bool {
        let Some(open) = self.open.get_mut(line.stream) else {
            return false;
        };
        let is_too_long = open.parts.len() + line.text.len() > ENTRY_BYTES_MAX;
        let was_lost = open.is_lost;
        if line.is_whole && !was_lost && !is_too_long {
            for piece in [line.before, open.parts.as_slice(), line.text, line.after] {
                joined.extend_from_slice(piece);
            }
        } else {
            joined.push(b'\n');
        }
        if line.is_whole {
            *open = Open::default();
        } else if is_too_long {
            *open = Open {
                is_lost: true,
                ..Open::default()
            };
        } else if !was_lost {
            open.parts.extend_from_slice(line.text);
        }
        is_too_long && !was_lost
    }
}

fn is_docker(chunk: &[u8]) -> bool {
    chunk.starts_with(b"{\"log\":")
}

impl<'a> Wrapped<'a> {
    fn of(line: &'a [u8], is_docker: bool) -> Option<Self> {
        let line = std::str::from_utf8(line).ok();
        if is_docker {
            line.and_then(Self::of_docker)
        } else {
            line.and_then(Self::of_cri)
        }
    }

    /// `TIME stdout P TEXT`; the tag may have further ones behind a colon.
    fn of_cri(line: &'a str) -> Option<Self> {
        let (_time, rest) = line.split_once(' ')?;
        let (stream, rest) = rest.split_once(' ')?;
        let (tags, text) = rest.split_once(' ')?;
        let is_whole = match tags.split(':').next()? {
            "F" => true,
            "P" => false,
            _ => return None,
        };
        // The line feed is the runtime's.
        let end = text.trim_end_matches(['\n', '\r']).len();
        Self::new(line, text.get(..end)?, (stream, is_whole))
    }

    /// `{"log":"TEXT\n","stream":"stdout","time":"TIME"}`
    fn of_docker(line: &'a str) -> Option<Self> {
        let written = field(line, "log")?.strip_prefix('"')?.strip_suffix('"')?;
        let stream = field(line, "stream")?.trim_matches('"');
        let before = written.strip_suffix('n');
        // A backslash that is escaped itself is none of a line feed.
        let backslashes = before.map_or(0, |before| {
            before.len() - before.trim_end_matches('\\').len()
        });
        Self::new(line, written, (stream, backslashes % 2 == 1))
    }

    fn new(line: &'a str, text: &'a str, (stream, is_whole): (&str, bool)) -> Option<Self> {
        let start = offset_in(line, text)?;
        let line = line.as_bytes();
        Some(Self {
            stream: STREAMS.iter().position(|known| *known == stream)?,
            is_whole,
            before: line.get(..start)?,
            text: text.as_bytes(),
            after: line.get(start + text.len()..)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cri(tag: &str, stream: &str, text: &str) -> String {
        format!("2026-10-02T10:30:00.013419Z {stream} {tag} {text}\n")
    }

    fn docker(text: &str, stream: &str) -> String {
        format!(
            "{{\"log\":\"{text}\",\"stream\":\"{stream}\",\"time\":\"2026-10-02T10:30:00Z\"}}\n"
        )
    }

    /// What comes out of the lines, however they are split into chunks.
    fn joined(lines: &[String]) -> (String, Skips) {
        let whole = lines.concat();
        let mut found = Vec::new();
        for size in 1..=lines.len() {
            let (mut rejoin, mut skips) = (Rejoin::default(), Skips::default());
            let mut text = String::new();
            for chunk in lines.chunks(size) {
                let chunk = chunk.concat();
                let bytes = rejoin.chunk(chunk.as_bytes(), &mut skips);
                text += &bytes.map_or(chunk, |bytes| String::from_utf8(bytes).unwrap());
            }
            assert_eq!(text.lines().count(), whole.lines().count(), "{size}");
            assert_eq!(rejoin.end(), 0, "{size}");
            found.push((text, skips));
        }
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
        found.pop().unwrap()
    }

    #[test]
    fn parts_of_both_runtimes_become_whole_lines() {
        let lines = [
            cri("F", "stdout", "{\"a\":1}"),
            cri("P", "stdout", "{\"b\":"),
            cri("F", "stderr", "I1002 a word of another stream P "),
            cri("P:x", "stdout", "[2,"),
            cri("F", "stdout", "3]}"),
            "no line of a runtime\n".to_owned(),
        ];
        let whole = [
            lines[0].clone(),
            "\n".to_owned(),
            lines[2].clone(),
            "\n".to_owned(),
            cri("F", "stdout", "{\"b\":[2,3]}"),
            lines[5].clone(),
        ];
        assert_eq!(joined(&lines), (whole.concat(), Skips::default()));

        let lines = [
            docker(r#"{\"a\":1}\n"#, "stdout"),
            docker(r#"{\"b\":\""#, "stdout"),
            docker(r"words\n", "stderr"),
            // A backslash and an n of the text itself.
            docker(r"x\\n", "stdout"),
            docker(r#"\"}\n"#, "stdout"),
        ];
        let whole = [
            lines[0].clone(),
            "\n".to_owned(),
            lines[2].clone(),
            "\n".to_owned(),
            docker(r#"{\"b\":\"x\\n\"}\n"#, "stdout"),
        ];
        assert_eq!(joined(&lines), (whole.concat(), Skips::default()));
    }

    #[test]
    fn what_nobody_wrapped_stays_as_it_is() {
        let mut skips = Skips::default();
        for chunk in [
            "{\"kind\":\"Event\"}\n",
            "2026-10-02T10:30:00Z [INFO] P is no tag here\n",
            "",
        ] {
            let found = Rejoin::default().chunk(chunk.as_bytes(), &mut skips);
            assert!(
                found.is_none_or(|bytes| bytes == chunk.as_bytes()),
                "{chunk}"
            );
        }
        assert_eq!(skips, Skips::default());
    }

    #[test]
    fn an_entry_without_an_end_or_without_a_bound_is_counted() {
        let mut rejoin = Rejoin::default();
        let mut skips = Skips::default();
        let part = cri("P", "stdout", &"x".repeat(1 << 20));
        for _ in 0..70 {
            rejoin.chunk(part.as_bytes(), &mut skips);
        }
        assert_eq!(skips.counts.get(&SkipReason::TooLong), Some(&1));
        // The rest of it goes with it; what follows does not.
        let rest = [cri("F", "stdout", "y"), cri("P", "stdout", "z")].concat();
        let found = rejoin.chunk(rest.as_bytes(), &mut skips);
        assert_eq!(found.as_deref(), Some(&b"\n\n"[..]));
        assert_eq!((rejoin.end(), rejoin.end()), (1, 0));
    }
}

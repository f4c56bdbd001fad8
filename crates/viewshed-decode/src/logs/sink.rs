//! Where decoded entries go, and where the reader is.

use viewshed_model::{Activity, SkipReason, Skips};

use super::arena::Arena;
use super::shape::{Breaks, container_length, field, items};
use crate::lines::count_breaks;

/// Longest entry that is decoded, in bytes. The answer of a list at level `RequestResponse` holds every
/// object; kube-apiserver's largest known lists have some ten megabytes. What is longer is counted.
pub const ENTRY_BYTES_MAX: usize = 64 << 20;

/// Lines of one chunk from which the end of a value was looked for on later lines, in vain. Without a bound a
/// chunk of cut lines would be walked through once per line; further ones count as cut off.
const FAILED_DOCUMENTS_MAX: u32 = 16;

/// Takes what the decoders find in one chunk.
#[derive(Debug)]
pub(super) struct Sink<'a, 's> {
    pub(super) arena: &'a Arena,
    pub(super) activities: &'s mut Vec<Activity<'a>>,
    skips: &'s mut Skips,
    failed_documents: u32,
    /// Bytes that may still be unfolded of this chunk, however many records it has.
    pub(super) room_to_unfold: usize,
}

impl<'a, 's> Sink<'a, 's> {
    pub(super) fn new(
        arena: &'a Arena,
        activities: &'s mut Vec<Activity<'a>>,
        skips: &'s mut Skips,
    ) -> Self {
        Self {
            arena,
            activities,
            skips,
            failed_documents: 0,
            room_to_unfold: ENTRY_BYTES_MAX,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, activity: Activity<'a>) {
        self.activities.push(activity);
    }

    /// Counts an entry that is not judged.
    pub(super) fn skip(&mut self, reason: SkipReason) {
        let line = self.skips.lines_read;
        self.skips.add(reason, || format!("line {line}"));
    }

    /// Steps on to the next line.
    #[inline]
    pub(super) fn begin_line(&mut self) {
        self.skips.lines_read += 1;
    }

    /// The text of a JSON string as written, quotes and all; `None` when it is none.
    pub(super) fn text(&self, written: &'a str) -> Option<&'a str> {
        let inside = written.strip_prefix('"')?.strip_suffix('"')?;
        match memchr::memchr(b'\\', inside.as_bytes()) {
            Some(_) => self.arena.unescape(inside),
            None => Some(inside),
        }
    }

    /// The text of one field of a JSON object; empty when it has none, or one of another type.
    pub(super) fn text_of(&self, object: &'a str, name: &str) -> &'a str {
        field(object, name)
            .and_then(|value| self.text(value))
            .unwrap_or_default()
    }

    /// Hands every line to `take`.
    pub(super) fn each_line(&mut self, text: &'a str, mut take: impl FnMut(&'a str, &mut Self)) {
        for line in text.lines() {
            self.begin_line();
            if line.len() > ENTRY_BYTES_MAX {
                self.skip(SkipReason::TooLong);
            } else if !line.trim_ascii().is_empty() {
                take(line, self);
            }
        }
    }

    /// Hands every JSON object or list to `take`: one per line, several in one line, or printed over
    /// many lines; in front of it on its line may stand what a log shipper put there.
    pub(super) fn each_json(&mut self, text: &'a str, mut take: impl FnMut(&'a str, &mut Self)) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = self.json_line(rest, &mut take);
        }
    }

    /// The same, with lists taken apart.
    pub(super) fn each_object(&mut self, text: &'a str, mut take: impl FnMut(&'a str, &mut Self)) {
        self.each_json(text, |entry, sink| {
            if entry.starts_with('[') {
                for item in items(entry) {
                    take(item, sink);
                }
            } else {
                take(entry, sink);
            }
        });
    }

    /// Reads what starts on the first line of `text`, and gives what comes after.
    pub(super) fn json_line(
        &mut self,
        text: &'a str,
        take: &mut impl FnMut(&'a str, &mut Self),
    ) -> &'a str {
        self.begin_line();
        let line_length = memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
        let after_line = text.get(line_length + 1..).unwrap_or_default();
        let mut at = 0;
        loop {
            let line = text.get(at..line_length).unwrap_or_default();
            if line.trim_ascii().is_empty() {
                return after_line;
            }
            let Some(start) = json_start(line.as_bytes()) else {
                self.skip(SkipReason::Malformed);
                return after_line;
            };
            let value = text.get(at + start..).unwrap_or_default();
            let Some(length) = container_length(value.as_bytes(), Breaks::Refused) else {
                let after_document = self.document(value, take);
                return after_document.unwrap_or(after_line);
            };
            self.take(value.get(..length).unwrap_or_default(), take);
            at += start + length;
        }
    }

    /// A value that its line does not end: printed over many lines, or cut off.
    fn document(
        &mut self,
        value: &'a str,
        take: &mut impl FnMut(&'a str, &mut Self),
    ) -> Option<&'a str> {
        let length = (self.failed_documents < FAILED_DOCUMENTS_MAX)
            .then(|| container_length(value.as_bytes(), Breaks::Allowed))
            .flatten();
        let Some(length) = length else {
            self.failed_documents += 1;
            self.skip(SkipReason::Truncated);
            return None;
        };
        let entry = value.get(..length)?;
        self.take(entry, take);
        let rest = value
            .get(length..)?
            .trim_start_matches([' ', '\t', '\r', ',']);
        self.skips.lines_read += u64::from(count_breaks(entry.as_bytes()));
        Some(rest.strip_prefix('\n').unwrap_or(rest))
    }

    fn take(&mut self, entry: &'a str, take: &mut impl FnMut(&'a str, &mut Self)) {
        if entry.len() > ENTRY_BYTES_MAX {
            self.skip(SkipReason::TooLong);
        } else {
            take(entry, self);
        }
    }
}

/// Where an object or a list of objects starts. A bracket before anything else is a shipper's prefix.
fn json_start(line: &[u8]) -> Option<usize> {
    let blanks = line
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b','))
        .count();
    if line.get(blanks) == Some(&b'[') {
        let inside = line.get(blanks + 1..)?.trim_ascii_start();
        if matches!(inside.first(), None | Some(b'{' | b']')) {
            return Some(blanks);
        }
    }
    memchr::memchr(b'{', line)
}

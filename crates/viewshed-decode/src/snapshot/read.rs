//! ENTERS: snapshot files.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use viewshed_model::{Estate, Gap, GapReason};
use zstd::stream::read::Decoder;

use super::bounded::{BoundedLines, Next};
use super::{
    DECOMPRESSED_BYTES_MAX, FORMAT, Header, LINE_BYTES_MAX, Trailer, VERSION, WINDOW_LOG_MAX,
    record,
};
use crate::DecodeError;
use crate::gaps::{GapList, gap};
use crate::text::clean_short;

/// Whose gaps they are when the snapshot has no name.
const SOURCE: &str = "snapshot";
/// Compressed bytes handed over at once. zstd drops what it made of the bytes of one call when they
/// turn out to be damaged, so this is how much one damaged place can take with it.
const INPUT_BYTES: usize = 4096;

const COLLECT_AGAIN: &str = "collect the estate again";

/// Reads a snapshot. Whatever is readable is in the estate; damage is in its gaps.
///
/// # Errors
/// When there is nothing to answer from: not a snapshot, or one of a newer format.
pub fn read(input: impl Read) -> Result<Estate, DecodeError> {
    read_named(input, SOURCE)
}

/// The same; gaps of the file itself have `name` as their source.
///
/// # Errors
/// As [`read`].
pub fn read_named(input: impl Read, name: &str) -> Result<Estate, DecodeError> {
    let not_snapshot = |error: &io::Error| DecodeError::NotSnapshot {
        detail: clean_short(&error.to_string()),
    };
    let input = BufReader::with_capacity(INPUT_BYTES, input);
    let mut decoder = Decoder::with_buffer(input).map_err(|error| not_snapshot(&error))?;
    decoder
        .window_log_max(WINDOW_LOG_MAX)
        .map_err(|error| not_snapshot(&error))?;
    let mut lines = BoundedLines::new(decoder, LINE_BYTES_MAX, DECOMPRESSED_BYTES_MAX);
    let mut line = Vec::new();
    lines
        .next(&mut line)
        .map_err(|error| not_snapshot(&error))?;
    let header = header(&line)?;
    let mut estate = Estate {
        collected_at: header.collected_at,
        ..Estate::default()
    };
    let mut damage = Damage::of(name);
    let trailer = read_lines(&mut lines, &mut line, &mut estate, &mut damage);
    damage.compare(trailer.as_ref(), lines.is_at_limit());
    estate.gaps.append(&mut damage.gaps);
    Ok(estate)
}

fn header(line: &[u8]) -> Result<Header, DecodeError> {
    let header: Header =
        serde_json::from_slice(line).map_err(|error| DecodeError::NotSnapshot {
            detail: clean_short(&error.to_string()),
        })?;
    if header.format != FORMAT {
        return Err(DecodeError::NotSnapshot {
            detail: "the first line is not its header".to_owned(),
        });
    }
    if header.version > VERSION {
        return Err(DecodeError::NewerSnapshot {
            found: header.version,
            known: VERSION,
        });
    }
    Ok(header)
}

/// Reads up to the trailer, the end or the first damage of the compressed stream itself.
fn read_lines<R: Read>(
    lines: &mut BoundedLines<R>,
    line: &mut Vec<u8>,
    estate: &mut Estate,
    damage: &mut Damage,
) -> Option<Trailer> {
    let mut number: u64 = 1;
    loop {
        number += 1;
        match lines.next(line) {
            Ok(Next::Line) => {}
            Ok(Next::TooLong) => {
                damage.line(number, GapReason::TooLarge, "it is longer than 16 MiB");
                continue;
            }
            Ok(Next::End) => return None,
            Err(error) => {
                damage.stream(&error);
                return None;
            }
        }
        if line.first() == Some(&b'{')
            && let Ok(trailer) = serde_json::from_slice(line)
        {
            finish(lines, line, damage);
            return Some(trailer);
        }
        add_line(line, number, estate, damage);
    }
}

/// Reads on to the end: only there zstd compares its checksum.
fn finish<R: Read>(lines: &mut BoundedLines<R>, line: &mut Vec<u8>, damage: &mut Damage) {
    match lines.next(line) {
        Ok(Next::End) => {}
        Ok(Next::Line | Next::TooLong) => damage.gaps.push(gap(
            &damage.source,
            "read what follows the trailer of the snapshot",
            GapReason::Malformed,
            "nothing should follow it",
            COLLECT_AGAIN,
        )),
        Err(error) => damage.stream(&error),
    }
}

fn add_line(line: &[u8], number: u64, estate: &mut Estate, damage: &mut Damage) {
    let mut json = serde_json::Deserializer::from_slice(line);
    let seed = Record { estate, damage };
    let outcome = seed.deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = outcome {
        damage.line(number, GapReason::Malformed, &error.to_string());
    }
}

/// One line: `["tag", owner, object]`.
struct Record<'a> {
    estate: &'a mut Estate,
    damage: &'a mut Damage,
}

impl<'de> DeserializeSeed<'de> for Record<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Record<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a line of a snapshot")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut line: A) -> Result<(), A::Error> {
        let tag: &str = line
            .next_element()?
            .ok_or_else(|| serde::de::Error::custom("the line is empty"))?;
        if record::add(self.estate, tag, &mut line)? {
            count(&mut self.damage.read, tag);
        } else {
            count(&mut self.damage.unknown, tag);
        }
        while line.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

fn count(counts: &mut BTreeMap<String, u64>, tag: &str) {
    match counts.get_mut(tag) {
        Some(count) => *count += 1,
        None => {
            counts.insert(clean_short(tag), 1);
        }
    }
}

/// What was read, and what was not.
struct Damage {
    source: String,
    gaps: Vec<Gap>,
    bad_lines: Vec<Gap>,
    read: BTreeMap<String, u64>,
    unknown: BTreeMap<String, u64>,
    is_stream_damaged: bool,
}

impl Damage {
    fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            gaps: Vec::new(),
            bad_lines: Vec::new(),
            read: BTreeMap::new(),
            unknown: BTreeMap::new(),
            is_stream_damaged: false,
        }
    }

    fn line(&mut self, number: u64, reason: GapReason, detail: &str) {
        let what = format!("read line {number} of the snapshot");
        GapList::resumed(&mut self.bad_lines).push(gap(
            &self.source,
            &what,
            reason,
            detail,
            COLLECT_AGAIN,
        ));
    }

    fn stream(&mut self, error: &io::Error) {
        self.is_stream_damaged = true;
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => GapReason::Truncated,
            _ => GapReason::Malformed,
        };
        let what = "read the snapshot to its end";
        let detail = error.to_string();
        self.gaps
            .push(gap(&self.source, what, reason, &detail, COLLECT_AGAIN));
    }

    /// Compares with the trailer's counts and adds the gaps that follow.
    fn compare(&mut self, trailer: Option<&Trailer>, is_at_limit: bool) {
        self.gaps.append(&mut self.bad_lines);
        for (tag, count) in &self.unknown {
            let what = format!("read lines tagged `{tag}`");
            let mut gap = gap(
                &self.source,
                &what,
                GapReason::Unsupported,
                "this version does not know them",
                "read the snapshot with the version that wrote it",
            );
            gap.count = *count;
            self.gaps.push(gap);
        }
        let Some(trailer) = trailer else {
            if !self.is_stream_damaged {
                let reason = if is_at_limit {
                    GapReason::TooLarge
                } else {
                    GapReason::Truncated
                };
                let detail = "it ends without its trailer";
                self.gaps.push(gap(
                    &self.source,
                    "read the snapshot to its end",
                    reason,
                    detail,
                    COLLECT_AGAIN,
                ));
            }
            return;
        };
        for (tag, &written) in &trailer.end {
            let read = self.read.get(tag).copied().unwrap_or(0)
                + self.unknown.get(tag).copied().unwrap_or(0);
            if read < written {
                let what = format!("read all `{}` lines", clean_short(tag));
                let detail = format!("{written} were written, {read} could be read");
                let mut gap = gap(
                    &self.source,
                    &what,
                    GapReason::Malformed,
                    &detail,
                    COLLECT_AGAIN,
                );
                gap.count = written - read;
                self.gaps.push(gap);
            }
        }
    }
}

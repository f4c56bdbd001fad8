//! JSON files: one value after the other, also between the headers of `kubectl cluster-info dump`.

use serde_json::value::RawValue;
use viewshed_model::GapReason;

use super::FileReader;
use super::document::{Document, add_document};
use super::yaml;
use crate::kubernetes::add_truncated_list;
use crate::lines::LineCounter;

/// First words of the lines that `kubectl cluster-info dump` puts around container logs.
const LOGS_START: &str = "==== START logs for container ";
const LOGS_END: &str = "==== END logs for container ";

/// Reads every value of the text. Between values stand blanks, `---` lines, or the dump's container
/// logs, which are skipped unread up to the line that ends the logs of the same container. (A pod
/// that prints such a line can make its further output look like a part of the dump; only the
/// folder form, `--output-directory`, keeps them apart.)
pub(super) fn add(reader: &mut FileReader<'_>, text: &str) {
    let mut lines = LineCounter::new(text.as_bytes(), 1);
    let mut offset = 0;
    let mut is_first = true;
    while let Some(rest) = text.get(offset..) {
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        offset += blank;
        if rest.is_empty() {
            return;
        }
        if !rest.starts_with(['{', '[']) {
            reader.found.is_dump |= rest.starts_with(LOGS_START);
            offset += skipped_bytes(rest);
            continue;
        }
        let line = lines.line_at(offset);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                offset += values.byte_offset();
                let document = Document {
                    original: value.get(),
                    original_line: line,
                    json: value.get(),
                    json_line: line,
                    line,
                };
                add_document(reader, &document);
            }
            Some(Err(error)) if error.is_eof() => {
                add_truncated(reader, rest, line, &error);
                return;
            }
            Some(Err(_)) if is_first => {
                // Flow style YAML looks like JSON at first.
                yaml::add(reader, text);
                return;
            }
            Some(Err(error)) => {
                let at = line.saturating_add(line_of(&error).saturating_sub(1));
                let detail = error.to_string();
                reader.note(at, "read a JSON value", (GapReason::Malformed, &detail, ""));
                offset += next_value(rest);
            }
            None => return,
        }
        is_first = false;
    }
}

fn add_truncated(reader: &mut FileReader<'_>, rest: &str, line: u32, error: &serde_json::Error) {
    let at = line.saturating_add(line_of(error).saturating_sub(1));
    let place = crate::kubernetes::Place {
        source: reader.path,
        file: Some(reader.path),
        line,
    };
    let kept = add_truncated_list(reader.cluster, &mut reader.gaps, &place, rest);
    let what = if kept > 0 {
        "read the rest of a list"
    } else {
        "read a JSON value"
    };
    let hint = "the file ends early: write it again";
    let detail = error.to_string();
    reader.note(at, what, (GapReason::Truncated, &detail, hint));
}

fn line_of(error: &serde_json::Error) -> u32 {
    u32::try_from(error.line()).unwrap_or(u32::MAX)
}

/// Bytes up to the next line that may start a value: after the logs of a container, or one line.
fn skipped_bytes(rest: &str) -> usize {
    let line = rest.split_inclusive('\n').next().unwrap_or(rest);
    let Some(container) = line.strip_prefix(LOGS_START) else {
        return line.len();
    };
    let end = format!("{LOGS_END}{}", container.trim_end());
    let mut skipped = 0;
    for line in rest.split_inclusive('\n') {
        skipped += line.len();
        if line.trim_end() == end {
            break;
        }
    }
    skipped
}

/// After broken JSON: the next line that starts with a value in its first column.
fn next_value(rest: &str) -> usize {
    let mut skipped = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        if number > 0 && line.starts_with(['{', '[', '=']) {
            break;
        }
        skipped += line.len();
    }
    skipped
}

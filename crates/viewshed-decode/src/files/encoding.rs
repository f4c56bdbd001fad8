//! The text of a file.

use std::borrow::Cow;

use viewshed_model::{Gap, GapReason};

use super::Found;
use crate::gaps::gap;
use crate::lines::count_breaks;

/// The text without its byte order mark; `None` when the file is no text that is read here. Bytes
/// that are not UTF-8 become U+FFFD, with a gap that names the line of the first one.
pub(super) fn text_of<'a>(
    path: &str,
    bytes: &'a [u8],
    gaps: &mut Vec<Gap>,
    found: &mut Found,
) -> Option<Cow<'a, str>> {
    let mut unsupported = |detail: &str, hint: &str| {
        found.anything = true;
        let what = format!("read `{path}`");
        gaps.push(gap(path, &what, GapReason::Unsupported, detail, hint));
        None
    };
    if is_utf16(bytes) {
        return unsupported(
            "the text is UTF-16",
            "convert it: `iconv -f UTF-16 -t UTF-8 FILE`",
        );
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return unsupported(
            "it is compressed with gzip",
            "unpack it first: `gunzip FILE`",
        );
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Some(Cow::Borrowed(text)),
        Err(error) => error,
    };
    if bytes.contains(&0) {
        return None;
    }
    found.anything = true;
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let what = format!(
        "read all characters of `{path}` from line {}",
        count_breaks(before).saturating_add(1)
    );
    let detail = "some bytes are not UTF-8";
    gaps.push(gap(path, &what, GapReason::Malformed, detail, ""));
    Some(String::from_utf8_lossy(bytes))
}

/// A byte order mark, or text that starts with two ASCII characters of two bytes each, as every YAML
/// and JSON does (YAML 1.2, 5.2).
fn is_utf16(bytes: &[u8]) -> bool {
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match *bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, one, 0, other, ..] | [one, 0, other, 0, ..] => is_text(one) && is_text(other),
        _ => false,
    }
}

//! Text that a subscription of `CloudWatch` Logs hands over as base64 of gzip.
//!
//! Source: AWS, `CloudWatch` Logs User Guide, "Log group-level subscription filters": records of Kinesis streams and
//! the `awslogs.data` of a Lambda event are base64 encoded and compressed with gzip.

use std::io::Read;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::bufread::MultiGzDecoder;
use viewshed_model::SkipReason;

/// How base64 of gzip begins: its magic number and the one method that there is (RFC 1952, 2.3.1).
const START: &str = "H4sI";

/// A record that unfolds to more than this many times its compressed size holds no log. Audit events, which are
/// alike, reach some fifty.
const RATIO_MAX: usize = 200;

/// As much of a record as is unfolded to tell what it is, in characters. A multiple of four.
const PEEK_LENGTH: usize = 4 << 10;

/// With and without padding: shippers drop it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a text begins as such a record does.
pub(super) fn is_packed(text: &str) -> bool {
    text.starts_with(START)
}

/// The text of a record, of at most `room` bytes.
///
/// # Errors
/// Why it cannot be had: it is none, it breaks off, or it unfolds to too much.
pub(super) fn unpack(text: &str, room: usize) -> Result<String, SkipReason> {
    let packed = BASE64
        .decode(text.trim_ascii())
        .map_err(|_| SkipReason::Malformed)?;
    let most = packed.len().saturating_mul(RATIO_MAX).min(room);
    let mut unpacked = Vec::new();
    let mut source = MultiGzDecoder::new(packed.as_slice()).take(most as u64 + 1);
    let end = source.read_to_end(&mut unpacked);
    if unpacked.len() > most {
        return Err(SkipReason::TooLong);
    }
    match end {
        Ok(_) => Ok(String::from_utf8(unpacked)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())),
        Err(_) if unpacked.is_empty() => Err(SkipReason::Malformed),
        Err(_) => Err(SkipReason::Truncated),
    }
}

/// How the text of a record begins, which may be cut off itself; empty when it is none.
pub(super) fn peek(text: &str) -> String {
    let text = text.trim_ascii();
    let whole = text.len().min(PEEK_LENGTH) / 4 * 4;
    let packed = text.get(..whole).map(|start| BASE64.decode(start));
    let Some(Ok(packed)) = packed else {
        return String::new();
    };
    let mut unpacked = Vec::new();
    let most = packed.len().saturating_mul(RATIO_MAX) as u64;
    let mut source = MultiGzDecoder::new(packed.as_slice()).take(most);
    // What breaks off is known by its beginning all the same.
    if source.read_to_end(&mut unpacked).is_err() && unpacked.is_empty() {
        return String::new();
    }
    String::from_utf8_lossy(&unpacked).into_owned()
}

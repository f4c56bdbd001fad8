//! Lines of bounded length from a stream of bounded size.

use std::io::{self, BufRead, BufReader, Read, Take};

/// What came next.
#[derive(Debug)]
pub(super) enum Next {
    /// A line without its line feed is in the buffer.
    Line,
    /// A line was longer than allowed; it has been skipped.
    TooLong,
    /// The end of the input, or of what may be read.
    End,
}

/// Reads lines, at most `line_bytes_max` each and `bytes_max` in all.
pub(super) struct BoundedLines<R> {
    reader: BufReader<Take<R>>,
    line_bytes_max: usize,
}

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 << 10;

impl<R: Read> BoundedLines<R> {
    pub(super) fn new(reader: R, line_bytes_max: usize, bytes_max: u64) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER_BYTES, reader.take(bytes_max)),
            line_bytes_max,
        }
    }

    /// Whether reading stopped at the limit rather than at the end of the input.
    pub(super) fn is_at_limit(&self) -> bool {
        self.reader.get_ref().limit() == 0
    }

    /// Puts the next line into `line`. After an error what was read of the line stays there.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Next> {
        line.clear();
        let mut is_too_long = false;
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                return Ok(match (is_too_long, line.is_empty()) {
                    (true, _) => Next::TooLong,
                    (false, true) => Next::End,
                    (false, false) => Next::Line,
                });
            }
            let end = memchr::memchr(b'\n', available);
            let part = available.get(..end.unwrap_or(available.len()));
            let part = part.unwrap_or_default();
            if is_too_long || line.len() + part.len() > self.line_bytes_max {
                is_too_long = true;
                line.clear();
            } else {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(if is_too_long {
                    Next::TooLong
                } else {
                    Next::Line
                });
            }
        }
    }
}

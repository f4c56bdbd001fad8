//! Cuts a stream of bytes into chunks of whole lines.

use std::io::{ErrorKind, Read};

use memchr::{memchr, memrchr};

/// What happens to bytes behind the last line end when the stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// They are a line: nobody will write its end.
    IsLine,
    /// They wait: somebody is writing them.
    Waits,
}

/// When a chunk is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// When it is full, or the stream has ended.
    Full,
    /// As soon as it holds a line and the stream pauses: somebody may be typing.
    Soon,
}

/// Bounds of the cutting, smaller in tests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Bytes of a chunk.
    pub(super) chunk: usize,
    /// Bytes of a line.
    pub(super) line_max: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            chunk: super::limits::CHUNK_BYTES,
            line_max: super::limits::LINE_BYTES_MAX,
        }
    }
}

/// Some whole lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// Never empty; ends with a line end, except for a [`Tail::IsLine`].
    pub(super) bytes: Vec<u8>,
    /// Where they begin in the stream.
    pub(super) offset: u64,
}

/// Cuts one stream.
#[derive(Debug)]
pub(super) struct LineCutter<R> {
    stream: R,
    sizes: Sizes,
    tail: Tail,
    fill: Fill,
    /// Begin of a line whose end was not read yet.
    rest: Vec<u8>,
    /// Where `rest` begins in the stream.
    offset: u64,
    is_skipping: bool,
    is_ended: bool,
    error: Option<std::io::Error>,
    /// Lines that were longer than the limit.
    pub(super) long_lines: u64,
}

impl<R: Read> LineCutter<R> {
    /// `offset`: where the stream stands now; it must be the begin of a line.
    pub(super) fn new(stream: R, offset: u64, (tail, fill): (Tail, Fill), sizes: Sizes) -> Self {
        Self {
            stream,
            sizes,
            tail,
            fill,
            rest: Vec::new(),
            offset,
            is_skipping: false,
            is_ended: false,
            error: None,
            long_lines: 0,
        }
    }

    /// Where reading goes on: behind the last line that was handed out or skipped.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the stream ended within a line, which waits.
    pub(super) fn has_unfinished_line(&self) -> bool {
        self.is_ended && (!self.rest.is_empty() || self.is_skipping)
    }

    /// The stream, to read it otherwise; see [`LineCutter::set_offset`].
    pub(super) fn stream_mut(&mut self) -> &mut R {
        &mut self.stream
    }

    /// Where reading goes on after it was read otherwise.
    pub(super) fn set_offset(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// The next lines, in `buffer` (whose content does not matter); `None` at the end.
    ///
    /// An error ends the stream: the lines before it are handed out first, the line that it broke is not.
    pub(super) fn next(&mut self, mut buffer: Vec<u8>) -> std::io::Result<Option<Lines>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.is_ended {
            return Ok(None);
        }
        let mut filled = self.rest.len();
        size(&mut buffer, filled.max(self.sizes.chunk));
        if let Some(begin) = buffer.get_mut(..filled) {
            begin.copy_from_slice(&self.rest);
        }
        self.rest.clear();
        let mut lines_end = 0;
        loop {
            let read_max = self.target(filled);
            size(&mut buffer, read_max);
            let room = buffer.get_mut(filled..read_max).unwrap_or_default();
            let count = match self.stream.read(room) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.is_ended = true;
                    if lines_end == 0 {
                        return Err(error);
                    }
                    self.error = Some(error);
                    return Ok(Some(self.hand_out(buffer, lines_end)));
                }
            };
            if count == 0 {
                self.is_ended = true;
                return Ok(self.last(buffer, filled, lines_end));
            }
            let is_pause = filled + count < read_max && self.fill == Fill::Soon;
            let fresh_from = filled;
            filled += count;
            if self.is_skipping {
                filled = self.skip(&mut buffer, count);
            }
            let fresh = buffer.get(fresh_from..filled).unwrap_or_default();
            lines_end = memrchr(b'\n', fresh).map_or(lines_end, |at| fresh_from + at + 1);
            if lines_end > 0 && (is_pause || filled >= self.sizes.chunk) {
                let rest = buffer.get(lines_end..filled).unwrap_or_default();
                self.rest.extend_from_slice(rest);
                return Ok(Some(self.hand_out(buffer, lines_end)));
            }
            if lines_end == 0 && filled > self.sizes.line_max {
                self.is_skipping = true;
                self.long_lines += 1;
                self.advance(filled);
                filled = 0;
            }
        }
    }

    /// How far the buffer is filled by the next read: a chunk; beyond it a long line grows by halves.
    fn target(&self, filled: usize) -> usize {
        if filled < self.sizes.chunk {
            self.sizes.chunk
        } else {
            (filled + filled / 2 + 1).min(self.sizes.line_max.max(filled) + 1)
        }
    }

    /// Within a line that is too long: drops what belongs to it. Gives the number of bytes that are kept.
    fn skip(&mut self, buffer: &mut [u8], count: usize) -> usize {
        let read = buffer.get(..count).unwrap_or_default();
        let dropped = memchr(b'\n', read).map_or(count, |at| {
            self.is_skipping = false;
            at + 1
        });
        self.advance(dropped);
        buffer.copy_within(dropped..count, 0);
        count - dropped
    }

    fn last(&mut self, buffer: Vec<u8>, filled: usize, lines_end: usize) -> Option<Lines> {
        let end = match self.tail {
            Tail::IsLine => filled,
            Tail::Waits => lines_end,
        };
        self.rest = buffer.get(end..filled).unwrap_or_default().to_vec();
        (end > 0).then(|| self.hand_out(buffer, end))
    }

    fn hand_out(&mut self, mut buffer: Vec<u8>, end: usize) -> Lines {
        let offset = self.offset;
        buffer.truncate(end);
        self.advance(end);
        Lines {
            bytes: buffer,
            offset,
        }
    }

    fn advance(&mut self, by: usize) {
        self.offset += by as u64;
    }
}

/// Makes the buffer at least this long. Used buffers are nearly full, so little has to be zeroed.
fn size(buffer: &mut Vec<u8>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
}

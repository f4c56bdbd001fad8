//! LEAVES: an estate as a snapshot file.

use std::io::Write;

use serde::Serialize;
use viewshed_model::Estate;
use zstd::stream::write::Encoder;

use super::{FORMAT, Header, Trailer, VERSION, record};
use crate::DecodeError;

/// zstd's own default: higher levels take several times as long for a few percent.
const COMPRESSION_LEVEL: i32 = 3;

/// Bytes gathered before they are compressed.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes an estate. `tool` names program and version for the header, as in `viewshed 0.1.0`.
///
/// # Errors
/// Only when `out` fails; nothing is known then of what reached it.
pub fn write(estate: &Estate, tool: &str, out: impl Write) -> Result<(), DecodeError> {
    let mut encoder = Encoder::new(out, COMPRESSION_LEVEL).map_err(DecodeError::Write)?;
    encoder.include_checksum(true).map_err(DecodeError::Write)?;
    let mut lines = Lines {
        out: encoder,
        buffer: Vec::with_capacity(BUFFER_BYTES * 2),
        trailer: Trailer::default(),
    };
    let Estate {
        collected_at,
        sources,
        clusters,
        docker_hosts,
        gaps,
    } = estate;
    lines.json(&Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        tool: tool.to_owned(),
        collected_at: collected_at.clone(),
    })?;
    // A block of its own: a damaged block further down leaves the header readable.
    lines.flush()?;
    lines.out.flush().map_err(DecodeError::Write)?;
    lines.list("source", 0, sources)?;
    for (index, cluster) in clusters.iter().enumerate() {
        record::cluster(&mut lines, index, cluster)?;
    }
    for (index, host) in docker_hosts.iter().enumerate() {
        record::docker(&mut lines, index, host)?;
    }
    lines.list("gap", 0, gaps)?;
    lines.finish()
}

/// Writes lines and counts them by tag.
pub(super) struct Lines<W: Write> {
    out: Encoder<'static, W>,
    buffer: Vec<u8>,
    trailer: Trailer,
}

impl<W: Write> Lines<W> {
    pub(super) fn list<T: Serialize>(
        &mut self,
        tag: &'static str,
        owner: usize,
        values: &[T],
    ) -> Result<(), DecodeError> {
        values
            .iter()
            .try_for_each(|value| self.line(tag, owner, value))
    }

    pub(super) fn line<T: Serialize>(
        &mut self,
        tag: &'static str,
        owner: usize,
        value: &T,
    ) -> Result<(), DecodeError> {
        match self.trailer.end.get_mut(tag) {
            Some(count) => *count += 1,
            None => {
                self.trailer.end.insert(tag.to_owned(), 1);
            }
        }
        self.json(&(tag, owner, value))
    }

    fn json<T: Serialize>(&mut self, value: &T) -> Result<(), DecodeError> {
        serde_json::to_writer(&mut self.buffer, value)
            .map_err(|error| DecodeError::Write(error.into()))?;
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        self.out
            .write_all(&self.buffer)
            .map_err(DecodeError::Write)?;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(), DecodeError> {
        let trailer = std::mem::take(&mut self.trailer);
        self.json(&trailer)?;
        self.flush()?;
        let mut out = self.out.finish().map_err(DecodeError::Write)?;
        out.flush().map_err(DecodeError::Write)
    }
}

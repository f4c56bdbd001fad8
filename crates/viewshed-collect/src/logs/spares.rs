//! Used buffers, kept for the next chunks: fresh memory costs more than reading into it.

use std::sync::{Mutex, PoisonError};

use super::limits::SPARE_BYTES_MAX;

/// Buffers of chunks that are done. Those beyond the limit are freed.
#[derive(Debug, Default)]
pub(super) struct Spares(Mutex<Vec<Vec<u8>>>);

impl Spares {
    /// Some buffer, with any content.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spares.pop().unwrap_or_default()
    }

    pub(super) fn give(&self, buffer: Vec<u8>) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = spares.iter().map(Vec::capacity).sum();
        if kept + buffer.capacity() <= SPARE_BYTES_MAX {
            spares.push(buffer);
        }
    }
}

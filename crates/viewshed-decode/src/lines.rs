//! Line numbers of slices within a larger text.

/// Counts lines while moving forward through one text; asking for an earlier place starts anew.
#[derive(Debug)]
pub(crate) struct LineCounter<'a> {
    text: &'a [u8],
    first_line: u32,
    offset: usize,
    line: u32,
}

impl<'a> LineCounter<'a> {
    /// `first_line` is the line on which `text` starts, counted from 1.
    pub(crate) fn new(text: &'a [u8], first_line: u32) -> Self {
        Self {
            text,
            first_line,
            offset: 0,
            line: first_line,
        }
    }

    /// The line of the byte at `offset`; the last line for offsets beyond the end.
    pub(crate) fn line_at(&mut self, offset: usize) -> u32 {
        if offset < self.offset {
            self.offset = 0;
            self.line = self.first_line;
        }
        let passed = self
            .text
            .get(self.offset..offset.min(self.text.len()))
            .unwrap_or_default();
        self.line = self.line.saturating_add(count_breaks(passed));
        self.offset = offset;
        self.line
    }
}

/// Line feeds in `text`, at most `u32::MAX`.
pub(crate) fn count_breaks(text: &[u8]) -> u32 {
    let breaks = text.split(|byte| *byte == b'\n').skip(1).count();
    u32::try_from(breaks).unwrap_or(u32::MAX)
}

/// Where `part` starts within `whole`; `None` when it is not a slice of it.
pub(crate) fn offset_in(whole: &str, part: &str) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (offset.checked_add(part.len())? <= whole.len()).then_some(offset)
}

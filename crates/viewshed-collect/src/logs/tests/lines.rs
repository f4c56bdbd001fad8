use std::io::Read;

use proptest::prelude::*;

use crate::logs::lines::{Fill, LineCutter, Sizes, Tail};

/// Gives its bytes in pieces of these sizes, over and over.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: &'a [usize],
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let count = size.min(self.bytes.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

/// The lines that are short enough, and how many are not.
fn oracle(bytes: &[u8], line_max: usize, tail: Tail) -> (Vec<u8>, u64) {
    let mut kept = Vec::new();
    let mut long = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.strip_suffix(b"\n").unwrap_or(line).len() > line_max {
            long += 1;
        } else if line.ends_with(b"\n") || tail == Tail::IsLine {
            kept.extend_from_slice(line);
        }
    }
    (kept, long)
}

proptest! {
    #[test]
    fn every_short_line_comes_once_and_whole(
        bytes in prop::collection::vec(prop_oneof![3 => Just(b'a'), 1 => Just(b'\n')], 0..400),
        pieces in prop::collection::vec(1_usize..50, 1..5),
        chunk in 1_usize..40,
        more in 0_usize..60,
        (is_soon, is_line) in any::<(bool, bool)>(),
    ) {
        // A line may always be longer than a chunk.
        let line_max = chunk + more;
        let tail = if is_line { Tail::IsLine } else { Tail::Waits };
        let fill = if is_soon { Fill::Soon } else { Fill::Full };
        let stream = Pieces { bytes: &bytes, sizes: &pieces, turn: 0 };
        let mut cutter = LineCutter::new(stream, 0, (tail, fill), Sizes { chunk, line_max });
        let mut kept = Vec::new();
        let mut spare = Vec::new();
        while let Some(lines) = cutter.next(std::mem::take(&mut spare)).unwrap() {
            let begin = usize::try_from(lines.offset).unwrap();
            prop_assert_eq!(&bytes[begin..begin + lines.bytes.len()], &lines.bytes[..]);
            kept.extend_from_slice(&lines.bytes);
            spare = lines.bytes;
        }
        let (expected, long) = oracle(&bytes, line_max, tail);
        prop_assert_eq!(String::from_utf8(kept).unwrap(), String::from_utf8(expected).unwrap());
        prop_assert_eq!(cutter.long_lines, long);
    }
}

#[test]
fn lines_are_handed_out_as_soon_as_the_stream_pauses() {
    let stream = Pieces {
        bytes: b"one\ntwo\nthree\n",
        sizes: &[6],
        turn: 0,
    };
    let sizes = Sizes {
        chunk: 1000,
        line_max: 1000,
    };
    let mut cutter = LineCutter::new(stream, 0, (Tail::Waits, Fill::Soon), sizes);
    let first = cutter.next(Vec::new()).unwrap().unwrap();
    assert_eq!(first.bytes, b"one\n");
}

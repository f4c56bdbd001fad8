//! The shape of JSON without its meaning: where strings, objects and lists end, and what stands in them.
//!
//! No tree is built and nothing recurses, so that a hostile document costs one walk and no memory. What is
//! inside of the pieces is not checked here.

#[cfg(test)]
mod tests;

use wide::u8x16;

/// Whether a value may go on over the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// As log backends write: one line, one value.
    Refused,
    /// As printed for people.
    Allowed,
}

/// Bytes of a string that are looked at together: most strings of an event are shorter.
const BLOCK_BYTES: usize = 32;

/// Which bytes of a block are quotes, backslashes, control characters: the first byte is the lowest bit.
#[derive(Debug, Clone, Copy, Default)]
struct Specials {
    quotes: u32,
    backslashes: u32,
    controls: u32,
}

impl Specials {
    #[inline]
    fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        let mut found = Self::default();
        for half in block.as_chunks::<16>().0.iter().rev() {
            let bytes = u8x16::new(*half);
            found.quotes = (found.quotes << 16) | same(bytes, b'"');
            found.backslashes = (found.backslashes << 16) | same(bytes, b'\\');
            found.controls = (found.controls << 16) | controls(bytes);
        }
        found
    }
}

#[inline]
fn same(bytes: u8x16, byte: u8) -> u32 {
    bytes.simd_eq(u8x16::splat(byte)).to_bitmask()
}

#[inline]
fn controls(bytes: u8x16) -> u32 {
    bytes.simd_eq(bytes.min(u8x16::splat(0x1f))).to_bitmask()
}

/// One bit for each byte that no string holds as it is: a quote, a backslash, a control character.
#[inline]
fn short_stops(bytes: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*bytes);
    let is_quote = bytes.simd_eq(u8x16::splat(b'"'));
    let is_backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    let is_control = bytes.simd_eq(bytes.min(u8x16::splat(0x1f)));
    (is_quote | is_backslash | is_control).to_bitmask()
}

#[inline]
fn stops(block: &[u8; BLOCK_BYTES]) -> u32 {
    let [low, high] = block.as_chunks::<16>().0 else {
        return 0;
    };
    short_stops(low) | (short_stops(high) << 16)
}

/// The same as [`plain_length`], but for the first sixteen bytes alone.
#[inline]
pub(super) fn short_length(bytes: &[u8]) -> Option<usize> {
    let found = short_stops(bytes.first_chunk()?);
    (found != 0).then_some(found.trailing_zeros() as usize)
}

/// How many bytes come before the first quote, backslash or control character, which JSON allows in no
/// string.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = stops(block);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += BLOCK_BYTES;
    }
    let tail = bytes.get(at..)?;
    let in_tail = tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
    Some(at + in_tail)
}

/// Whether these are the inside of a string without escapes.
#[inline]
pub(super) fn is_plain(uuid: &[u8; 36]) -> bool {
    let (begin, end) = (uuid.first_chunk(), uuid.last_chunk());
    begin.map_or(1, stops) | end.map_or(1, stops) == 0
}

/// The length of the inside of a string in which nothing but quotes is escaped; `None` also where that is
/// not told at a glance.
#[inline]
pub(super) fn quoting_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut is_escaped_on = 0;
    loop {
        let found = Specials::of(bytes.get(at..)?.first_chunk()?);
        let escaped = (found.backslashes << 1) | is_escaped_on;
        let ends = found.quotes & !escaped;
        // All bits below the end; all when there is none.
        let inside = ends.wrapping_sub(1) & !ends;
        if (found.controls | (escaped & !found.quotes)) & inside != 0 {
            return None;
        }
        if ends != 0 {
            return Some(at + ends.trailing_zeros() as usize);
        }
        is_escaped_on = found.backslashes >> (BLOCK_BYTES - 1);
        at += BLOCK_BYTES;
    }
}

/// The length of the inside of a string, up to its closing quote.
pub(super) fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        length += plain_length(bytes.get(length..)?)?;
        match bytes.get(length)? {
            b'"' => return Some(length),
            b'\\' if *bytes.get(length + 1)? >= b' ' => length += 2,
            _ => return None,
        }
    }
}

/// The length of the object or list that starts here.
pub(super) fn container_length(bytes: &[u8], breaks: Breaks) -> Option<usize> {
    if !matches!(bytes.first()?, b'{' | b'[') {
        return None;
    }
    let mut walk = Walk::default();
    let (blocks, tail) = bytes.as_chunks::<WALK_BYTES>();
    let mut at = 0;
    for block in blocks {
        match walk.step(block, breaks) {
            Stepped::On => at += WALK_BYTES,
            Stepped::End(length) => return Some(at + length),
            Stepped::Broken => return None,
        }
    }
    let mut last = [b' '; WALK_BYTES];
    last.get_mut(..tail.len())?.copy_from_slice(tail);
    match walk.step(&last, breaks) {
        Stepped::End(length) => Some(at + length),
        Stepped::On | Stepped::Broken => None,
    }
}

/// Bytes of an object that are looked at together.
const WALK_BYTES: usize = 64;

/// Where a walk through an object or list is (Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
/// 3.1: strings are found by the parity of the quotes before).
#[derive(Debug, Default)]
struct Walk {
    depth: usize,
    /// All bits set within a string.
    string: u64,
    /// The lowest bit is set behind a backslash that escapes.
    is_escaped: u64,
}

enum Stepped {
    On,
    /// It ends with so many bytes of the block.
    End(usize),
    Broken,
}

impl Walk {
    #[inline]
    fn step(&mut self, block: &[u8; WALK_BYTES], breaks: Breaks) -> Stepped {
        let (mut quotes, mut backslashes, mut opens, mut closes, mut bad) = (0, 0, 0, 0, 0);
        let mut line_ends = 0;
        for part in block.as_chunks::<16>().0.iter().rev() {
            let bytes = u8x16::new(*part);
            // `[` and `{`, `]` and `}` differ in this bit, and share the others with no other character.
            let curly = bytes | u8x16::splat(0x20);
            for (all, one) in [
                (&mut quotes, same(bytes, b'"')),
                (&mut backslashes, same(bytes, b'\\')),
                (&mut opens, same(curly, b'{')),
                (&mut closes, same(curly, b'}')),
                (&mut bad, controls(bytes)),
                (&mut line_ends, same(bytes, b'\n')),
            ] {
                *all = (*all << 16) | u64::from(one);
            }
        }
        quotes &= !self.escaped(backslashes);
        let strings = parity(quotes) ^ self.string;
        self.string = 0_u64.wrapping_sub(strings >> (WALK_BYTES - 1));
        opens &= !strings;
        closes &= !strings;
        // What no string holds, and what nothing but strings holds.
        bad = (bad & strings) | (backslashes & !strings);
        if breaks == Breaks::Refused {
            bad |= line_ends;
        }
        // As long as more is open than ends here, nobody asks where.
        if self.depth <= closes.count_ones() as usize {
            let mut left = closes;
            while left != 0 {
                let last = left & left.wrapping_neg();
                let before = last - 1;
                let opened = (opens & before).count_ones() as usize;
                let closed = (closes & before).count_ones() as usize + 1;
                if self.depth + opened == closed {
                    return match bad & before {
                        0 => Stepped::End(last.trailing_zeros() as usize + 1),
                        _ => Stepped::Broken,
                    };
                }
                left &= !last;
            }
        }
        if bad != 0 {
            return Stepped::Broken;
        }
        self.depth = self.depth + opens.count_ones() as usize - closes.count_ones() as usize;
        Stepped::On
    }

    /// Which bytes stand behind a backslash that is not escaped itself.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let mut escaped = self.is_escaped;
        let mut left = backslashes & !escaped;
        self.is_escaped = 0;
        while left != 0 {
            let backslash = left & left.wrapping_neg();
            let next = backslash << 1;
            escaped |= next;
            if next == 0 {
                self.is_escaped = 1;
            }
            left &= !(backslash | next);
        }
        escaped
    }
}

/// For every bit, whether the number of bits set up to it is odd.
#[inline]
const fn parity(bits: u64) -> u64 {
    let mut sums = bits ^ (bits << 1);
    sums ^= sums << 2;
    sums ^= sums << 4;
    sums ^= sums << 8;
    sums ^= sums << 16;
    sums ^ (sums << 32)
}

/// The length of any value that starts here.
fn value_length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'{' | b'[' => container_length(bytes, Breaks::Allowed),
        b'"' => Some(string_length(bytes.get(1..)?)? + 2),
        _ => Some(
            bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
                .unwrap_or(bytes.len()),
        ),
    }
}

/// The values of a list, as written; ends where the shape is broken.
#[derive(Debug)]
pub(super) struct Items<'a> {
    rest: &'a str,
}

/// What stands in a list; nothing when it is none.
pub(super) fn items(list: &str) -> Items<'_> {
    Items {
        rest: list.trim_ascii().strip_prefix('[').unwrap_or_default(),
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = skip_separators(self.rest);
        let length = value_length(rest.as_bytes()).filter(|length| *length > 0)?;
        self.rest = rest.get(length..)?;
        rest.get(..length)
    }
}

/// Keys (without quotes, not unescaped) and values of an object, as written; ends where the shape is broken.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rest: &'a str,
}

/// What stands in an object; nothing when it is none.
pub(super) fn fields(object: &str) -> Fields<'_> {
    Fields {
        rest: object.trim_ascii().strip_prefix('{').unwrap_or_default(),
    }
}

impl<'a> Fields<'a> {
    /// The next key, and all that starts with its value.
    pub(super) fn key(&self) -> Option<(&'a str, &'a str)> {
        let rest = skip_separators(self.rest).strip_prefix('"')?;
        let length = string_length(rest.as_bytes())?;
        let value = rest.get(length + 1..)?.trim_ascii_start();
        let value = value.strip_prefix(':')?.trim_ascii_start();
        Some((rest.get(..length)?, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let (key, value) = self.key()?;
        let length = value_length(value.as_bytes()).filter(|length| *length > 0)?;
        self.rest = value.get(length..)?;
        Some((key, value.get(..length)?))
    }
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n', ','])
}

/// The value of one field, as written.
pub(super) fn field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    fields(object)
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// How many values the list holds that one of these fields is; `None` when there is no such field.
/// Lists stand near the start of what the API server answers, and are walked through once.
pub(super) fn count_of(object: &str, names: &[&str]) -> Option<u32> {
    let mut fields = fields(object);
    loop {
        let ahead = Fields { rest: fields.rest };
        let (key, value) = ahead.key()?;
        if names.contains(&key) {
            return Some(u32::try_from(items(value).count()).unwrap_or(u32::MAX));
        }
        fields.next()?;
    }
}

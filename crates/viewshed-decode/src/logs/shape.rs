//! The shape of JSON without its meaning: where strings, objects and lists end, and what stands in them.
//!
//! No tree is built and nothing recurses, so that a hostile document costs one walk and no memory. What is
//! inside of the pieces is not checked here.

/// Whether a value may go on over the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// As log backends write: one line, one value.
    Refused,
    /// As printed for people.
    Allowed,
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Marks the first byte that is zero (and maybe later ones) by its top bit (Warren, Hacker's Delight, 6-1).
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// Marks the first byte that no string holds as it is: a quote, a backslash, a control character.
#[inline]
const fn specials(bytes: [u8; 8]) -> u64 {
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);
    let word = u64::from_le_bytes(bytes);
    let controls = word.wrapping_sub(BLANKS) & !word & TOPS;
    zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES) | controls
}

/// How many bytes come before the first quote, backslash or control character, which JSON allows in no
/// string. Most strings of an event are short, so words are faster than a call of `memchr`.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    // One hard-to-foresee branch per sixteen bytes instead of two.
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let (low, high) = (block.first_chunk()?, block.last_chunk()?);
        let (low, high) = (specials(*low), specials(*high));
        let found = (u128::from(high) << 64) | u128::from(low);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 16;
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
    let mut found = uuid.last_chunk().map_or(1, |end| specials(*end));
    for word in uuid.as_chunks::<8>().0 {
        found |= specials(*word);
    }
    found == 0
}

/// The length of the inside of a string, up to its closing quote.
pub(super) fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        length += plain_length(bytes.get(length..)?)?;
        match bytes.get(length)? {
            b'"' => return Some(length),
            b'\\' => length += 2,
            _ => return None,
        }
    }
}

/// The length of the object or list that starts here.
pub(super) fn container_length(bytes: &[u8], breaks: Breaks) -> Option<usize> {
    if !matches!(bytes.first()?, b'{' | b'[') {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => at += 1 + string_length(bytes.get(at + 1..)?)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'\n' if breaks == Breaks::Refused => return None,
            _ => {}
        }
        at += 1;
    }
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

//! The form of a state file: named parts with a number and a checksum around them.
//!
//! ```text
//! "VSTATE" 0x0d 0x0a   8 bytes
//! form                 u32, little-endian as all numbers
//! generation           u64
//! number of parts      u32
//! for each part: length of name u32, name, length of content u64, content
//! SHA-256 of everything before it
//! ```

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Carriage return and line feed show files that were copied as text.
const MAGIC: &[u8; 8] = b"VSTATE\r\n";

/// The form described above.
pub(crate) const FORM: u32 = 1;

/// Bytes of one state file. A million tracked identities take 4 GiB at most; this leaves room for the rest.
/// More is an error: half a state is none.
pub(crate) const BYTES_MAX: usize = 6 * 1024 * 1024 * 1024;

const DIGEST_BYTES: usize = 32;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) generation: u64,
    pub(crate) parts: BTreeMap<String, Vec<u8>>,
}

/// Why a file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Damaged(&'static str),
    Newer(u32),
}

/// Head, parts and checksum, in pieces that are written one after the other, so that large parts are not copied.
pub(crate) fn pieces<'a>(generation: u64, parts: &[(&str, &'a [u8])]) -> Vec<Piece<'a>> {
    let mut head = Vec::new();
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&FORM.to_le_bytes());
    head.extend_from_slice(&generation.to_le_bytes());
    head.extend_from_slice(&length_u32(parts.len()).to_le_bytes());
    let mut pieces = vec![Piece::Made(head)];
    for (name, content) in parts {
        let mut head = Vec::new();
        head.extend_from_slice(&length_u32(name.len()).to_le_bytes());
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(&(content.len() as u64).to_le_bytes());
        pieces.push(Piece::Made(head));
        pieces.push(Piece::Given(content));
    }
    let mut hash = Sha256::new();
    for piece in &pieces {
        hash.update(piece.bytes());
    }
    pieces.push(Piece::Made(hash.finalize().to_vec()));
    pieces
}

/// Bytes of a file.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    Made(Vec<u8>),
    Given(&'a [u8]),
}

impl Piece<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Made(bytes) => bytes,
            Self::Given(bytes) => bytes,
        }
    }
}

/// Names and counts are chosen by the program, and few.
fn length_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Takes a file apart. The checksum is looked at before anything that it covers.
pub(crate) fn open(bytes: &[u8]) -> Result<Envelope, Fault> {
    let mut reader = Reader(bytes);
    if reader.take(MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(Fault::Damaged("it is not a state file"));
    }
    let form = reader.u32().ok_or(Fault::Damaged("it is cut off"))?;
    if form > FORM {
        return Err(Fault::Newer(form));
    }
    let covered = bytes
        .len()
        .checked_sub(DIGEST_BYTES)
        .and_then(|length| bytes.split_at_checked(length));
    let (covered, digest) = covered.ok_or(Fault::Damaged("it is cut off"))?;
    let is: [u8; DIGEST_BYTES] = Sha256::digest(covered).into();
    if is != digest {
        return Err(Fault::Damaged("its checksum is wrong"));
    }
    let mut reader = Reader(covered);
    parts(&mut reader).ok_or(Fault::Damaged("its parts do not fit"))
}

fn parts(reader: &mut Reader<'_>) -> Option<Envelope> {
    reader.take(MAGIC.len() + size_of::<u32>())?;
    let generation = reader.u64()?;
    let count = reader.u32()?;
    let mut parts = BTreeMap::new();
    for _ in 0..count {
        let length = usize::try_from(reader.u32()?).ok()?;
        let name = String::from_utf8(reader.take(length)?.to_vec()).ok()?;
        let length = usize::try_from(reader.u64()?).ok()?;
        parts.insert(name, reader.take(length)?.to_vec());
    }
    reader
        .0
        .is_empty()
        .then_some(Envelope { generation, parts })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Envelope, Fault, open, pieces};

    fn closed(generation: u64, parts: &[(&str, &[u8])]) -> Vec<u8> {
        let pieces = pieces(generation, parts);
        pieces
            .iter()
            .flat_map(|piece| piece.bytes().to_vec())
            .collect()
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let bytes = closed(7, &[("engine", b"abc"), ("positions", b"")]);
        let parts = [
            ("engine".to_owned(), b"abc".to_vec()),
            ("positions".to_owned(), Vec::new()),
        ];
        assert_eq!(
            open(&bytes),
            Ok(Envelope {
                generation: 7,
                parts: parts.into_iter().collect()
            })
        );
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let bytes = closed(7, &[("engine", b"abc")]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(open(&changed).is_err(), "byte {at}");
            assert!(
                matches!(open(&bytes[..at]), Err(Fault::Damaged(_))),
                "cut at {at}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&bytes).is_err());
        }
    }
}

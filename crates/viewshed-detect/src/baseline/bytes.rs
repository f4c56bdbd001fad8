//! A baseline as bytes and back: `postcard` (varints) behind a magic word, a layout number and a checksum.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::Record;
use super::{Baseline, GROUPS_MAX, IDENTITIES_MAX, Symbols, Table, hasher};

const MAGIC: &[u8] = b"vshedbl\n";
/// Changes when a field does.
const LAYOUT: u32 = 1;
const CHECKSUM_BYTES: usize = 8;

/// Why saved state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not written by `to_bytes` or `checkpoint`.
    #[error("not saved state of the expected kind")]
    Foreign,
    /// Written by a version with another layout.
    #[error(
        "saved state has layout {found}, this program reads layout {known}; learn it again from the logs"
    )]
    Version {
        /// Layout of the file.
        found: u32,
        /// Layout of this program.
        known: u32,
    },
    /// Cut off or changed.
    #[error("saved state is damaged; learn it again from the logs")]
    Damaged,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    symbols: Vec<Box<str>>,
    identities: Vec<Record>,
    groups: Vec<Record>,
    first_s: u32,
    last_s: u32,
    requests: u64,
    half_life_s: u32,
    window_s: u32,
    evicted: [u64; 3],
}

impl Baseline {
    /// Compact bytes for [`from_bytes`](Self::from_bytes), about 200 for an identity with ten habits.
    pub fn to_bytes(&self) -> Vec<u8> {
        seal(MAGIC, LAYOUT, &self.saved())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut baseline = Self::restored(unseal(MAGIC, LAYOUT, bytes)?);
        // Sessions belong to the run that wrote the baseline, not to what is usual.
        for record in baseline.identities.records_mut() {
            record.session = 0;
            record.is_watched = false;
        }
        Ok(baseline)
    }

    /// The content, for a checkpoint that holds more than this.
    pub(crate) fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.saved()).unwrap_or_default()
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn load(bytes: &[u8]) -> Result<Self, StateError> {
        postcard::from_bytes(bytes)
            .map(Self::restored)
            .map_err(|_| StateError::Damaged)
    }

    fn saved(&self) -> Saved {
        Saved {
            symbols: self.symbols.texts().to_vec(),
            identities: self.identities.records().to_vec(),
            groups: self.groups.records().to_vec(),
            first_s: self.first_s,
            last_s: self.last_s,
            requests: self.requests,
            half_life_s: self.half_life_s,
            window_s: self.window_s,
            evicted: [
                self.identities.evicted,
                self.evicted_habits,
                self.symbols.refused,
            ],
        }
    }

    fn restored(saved: Saved) -> Self {
        let hasher = hasher(0);
        let mut symbols = Symbols::new(hasher.clone());
        for text in saved.symbols {
            symbols.intern(&text);
        }
        let mut baseline = Self {
            symbols,
            identities: Table::new(IDENTITIES_MAX.max(saved.identities.len())),
            groups: Table::new(GROUPS_MAX),
            first_s: saved.first_s,
            last_s: saved.last_s,
            requests: saved.requests,
            half_life_s: saved.half_life_s,
            window_s: saved.window_s,
            hasher,
            evicted_habits: saved.evicted[1],
            last_stamp: 0,
        };
        baseline.identities.replace_all(saved.identities);
        baseline.identities.evicted = saved.evicted[0];
        baseline.symbols.refused = saved.evicted[2];
        baseline.groups.replace_all(saved.groups);
        baseline.rehash();
        baseline
    }

    /// Computes every hash anew: they depend on the key, and no file holds them.
    pub(super) fn rehash(&mut self) {
        let mut symbols = Symbols::new(self.hasher.clone());
        for text in self.symbols.texts() {
            symbols.intern(text);
        }
        symbols.refused = self.symbols.refused;
        self.symbols = symbols;
        let (hasher, symbols) = (&self.hasher, &self.symbols);
        for table in [&mut self.identities, &mut self.groups] {
            table.rehash(|record| hasher.hash_one((symbols.text(record.cluster), &*record.key)));
            for record in table.records_mut() {
                let hashes = record.habits.iter().map(|habit| {
                    let (kind, namespace) =
                        (symbols.text(habit.kind), symbols.text(habit.namespace));
                    hasher.hash_one(((habit.op, habit.outcome), kind, namespace))
                });
                record.hashes = hashes.collect();
            }
        }
    }
}

/// Magic word, layout, checksum, content.
pub(crate) fn seal<T: Serialize>(magic: &[u8], layout: u32, content: &T) -> Vec<u8> {
    // Serialising plain data into memory cannot fail.
    let content = postcard::to_stdvec(content).unwrap_or_default();
    let mut bytes = magic.to_vec();
    bytes.extend_from_slice(&layout.to_le_bytes());
    bytes.extend_from_slice(&checksum(&content));
    bytes.extend_from_slice(&content);
    bytes
}

/// The content of what [`seal`] wrote.
pub(crate) fn unseal<'b, T: Deserialize<'b>>(
    magic: &[u8],
    layout: u32,
    bytes: &'b [u8],
) -> Result<T, StateError> {
    let rest = bytes.strip_prefix(magic).ok_or(StateError::Foreign)?;
    let (found, rest) = rest.split_first_chunk::<4>().ok_or(StateError::Damaged)?;
    let found = u32::from_le_bytes(*found);
    if found != layout {
        return Err(StateError::Version {
            found,
            known: layout,
        });
    }
    let (sum, content) = rest
        .split_first_chunk::<CHECKSUM_BYTES>()
        .ok_or(StateError::Damaged)?;
    if *sum != checksum(content) {
        return Err(StateError::Damaged);
    }
    postcard::from_bytes(content).map_err(|_| StateError::Damaged)
}

/// Against torn writes and flipped bits, not against somebody who may write the file anyway.
fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    digest.first_chunk().copied().unwrap_or_default()
}

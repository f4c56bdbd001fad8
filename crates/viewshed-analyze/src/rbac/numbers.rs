//! Names as numbers, found without following a pointer.

use rustc_hash::FxHashMap;

/// A name of up to 31 bytes, padded with zeros; the last byte is the length plus one, so that no
/// name is all zeros.
type Key = [u64; 4];

const EMPTY: Key = [0; 4];
const KEY_BYTES: usize = 32;
/// The longest name that fits a key.
const INLINE_MAX: usize = KEY_BYTES - 1;

/// Numbers for names, from 0 in the order in which they were added. Short names stand in the table
/// itself: most lookups read one cache line.
#[derive(Debug)]
pub(super) struct Numbers {
    /// A power of two of slots, at most half of them in use.
    slots: Vec<Slot>,
    /// Names that are too long for a slot.
    long: FxHashMap<Box<[u8]>, u32>,
    count: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: Key,
    number: u32,
}

const FREE: Slot = Slot {
    key: EMPTY,
    number: 0,
};

impl Default for Numbers {
    fn default() -> Self {
        Self {
            slots: vec![FREE; 64],
            long: FxHashMap::default(),
            count: 0,
        }
    }
}

impl Numbers {
    /// The number of a name, a new one when it has none yet.
    pub(super) fn add(&mut self, name: &str) -> u32 {
        let bytes = name.as_bytes();
        let next = self.count;
        let number = match key(bytes, None) {
            None => *self.long.entry(bytes.into()).or_insert(next),
            Some(key) => {
                if self.slots.len() <= 2 * next as usize {
                    self.grow();
                }
                insert(&mut self.slots, key, next)
            }
        };
        if number == next {
            self.count = next.saturating_add(1);
        }
        number
    }

    /// The number of a name that was added.
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.find(key(name.as_bytes(), None), || name.as_bytes().into())
    }

    /// The number of `front/back`.
    pub(super) fn get_joined(&self, front: &str, back: &str) -> Option<u32> {
        self.find(key(front.as_bytes(), Some(back.as_bytes())), || {
            format!("{front}/{back}").into_bytes().into()
        })
    }

    fn find(&self, key: Option<Key>, long: impl FnOnce() -> Box<[u8]>) -> Option<u32> {
        let Some(key) = key else {
            return self.long.get(&long()).copied();
        };
        let mask = self.slots.len() - 1;
        let mut at = hash(&key) & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.key == key {
                return Some(slot.number);
            }
            if slot.key == EMPTY {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut larger = vec![FREE; self.slots.len() * 4];
        for slot in self.slots.iter().filter(|slot| slot.key != EMPTY) {
            insert(&mut larger, slot.key, slot.number);
        }
        self.slots = larger;
    }
}

/// The number that stands at the key, or the new one.
fn insert(slots: &mut [Slot], key: Key, new: u32) -> u32 {
    let mask = slots.len() - 1;
    let mut at = hash(&key) & mask;
    while let Some(slot) = slots.get_mut(at) {
        if slot.key == key {
            return slot.number;
        }
        if slot.key == EMPTY {
            *slot = Slot { key, number: new };
            break;
        }
        at = (at + 1) & mask;
    }
    new
}

/// `None` when the name is too long. With a second part, both are joined by a slash.
fn key(front: &[u8], back: Option<&[u8]>) -> Option<Key> {
    let mut bytes = [0u8; KEY_BYTES];
    let mut length = front.len();
    bytes
        .get_mut(..INLINE_MAX)?
        .get_mut(..length)?
        .copy_from_slice(front);
    if let Some(back) = back {
        *bytes.get_mut(..INLINE_MAX)?.get_mut(length)? = b'/';
        let start = length + 1;
        length = start + back.len();
        bytes
            .get_mut(..INLINE_MAX)?
            .get_mut(start..length)?
            .copy_from_slice(back);
    }
    let [.., last] = &mut bytes;
    *last = u8::try_from(length).ok()? + 1;
    let (words, _) = bytes.as_chunks::<8>();
    let [first, second, third, fourth] = words else {
        return None;
    };
    Some([first, second, third, fourth].map(|word| u64::from_le_bytes(*word)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "any bits of the hash serve; the table is a power of two"
)]
fn hash(key: &Key) -> usize {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let [first, second, third, fourth] = *key;
    let mixed = (first ^ second.rotate_left(29)).wrapping_mul(MULTIPLIER);
    let mixed = (mixed ^ third.rotate_left(17) ^ fourth.rotate_left(41)).wrapping_mul(MULTIPLIER);
    (mixed ^ (mixed >> 32)) as usize
}

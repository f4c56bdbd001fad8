//! Names as numbers, found without following a pointer.

use rustc_hash::FxHashMap;

/// A name of up to 31 bytes, padded with zeros; the last byte is the length plus one, so that no
/// name is all zeros.
type Key = [u64; 4];

const EMPTY: Key = [0; 4];
/// The longest name that fits a key.
const INLINE_MAX: usize = 31;

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
        let number = match key(bytes) {
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
    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        match key(name.as_bytes()) {
            Some(key) => self.find(&key),
            None => self.long.get(name.as_bytes()).copied(),
        }
    }

    /// The number of `front/back`.
    pub(super) fn get_joined(&self, front: &str, back: &str) -> Option<u32> {
        let mut buffer = [0u8; INLINE_MAX];
        match join(&mut buffer, front.as_bytes(), back.as_bytes()) {
            Some(joined) => self.find(&key(joined)?),
            None => self.long.get(format!("{front}/{back}").as_bytes()).copied(),
        }
    }

    #[inline]
    fn find(&self, key: &Key) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.key == *key {
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

/// `front/back` in the buffer; `None` when it does not fit.
fn join<'b>(buffer: &'b mut [u8; INLINE_MAX], front: &[u8], back: &[u8]) -> Option<&'b [u8]> {
    let length = front.len() + 1 + back.len();
    let joined = buffer.get_mut(..length)?;
    let (start, rest) = joined.split_at_mut_checked(front.len())?;
    start.copy_from_slice(front);
    let (slash, end) = rest.split_first_mut()?;
    *slash = b'/';
    end.copy_from_slice(back);
    Some(joined)
}

/// `None` when the name is too long. Made in registers: going through a byte buffer costs more than
/// the rest of a lookup.
#[inline]
fn key(name: &[u8]) -> Option<Key> {
    let length = u64::try_from(name.len()).ok()?;
    let (full, rest) = name.as_chunks::<8>();
    let tail = tail_word(name, rest.len());
    let word = u64::from_le_bytes;
    let [first, second, third, fourth] = match *full {
        [] => [tail, 0, 0, 0],
        [first] => [word(first), tail, 0, 0],
        [first, second] => [word(first), word(second), tail, 0],
        [first, second, third] => [word(first), word(second), word(third), tail],
        _ => return None,
    };
    Some([first, second, third, fourth | ((length + 1) << 56)])
}

/// The last `count` bytes, fewer than 8, as the low bytes of a number.
#[inline]
fn tail_word(name: &[u8], count: usize) -> u64 {
    if count == 0 {
        return 0;
    }
    // At most 7, so that no shift below overflows.
    let unused_bits = 8 * (8 - count);
    if let Some(last) = name.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> unused_bits;
    }
    if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        let low = u64::from(u32::from_le_bytes(*first));
        let high = u64::from(u32::from_le_bytes(*last));
        return low | (high << (8 * (count - 4)));
    }
    name.iter()
        .rev()
        .fold(0, |word, byte| (word << 8) | u64::from(*byte))
}
#[inline]
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

#[cfg(test)]
mod tests;

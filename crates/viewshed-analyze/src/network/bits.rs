//! Sets of small numbers as bits, and a store that keeps equal ones once.

use rustc_hash::FxHashMap;

const WORD: usize = u64::BITS as usize;

/// A set of numbers below a length that all sets of one table share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// No number, for numbers below `length`.
    pub(super) fn none(length: usize) -> Self {
        Self(vec![0; length.div_ceil(WORD)])
    }

    /// Every number below `length`.
    pub(super) fn all(length: usize) -> Self {
        let mut bits = Self(vec![u64::MAX; length.div_ceil(WORD)]);
        let rest = length % WORD;
        if rest > 0
            && let Some(last) = bits.0.last_mut()
        {
            *last = (1 << rest) - 1;
        }
        bits
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn has(&self, number: usize) -> bool {
        self.0
            .get(number / WORD)
            .is_some_and(|word| word >> (number % WORD) & 1 == 1)
    }

    /// Adds a number; the set grows when it has to.
    pub(super) fn add(&mut self, number: usize) {
        let at = number / WORD;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (number % WORD);
        }
    }

    pub(super) fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / WORD) {
            *word &= !(1 << (number % WORD));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Becomes the other set, which has the same length.
    pub(super) fn fill_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers both have.
    pub(super) fn count_both(&self, other: &Self) -> usize {
        let words = self.0.iter().zip(&other.0);
        words
            .map(|(one, two)| (one & two).count_ones() as usize)
            .sum()
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Adds what both `one` and `two` have.
    pub(super) fn add_both(&mut self, one: &Self, two: &Self) {
        for ((word, one), two) in self.0.iter_mut().zip(&one.0).zip(&two.0) {
            *word |= one & two;
        }
    }

    pub(super) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }

    pub(super) fn remove_all(&mut self, other: &Self) {
        for (word, less) in self.0.iter_mut().zip(&other.0) {
            *word &= !less;
        }
    }

    /// The numbers, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    at * WORD + bit
                })
            })
        })
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.add(number);
        }
        bits
    }
}

/// A set in the [`RowStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowId(u32);

/// A kept set: bits, or a list where few numbers are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    Few(Vec<u32>),
    Many(Bits),
}

/// Sets of places, equal ones kept once.
#[derive(Debug, Clone, Default)]
pub(super) struct RowStore {
    rows: Vec<Row>,
    by_hash: FxHashMap<u64, Vec<RowId>>,
}

impl Row {
    /// The smaller of the two forms.
    pub(super) fn of(bits: &Bits) -> Self {
        // Four bytes per number against eight per word of bits.
        let count = bits.count();
        if count < bits.words().len() {
            let numbers = bits.iter().filter_map(|number| u32::try_from(number).ok());
            return Self::Few(numbers.collect());
        }
        Self::Many(bits.clone())
    }

    pub(super) fn has(&self, number: usize) -> bool {
        match self {
            Self::Many(bits) => bits.has(number),
            Self::Few(numbers) => {
                u32::try_from(number).is_ok_and(|number| numbers.binary_search(&number).is_ok())
            }
        }
    }

    /// Puts the set into `bits`, which is cleared first and keeps its length.
    pub(super) fn write(&self, bits: &mut Bits) {
        match self {
            Self::Many(own) => {
                for (to, from) in bits.0.iter_mut().zip(&own.0) {
                    *to = *from;
                }
            }
            Self::Few(numbers) => {
                bits.0.fill(0);
                for number in numbers {
                    bits.add(usize::try_from(*number).unwrap_or(usize::MAX));
                }
            }
        }
    }

    /// A hash of the set in this form.
    pub(super) fn hash(&self) -> u64 {
        match self {
            Self::Few(numbers) => mixed(numbers.iter().map(|number| u64::from(*number))),
            Self::Many(bits) => mixed(bits.0.iter().copied()),
        }
    }

    /// Adds its members to `bits`.
    pub(super) fn add_to(&self, bits: &mut Bits) {
        match self {
            Self::Many(own) => bits.add_all(own),
            Self::Few(numbers) => {
                for number in numbers {
                    bits.add(*number as usize);
                }
            }
        }
    }

    /// Adds those members to `bits` that `limit` has.
    pub(super) fn add_within(&self, limit: &Bits, bits: &mut Bits) {
        match self {
            Self::Many(own) => bits.add_both(own, limit),
            Self::Few(numbers) => {
                for number in numbers.iter().map(|number| *number as usize) {
                    if limit.has(number) {
                        bits.add(number);
                    }
                }
            }
        }
    }

    /// Takes its members out of `bits`.
    pub(super) fn remove_from(&self, bits: &mut Bits) {
        match self {
            Self::Many(own) => bits.remove_all(own),
            Self::Few(numbers) => {
                for number in numbers {
                    bits.remove(*number as usize);
                }
            }
        }
    }

    /// What both have.
    pub(super) fn and(&self, limit: &Bits) -> Self {
        match self {
            Self::Few(numbers) => {
                let kept = numbers.iter().copied();
                Self::Few(kept.filter(|number| limit.has(*number as usize)).collect())
            }
            Self::Many(bits) => {
                let mut both = bits.clone();
                both.keep(limit);
                Self::of(&both)
            }
        }
    }

    /// Its members, in order.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Many(bits) => Box::new(bits.iter()),
            Self::Few(numbers) => Box::new(numbers.iter().map(|number| *number as usize)),
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Many(bits) => bits.count(),
            Self::Few(numbers) => numbers.len(),
        }
    }
}

/// The multiplier of `FxHash`.
const MULTIPLIER: u64 = 0xf135_7aea_2e62_a9c5;

fn mixed(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(1, |hash, word| {
        (hash.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER)
    })
}

/// The empty set, for ids that no store gave out.
static NOTHING: Row = Row::Few(Vec::new());

impl RowStore {
    pub(super) fn get(&self, id: RowId) -> &Row {
        self.rows.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The id of a set; `hash` is [`Row::hash`] of it, worked out where there was time.
    pub(super) fn keep(&mut self, row: Row, hash: u64) -> RowId {
        let candidates = self.by_hash.entry(hash).or_default();
        let rows = &mut self.rows;
        let known = candidates
            .iter()
            .copied()
            .find(|id| rows.get(id.0 as usize) == Some(&row));
        known.unwrap_or_else(|| {
            let id = RowId(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            rows.push(row);
            candidates.push(id);
            id
        })
    }
}

#[cfg(test)]
mod tests;

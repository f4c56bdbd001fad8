//! A small seeded generator: the same seed gives the same estate everywhere.

/// `SplitMix64` (Steele, Lea, Flood 2014): fast, seeded by any number, good enough for test data.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The top 32 bits are the best mixed, and no estate has more of anything.
        let number = self.next_number() >> 32;
        let scaled = (u128::from(number) * bound as u128) >> 32;
        usize::try_from(scaled).unwrap_or_default()
    }

    /// One of the items.
    ///
    /// # Panics
    /// When there are none.
    #[expect(
        clippy::indexing_slicing,
        reason = "below() is in range; an empty list is a mistake of the caller"
    )]
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    /// One of the words.
    ///
    /// # Panics
    /// When there are none.
    pub fn word<'w>(&mut self, words: &[&'w str]) -> &'w str {
        self.pick::<&'w str>(words)
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

//! Sets of whole numbers as sorted ranges: ports of all protocols on one line, addresses of one family.

use std::fmt::Debug;

/// A number that ranges are made of.
pub(super) trait Number: Copy + Ord + Debug {
    /// The smallest.
    const MIN: Self;
    /// The largest.
    const MAX: Self;
    /// The next larger one; `None` at the end.
    fn after(self) -> Option<Self>;
    /// The next smaller one; `None` at the start.
    fn before(self) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Number for $number {
            const MIN: Self = <$number>::MIN;
            const MAX: Self = <$number>::MAX;
            fn after(self) -> Option<Self> { self.checked_add(1) }
            fn before(self) -> Option<Self> { self.checked_sub(1) }
        }
    )*};
}
numbers!(u32, u128);

/// A set of numbers: sorted, disjoint ranges with both ends included, never touching each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ranges<T>(Vec<(T, T)>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Number> Ranges<T> {
    /// Everything.
    pub(super) fn all() -> Self {
        Self(vec![(T::MIN, T::MAX)])
    }

    /// One range; empty when `last` is below `first`.
    pub(super) fn one(first: T, last: T) -> Self {
        Self::new(vec![(first, last)])
    }

    /// Any ranges, in any order, overlapping or not. Those that end before they start are left out.
    pub(super) fn new(mut parts: Vec<(T, T)>) -> Self {
        parts.retain(|(first, last)| first <= last);
        parts.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(parts.len());
        for (first, last) in parts {
            match merged.last_mut() {
                Some((_, end)) if end.after().is_none_or(|next| first <= next) => {
                    *end = last.max(*end);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (T, T)> + '_ {
        self.0.iter().copied()
    }

    /// The smallest member.
    pub(super) fn first(&self) -> Option<T> {
        self.0.first().map(|range| range.0)
    }

    pub(super) fn contains(&self, number: T) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::new(self.iter().chain(other.iter()).collect())
    }

    /// What is not in the set.
    pub(super) fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(T::MIN);
        for (first, last) in self.iter() {
            if let (Some(start), Some(end)) = (next, first.before())
                && start <= end
            {
                gaps.push((start, end));
            }
            next = last.after();
        }
        if let Some(start) = next {
            gaps.push((start, T::MAX));
        }
        Self(gaps)
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut parts = Vec::new();
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            let (first, last) = (one.0.max(two.0), one.1.min(two.1));
            if first <= last {
                parts.push((first, last));
            }
            if one.1 <= two.1 {
                left.next();
            } else {
                right.next();
            }
        }
        Self(parts)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }
}

impl<T: Number> FromIterator<(T, T)> for Ranges<T> {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(parts: I) -> Self {
        Self::new(parts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;

use proptest::prelude::*;

use super::Ranges;

const SPAN: u32 = 40;

fn small() -> impl Strategy<Value = Vec<(u32, u32)>> {
    proptest::collection::vec((0..SPAN, 0..SPAN), 0..6)
}

fn members(ranges: &Ranges<u32>) -> Vec<bool> {
    (0..SPAN).map(|number| ranges.contains(number)).collect()
}

proptest! {
    #[test]
    fn a_set_of_ranges_is_a_set(one in small(), two in small()) {
        let slow = |parts: &[(u32, u32)]| -> Vec<bool> {
            (0..SPAN)
                .map(|number| parts.iter().any(|(first, last)| (*first..=*last).contains(&number)))
                .collect()
        };
        let (left, right) = (Ranges::new(one.clone()), Ranges::new(two.clone()));
        let (slow_left, slow_right) = (slow(&one), slow(&two));
        let both = |pick: fn(bool, bool) -> bool| -> Vec<bool> {
            slow_left.iter().zip(&slow_right).map(|(a, b)| pick(*a, *b)).collect()
        };
        prop_assert_eq!(members(&left), slow_left.clone());
        prop_assert_eq!(members(&left.union(&right)), both(|a, b| a || b));
        prop_assert_eq!(members(&left.intersection(&right)), both(|a, b| a && b));
        prop_assert_eq!(members(&left.minus(&right)), both(|a, b| a && !b));
        prop_assert_eq!(&left.complement().complement(), &left);
        // One form per set, so that equal sets are found by comparing.
        prop_assert_eq!(left.union(&right), right.union(&left));
    }
}

#[test]
fn both_ends_of_the_line_are_kept() {
    assert_eq!(Ranges::<u128>::all().complement(), Ranges::default());
    assert_eq!(Ranges::<u32>::default().complement(), Ranges::all());
    assert!(Ranges::one(u32::MAX, u32::MAX).contains(u32::MAX));
    assert!(Ranges::one(5_u32, 4).is_empty());
}

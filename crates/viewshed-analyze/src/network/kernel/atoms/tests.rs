use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Atoms;
use crate::network::ranges::Ranges;

const SPAN: u128 = 60;

fn set() -> impl Strategy<Value = Ranges<u128>> {
    proptest::collection::vec((0..SPAN, 0..SPAN), 0..4).prop_map(Ranges::new)
}

proptest! {
    #[test]
    fn two_addresses_share_an_atom_exactly_when_they_are_in_the_same_sets(
        sets in proptest::collection::vec(set(), 0..6),
    ) {
        let whole = Ranges::one(0, SPAN - 1);
        let atoms = Atoms::of(&whole, &sets.iter().collect::<Vec<_>>());
        let mut by_membership: BTreeMap<Vec<bool>, u32> = BTreeMap::new();
        for address in 0..SPAN {
            let membership: Vec<bool> = sets.iter().map(|set| set.contains(address)).collect();
            let atom = atoms.at(address);
            prop_assert_eq!(*by_membership.entry(membership).or_insert(atom), atom);
            prop_assert!(atoms.ranges()[atom as usize].contains(address));
        }
        prop_assert_eq!(by_membership.len(), atoms.ranges().len());
    }
}

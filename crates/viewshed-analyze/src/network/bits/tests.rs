use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Bits, Row, RowStore};

const LENGTH: usize = 150;

fn numbers() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..LENGTH, 0..60)
}

fn bits(numbers: &BTreeSet<usize>) -> Bits {
    let mut bits = Bits::none(LENGTH);
    for number in numbers {
        bits.add(*number);
    }
    bits
}

fn keep(store: &mut RowStore, bits: &Bits) -> super::RowId {
    let row = Row::of(bits);
    let hash = row.hash();
    store.keep(row, hash)
}

proptest! {
    #[test]
    fn bits_are_a_set(one in numbers(), two in numbers()) {
        let set = |bits: &Bits| bits.iter().collect::<BTreeSet<usize>>();
        let (left, right) = (bits(&one), bits(&two));
        let changed = |change: fn(&mut Bits, &Bits)| {
            let mut copy = left.clone();
            change(&mut copy, &right);
            set(&copy)
        };
        prop_assert_eq!(&set(&left), &one);
        prop_assert_eq!(left.count(), one.len());
        prop_assert_eq!(changed(Bits::add_all), &one | &two);
        prop_assert_eq!(changed(Bits::keep), &one & &two);
        prop_assert_eq!(changed(Bits::remove_all), &one - &two);
    }

    #[test]
    fn a_store_keeps_equal_sets_once_and_gives_them_back(sets in proptest::collection::vec(numbers(), 0..12)) {
        let mut store = RowStore::default();
        for wanted in sets.iter().chain(&sets) {
            let wanted_bits = bits(wanted);
            let id = keep(&mut store, &wanted_bits);
            let row = store.get(id);
            let mut written = Bits::all(LENGTH);
            row.write(&mut written);
            prop_assert_eq!(&written, &wanted_bits);
            prop_assert_eq!(row.count(), wanted.len());
            for number in 0..LENGTH {
                prop_assert_eq!(row.has(number), wanted.contains(&number));
            }
            let odd: BTreeSet<usize> = (0..LENGTH).filter(|number| number % 2 == 1).collect();
            let limited: BTreeSet<usize> = row.and(&bits(&odd)).iter().collect();
            prop_assert_eq!(limited, wanted & &odd);
        }
        let distinct: BTreeSet<&BTreeSet<usize>> = sets.iter().collect();
        prop_assert_eq!(store.len(), distinct.len());
    }
}

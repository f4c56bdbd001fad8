use proptest::prelude::*;

use super::{Cut, transpose};
use crate::network::bits::{Bits, Row};

proptest! {
    #[test]
    fn a_square_is_turned_on_its_diagonal(seed in proptest::array::uniform32(any::<u64>())) {
        let mut square = [0_u64; 64];
        for (at, line) in square.iter_mut().enumerate() {
            *line = seed[at % 32].rotate_left(u32::try_from(at).unwrap());
        }
        let before = square;
        transpose(&mut square);
        for row in 0..64 {
            for column in 0..64 {
                prop_assert_eq!(square[row] >> column & 1, before[column] >> row & 1);
            }
        }
    }

    #[test]
    fn rows_by_destination_become_rows_by_source(
        sets in proptest::collection::vec(proptest::collection::btree_set(0_usize..200, 0..40), 150),
    ) {
        let rows: Vec<Row> = sets
            .iter()
            .map(|set| {
                let mut bits = Bits::none(200);
                set.iter().for_each(|number| bits.add(*number));
                Row::of(&bits)
            })
            .collect();
        let turned = Cut::new(sets.len()).turn(rows.iter(), 64, 136);
        prop_assert_eq!(turned.len(), 136);
        for (source, destinations) in turned.iter().enumerate() {
            for (destination, set) in sets.iter().enumerate() {
                prop_assert_eq!(destinations.has(destination), set.contains(&(source + 64)));
            }
        }
    }
}

//! One identity's namespaced roles, so that those of one namespace are found in one step.

/// Pairs of namespace number and role number, hashed by namespace. Namespace numbers start at 1.
#[derive(Debug)]
pub(super) struct Spread {
    /// A power of two of slots, at most half of them in use; a namespace of 0 marks a free one.
    slots: Vec<(u32, u32)>,
}

impl Spread {
    /// From pairs in any order; pairs of namespace 0 are left out.
    pub(super) fn new(pairs: &[(u32, u32)]) -> Self {
        let namespaced = pairs.iter().filter(|(namespace, _)| *namespace != 0);
        let count = namespaced.clone().count();
        if count == 0 {
            return Self { slots: Vec::new() };
        }
        let mut slots = vec![(0, 0); (2 * count).next_power_of_two()];
        let mask = slots.len() - 1;
        for (namespace, role) in namespaced {
            let mut at = start(*namespace, mask);
            while let Some(slot) = slots.get_mut(at) {
                if slot.0 == 0 {
                    *slot = (*namespace, *role);
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        Self { slots }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The roles of one namespace.
    pub(super) fn roles_in(&self, namespace: u32) -> impl Iterator<Item = u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = start(namespace, mask);
        std::iter::from_fn(move || {
            loop {
                let (found, role) = *self.slots.get(at)?;
                if found == 0 {
                    return None;
                }
                at = (at + 1) & mask;
                if found == namespace {
                    return Some(role);
                }
            }
        })
    }
}

fn start(namespace: u32, mask: usize) -> usize {
    (namespace.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask
}

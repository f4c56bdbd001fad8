//! Policies that come and go while the tables stay: only what they apply to is worked out again.

use std::collections::BTreeSet;

use super::matches::{Matches, SpotIndex};
use super::tables::Side;
use super::{Inputs, Kernel};
use crate::network::policy::{Direction, Policy};
use crate::network::vocabulary::Term;
use crate::network::walk::Applying;

pub(in crate::network) use super::space::Known;

/// What the tables of one family are made from, kept for the next policy.
#[derive(Debug, Clone)]
pub(in crate::network) struct Drafts<'c> {
    matches: Matches,
    found: SpotIndex<'c>,
}

/// Policies by position.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) struct Change<'p> {
    /// No longer there; they can still be read.
    pub(in crate::network) gone: &'p [u32],
    pub(in crate::network) come: &'p [u32],
}

impl<'c> Kernel<'c> {
    pub(in crate::network) fn drafts(&self, inputs: &Inputs<'_, 'c>) -> Drafts<'c> {
        let found = SpotIndex::of(inputs, &self.space, self.family);
        let matches = Matches::of(inputs, (&self.space, &found), self.family);
        Drafts { matches, found }
    }

    /// Whether no two places of one spot differ in what the term says.
    pub(in crate::network) fn tells_apart(&self, term: &Term) -> bool {
        match term {
            Term::Address(set) => self.space.divides(set),
            _ => true,
        }
    }

    /// Works out again what policies that went or came apply to; returns how many spots that are. Tables that
    /// no spot has any longer stay until the kernel is made afresh.
    pub(in crate::network) fn change(
        &mut self,
        inputs: &Inputs<'_, 'c>,
        drafts: &mut Drafts<'c>,
        change: Change<'_>,
    ) -> usize {
        let Self {
            family,
            space,
            rows,
            ingress,
            egress,
        } = self;
        let Drafts { matches, found } = drafts;
        matches.extend(inputs, (space, found), *family);
        let mut all: BTreeSet<u32> = BTreeSet::new();
        for (side, direction) in [(ingress, Direction::Ingress), (egress, Direction::Egress)] {
            let touched = touched(inputs, matches, (direction, change));
            for spot in &touched {
                let Some(body) = space.spot(*spot).map(|spot| &spot.body) else {
                    continue;
                };
                let applying = applying(inputs, matches, (side, direction, *spot), change);
                let signature = side.signature(inputs, applying, body);
                side.settle(*spot, signature);
            }
            side.fill(inputs, (space, matches), rows);
            all.extend(touched);
        }
        all.len()
    }

    /// Tables of both sides, those without a spot among them.
    pub(in crate::network) fn tables(&self) -> usize {
        self.ingress.signatures() + self.egress.signatures()
    }
}

/// The policies of a change that say anything in a direction.
fn speaking<'n>(
    inputs: &Inputs<'n, '_>,
    direction: Direction,
    positions: &[u32],
) -> Vec<(u32, &'n Policy)> {
    let found = positions.iter().filter_map(|position| {
        let policy = inputs.policies.get(*position as usize)?;
        policy
            .side(direction)
            .applies()
            .then_some((*position, policy))
    });
    found.collect()
}

fn touched(
    inputs: &Inputs<'_, '_>,
    matches: &Matches,
    (direction, change): (Direction, Change<'_>),
) -> BTreeSet<u32> {
    let mut spots = BTreeSet::new();
    for (_, policy) in [change.gone, change.come]
        .into_iter()
        .flat_map(|positions| speaking(inputs, direction, positions))
    {
        let subject = matches.get(policy.subject).may().iter();
        spots.extend(subject.filter_map(|spot| u32::try_from(spot).ok()));
    }
    spots
}

/// The policies of a spot after the change, in the order of the walk.
fn applying(
    inputs: &Inputs<'_, '_>,
    matches: &Matches,
    (side, direction, spot): (&Side, Direction, u32),
    change: Change<'_>,
) -> Vec<Applying> {
    let own = side.applying(spot).iter().copied();
    let mut applying: Vec<Applying> = own
        .filter(|one| !change.gone.contains(&one.policy))
        .collect();
    for (position, policy) in speaking(inputs, direction, change.come) {
        let subject = matches.get(policy.subject);
        if subject.may().has(spot as usize) {
            applying.push(Applying {
                policy: position,
                is_sure: subject.is_sure() || subject.sure.has(spot as usize),
            });
        }
    }
    applying.sort_by(|a, b| {
        let policy = |one: &Applying| inputs.policies.get(one.policy as usize);
        let (one, two) = (policy(a), policy(b));
        let ordered = one.zip(two).map(|(one, two)| {
            (one.stage.cmp(&two.stage)).then_with(|| one.order.compare(two.order))
        });
        ordered
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.policy.cmp(&b.policy))
    });
    applying
}

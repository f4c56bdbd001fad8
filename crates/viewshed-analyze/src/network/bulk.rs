//! All pods against all pods on all ports, without a bound on the size of the estate.

use rayon::prelude::*;
use viewshed_model::PortRange;

use super::bits::{Bits, Row};
use super::cni::Ternary;
use super::index::NetworkIndex;
use super::kernel::{Bound, Kernel, PortClass, SpotOrigin};
use super::ports::shown;

/// How many pairs of pods reach each other on some ports. A pod and itself are no pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairSum {
    /// The ports; no policy tells them apart.
    pub ports: Vec<PortRange>,
    /// Pairs that are let through.
    pub allowed: u64,
    /// Pairs of which it depends on facts that are not in the estate.
    pub uncertain: u64,
    /// All pairs, let through or not.
    pub pairs: u64,
}

impl NetworkIndex<'_> {
    /// Works out every pair of pods (with networks of their own) on every port and counts them. In an
    /// estate with both address families, the sums of each stand one after the other. Where policies decide on
    /// what nodes pass on (Calico's `applyOnForward`), whatever those of the pods let through is uncertain.
    pub fn pair_sums(&self) -> Vec<PairSum> {
        self.kernels
            .iter()
            .flat_map(|kernel| self.sums_of(kernel))
            .collect()
    }

    fn sums_of(&self, kernel: &Kernel<'_>) -> Vec<PairSum> {
        let weights = Weights::of(kernel);
        let pairs = (weights.total).saturating_mul(weights.total.saturating_sub(1));
        let mut sums: Vec<PairSum> = kernel
            .port_classes()
            .into_par_iter()
            .map(|class| {
                let allowed = weights.pairs(kernel, &class, Bound::Sure);
                let possible = if kernel.is_certain(&class) {
                    allowed
                } else {
                    weights.pairs(kernel, &class, Bound::May)
                };
                PairSum {
                    ports: shown(&class.ports),
                    allowed,
                    uncertain: possible.saturating_sub(allowed),
                    pairs,
                }
            })
            .collect();
        // What is left over stands for no protocol.
        sums.retain(|sum| !sum.ports.is_empty());
        for sum in &mut sums {
            match self.profile.enforces {
                Ternary::Yes => {}
                Ternary::No => (sum.allowed, sum.uncertain) = (sum.pairs, 0),
                Ternary::Unknown => sum.uncertain = sum.pairs.saturating_sub(sum.allowed),
            }
            if self.forwards() {
                sum.uncertain = sum.uncertain.saturating_add(sum.allowed);
                sum.allowed = 0;
            }
        }
        sums
    }
}

/// Pods per spot, as planes of bits: plane `n` has the spots whose number of pods has bit `n`.
struct Weights {
    planes: Vec<Bits>,
    by_spot: Vec<u64>,
    total: u64,
}

impl Weights {
    fn of(kernel: &Kernel<'_>) -> Self {
        let spots = &kernel.space.spots;
        let by_spot: Vec<u64> = spots
            .iter()
            .map(|spot| match &spot.origin {
                SpotOrigin::Pods(pods) => pods.len() as u64,
                _ => 0,
            })
            .collect();
        let most = by_spot.iter().max().copied().unwrap_or(0);
        let count = u64::BITS - most.leading_zeros();
        let planes = (0..count).map(|plane| {
            let mut bits = Bits::none(spots.len());
            for (spot, pods) in by_spot.iter().enumerate() {
                if pods >> plane & 1 == 1 {
                    bits.add(spot);
                }
            }
            bits
        });
        Self {
            planes: planes.collect(),
            total: by_spot.iter().sum(),
            by_spot,
        }
    }

    fn of_spot(&self, spot: u32) -> u64 {
        self.by_spot.get(spot as usize).copied().unwrap_or(0)
    }

    /// Pods of all spots in the set.
    fn sum(&self, set: &Row) -> u64 {
        match set {
            Row::Few(spots) => spots.iter().map(|spot| self.of_spot(*spot)).sum(),
            Row::Many(bits) => self
                .planes
                .iter()
                .zip(0_u32..)
                .map(|(plane, exponent)| (bits.count_both(plane) as u64) << exponent)
                .sum(),
        }
    }

    /// Pairs of different pods that are let through.
    fn pairs(&self, kernel: &Kernel<'_>, class: &PortClass, bound: Bound) -> u64 {
        let mut pairs = 0_u64;
        kernel.visit_sources(class, bound, &|row| self.sum(row), &mut |spot, reached| {
            let own = self.of_spot(spot);
            if own == 0 {
                return;
            }
            let more: u64 = reached.more.iter().map(|to| self.of_spot(*to)).sum();
            let includes_itself =
                reached.more.contains(&spot) || reached.shared.row.has(spot as usize);
            let others = reached.shared.weight + more - u64::from(includes_itself);
            pairs = pairs.saturating_add(own.saturating_mul(others));
        });
        pairs
    }
}

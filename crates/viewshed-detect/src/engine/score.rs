//! Points of a session: what its evidence amounts to at a time.

use super::decay::remaining;
use super::evidence::Evidence;
use crate::detections;
use crate::detections::look::FallsWith;

/// Evidence with so many points lets held lists count at once.
const CORROBORATION_MIN: f64 = 5.0;

/// Whether evidence counts that may still turn out to be the beginning of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Not before its time, unless other signs stand beside it.
    Waits,
    /// Unless it looks like the beginning of a watch: nothing more will come.
    LogEnds,
    /// All.
    Counts,
}

/// Points of some evidence: each piece decayed, each detection up to its cap.
pub(super) fn score_of(evidence: &[Evidence], now_s: u32, half_life_s: u32, held: Held) -> f64 {
    let left = |one: &Evidence| {
        f64::from(one.weight) / 100.0 * remaining(now_s.saturating_sub(one.at_s), half_life_s)
    };
    let is_corroborated = evidence
        .iter()
        .any(|one| one.corroborates && left(one) >= CORROBORATION_MIN);
    let counts = |one: &&Evidence| {
        let is_over = one.is_over(now_s);
        let may_fall = match one.falls_with {
            FallsWith::Nothing => false,
            FallsWith::Watch => !is_corroborated && (held == Held::Waits || one.is_reflector),
            // Whoever deploys uses the tools of people, which says nothing about what he looks for.
            FallsWith::Creation | FallsWith::Work => held == Held::Waits,
        };
        !may_fall || is_over || held == Held::Counts
    };
    let mut sums = [0.0_f64; 64];
    // At a time that is past, what came later was not known.
    let is_known = |one: &&Evidence| one.at_s <= now_s;
    for one in evidence.iter().filter(is_known).filter(counts) {
        if let Some(sum) = sums.get_mut(usize::from(one.detection)) {
            *sum += left(one);
        }
    }
    let capped = detections::ALL.iter().zip(sums);
    capped
        .map(|(detection, sum)| sum.min(f64::from(detection.cap)))
        .sum()
}

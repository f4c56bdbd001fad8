//! What speaks against somebody, piece by piece, and what work leaves of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use viewshed_model::Reason;

use super::behaviour::{Op, Outcome};
use super::decay::rounded;
use super::dossier::time;
use crate::baseline::Accused;
use crate::detections;
use crate::detections::look::FallsWith;

/// A list counts after this time if no watch has followed, or at once when other signs stand beside it; a
/// name that does not exist, if nothing of this name was made. A controller starts its watch as soon as it
/// has read the list, a deployer makes what he did not find as soon as he has looked for everything. Seconds.
pub(crate) const WORK_FOLLOWS_S: u32 = 60;

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) detection: u8,
    /// Hundredths of a point: whole numbers survive any format.
    pub(crate) weight: u32,
    pub(crate) text: Box<str>,
    pub(crate) at_us: i64,
    pub(crate) at_s: u32,
    pub(crate) audit_id: Box<str>,
    pub(crate) identity: u32,
    /// Where it came from, as the engine's places know it.
    pub(crate) spot: u64,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
    pub(crate) kind: Box<str>,
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) falls_with: FallsWith,
    pub(crate) corroborates: bool,
    /// What the client called itself, as origins are remembered.
    pub(crate) program: u32,
    /// Made the way client libraries begin a watch.
    pub(crate) is_reflector: bool,
    /// The watch that took weight from it, until that has lasted long enough to be believed.
    pub(crate) trial: Option<Trial>,
}

/// A watch on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// Hash of its audit id.
    pub(crate) watch: u64,
    pub(crate) since_s: u32,
    /// Whether it ended before it could be believed.
    pub(crate) is_given_up: bool,
    /// The weight of the evidence if it turns out to be no watch, in hundredths of a point.
    pub(crate) weight: u32,
}

impl Evidence {
    /// Whether no work can follow any more that would explain it.
    pub(crate) fn is_over(&self, now_s: u32) -> bool {
        now_s.saturating_sub(self.at_s) >= WORK_FOLLOWS_S
    }

    /// When work may have begun with it, as far as it may have.
    pub(crate) fn accused(&self) -> Accused {
        let may_be_work = self.falls_with != FallsWith::Nothing || self.outcome == Outcome::Missing;
        let is_look = self.falls_with == FallsWith::Work;
        Accused {
            at_s: if may_be_work { self.at_s } else { 0 },
            of_look_s: if is_look { self.at_s } else { 0 },
        }
    }

    /// Whether it says nothing any more, and will not.
    pub(crate) fn is_settled(&self) -> bool {
        self.weight == 0 && self.trial.is_none()
    }
}

/// What work leaves of a piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Explained {
    pub(crate) percent: u32,
    /// If a watch explains it, the hash of its audit id and when it began.
    pub(crate) watch: Option<(u64, u32)>,
}

impl Explained {
    /// By something that is done and over.
    pub(crate) fn by_work(percent: u32) -> Self {
        Self {
            percent,
            watch: None,
        }
    }
}

/// One reason per detection, the weightiest first; its text, time and event are those of its weightiest sign.
pub(super) fn reasons(evidence: &[Evidence]) -> Vec<Reason> {
    let mut by_detection: BTreeMap<u8, Vec<&Evidence>> = BTreeMap::new();
    for one in evidence {
        by_detection.entry(one.detection).or_default().push(one);
    }
    let mut reasons: Vec<Reason> = Vec::new();
    for (place, signs) in by_detection {
        let (Some(detection), Some(first)) = (detections::at(place), signs.first()) else {
            continue;
        };
        // Of several sentences the last of the heaviest counts: it has the largest numbers in it.
        let heaviest = signs.iter().max_by_key(|one| one.weight).unwrap_or(first);
        let sum: u32 = signs
            .iter()
            .map(|one| one.weight)
            .fold(0, u32::saturating_add);
        let weight = rounded(f64::from(sum) / 100.0).min(detection.cap);
        if weight > 0 {
            reasons.push(Reason {
                detection: detection.name.to_owned(),
                text: heaviest.text.to_string(),
                weight,
                at: time(heaviest.at_us),
                audit_id: heaviest.audit_id.to_string(),
            });
        }
    }
    reasons.sort_by(|left, right| {
        right
            .weight
            .cmp(&left.weight)
            .then(left.detection.cmp(&right.detection))
    });
    reasons
}

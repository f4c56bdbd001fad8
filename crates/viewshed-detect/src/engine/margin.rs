//! What is no incident, and somebody wants to know of: what came nearest to one, and whom the allow list let through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use viewshed_model::NearMiss;

use super::Engine;
use super::decay::rounded;
use super::who::ShortName;
use crate::detections;

/// Identities that are told by name; an entry of the allow list may end in `*`.
const NAMES_MAX: usize = 64;
/// Under which the others are counted.
const OTHERS: &str = "(others)";
/// Fewer points than this say nothing: an ordinary day has many of them.
const POINTS_MIN: u32 = 5;

/// Since a report last told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Margin {
    nearest: Option<NearMiss>,
    let_through: BTreeMap<String, u64>,
}

impl Engine {
    /// The session that had the most points of those that are no incident.
    pub fn nearest(&self) -> Option<&NearMiss> {
        self.margin.nearest.as_ref()
    }

    /// How many activities of each identity would have counted, had the allow list not named it.
    pub fn let_through(&self) -> &BTreeMap<String, u64> {
        &self.margin.let_through
    }

    /// A report has told both: begins anew.
    pub fn told(&mut self) {
        self.margin = Margin::default();
    }

    /// Counts what the allow list lets through.
    pub(super) fn count_let_through(&mut self, key: &str) {
        let names = &mut self.margin.let_through;
        let name = ShortName(key).to_string();
        let is_full = names.len() >= NAMES_MAX && !names.contains_key(&name);
        let name = if is_full { OTHERS.to_owned() } else { name };
        *names.entry(name).or_default() += 1;
    }

    /// Remembers a session that has so many points and is no incident, if it is the nearest so far.
    pub(super) fn remember_nearest(&mut self, id: u32, score: f64) {
        let threshold = self.settings.threshold;
        // Never as many as an incident has, which it is not.
        let points = rounded(score).min(threshold.saturating_sub(1));
        let least = self
            .margin
            .nearest
            .as_ref()
            .map_or(POINTS_MIN, |one| one.points + 1);
        if points < least {
            return;
        }
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let Some(heaviest) = session.evidence.iter().max_by_key(|one| one.weight) else {
            return;
        };
        let mut members = session.members.iter();
        let who = members.find(|one| one.identity == heaviest.identity);
        self.margin.nearest = Some(NearMiss {
            actor: who.map_or_else(String::new, |one| ShortName(&one.key).to_string()),
            points,
            threshold,
            detection: detections::at(heaviest.detection)
                .map_or_else(String::new, |one| one.name.to_owned()),
            reason: heaviest.text.to_string(),
        });
    }
}

//! What correlations have counted, as bytes and back.

use std::collections::BTreeMap;

use rsigma_eval::CorrelationSnapshot;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SigmaRules;

/// The counts of rsigma, and whose they are: ids of correlations that have none are given in the order of the
/// rules, so that another rule may have them after a change.
#[derive(Serialize, Deserialize)]
struct Saved {
    titles: BTreeMap<String, String>,
    counts: Value,
}

impl SigmaRules {
    /// Empty without correlations.
    pub(super) fn saved(&self) -> Vec<u8> {
        if self.correlations.is_empty() {
            return Vec::new();
        }
        let mut counts = serde_json::to_value(self.engine.export_state()).unwrap_or_default();
        for groups in groups_of(&mut counts) {
            // The same counts give the same bytes.
            groups.sort_by_cached_key(ToString::to_string);
        }
        let saved = Saved {
            titles: self.titles(),
            counts,
        };
        serde_json::to_vec(&saved).unwrap_or_default()
    }

    /// False when the bytes are not from here.
    pub(super) fn go_on(&mut self, bytes: &[u8]) -> bool {
        let Ok(mut saved) = serde_json::from_slice::<Saved>(bytes) else {
            return false;
        };
        let titles = self.titles();
        for counts in saved.counts.as_object_mut().into_iter().flatten() {
            if let Some(correlations) = counts.1.as_object_mut() {
                correlations.retain(|id, _| {
                    let title = titles.get(id);
                    title.is_some() && title == saved.titles.get(id)
                });
            }
        }
        serde_json::from_value::<CorrelationSnapshot>(saved.counts)
            .is_ok_and(|snapshot| self.engine.import_state(snapshot))
    }

    /// Of each correlation, by its id.
    fn titles(&self) -> BTreeMap<String, String> {
        let correlations = self.correlations.iter();
        correlations
            .filter_map(|(id, at)| Some((id.clone(), self.identity(*at)?.title.clone())))
            .collect()
    }
}

/// The groups of each correlation in each of the snapshot's parts.
fn groups_of(counts: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let parts = counts.as_object_mut().into_iter().flatten();
    let correlations = parts.filter_map(|(_, part)| part.as_object_mut()).flatten();
    correlations.filter_map(|(_, groups)| groups.as_array_mut())
}

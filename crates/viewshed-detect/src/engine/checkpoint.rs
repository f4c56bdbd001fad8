//! The whole state as bytes and back.

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::margin::Margin;
use super::own::Own;
use super::places::Places;
use super::recent::RecentIds;
use super::sessions::Sessions;
use super::warm::{SavedDocument, Warm};
use super::{Counters, Engine, Settings};
use crate::baseline::{seal, unseal};
use crate::{Baseline, StateError};

const MAGIC: &[u8] = b"vshedcp\n";
/// Changes when a field does, or [`ALL`](crate::detections::ALL): evidence names detections by their places there.
const LAYOUT: u32 = 9;

#[derive(Serialize, Deserialize)]
struct Saved {
    /// Hashes in the state were made with it.
    hash_seed: u64,
    clock: Clock,
    recent: RecentIds,
    documents: Vec<SavedDocument>,
    places: Places,
    margin: Margin,
    counters: Counters,
    stages: [(u64, u64); 5],
    /// As JSON: incidents leave out what is empty, which only self-describing formats can read back.
    sessions: Vec<u8>,
    own: Vec<u8>,
    baseline: Vec<u8>,
}

impl Engine {
    /// Everything that the engine knows, as bytes for [`restore`](Self::restore): a few MiB, more with many
    /// identities.
    pub fn checkpoint(&self) -> Vec<u8> {
        // Serialising plain data into memory cannot fail.
        let json = |result: Result<Vec<u8>, serde_json::Error>| result.unwrap_or_default();
        let saved = Saved {
            hash_seed: self.settings.hash_seed,
            clock: self.clock,
            recent: self.recent.clone(),
            documents: self.warm.documents(|entry| {
                let index = usize::try_from(entry.index).ok();
                let record = index.and_then(|at| self.baseline.record(at));
                record.is_some_and(|record| record.stamp == entry.stamp)
            }),
            places: self.places.clone(),
            margin: self.margin.clone(),
            counters: self.counters,
            stages: self.stages,
            sessions: json(serde_json::to_vec(&self.sessions)),
            own: json(serde_json::to_vec(&self.own)),
            baseline: self.baseline.save(),
        };
        seal(MAGIC, LAYOUT, &saved)
    }

    /// Goes on where a [`checkpoint`](Self::checkpoint) stopped. The hash seed is the one of the checkpoint,
    /// everything else is as `settings` say.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version; nothing is half restored.
    pub fn restore(mut settings: Settings, bytes: &[u8]) -> Result<Self, StateError> {
        let saved: Saved = unseal(MAGIC, LAYOUT, bytes)?;
        settings.hash_seed = saved.hash_seed;
        let sessions: Sessions =
            serde_json::from_slice(&saved.sessions).map_err(|_| StateError::Damaged)?;
        let own: Own = serde_json::from_slice(&saved.own).map_err(|_| StateError::Damaged)?;
        if !saved.recent.is_sound() {
            return Err(StateError::Damaged);
        }
        let mut engine = Self::new(settings, Baseline::load(&saved.baseline)?);
        engine.warm = Warm::restored(&saved.documents);
        engine.clock = saved.clock;
        engine.recent = saved.recent;
        engine.places = saved.places;
        engine.margin = saved.margin;
        engine.counters = saved.counters;
        engine.stages = saved.stages;
        engine.sessions = sessions;
        engine.own = own;
        engine.accuse();
        Ok(engine)
    }
}

#[cfg(test)]
mod tests {
    use super::LAYOUT;
    use crate::detections::ALL;

    /// Detections that come, go or move are another layout.
    #[test]
    fn a_layout_has_one_list_of_detections() {
        let names: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        insta::assert_snapshot!(format!("layout {LAYOUT}\n{}", names.join("\n")));
    }
}

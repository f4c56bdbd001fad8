//! What the engine must notice, and what it must not.

use super::Engine;
use crate::detections;

mod benign;
mod breadth;
mod catalogue;
mod doors;
mod forms;
mod hostile;
mod intrusions;
mod margin;
mod newcomers;
mod owners;
mod queries;
mod robustness;
mod silence;
mod strangers;
mod told;
mod warmth;
mod watches;
mod whereabouts;
mod world;

/// One piece of evidence, for tests.
#[derive(Debug)]
pub(crate) struct Evidenced {
    pub(crate) detection: &'static str,
    pub(crate) text: String,
    pub(crate) points: u32,
}

impl Engine {
    /// The same state, to look at it after the original has gone on.
    pub(crate) fn clone_for_signs(&self) -> Self {
        Self::restore(self.settings.clone(), &self.checkpoint()).unwrap()
    }

    /// What stands against anybody now.
    pub(crate) fn evidenced(&self) -> Vec<Evidenced> {
        let sessions = self
            .sessions
            .ids()
            .into_iter()
            .filter_map(|id| self.sessions.get(id));
        sessions
            .flat_map(|session| &session.evidence)
            .map(|one| Evidenced {
                detection: detections::at(one.detection).unwrap().name,
                text: one.text.to_string(),
                points: super::decay::rounded(f64::from(one.weight) / 100.0),
            })
            .collect()
    }

    /// The best score of any session, held lists counted or not.
    pub(crate) fn highest(&self) -> (f64, f64) {
        let of = |held| {
            self.sessions
                .ids()
                .into_iter()
                .filter_map(|id| self.sessions.get(id))
                .map(|session| session.score(self.clock.now_s(), 12 * 3_600, held))
                .fold(0.0, f64::max)
        };
        (
            of(super::score::Held::Waits),
            of(super::score::Held::Counts),
        )
    }
}

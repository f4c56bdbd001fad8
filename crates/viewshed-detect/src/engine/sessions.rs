//! All sessions with unusual activity, and when each has to be looked at again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::score::Held;
use super::session::Session;
use crate::baseline::Accused;

/// Sessions kept at once, incidents included. When there are more, the quarter with the least weight that is
/// no incident is given up, counted.
const SESSIONS_MAX: usize = 8_192;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// Boxed, since a tree moves what it holds.
    by_id: BTreeMap<u32, Box<Session>>,
    due: BTreeSet<(u32, u32)>,
    last_id: u32,
    pub(crate) given_up: u64,
}

impl Sessions {
    pub(crate) fn get(&self, id: u32) -> Option<&Session> {
        self.by_id.get(&id).map(|session| &**session)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut Session> {
        self.by_id.get_mut(&id).map(|session| &mut **session)
    }

    /// Adds a session; its number is never used again.
    pub(crate) fn add(&mut self, session: Session) -> u32 {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.by_id.insert(self.last_id, Box::new(session));
        self.last_id
    }

    /// Sets when a session is to be looked at.
    pub(crate) fn schedule(&mut self, id: u32, at_s: u32) {
        if let Some(session) = self.by_id.get_mut(&id) {
            self.due.remove(&(session.due_s, id));
            session.due_s = at_s;
            self.due.insert((at_s, id));
        }
    }

    /// When the next one is due.
    #[inline]
    pub(crate) fn next_due_s(&self) -> u32 {
        self.due.first().map_or(u32::MAX, |(at_s, _)| *at_s)
    }

    /// A session that is due.
    pub(crate) fn pop_due(&mut self, now_s: u32) -> Option<u32> {
        let (at_s, id) = *self.due.first()?;
        if at_s > now_s {
            return None;
        }
        self.due.remove(&(at_s, id));
        Some(id)
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        self.due.remove(&(session.due_s, id));
        Some(*session)
    }

    /// The clock went on after a gap in the log: puts what happened since the gap where it belongs.
    pub(crate) fn catch_up(&mut self, now_s: u32) {
        for session in self.by_id.values_mut() {
            session.catch_up(now_s);
        }
    }

    /// Places of identities in the table, with the times of the evidence against them.
    pub(crate) fn accused(&self) -> impl Iterator<Item = (usize, Accused)> {
        let evidence = self.by_id.values().flat_map(|session| &session.evidence);
        evidence.filter_map(|one| {
            let index = usize::try_from(one.identity.checked_sub(1)?).ok()?;
            Some((index, one.accused()))
        })
    }

    /// Numbers of all, oldest first.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.by_id.keys().copied().collect()
    }

    /// The sessions to give up because there are too many.
    pub(crate) fn surplus(&mut self, now_s: u32, half_life_s: u32) -> Vec<u32> {
        if self.by_id.len() <= SESSIONS_MAX {
            return Vec::new();
        }
        let mut weights: Vec<(u64, u32)> = self
            .by_id
            .iter()
            .map(|(id, session)| {
                let open = if session.dossier.is_some() {
                    1_000_000
                } else {
                    0
                };
                let points =
                    super::decay::rounded(session.score(now_s, half_life_s, Held::Counts) * 100.0);
                (open + u64::from(points), *id)
            })
            .collect();
        weights.sort_unstable();
        weights.truncate(SESSIONS_MAX / 4);
        self.given_up += u64::try_from(weights.len()).unwrap_or_default();
        weights.into_iter().map(|(_, id)| id).collect()
    }
}

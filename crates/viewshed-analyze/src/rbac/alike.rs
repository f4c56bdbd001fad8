//! What is worked out once for all identities that the same bindings name.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::Session;

/// Roles with fewer rules together are read again for each identity: that costs less than to look for others. Tests
/// share every answer, so that what they compare with their oracles is what was shared.
const RULES_MIN: usize = if cfg!(test) { 1 } else { 100 };

/// Answers that follow from rights alone, by the bindings that give them: one role of many rules may be bound to
/// many subjects. What makes an answer must not start work of other threads, which might wait for that answer.
#[derive(Debug)]
pub(crate) struct Alike<V> {
    by_bindings: Mutex<FxHashMap<Vec<u32>, Arc<OnceLock<V>>>>,
}

impl<V> Default for Alike<V> {
    fn default() -> Self {
        Self {
            by_bindings: Mutex::default(),
        }
    }
}

impl<V> Alike<V> {
    /// What `read` tells of the answer for the session, which `make` works out unless it is there.
    pub(crate) fn of<R>(
        &self,
        session: &Session<'_>,
        make: impl FnOnce() -> V,
        read: impl FnOnce(&V) -> R,
    ) -> R {
        let is_worth_it =
            session.is_rbac_only() && !session.is_masters() && session.rules_count() >= RULES_MIN;
        if !is_worth_it {
            return read(&make());
        }
        let known = {
            let mut known = self
                .by_bindings
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(session.bindings()).or_default())
        };
        read(known.get_or_init(make))
    }

    /// How many answers were kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let known = self.by_bindings.lock();
        known.unwrap_or_else(PoisonError::into_inner).len()
    }
}

//! The answers to reviews in their JSON form. Those that grants give are written once for each grant: a
//! question more of the same grant is answered without a look at the grant's words.

use rustc_hash::FxHashMap;
use viewshed_analyze::rbac::Grant;
use viewshed_decode::questions::{Status, WrittenStatus};

use super::reason;

/// Written answers; at most one for each subject of each binding of the estate.
#[derive(Debug)]
pub(super) struct Statuses {
    /// By the subject's address in the cluster: it tells the binding too.
    by_subject: FxHashMap<usize, WrittenStatus>,
    denied: WrittenStatus,
}

impl Default for Statuses {
    fn default() -> Self {
        Self {
            by_subject: FxHashMap::default(),
            denied: Self::refused("", ""),
        }
    }
}

impl Statuses {
    /// Allowed by the grant.
    pub(super) fn of(&mut self, grant: &Grant<'_>) -> &WrittenStatus {
        let address = std::ptr::from_ref(grant.subject).addr();
        let status = self.by_subject.entry(address);
        status.or_insert_with(|| Self::allowed(&reason::granted(grant), ""))
    }

    /// Not allowed, and nothing to say about it.
    pub(super) fn denied(&self) -> &WrittenStatus {
        &self.denied
    }

    pub(super) fn allowed(reason: &str, evaluation_error: &str) -> WrittenStatus {
        Status {
            allowed: true,
            denied: false,
            reason,
            evaluation_error,
        }
        .written()
    }

    pub(super) fn refused(reason: &str, evaluation_error: &str) -> WrittenStatus {
        Status {
            allowed: false,
            denied: false,
            reason,
            evaluation_error,
        }
        .written()
    }
}

//! What is known of subjects beyond their name: members, pods that hold their credential, and who made their
//! grants.

use viewshed_model::{Subject, SubjectKind, WhoEntry, service_account_of};

use super::pods::Holders;
use crate::bootstrap::Origins;
use crate::see::FromPod;
use crate::sight::SightIndex;

/// Looks subjects up in one cluster.
pub(super) struct Describer<'i, 'c> {
    index: &'i SightIndex<'c>,
    origins: Origins<'c>,
    holders: Holders<'i>,
}

impl<'i, 'c> Describer<'i, 'c> {
    pub(super) fn new(index: &'i SightIndex<'c>, pods: &'i [FromPod<'i>]) -> Self {
        Self {
            index,
            origins: Origins::new(index.cluster),
            holders: Holders::of(pods),
        }
    }

    /// Fills in origin, members and pods.
    pub(super) fn complete(&self, entry: &mut WhoEntry) {
        if !matches!(entry.subject.kind, SubjectKind::Other(_)) {
            entry.origin = self.origins.of_evidence(&entry.evidence);
        }
        entry.known_members = self.members(&entry.subject);
        // Pods that meet a condition stand in entries of their own.
        if entry.condition.is_empty() {
            entry.pods = self.holders.of_subject(&entry.subject);
        }
    }

    /// How many members of a group the estate knows for certain.
    fn members(&self, subject: &Subject) -> Option<u64> {
        if subject.kind != SubjectKind::Group {
            return None;
        }
        let inventory = &self.index.inventory;
        let accounts = inventory.kind("", "serviceaccounts");
        let count = match subject.name.as_str() {
            "system:unauthenticated" => 1,
            "system:serviceaccounts" => accounts?.objects.len(),
            "system:nodes" => inventory.kind("", "nodes")?.objects.len(),
            name => {
                let namespace = name.strip_prefix("system:serviceaccounts:")?;
                let at = inventory.namespace_index(namespace)?;
                accounts?.range(at).len()
            }
        };
        u64::try_from(count).ok()
    }
}

/// Namespace and name, when the subject is a service account under either of its names.
pub(super) fn account_of(subject: &Subject) -> Option<(&str, &str)> {
    match subject.kind {
        SubjectKind::ServiceAccount => Some((subject.namespace.as_deref()?, &subject.name)),
        SubjectKind::User => service_account_of(&subject.name),
        SubjectKind::Group | SubjectKind::Other(_) => None,
    }
}

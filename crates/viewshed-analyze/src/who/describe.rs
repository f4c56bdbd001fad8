//! What is known of subjects beyond their name: members, pods, and who made their grants.

use rustc_hash::FxHashMap;
use viewshed_model::{Subject, SubjectKind, WhoEntry, service_account_of};

use crate::bootstrap::Origins;
use crate::sight::{SightIndex, pod_objects, pod_of};

/// Looks subjects up in one cluster.
pub(super) struct Describer<'i, 'c> {
    index: &'i SightIndex<'c>,
    pub(super) origins: Origins<'c>,
    /// Pods by namespace and service account, as `namespace/name`, sorted.
    pods: FxHashMap<&'c str, FxHashMap<&'c str, Vec<String>>>,
}

impl<'i, 'c> Describer<'i, 'c> {
    pub(super) fn new(index: &'i SightIndex<'c>) -> Self {
        let mut pods: FxHashMap<&str, FxHashMap<&str, Vec<String>>> = FxHashMap::default();
        for object in pod_objects(&index.inventory) {
            if let Some(pod) = pod_of(index.cluster, object) {
                let account = match pod.spec.service_account.as_str() {
                    "" => "default",
                    name => name,
                };
                pods.entry(object.namespace)
                    .or_default()
                    .entry(account)
                    .or_default()
                    .push(format!("{}/{}", object.namespace, object.name));
            }
        }
        Self {
            index,
            origins: Origins::new(index.cluster),
            pods,
        }
    }

    /// Fills in origin, members and pods.
    pub(super) fn complete(&self, entry: &mut WhoEntry) {
        // Pods are made by people or their tools, whatever they hold.
        if !matches!(entry.subject.kind, SubjectKind::Other(_)) {
            entry.origin = self.origins.of_evidence(&entry.evidence);
        }
        entry.known_members = self.members(&entry.subject);
        if let Some((namespace, name)) = account_of(&entry.subject) {
            entry.pods = self.pods_of(namespace, name).to_vec();
        }
    }

    /// Pods that run as a service account.
    fn pods_of(&self, namespace: &str, name: &str) -> &[String] {
        self.pods
            .get(namespace)
            .and_then(|accounts| accounts.get(name))
            .map_or(&[], Vec::as_slice)
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

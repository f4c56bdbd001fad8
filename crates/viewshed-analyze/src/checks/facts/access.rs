//! Whose grants are whose: human-made ones apart from the server's own, and who runs as which account.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, GrantOrigin, Identity, RoleBinding, Subject, SubjectKind};

use super::origin::{is_bootstrap_role, origin_of};
use super::{HumanGrant, Runner};
use crate::rbac::{AccessIndex, Session};

/// Groups that every caller, or every service account, is in.
const EVERYONE: [&str; 4] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:masters",
];

/// Grants of one cluster, worked out once.
#[derive(Debug)]
pub(in crate::checks) struct Access<'a> {
    /// The evaluator.
    pub(in crate::checks) index: AccessIndex<'a>,
    /// Sorted: cluster-wide first, then by namespace and name.
    pub(in crate::checks) human_grants: Vec<HumanGrant<'a>>,
    /// Whether any binding was read at all; without one, nothing follows from the lack of a grant.
    pub(in crate::checks) has_bindings: bool,
    /// Positions of runners, by namespace and service account.
    runs_as: BTreeMap<(String, String), Vec<usize>>,
}

impl<'a> Access<'a> {
    /// `cluster` holds the roles as the server would have them (see `ClusterFacts::new`).
    pub(in crate::checks) fn new(cluster: &'a Cluster, runners: &[Runner<'_>]) -> Self {
        let index = AccessIndex::new(cluster);
        let mut runs_as: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (position, runner) in runners.iter().enumerate() {
            let key = (
                runner.namespace.to_owned(),
                runner.service_account().to_owned(),
            );
            runs_as.entry(key).or_default().push(position);
        }
        Self {
            human_grants: human_grants(cluster),
            has_bindings: !cluster.bindings.is_empty(),
            index,
            runs_as,
        }
    }

    /// The evaluator's view of a service account.
    pub(in crate::checks) fn service_account(&self, namespace: &str, name: &str) -> Session<'_> {
        self.index
            .session(&Identity::service_account(namespace, name))
    }

    /// Whether a binding names the account itself or all accounts of its namespace: a grant beyond
    /// what every account has.
    pub(in crate::checks) fn has_own_grant(&self, namespace: &str, name: &str) -> bool {
        self.service_account(namespace, name).grants().any(|grant| {
            grant.role.is_some_and(|role| !role.rules.is_empty())
                && !EVERYONE.contains(&grant.subject.name.as_str())
        })
    }

    /// Positions of the runners whose pods act as the service account.
    pub(in crate::checks) fn runners_as(&self, namespace: &str, name: &str) -> &[usize] {
        self.runs_as
            .get(&(namespace.to_owned(), name.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}

/// The bindings that people or their tools made and whose role exists.
fn human_grants(cluster: &Cluster) -> Vec<HumanGrant<'_>> {
    let roles: BTreeMap<(&str, &str), _> = cluster
        .roles
        .iter()
        .map(|role| {
            let key = (role.meta.namespace_or_empty(), &*role.meta.name);
            (key, role)
        })
        .collect();
    let mut bindings: Vec<&RoleBinding> = cluster
        .bindings
        .iter()
        .filter(|binding| origin_of(binding) == GrantOrigin::Human)
        .collect();
    bindings.sort_by_key(|binding| (binding.meta.namespace_or_empty(), &*binding.meta.name));
    bindings
        .into_iter()
        .filter_map(|binding| {
            let namespace = match binding.role.kind.as_str() {
                "Role" => binding.meta.namespace_or_empty(),
                "ClusterRole" => "",
                _ => return None,
            };
            let role = roles.get(&(namespace, &*binding.role.name))?;
            Some(HumanGrant {
                binding,
                role,
                has_human_role: !is_bootstrap_role(&role.meta),
            })
        })
        .collect()
}

/// Whether a subject stands for everybody with a credential or without one.
pub(in crate::checks) fn is_everyone(subject: &Subject) -> bool {
    match subject.kind {
        SubjectKind::Group => matches!(
            &*subject.name,
            "system:authenticated" | "system:unauthenticated" | "system:serviceaccounts"
        ),
        SubjectKind::User => subject.name == "system:anonymous",
        SubjectKind::ServiceAccount | SubjectKind::Other(_) => false,
    }
}

//! What rules show: the meeting of grants with the objects that really exist.
//!
//! [`SightIndex`] is made once per cluster; SEE, WHO and the checks all ask it. It answers in bulk:
//! a role's rules are read once and become a list of resources that they show, and a grant shows
//! whole namespaces at a time, never object by object.

mod accounts;
mod coverage;
mod node_objects;
mod pods;
mod targets;
#[cfg(test)]
mod tests;
mod verbs;
mod words;

use std::sync::OnceLock;

use viewshed_model::{AuthorizerKind, Cluster};

use crate::inventory::Inventory;
use crate::rbac::AccessIndex;

pub(crate) use accounts::AccountTables;
pub(crate) use coverage::{Coverage, Shown};
pub(crate) use node_objects::{environment_of, near_node, volume_names};
pub(crate) use pods::{ContainerName, PodTables, has_ended, pod_objects, pod_of};
pub(crate) use targets::{Target, Targets};
pub(crate) use verbs::Verbs;
pub(crate) use words::{grant_text, resource_name, scope_text, sentence};

/// Everything about one cluster that questions of sight need, made once.
///
/// Borrows the cluster. Costs one pass over its objects; sorting is linear when they are sorted.
#[derive(Debug)]
pub struct SightIndex<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) access: AccessIndex<'c>,
    pub(crate) inventory: Inventory<'c>,
    pub(crate) targets: Targets,
    pub(crate) pods: PodTables<'c>,
    pub(crate) trust: Trust,
    accounts: OnceLock<AccountTables<'c>>,
}

/// What an RBAC grant is worth under the cluster's authorizer chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trust {
    /// RBAC stands in the chain, and nothing before it can deny: its grants are certain.
    pub(crate) grants_count: bool,
    /// An authorizer whose answers are not in the estate, or a grant that was not read, can allow or deny the rest.
    pub(crate) rest_is_unknown: bool,
}

impl<'c> SightIndex<'c> {
    /// Indexes one cluster.
    pub fn new(cluster: &'c Cluster) -> Self {
        let (access, inventory) =
            rayon::join(|| AccessIndex::new(cluster), || Inventory::new(cluster));
        let targets = Targets::new(&inventory, &cluster.api_resources);
        let pods = PodTables::new(cluster, &inventory);
        Self {
            cluster,
            access,
            inventory,
            targets,
            pods,
            trust: Trust::of(cluster),
            accounts: OnceLock::new(),
        }
    }

    /// Service accounts and the Secrets with their tokens; made when first asked for.
    pub(crate) fn accounts(&self) -> &AccountTables<'c> {
        let make = || AccountTables::new(self.cluster);
        self.accounts.get_or_init(make)
    }

    /// The cluster that was indexed.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// Whether the estate has a namespace of this name, or anything in it.
    pub fn knows_namespace(&self, name: &str) -> bool {
        self.inventory.namespace_index(name).is_some()
    }

    /// The evaluator behind it.
    pub fn access(&self) -> &AccessIndex<'c> {
        &self.access
    }
}

impl Trust {
    /// Node and RBAC are assumed where the chain is not known, as the evaluator does.
    fn of(cluster: &Cluster) -> Self {
        let is_unread = !cluster.unread_grants.is_none();
        let Some(chain) = &cluster.authorizers else {
            return Self {
                grants_count: true,
                rest_is_unknown: is_unread,
            };
        };
        let can_deny = |kind: AuthorizerKind| {
            matches!(kind, AuthorizerKind::Webhook | AuthorizerKind::Unknown)
        };
        let grants_count = chain
            .iter()
            .take_while(|authorizer| !can_deny(authorizer.kind))
            .any(|authorizer| authorizer.kind == AuthorizerKind::Rbac);
        let rest_is_unknown = is_unread
            || chain.iter().any(|authorizer| {
                can_deny(authorizer.kind) || authorizer.kind == AuthorizerKind::Abac
            });
        Self {
            grants_count,
            rest_is_unknown,
        }
    }
}

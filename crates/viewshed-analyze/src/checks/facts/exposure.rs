//! How many of the objects that exist a set of rules shows: by list, by watch, or by get.

use viewshed_model::{Cluster, PolicyRule};

use crate::inventory::{Inventory, Kind};
use crate::rbac::{Question, ResourceQuestion, rule_allows};

/// The objects of one cluster.
#[derive(Debug)]
pub(in crate::checks) struct Objects<'a> {
    inventory: Inventory<'a>,
}

/// Where a set of rules holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Scope<'a> {
    /// The whole cluster.
    Cluster,
    /// One namespace.
    Namespace(&'a str),
}

impl<'a> Objects<'a> {
    pub(in crate::checks) fn new(cluster: &'a Cluster) -> Self {
        Self {
            inventory: Inventory::new(cluster),
        }
    }

    /// How many objects exist.
    pub(in crate::checks) fn total(&self) -> u64 {
        let kinds = self.inventory.kinds.iter();
        kinds.map(|kind| kind.objects.len() as u64).sum()
    }

    /// How many objects the rules show in `scope`. Of a rule with `resourceNames`, the named ones
    /// that exist.
    pub(in crate::checks) fn shown_by<'r>(
        &self,
        rules: impl IntoIterator<Item = &'r PolicyRule>,
        scope: Scope<'_>,
    ) -> u64 {
        let rules: Vec<&PolicyRule> = rules.into_iter().collect();
        let kinds = self.inventory.kinds.iter();
        kinds.map(|kind| self.shown_of(kind, &rules, scope)).sum()
    }

    fn shown_of(&self, kind: &Kind<'_>, rules: &[&PolicyRule], scope: Scope<'_>) -> u64 {
        let in_scope = match scope {
            Scope::Cluster => 0..kind.objects.len(),
            Scope::Namespace(_) if !kind.namespaced => return 0,
            Scope::Namespace(namespace) => match self.inventory.namespace_index(namespace) {
                Some(namespace) => kind.range(namespace),
                None => return 0,
            },
        };
        if in_scope.is_empty() {
            return 0;
        }
        let shows = |rule: &PolicyRule, name: &str| {
            kind.groups().any(|group| {
                ["list", "watch", "get"].into_iter().any(|verb| {
                    rule_allows(
                        rule,
                        &Question::Resource(ResourceQuestion {
                            verb,
                            api_group: group,
                            resource: &kind.resource,
                            name,
                            ..ResourceQuestion::default()
                        }),
                    )
                })
            })
        };
        if rules.iter().any(|rule| shows(rule, "")) {
            return in_scope.len() as u64;
        }
        let objects = kind.objects.get(in_scope).unwrap_or_default();
        let named = objects.iter().filter(|object| {
            rules
                .iter()
                .any(|rule| !rule.resource_names.is_empty() && shows(rule, object.name))
        });
        named.count() as u64
    }
}

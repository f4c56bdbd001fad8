//! What a cluster's own start-up grants: the RBAC objects that each Kubernetes version creates.
//!
//! The data files are made by `e2e/go/bootstrap` from the very package that kube-apiserver reads
//! (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`), one per minor version.

mod complete;
mod origin;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use viewshed_model::{Gap, GapReason, PolicyRule, Role, RoleBinding, ServerVersion};

use crate::rbac::aggregate;

pub use complete::{complete, is_about_grants};
pub(crate) use origin::PartOfPeople;
pub use origin::{GrantedTo, Origins};

/// Minor versions of Kubernetes 1 with their data, oldest first.
const VERSIONS: [(u32, &str); 7] = [
    (31, include_str!("v1.31.json")),
    (32, include_str!("v1.32.json")),
    (33, include_str!("v1.33.json")),
    (34, include_str!("v1.34.json")),
    (35, include_str!("v1.35.json")),
    (36, include_str!("v1.36.json")),
    (37, include_str!("v1.37.json")),
];

/// One parsed policy per entry of [`VERSIONS`].
static PARSED: [OnceLock<Policy>; VERSIONS.len()] = [const { OnceLock::new() }; VERSIONS.len()];

/// The RBAC objects that one version creates at start, after aggregation.
#[derive(Debug, Default)]
pub struct Policy {
    /// The version that was asked, for example `v1.37.2`.
    pub version: String,
    /// Roles as they are made, before aggregation.
    made_roles: Vec<Role>,
    /// Rules by namespace (empty for ClusterRoles) and name of the role.
    rules: BTreeMap<String, BTreeMap<String, BTreeSet<PolicyRule>>>,
    /// Bindings by namespace (empty for ClusterRoleBindings) and name.
    bindings: BTreeMap<String, BTreeMap<String, RoleBinding>>,
}

#[derive(Deserialize)]
struct File {
    version: String,
    roles: Vec<Role>,
    bindings: Vec<RoleBinding>,
}

impl Policy {
    fn parse(text: &str) -> Self {
        // The files are part of the program, and a test reads each of them.
        let Ok(mut file) = serde_json::from_str::<File>(text) else {
            return Self::default();
        };
        let made_roles = file.roles.clone();
        aggregate(&mut file.roles);
        let mut policy = Self {
            version: file.version,
            made_roles,
            ..Self::default()
        };
        for role in file.roles {
            let of_namespace = role.meta.namespace_or_empty().to_owned();
            let rules = role.rules.iter().map(normalized).collect();
            policy
                .rules
                .entry(of_namespace)
                .or_default()
                .insert(role.meta.name, rules);
        }
        for binding in file.bindings {
            let of_namespace = binding.meta.namespace_or_empty().to_owned();
            policy
                .bindings
                .entry(of_namespace)
                .or_default()
                .insert(binding.meta.name.clone(), binding);
        }
        policy
    }

    /// Whether the version makes a role of this name.
    pub(crate) fn makes_role(&self, namespace: &str, role: &str) -> bool {
        self.rules
            .get(namespace)
            .is_some_and(|roles| roles.contains_key(role))
    }

    /// Whether the version's own role of this name has this rule.
    fn has_rule(&self, namespace: &str, role: &str, rule: &PolicyRule) -> bool {
        self.rules
            .get(namespace)
            .and_then(|roles| roles.get(role))
            .is_some_and(|rules| rules.contains(&normalized(rule)))
    }

    /// The version's own binding of this name.
    fn binding(&self, namespace: &str, name: &str) -> Option<&RoleBinding> {
        self.bindings.get(namespace)?.get(name)
    }
}

/// The policy of a server's version; of the nearest known one, and a gap that says so, when that
/// version is not known here.
pub fn policy_of(version: Option<&ServerVersion>, source: &str) -> (&'static Policy, Option<Gap>) {
    let newest = VERSIONS.len() - 1;
    let wanted = version.and_then(ServerVersion::minor_number);
    let position = match wanted {
        Some(minor) => VERSIONS
            .iter()
            .position(|(known, _)| *known >= minor)
            .unwrap_or(newest),
        None => newest,
    };
    let policy = PARSED
        .get(position)
        .zip(VERSIONS.get(position))
        .map_or_else(
            || PARSED_EMPTY.get_or_init(Policy::default),
            |(slot, (_, text))| slot.get_or_init(|| Policy::parse(text)),
        );
    let is_exact = VERSIONS
        .get(position)
        .is_some_and(|(known, _)| Some(*known) == wanted);
    let gap = (!is_exact).then(|| Gap {
        source: source.to_owned(),
        what: match version {
            Some(version) => format!("the default grants of Kubernetes {}", version.git_version),
            None => "the cluster's version, which tells its default grants".to_owned(),
        },
        reason: match version {
            Some(_) => GapReason::Unsupported,
            None => GapReason::NotCollected,
        },
        detail: format!("compared with those of {} instead", policy.version),
        hint: String::new(),
        count: 1,
    });
    (policy, gap)
}

static PARSED_EMPTY: OnceLock<Policy> = OnceLock::new();

/// The rule with each list sorted and without repetition: order has no meaning in a rule.
fn normalized(rule: &PolicyRule) -> PolicyRule {
    let sorted = |list: &[String]| {
        let unique: BTreeSet<&String> = list.iter().collect();
        unique.into_iter().cloned().collect()
    };
    PolicyRule {
        verbs: sorted(&rule.verbs),
        api_groups: sorted(&rule.api_groups),
        resources: sorted(&rule.resources),
        resource_names: sorted(&rule.resource_names),
        non_resource_urls: sorted(&rule.non_resource_urls),
    }
}

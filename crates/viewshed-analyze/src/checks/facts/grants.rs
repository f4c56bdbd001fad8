//! The grants that people and their tools made, with what each shows.

use viewshed_model::{Evidence, Link, Location, PolicyRule, Role, RoleBinding, Subject};

use super::Place;

/// A binding that people or their tools made, with its role looked up.
#[derive(Debug, Clone)]
pub(in crate::checks) struct HumanGrant<'a> {
    pub(in crate::checks) binding: &'a RoleBinding,
    pub(in crate::checks) role: &'a Role,
    /// To whom people grant it, each with the namespace that a service account means; never empty.
    pub(in crate::checks) subjects: Vec<Subject>,
    /// Positions of the rules that people grant by it.
    pub(in crate::checks) rules: Vec<usize>,
    /// Whether the role, too, was made by people; else it is one of the server's own.
    pub(in crate::checks) has_human_role: bool,
}

impl<'a> HumanGrant<'a> {
    /// Whether it holds in the whole cluster.
    pub(in crate::checks) fn is_cluster_wide(&self) -> bool {
        self.binding.meta.namespace.is_none()
    }

    /// `ClusterRoleBinding ops` or `RoleBinding ops`.
    pub(in crate::checks) fn object(&self) -> String {
        format!("{} {}", self.kind(), self.binding.meta.name)
    }

    pub(in crate::checks) fn kind(&self) -> &'static str {
        if self.is_cluster_wide() {
            "ClusterRoleBinding"
        } else {
            "RoleBinding"
        }
    }

    /// The binding's place.
    pub(in crate::checks) fn place(&self, estate: String) -> Place {
        Place {
            estate,
            object: self.object(),
            namespace: self.binding.meta.namespace_or_empty().to_owned(),
            location: self.binding.meta.position.as_deref().cloned(),
        }
    }

    /// The rules that people grant by it, with their positions in the role.
    pub(in crate::checks) fn rules(&self) -> impl Iterator<Item = (usize, &'a PolicyRule)> {
        let role = self.role;
        self.rules
            .iter()
            .filter_map(move |position| Some((*position, role.rules.get(*position)?)))
    }

    /// The link of an evidence chain: this binding grants rule number `rule` of its role to `subjects`.
    pub(in crate::checks) fn link(&self, rule: usize, subjects: &[Subject]) -> Link {
        let place = match &self.binding.meta.namespace {
            Some(namespace) => format!(" in `{namespace}`"),
            None => String::new(),
        };
        let reference = &self.binding.role;
        Link {
            text: format!(
                "{} `{}`{place} grants {} `{}` to {}",
                self.kind(),
                self.binding.meta.name,
                reference.kind,
                reference.name,
                super::list_subjects(subjects)
            ),
            evidence: subjects.first().map(|subject| Evidence::Grant {
                binding_namespace: self.binding.meta.namespace.clone(),
                binding: self.binding.meta.name.clone(),
                role: reference.clone(),
                rule,
                subject: subject.clone(),
            }),
        }
    }
}

/// How a rule reads, in one line: ``` `*` on `pods`, `pods/log` of the groups `""` ```.
pub(in crate::checks) fn rule_text(rule: &PolicyRule) -> String {
    let verbs = super::list(&rule.verbs);
    if !rule.non_resource_urls.is_empty() {
        return format!(
            "{verbs} on the paths {}",
            super::list(&rule.non_resource_urls)
        );
    }
    let groups: Vec<&str> = rule
        .api_groups
        .iter()
        .map(|group| if group.is_empty() { "core" } else { group })
        .collect();
    let names = match rule.resource_names.as_slice() {
        [] => String::new(),
        names => format!(", only named {}", super::list(names)),
    };
    format!(
        "{verbs} on {} of group {}{names}",
        super::list(&rule.resources),
        super::list(&groups)
    )
}

/// The role's place in a file.
pub(in crate::checks) fn role_location(role: &Role) -> Option<Location> {
    role.meta.position.as_deref().cloned()
}

/// `ClusterRole ops`, or `Role ops` for one of a namespace.
pub(in crate::checks) fn role_object(role: &Role) -> String {
    match role.meta.namespace {
        Some(_) => format!("Role {}", role.meta.name),
        None => format!("ClusterRole {}", role.meta.name),
    }
}

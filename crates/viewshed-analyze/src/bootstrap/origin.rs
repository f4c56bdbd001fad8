//! Who made a grant: people, the server's start-up, or the cluster for its own parts.

use rustc_hash::FxHashMap;
use viewshed_model::{
    Cluster, Evidence, Gap, GrantOrigin, PolicyRule, Role, RoleReference, Subject, SubjectKind,
};

use super::{Policy, policy_of};

/// Tells the origin of the grants of one cluster.
#[derive(Debug)]
pub struct Origins<'c> {
    policy: &'static Policy,
    roles: FxHashMap<(&'c str, &'c str), &'c Role>,
    /// Why the comparison may be off, when the cluster's version is not known here.
    pub gap: Option<Gap>,
}

/// A grant to one subject, as far as its origin goes.
#[derive(Debug, Clone, Copy)]
pub struct GrantedTo<'a> {
    /// Namespace of the RoleBinding; empty for a ClusterRoleBinding.
    pub namespace: &'a str,
    /// Name of the binding.
    pub binding: &'a str,
    /// What it grants.
    pub role: &'a RoleReference,
    /// The rule that counts; `None` when the role has no such rule.
    pub rule: Option<&'a PolicyRule>,
    /// To whom, as the binding says.
    pub subject: &'a Subject,
}

impl<'c> Origins<'c> {
    /// Chooses the policy of the cluster's version.
    pub fn new(cluster: &'c Cluster) -> Self {
        let (policy, gap) = policy_of(cluster.version.as_ref(), &cluster.name);
        // Files never tell a version; that the newest is taken is documented, not a thing that was missed.
        let gap = gap.filter(|_| cluster.is_live || cluster.version.is_some());
        Self {
            policy,
            gap,
            roles: cluster
                .roles
                .iter()
                .map(|role| {
                    let key = (role.meta.namespace_or_empty(), role.meta.name.as_str());
                    (key, role)
                })
                .collect(),
        }
    }

    /// The origin of what the evidence names. Only grants are made by people.
    pub fn of_evidence(&self, evidence: &Evidence) -> GrantOrigin {
        match evidence {
            Evidence::Grant {
                binding_namespace,
                binding,
                role,
                rule,
                subject,
            } => {
                let namespace = binding_namespace.as_deref().unwrap_or("");
                let role_namespace = if role.kind == "Role" { namespace } else { "" };
                let found = self.roles.get(&(role_namespace, role.name.as_str()));
                self.of(GrantedTo {
                    namespace,
                    binding,
                    role,
                    rule: found.and_then(|found| found.rules.get(*rule)),
                    subject,
                })
            }
            Evidence::AlwaysAllow => GrantOrigin::Human,
            Evidence::SystemMasters
            | Evidence::NodeAuthorizer(_)
            | Evidence::Fixed(_)
            | Evidence::Server(_) => GrantOrigin::System,
        }
    }

    /// Bootstrap when this version makes this binding to this subject with this rule; else of the
    /// system when it is one of its own bindings for one of its own parts; else made by people.
    pub fn of(&self, grant: GrantedTo<'_>) -> GrantOrigin {
        match self.part_of_people(grant) {
            PartOfPeople::Nothing => GrantOrigin::System,
            PartOfPeople::Everything => GrantOrigin::Human,
            PartOfPeople::AddedRules => {
                let is_own = |rule| self.has_rule(grant.namespace, grant.role, rule);
                if grant.rule.is_some_and(is_own) {
                    GrantOrigin::Bootstrap
                } else {
                    GrantOrigin::Human
                }
            }
        }
    }

    /// How much of a role people grant by a binding to a subject, whichever rule is looked at.
    pub(crate) fn part_of_people(&self, grant: GrantedTo<'_>) -> PartOfPeople {
        let namespace = grant.namespace;
        let own = self.policy.binding(namespace, grant.binding);
        let is_bootstrap = own.is_some_and(|own| {
            let mut subjects = own.subjects.iter();
            own.role == *grant.role
                && subjects.any(|subject| same(subject, grant.subject, namespace))
        });
        if is_bootstrap {
            PartOfPeople::AddedRules
        } else if is_own_binding(grant.binding) && is_part_of_cluster(grant.subject) {
            PartOfPeople::Nothing
        } else {
            PartOfPeople::Everything
        }
    }

    /// Whether this version's own role has the rule, of the role that a binding in `namespace` names.
    pub(crate) fn has_rule(
        &self,
        namespace: &str,
        role: &RoleReference,
        rule: &PolicyRule,
    ) -> bool {
        let role_namespace = if role.kind == "Role" { namespace } else { "" };
        self.policy.has_rule(role_namespace, &role.name, rule)
    }
}

/// How much of a role it is that people grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartOfPeople {
    /// The cluster grants it to a part of its own.
    Nothing,
    /// The server makes this grant: what people added to the role.
    AddedRules,
    /// All of it.
    Everything,
}

fn same(one: &Subject, other: &Subject, namespace: &str) -> bool {
    let place = |subject: &Subject| {
        let own = subject.namespace.clone().filter(|name| !name.is_empty());
        (subject.kind == SubjectKind::ServiceAccount)
            .then(|| own.unwrap_or_else(|| namespace.to_owned()))
    };
    one.kind == other.kind && one.name == other.name && place(one) == place(other)
}

/// Names that Kubernetes' own components and kubeadm give to their bindings.
fn is_own_binding(name: &str) -> bool {
    name.starts_with("system:") || name.starts_with("kubeadm:")
}

/// A user, group or service account that stands for a part of the cluster rather than for everybody.
fn is_part_of_cluster(subject: &Subject) -> bool {
    /// Groups and users that strangers are in too.
    const EVERYBODY: [&str; 4] = [
        "system:authenticated",
        "system:unauthenticated",
        "system:anonymous",
        "system:masters",
    ];
    match subject.kind {
        SubjectKind::ServiceAccount => subject.namespace.as_deref() == Some("kube-system"),
        SubjectKind::User | SubjectKind::Group => {
            subject.name.starts_with("system:")
                && !subject.name.starts_with("system:serviceaccount")
                && !EVERYBODY.contains(&subject.name.as_str())
        }
        SubjectKind::Other(_) => false,
    }
}

//! Whose grants are whose: human-made ones apart from the server's own, and who runs as which account.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use viewshed_model::{Cluster, Identity, Role, RoleBinding, RoleReference, Subject, SubjectKind};

use super::{HumanGrant, Runner, reads};
use crate::bootstrap::{GrantedTo, Origins, PartOfPeople, policy_of};
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
    pub(in crate::checks) fn new(cluster: &'a Cluster, runners: &[Runner<'_>]) -> Self {
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
            has_bindings: cluster
                .bindings
                .iter()
                .any(|binding| !binding.meta.is_assumed),
            index: AccessIndex::new(cluster),
            runs_as,
        }
    }

    /// The evaluator's view of a service account.
    pub(in crate::checks) fn service_account(&self, namespace: &str, name: &str) -> Session<'_> {
        self.index
            .session(&Identity::service_account(namespace, name))
    }

    /// Whether a binding names the account itself or all accounts of its namespace: a grant beyond
    /// what every account has. A role that the files do not hold may grant anything.
    pub(in crate::checks) fn has_own_grant(&self, namespace: &str, name: &str) -> bool {
        let is_live = self.index.cluster().is_live;
        self.own_grants(namespace, name, |role| match role {
            Some(role) => !role.rules.is_empty(),
            None => !is_live,
        })
    }

    /// Whether such a grant lets the account read anything.
    pub(in crate::checks) fn has_own_sight(&self, namespace: &str, name: &str) -> bool {
        self.own_grants(namespace, name, |role| {
            role.is_some_and(|role| role.rules.iter().any(reads))
        })
    }

    fn own_grants(
        &self,
        namespace: &str,
        name: &str,
        counts: impl Fn(Option<&Role>) -> bool,
    ) -> bool {
        self.service_account(namespace, name)
            .grants()
            .any(|grant| counts(grant.role) && !EVERYONE.contains(&grant.subject.name.as_str()))
    }

    /// Positions of the runners whose pods act as the service account.
    pub(in crate::checks) fn runners_as(&self, namespace: &str, name: &str) -> &[usize] {
        self.runs_as
            .get(&(namespace.to_owned(), name.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}

/// The bindings that people or their tools made, at least for some subjects or rules, and whose role
/// exists.
fn human_grants(cluster: &Cluster) -> Vec<HumanGrant<'_>> {
    let (policy, _) = policy_of(cluster.version.as_ref(), &cluster.name);
    let origins = Origins::new(cluster);
    let roles: BTreeMap<(&str, &str), &Role> = cluster
        .roles
        .iter()
        .map(|role| {
            let key = (role.meta.namespace_or_empty(), &*role.meta.name);
            (key, role)
        })
        .collect();
    let mut bindings: Vec<&RoleBinding> = cluster.bindings.iter().collect();
    bindings.sort_by_key(|binding| (binding.meta.namespace_or_empty(), &*binding.meta.name));
    bindings
        .into_iter()
        .filter_map(|binding| {
            let namespace = role_namespace(binding, &binding.role)?;
            let role = *roles.get(&(namespace, &*binding.role.name))?;
            let human = human_part(&origins, binding, role)?;
            Some(HumanGrant {
                binding,
                role,
                subjects: human.0,
                rules: human.1,
                has_human_role: !policy.makes_role(namespace, &role.meta.name),
            })
        })
        .collect()
}

fn role_namespace<'b>(binding: &'b RoleBinding, reference: &RoleReference) -> Option<&'b str> {
    match reference.kind.as_str() {
        "Role" => Some(binding.meta.namespace_or_empty()),
        "ClusterRole" => Some(""),
        _ => None,
    }
}

/// The subjects and rules of a binding that the server did not make: all of most bindings; of its own
/// ones, what somebody added.
fn human_part(
    origins: &Origins<'_>,
    binding: &RoleBinding,
    role: &Role,
) -> Option<(Vec<Subject>, Vec<usize>)> {
    let namespace = binding.meta.namespace_or_empty();
    let added: OnceCell<Vec<usize>> = OnceCell::new();
    let added = || {
        added.get_or_init(|| {
            let rules = role.rules.iter().enumerate();
            rules
                .filter(|(_, rule)| !origins.has_rule(namespace, &binding.role, rule))
                .map(|(position, _)| position)
                .collect()
        })
    };
    let mut subjects = Vec::new();
    let mut widest = PartOfPeople::Nothing;
    for subject in &binding.subjects {
        let subject = resolved(binding, subject);
        let part = origins.part_of_people(GrantedTo {
            namespace,
            binding: &binding.meta.name,
            role: &binding.role,
            rule: None,
            subject: &subject,
        });
        let grants_any = match part {
            PartOfPeople::Nothing => false,
            PartOfPeople::AddedRules => !added().is_empty(),
            PartOfPeople::Everything => !role.rules.is_empty(),
        };
        if grants_any {
            subjects.push(subject);
            widest = widest.max(part);
        }
    }
    let rules = match widest {
        PartOfPeople::Nothing => Vec::new(),
        PartOfPeople::AddedRules => added().clone(),
        PartOfPeople::Everything => (0..role.rules.len()).collect(),
    };
    (!subjects.is_empty()).then_some((subjects, rules))
}

/// The subject with the namespace that a service account means.
fn resolved(binding: &RoleBinding, subject: &Subject) -> Subject {
    let mut subject = subject.clone();
    subject.namespace = match subject.kind {
        SubjectKind::ServiceAccount => subject
            .namespace
            .filter(|namespace| !namespace.is_empty())
            .or_else(|| binding.meta.namespace.clone()),
        SubjectKind::User | SubjectKind::Group | SubjectKind::Other(_) => None,
    };
    subject
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

//! One row of the table: an identity, its grants, and what they add up to.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{
    Chain, Cluster, GrantOrigin, Identity, IdentityRank, Link, RoleBinding, Subject, SubjectKind,
};

use super::CHAINS_MAX;
use super::count::Tables;
use super::sum::Sum;
use crate::bootstrap::{GrantedTo, Origins};
use crate::pivot::{HeldParts, RoleParts, gives_a_part};
use crate::rbac::Grant;
use crate::see::{Takes, of_grant, sees_everything};
use crate::sight::{Coverage, SightIndex, grant_text, pod_objects, pod_of, sentence};

/// An identity to rank.
pub(crate) struct Row {
    pub(crate) subject: Subject,
    /// With the groups that such a subject is in for certain.
    pub(crate) identity: Identity,
}

impl Row {
    /// Every identity that the cluster knows of, sorted by subject.
    pub(crate) fn all(index: &SightIndex<'_>) -> Vec<Self> {
        let mut subjects = bound(index.cluster);
        let accounts = index.inventory.kind("", "serviceaccounts");
        let accounts = accounts.iter().flat_map(|kind| &kind.objects);
        subjects.extend(accounts.map(|account| Named::account(account.namespace, account.name)));
        let nodes = index.inventory.kind("", "nodes");
        let nodes = nodes.iter().flat_map(|kind| &kind.objects);
        subjects.extend(nodes.map(|node| Named {
            kind: &SubjectKind::User,
            name: Cow::Owned(format!("system:node:{}", node.name)),
            namespace: None,
        }));
        subjects.extend(pod_objects(&index.inventory).iter().filter_map(|object| {
            let account = pod_of(index.cluster, object)?.spec.service_account.as_str();
            (!account.is_empty()).then(|| Named::account(object.namespace, account))
        }));
        rows(subjects)
    }

    /// The identities that bindings name, the groups that Kubernetes fills, and anonymous, sorted by subject.
    pub(crate) fn bound(cluster: &Cluster) -> Vec<Self> {
        rows(bound(cluster))
    }

    /// A service account, whether it exists or not.
    pub(crate) fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            subject: Named::account(namespace, name).subject(),
            identity: Identity::service_account(namespace, name),
        }
    }
}

/// A subject by the names that the cluster has for it, in the order of [`Subject`]: most subjects stand in
/// several bindings, and comparing them copies nothing.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Named<'c> {
    kind: &'c SubjectKind,
    name: Cow<'c, str>,
    namespace: Option<&'c str>,
}

impl<'c> Named<'c> {
    fn account(namespace: &'c str, name: &'c str) -> Self {
        Self {
            kind: &SubjectKind::ServiceAccount,
            name: Cow::Borrowed(name),
            namespace: Some(namespace),
        }
    }

    fn plain(kind: &'c SubjectKind, name: &'c str) -> Self {
        Self {
            kind,
            name: Cow::Borrowed(name),
            namespace: None,
        }
    }

    /// The subject with the namespace that an empty one means; a service account under its user name is
    /// that service account.
    fn meant(subject: &'c Subject, binding: &'c RoleBinding) -> Self {
        match subject.kind {
            SubjectKind::ServiceAccount => {
                let own = subject.namespace.as_deref().filter(|name| !name.is_empty());
                let namespace = own.unwrap_or_else(|| binding.meta.namespace_or_empty());
                Self::account(namespace, &subject.name)
            }
            SubjectKind::User => match viewshed_model::service_account_of(&subject.name) {
                Some((namespace, name)) => Self::account(namespace, name),
                None => Self::plain(&subject.kind, &subject.name),
            },
            SubjectKind::Group | SubjectKind::Other(_) => Self::plain(&subject.kind, &subject.name),
        }
    }

    fn subject(self) -> Subject {
        Subject {
            kind: self.kind.clone(),
            name: self.name.into_owned(),
            namespace: self.namespace.map(str::to_owned),
        }
    }
}

/// One row for each subject that can ask.
fn rows(mut subjects: Vec<Named<'_>>) -> Vec<Row> {
    subjects.sort_unstable();
    subjects.dedup();
    let subjects = subjects.into_iter().map(Named::subject);
    subjects
        .filter_map(|subject| {
            let identity = identity_of(&subject)?;
            Some(Row { subject, identity })
        })
        .collect()
}

fn bound(cluster: &Cluster) -> Vec<Named<'_>> {
    let bindings = cluster.bindings.iter();
    let named = bindings.flat_map(|binding| {
        let subjects = binding.subjects.iter();
        subjects.map(move |subject| Named::meant(subject, binding))
    });
    let filled = [
        "system:authenticated",
        "system:masters",
        "system:serviceaccounts",
        "system:unauthenticated",
    ]
    .map(|name| Named::plain(&SubjectKind::Group, name));
    named
        .chain(filled)
        .chain([Named::plain(&SubjectKind::User, "system:anonymous")])
        .collect()
}

/// The subject as somebody who asks, in the groups that follow from what it is; `None` for kinds that
/// match nobody.
fn identity_of(subject: &Subject) -> Option<Identity> {
    match subject.kind {
        SubjectKind::User => Some(match subject.name.strip_prefix("system:node:") {
            Some(node) => Identity::node(node),
            None if subject.name == "system:anonymous" => Identity::anonymous(),
            None => Identity::user(&subject.name, []),
        }),
        SubjectKind::ServiceAccount => {
            let namespace = subject
                .namespace
                .as_deref()
                .filter(|name| !name.is_empty())?;
            Some(Identity::service_account(namespace, &subject.name))
        }
        SubjectKind::Group => {
            let mut groups = vec![subject.name.as_str()];
            if subject.name.starts_with("system:serviceaccounts:") {
                groups.push("system:serviceaccounts");
            }
            if subject.name != "system:unauthenticated" && subject.name != "system:authenticated" {
                groups.push("system:authenticated");
            }
            // No user has this name, so only the groups count.
            Some(Identity::exactly("", groups))
        }
        SubjectKind::Other(_) => None,
    }
}

/// What every row needs.
pub(super) struct Ranker<'a, 'c> {
    pub(super) index: &'a SightIndex<'c>,
    pub(super) tables: &'a Tables,
    pub(super) origins: &'a Origins<'c>,
    /// What each role shows, by its address in the cluster.
    pub(super) coverages: &'a FxHashMap<usize, Coverage<'c>>,
    /// The roles that let impersonate somebody, by the same.
    pub(super) masking: &'a FxHashSet<usize>,
    /// The roles whose holders get further by what they may change, by the same.
    pub(super) parts: &'a FxHashMap<usize, RoleParts>,
}

impl Ranker<'_, '_> {
    /// The row; `None` when it sees no object, may impersonate nobody and gets no further.
    pub(super) fn rank(&self, row: &Row) -> Option<IdentityRank> {
        let session = self.index.access.session(&row.identity);
        let mut sum = Sum::new(self.index, self.tables);
        let mut story = Story::default();
        let mut held = HeldParts::default();
        let mut parted = Vec::new();
        if let Some(evidence) = sees_everything(&session) {
            sum.add_everything();
            story.chains.push(Chain {
                links: vec![Link {
                    text: sentence(&evidence),
                    evidence: Some(evidence),
                }],
            });
        } else if self.index.trust.grants_count {
            for grant in session.grants() {
                let Some(role) = grant.role else { continue };
                let address = std::ptr::from_ref(role).addr();
                if self.masking.contains(&address) {
                    self.unmask(row, &grant, &mut story);
                }
                if let Some(coverage) = self.coverages.get(&address) {
                    sum.add(&grant, coverage);
                    self.tell(row, (&grant, coverage), &mut story);
                }
                if let Some(parts) = self.parts.get(&address) {
                    held.add(*parts, grant.namespace());
                    parted.push(grant);
                }
            }
        }
        if let Some(node) = row.identity.user.strip_prefix("system:node:")
            && sum.add_node(node, &session)
        {
            story.chains.push(Chain {
                links: vec![Link {
                    text: format!(
                        "the Node authorizer shows node {node} its own pods and what they use"
                    ),
                    evidence: None,
                }],
            });
        }
        if !story.takes_a_name {
            story.masks.clear();
        }
        let result = sum.finish();
        let further = held.effects();
        if !further.is_empty() {
            self.name_grants(row, &parted, &mut story);
        }
        let is_anybody = result.visible > 0 || !story.masks.is_empty() || !further.is_empty();
        is_anybody.then(|| IdentityRank {
            subject: row.subject.clone(),
            visible: result.visible,
            total: self.tables.objects_total(),
            by_resource: self.tables.by_name(&result.counts),
            namespaces: result.namespaces,
            origin: match story.origin {
                // Only a binding that grants nothing names this user: people wrote it.
                _ if !story.is_named && is_of_people(&row.subject) => GrantOrigin::Human,
                origin => origin.unwrap_or(GrantOrigin::System),
            },
            bindings: story.bindings,
            unknown_members: has_unknown_members(&row.subject),
            impersonates: story.masks.into_iter().collect(),
            further,
            chains: story.chains,
        })
    }

    fn tell(&self, row: &Row, (grant, coverage): (&Grant<'_>, &Coverage<'_>), story: &mut Story) {
        let shown = coverage
            .whole
            .iter()
            .chain(coverage.named.iter().map(|named| &named.shown))
            .filter(|shown| self.counts_here(grant, shown.target));
        let mut rules: Vec<usize> = shown.clone().map(|shown| shown.rule).collect();
        if rules.is_empty() {
            return;
        }
        rules.dedup();
        for rule in &rules {
            if self.weigh(row, (grant, *rule), story) == Some(GrantOrigin::Human) {
                break;
            }
        }
        story.bindings.push(binding_name(grant));
        if story.chains.len() < CHAINS_MAX {
            let mut targets: Vec<usize> = shown.map(|shown| shown.target).collect();
            targets.dedup();
            let rule = rules.first().copied().unwrap_or_default();
            story.chains.push(Chain {
                links: vec![
                    Link {
                        text: grant_text(grant),
                        evidence: Some(grant.evidence(rule)),
                    },
                    Link {
                        text: self.summary(&targets, grant.namespace()),
                        evidence: None,
                    },
                ],
            });
        }
    }

    /// Whom the grant lets impersonate: what they see is told in their own row.
    fn unmask(&self, row: &Row, grant: &Grant<'_>, story: &mut Story) {
        for mask in of_grant(grant) {
            self.weigh(row, (grant, mask.rule), story);
            story.takes_a_name |= mask.takes == Takes::Name;
            story.masks.insert(mask.who);
        }
    }

    /// The grants by which it gets further, beside those that show something.
    fn name_grants(&self, row: &Row, grants: &[Grant<'_>], story: &mut Story) {
        for grant in grants {
            let rules = grant.role.iter().flat_map(|role| &role.rules);
            for (rule, _) in (0..).zip(rules).filter(|(_, rule)| gives_a_part(rule)) {
                if self.weigh(row, (grant, rule), story) == Some(GrantOrigin::Human) {
                    break;
                }
            }
            let name = binding_name(grant);
            if !story.bindings.contains(&name) {
                story.bindings.push(name);
            }
        }
    }

    /// Counts one rule for the origin of the row; `None` where it does not count.
    fn weigh(
        &self,
        row: &Row,
        (grant, rule): (&Grant<'_>, usize),
        story: &mut Story,
    ) -> Option<GrantOrigin> {
        let origin = self.origins.of(GrantedTo {
            namespace: grant.binding.meta.namespace_or_empty(),
            binding: &grant.binding.meta.name,
            role: &grant.binding.role,
            rule: grant.role.and_then(|role| role.rules.get(rule)),
            subject: grant.subject,
        });
        // What people give to everybody is told of the group: else all of the cluster's own parts would
        // stand among those whom people gave something.
        let is_of_group = is_of_everybody(grant.subject) && *grant.subject != row.subject;
        if origin == GrantOrigin::Human && is_of_group {
            return None;
        }
        story.is_named |= *grant.subject == row.subject;
        story.origin = Some(story.origin.map_or(origin, |known| known.min(origin)));
        Some(origin)
    }

    /// A RoleBinding shows nothing that lives outside namespaces, but its own namespace.
    fn counts_here(&self, grant: &Grant<'_>, target: usize) -> bool {
        grant.namespace().is_none()
            || Some(target) == self.tables.namespaces
            || self.tables.namespaced.get(target) == Some(&true)
    }

    fn summary(&self, targets: &[usize], namespace: Option<&str>) -> String {
        /// Names that fit on a line.
        const NAMES_MAX: usize = 4;
        let names: Vec<&str> = targets
            .iter()
            .filter_map(|target| self.tables.names.get(*target))
            .map(String::as_str)
            .collect();
        let mut text = format!(
            "see {}",
            names
                .iter()
                .take(NAMES_MAX)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        );
        if names.len() > NAMES_MAX {
            text = format!("{text} and {} more kinds", names.len() - NAMES_MAX);
        }
        match namespace {
            Some(namespace) => format!("{text} in {namespace}"),
            None => format!("{text} in the whole cluster"),
        }
    }
}

fn binding_name(grant: &Grant<'_>) -> String {
    let kind = match grant.namespace() {
        Some(_) => "RoleBinding",
        None => "ClusterRoleBinding",
    };
    format!("{kind} {}", grant.binding.meta.full_name())
}

/// How a row came about.
#[derive(Default)]
struct Story {
    origin: Option<GrantOrigin>,
    /// Something was granted to the identity itself, not only to its groups.
    is_named: bool,
    masks: BTreeSet<String>,
    /// Without a name no group can be taken on.
    takes_a_name: bool,
    bindings: Vec<String>,
    chains: Vec<Chain>,
}

/// Groups that Kubernetes itself puts identities into, its own parts among them.
pub(super) fn is_of_everybody(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && (matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:nodes"
        ) || subject.name.starts_with("system:serviceaccounts"))
}

/// Users that are none of Kubernetes' own; those have the prefix (`pkg/apis/rbac` of the API reference).
fn is_of_people(subject: &Subject) -> bool {
    subject.kind == SubjectKind::User && !subject.name.starts_with("system:")
}

/// Groups whose members stand outside the estate. Kubernetes fills its own; certificates and tokens
/// from anywhere fill `system:masters`.
fn has_unknown_members(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && !matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:unauthenticated" | "system:nodes"
        )
        && !subject.name.starts_with("system:serviceaccounts")
}

//! Whom the ranking has rows for: subjects by the names that the cluster has for them.

use std::borrow::Cow;

use viewshed_model::{Cluster, Identity, RoleBinding, Subject, SubjectKind};

use crate::sight::{SightIndex, pod_objects, pod_of};

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

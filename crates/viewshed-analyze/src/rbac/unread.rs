//! Grants that were not read: where they could allow, the answer depends on them.

use viewshed_model::{Cluster, UnreadGrants};

use super::{Question, Session};

/// What an answer that RBAC does not give depends on; `None` when everything that could allow was read.
pub(super) fn fact(session: &Session<'_>, question: &Question<'_>) -> Option<String> {
    let unread = session.index().cluster().unread_grants;
    if unread.is_none() {
        return None;
    }
    let namespace = question.namespace();
    // A RoleBinding grants only requests in its namespace.
    let bindings = words(UnreadGrants {
        role_bindings: unread.role_bindings && !namespace.is_empty(),
        cluster_roles: false,
        roles: false,
        ..unread
    });
    if let Some(bindings) = bindings {
        return Some(bindings);
    }
    // Of roles, only those that are bound to the identity could matter.
    let role = session
        .cluster_grants()
        .chain(session.namespace_grants(namespace))
        .filter(|grant| grant.role.is_none())
        .map(|grant| &grant.binding.role)
        .find(|role| match role.kind.as_str() {
            "ClusterRole" => unread.cluster_roles,
            "Role" => unread.roles,
            _ => false,
        })?;
    Some(format!(
        "what {} {} grants, which was not read",
        role.kind, role.name
    ))
}

/// The same for questions about everybody.
pub(super) fn any(cluster: &Cluster) -> Option<String> {
    words(cluster.unread_grants)
}

fn words(unread: UnreadGrants) -> Option<String> {
    let kinds: Vec<&str> = [
        (unread.cluster_role_bindings, "ClusterRoleBindings"),
        (unread.role_bindings, "RoleBindings"),
        (unread.cluster_roles, "ClusterRoles"),
        (unread.roles, "Roles"),
    ]
    .into_iter()
    .filter_map(|(is_unread, kind)| is_unread.then_some(kind))
    .collect();
    let (last, first) = kinds.split_last()?;
    let kinds = match first {
        [] => (*last).to_owned(),
        _ => format!("{} and {last}", first.join(", ")),
    };
    Some(format!("{kinds} that were not read"))
}

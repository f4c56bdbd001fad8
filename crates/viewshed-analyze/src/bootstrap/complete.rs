//! What manifests leave out because each server makes it itself.

use std::collections::BTreeSet;

use viewshed_model::{Cluster, Meta};

use super::policy_of;
use crate::rbac::aggregate;

/// Adds the roles and bindings that a server makes at start to a cluster that was read from files, and
/// fills aggregated roles as its controller would. Without them a binding of `view` or `cluster-admin`
/// would grant nothing.
///
/// What the files hold under the same name stays. A live cluster is left as it is: there a missing role
/// is really missing. Without a known version, the newest one's policy is taken.
pub fn complete(cluster: &mut Cluster) {
    if cluster.is_live {
        return;
    }
    let (policy, _) = policy_of(cluster.version.as_ref(), &cluster.name);
    let roles = names(cluster.roles.iter().map(|role| &role.meta));
    let own = policy.made_roles.iter();
    let missing = own.filter(|role| !roles.contains(&name(&role.meta)));
    let missing: Vec<_> = missing.cloned().collect();
    cluster.roles.extend(missing);
    aggregate(&mut cluster.roles);
    let bindings = names(cluster.bindings.iter().map(|binding| &binding.meta));
    let own = policy
        .bindings
        .values()
        .flat_map(|of_namespace| of_namespace.values());
    let missing = own.filter(|binding| !bindings.contains(&name(&binding.meta)));
    let missing: Vec<_> = missing.cloned().collect();
    cluster.bindings.extend(missing);
}

fn name(meta: &Meta) -> (String, String) {
    (meta.namespace_or_empty().to_owned(), meta.name.clone())
}

fn names<'m>(metas: impl Iterator<Item = &'m Meta>) -> BTreeSet<(String, String)> {
    metas.map(name).collect()
}

//! What manifests leave out because each server makes it itself.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Cluster, Gap, GapReason, Meta};

use super::policy_of;
use crate::rbac::aggregate;

/// Adds the roles and bindings that a server makes at start to a cluster that was read from files, and
/// fills aggregated roles as its controller would. Without them a binding of `view` or `cluster-admin`
/// would grant nothing.
///
/// What the files hold under the same name stays. A live cluster is left as it is: there a missing role
/// is really missing. Without a known version, the newest one's policy is taken.
///
/// Gives one gap for each role that is bound and that neither the files nor the server's own start hold: what
/// it grants is not known.
pub fn complete(cluster: &mut Cluster) -> Vec<Gap> {
    if cluster.is_live {
        return Vec::new();
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
    unknown_roles(cluster)
}

fn unknown_roles(cluster: &Cluster) -> Vec<Gap> {
    let known = names(cluster.roles.iter().map(|role| &role.meta));
    let mut unknown: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for binding in &cluster.bindings {
        let role = &binding.role;
        let namespace = match role.kind.as_str() {
            "Role" => binding.meta.namespace_or_empty(),
            _ => "",
        };
        if known.contains(&(namespace.to_owned(), role.name.clone())) {
            continue;
        }
        let title = match namespace {
            "" => format!("{} {}", role.kind, role.name),
            _ => format!("{} {namespace}/{}", role.kind, role.name),
        };
        let bound_by = || format!("bound by {}", binding.meta.full_name());
        unknown.entry(title).or_insert_with(|| (bound_by(), 0)).1 += 1;
    }
    let gap = |(title, (detail, count))| Gap {
        source: cluster.name.clone(),
        what: format!("what {title} grants"),
        reason: GapReason::NotCollected,
        detail,
        hint: "give the file that holds this role too".to_owned(),
        count,
    };
    unknown.into_iter().map(gap).collect()
}

fn name(meta: &Meta) -> (String, String) {
    (meta.namespace_or_empty().to_owned(), meta.name.clone())
}

fn names<'m>(metas: impl Iterator<Item = &'m Meta>) -> BTreeSet<(String, String)> {
    metas.map(name).collect()
}

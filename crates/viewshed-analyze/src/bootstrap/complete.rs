//! What manifests leave out because each server makes it itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use viewshed_model::{Cluster, Gap, GapReason, Meta, Role, RoleBinding};

use super::policy_of;
use crate::rbac::aggregate;

const RBAC: &str = "rbac.authorization.k8s.io";

/// What the gap of files without bindings misses.
const BINDINGS: &str = "the cluster's bindings";

/// Whether a gap of [`complete`] only concerns what identities may do: nothing of the network hangs on it.
pub fn is_about_grants(gap: &Gap) -> bool {
    let is_of_role = gap.what.starts_with("what ") && gap.what.ends_with(" grants");
    gap.what == BINDINGS || is_of_role
}

/// Adds the roles and bindings that a server makes at start to a cluster that was read from files, and
/// fills aggregated roles as its controller would. Without them a binding of `view` or `cluster-admin`
/// would grant nothing.
///
/// What the files hold under the same name stays. A live cluster is left as it is: there a missing role
/// is really missing. Without a known version, the newest one's policy is taken.
///
/// Gives a gap where the files hold no binding at all, and one for each role that is bound and that neither
/// the files nor the server's own start hold: what they grant is not known.
pub fn complete(cluster: &mut Cluster) -> Vec<Gap> {
    if cluster.is_live {
        return Vec::new();
    }
    let mut gaps = Vec::new();
    // Files without a single binding are not all that the cluster has: a dump, or some workloads.
    if cluster.bindings.is_empty() {
        cluster.unread_grants.cluster_role_bindings = true;
        cluster.unread_grants.role_bindings = true;
        gaps.push(Gap {
            source: cluster.name.clone(),
            what: BINDINGS.to_owned(),
            reason: GapReason::NotCollected,
            detail: "none is among the files".to_owned(),
            hint: "give them too: `kubectl get clusterrolebindings,rolebindings -A -o yaml`"
                .to_owned(),
            count: 1,
        });
    }
    let (policy, _) = policy_of(cluster.version.as_ref(), &cluster.name);
    let roles = names(cluster.roles.iter().map(|role| &role.meta));
    let own = policy.made_roles.iter();
    let missing = own.filter(|role| !roles.contains(&name(&role.meta)));
    let missing: Vec<_> = missing.cloned().map(assumed_role).collect();
    cluster.roles.extend(missing);
    let aggregation = aggregate(&mut cluster.roles);
    if aggregation.unfinished > 0 {
        cluster.unread_grants.note(RBAC, "clusterroles");
        gaps.push(Gap {
            source: cluster.name.clone(),
            what: "what each aggregated ClusterRole grants".to_owned(),
            reason: GapReason::TooLarge,
            detail: "they select each other in circles without an end, or hold more rules together than any \
                     server keeps"
                .to_owned(),
            hint: "check `aggregationRule` of these roles".to_owned(),
            count: u64::try_from(aggregation.unfinished).unwrap_or(u64::MAX),
        });
    }
    let bindings = names(cluster.bindings.iter().map(|binding| &binding.meta));
    let own = policy
        .bindings
        .values()
        .flat_map(|of_namespace| of_namespace.values());
    let missing = own.filter(|binding| !bindings.contains(&name(&binding.meta)));
    let missing: Vec<_> = missing.cloned().map(assumed_binding).collect();
    cluster.bindings.extend(missing);
    let unknown = unknown_roles(cluster);
    for role in unknown.keys() {
        cluster.unread_grants.note(RBAC, role.resource());
    }
    let gap = |(role, count): (UnknownRole, u64)| Gap {
        source: cluster.name.clone(),
        what: format!("what {role} grants"),
        reason: GapReason::NotCollected,
        detail: "it is bound, and not among the files".to_owned(),
        hint: "give the file that holds this role too".to_owned(),
        count,
    };
    gaps.extend(unknown.into_iter().map(gap));
    gaps
}

fn assumed_role(mut role: Role) -> Role {
    role.meta.is_assumed = true;
    role
}

fn assumed_binding(mut binding: RoleBinding) -> RoleBinding {
    binding.meta.is_assumed = true;
    binding
}

/// A role that is bound and that nothing defines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UnknownRole {
    /// Empty for a ClusterRole.
    namespace: String,
    name: String,
}

impl UnknownRole {
    fn resource(&self) -> &'static str {
        if self.namespace.is_empty() {
            "clusterroles"
        } else {
            "roles"
        }
    }
}

impl fmt::Display for UnknownRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(formatter, "ClusterRole {}", self.name)
        } else {
            write!(formatter, "Role {}/{}", self.namespace, self.name)
        }
    }
}

/// How many bindings name each.
fn unknown_roles(cluster: &Cluster) -> BTreeMap<UnknownRole, u64> {
    let known = names(cluster.roles.iter().map(|role| &role.meta));
    let mut unknown = BTreeMap::new();
    for binding in &cluster.bindings {
        let namespace = match binding.role.kind.as_str() {
            "Role" => binding.meta.namespace_or_empty(),
            "ClusterRole" => "",
            // Other kinds grant nothing, whatever they name.
            _ => continue,
        };
        let key = (namespace.to_owned(), binding.role.name.clone());
        // A ClusterRoleBinding cannot name a Role.
        let is_void = binding.role.kind == "Role" && namespace.is_empty();
        if !is_void && !known.contains(&key) {
            let (namespace, name) = key;
            *unknown.entry(UnknownRole { namespace, name }).or_insert(0) += 1;
        }
    }
    unknown
}

fn name(meta: &Meta) -> (String, String) {
    (meta.namespace_or_empty().to_owned(), meta.name.clone())
}

fn names<'m>(metas: impl Iterator<Item = &'m Meta>) -> BTreeSet<(String, String)> {
    metas.map(name).collect()
}

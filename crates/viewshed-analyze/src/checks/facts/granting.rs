//! The grants of a cluster as its server would hold them: manifests lack what the server makes itself.

use std::borrow::Cow;

use viewshed_model::Cluster;

use crate::rbac::aggregate;

/// A live cluster as it is. Of manifests, only what grants depend on, with aggregated roles filled.
pub(in crate::checks) fn granting(cluster: &Cluster) -> Cow<'_, Cluster> {
    if cluster.is_live {
        return Cow::Borrowed(cluster);
    }
    let mut granting = Cluster {
        name: cluster.name.clone(),
        version: cluster.version.clone(),
        authorizers: cluster.authorizers.clone(),
        roles: cluster.roles.clone(),
        bindings: cluster.bindings.clone(),
        ..Cluster::default()
    };
    aggregate(&mut granting.roles);
    Cow::Owned(granting)
}

//! The grants of a cluster as its server would hold them: manifests lack what the server makes itself.

use std::borrow::Cow;

use viewshed_model::Cluster;

use crate::bootstrap;

/// A live cluster as it is. Of manifests, what grants depend on, with the server's own roles and bindings.
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
    bootstrap::complete(&mut granting);
    Cow::Owned(granting)
}

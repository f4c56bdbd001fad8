//! Which resources belong to the cluster and which live in namespaces.

use viewshed_model::Cluster;

use crate::inventory::BUILT_IN;

/// Resources that no list shows and that belong to the cluster: what is reviewed, signed, impersonated
/// or measured.
const UNLISTED: [(&str, &str); 8] = [
    ("", "users"),
    ("", "groups"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("certificates.k8s.io", "signers"),
    ("metrics.k8s.io", "nodes"),
];

/// Whether a resource (or a subresource of it) belongs to the cluster: as discovery says, else by the
/// server's own list, else, for kinds of extensions, by the custom of calling them `cluster...`.
pub(in crate::checks) fn is_cluster_scoped(cluster: &Cluster, group: &str, resource: &str) -> bool {
    let name = resource.split('/').next().unwrap_or(resource);
    let discovered = cluster
        .api_resources
        .iter()
        .find(|known| known.group == group && known.resource == name);
    if let Some(known) = discovered {
        return !known.namespaced;
    }
    let built_in = BUILT_IN
        .iter()
        .find(|known| known.group == group && known.resource == name);
    match built_in {
        Some(known) => !known.namespaced,
        None => {
            UNLISTED.contains(&(group, name))
                || (group.contains('.') && name.starts_with("cluster"))
        }
    }
}

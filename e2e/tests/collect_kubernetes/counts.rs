//! How many objects of each kind a collected cluster holds.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, ConfigKind};

/// Objects by `resource.group` as kubectl names it.
pub(crate) fn counts(cluster: &Cluster) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |name: &str, count: usize| *counts.entry(name.to_owned()).or_default() += count;
    add("namespaces", cluster.namespaces.len());
    add("nodes", cluster.nodes.len());
    add("pods", cluster.pods.len());
    add("services", cluster.services.len());
    add("serviceaccounts", cluster.service_accounts.len());
    add("endpointslices.discovery.k8s.io", cluster.endpoints.len());
    add(
        "networkpolicies.networking.k8s.io",
        cluster.network_policies.len(),
    );
    for role in &cluster.roles {
        let name = if role.meta.namespace.is_some() {
            "roles"
        } else {
            "clusterroles"
        };
        add(&format!("{name}.rbac.authorization.k8s.io"), 1);
    }
    for binding in &cluster.bindings {
        let is_namespaced = binding.meta.namespace.is_some();
        let name = if is_namespaced {
            "rolebindings"
        } else {
            "clusterrolebindings"
        };
        add(&format!("{name}.rbac.authorization.k8s.io"), 1);
    }
    for config in &cluster.configs {
        match config.kind {
            ConfigKind::ConfigMap => add("configmaps", 1),
            ConfigKind::Secret => add("secrets", 1),
        }
    }
    for workload in &cluster.workloads {
        let resource = workload.kind.to_lowercase() + "s";
        add(&format!("{resource}.{}", workload.api_group), 1);
    }
    for other in &cluster.others {
        let name = if other.group.is_empty() {
            other.resource.clone()
        } else {
            format!("{}.{}", other.resource, other.group)
        };
        add(&name, 1);
    }
    counts.retain(|_, count| *count > 0);
    counts
}

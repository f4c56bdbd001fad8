//! What stands in each namespace, so that a workload is compared with its neighbours only.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, Gateway, Ingress, NetworkPolicy, Service};

use super::runners::namespace_of;

/// Services, ways to them, and policies by namespace, each sorted by name.
#[derive(Debug, Default)]
pub(in crate::checks) struct ByNamespace<'a> {
    services: BTreeMap<&'a str, Vec<&'a Service>>,
    ingresses: BTreeMap<&'a str, Vec<&'a Ingress>>,
    policies: BTreeMap<&'a str, Vec<&'a NetworkPolicy>>,
    /// Routes by the full name of each service behind them.
    routes: BTreeMap<&'a str, Vec<&'a Gateway>>,
}

impl<'a> ByNamespace<'a> {
    pub(in crate::checks) fn new(cluster: &'a Cluster) -> Self {
        let mut found = Self::default();
        for service in &cluster.services {
            let namespace = namespace_of(&service.meta);
            found.services.entry(namespace).or_default().push(service);
        }
        for ingress in &cluster.ingresses {
            let namespace = namespace_of(&ingress.meta);
            found.ingresses.entry(namespace).or_default().push(ingress);
        }
        for policy in &cluster.network_policies {
            let namespace = namespace_of(&policy.meta);
            found.policies.entry(namespace).or_default().push(policy);
        }
        for route in &cluster.gateways {
            for service in &route.services {
                found.routes.entry(service).or_default().push(route);
            }
        }
        for services in found.services.values_mut() {
            services.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        }
        for ingresses in found.ingresses.values_mut() {
            ingresses.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        }
        for policies in found.policies.values_mut() {
            policies.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        }
        for routes in found.routes.values_mut() {
            routes.sort_by_key(|route| (&route.kind, route.meta.full_name()));
        }
        found
    }

    pub(in crate::checks) fn services(&self, namespace: &str) -> &[&'a Service] {
        self.services.get(namespace).map_or(&[], Vec::as_slice)
    }

    pub(in crate::checks) fn ingresses(&self, namespace: &str) -> &[&'a Ingress] {
        self.ingresses.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Also policies of kinds that belong to no namespace, under `default`.
    pub(in crate::checks) fn policies(&self, namespace: &str) -> &[&'a NetworkPolicy] {
        self.policies.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Routes to the service `namespace/name`.
    pub(in crate::checks) fn routes(&self, service: &str) -> &[&'a Gateway] {
        self.routes.get(service).map_or(&[], Vec::as_slice)
    }
}

/// Services and routes of a cluster, for [`super::ways_to`].
#[derive(Debug)]
pub(crate) struct Near<'a>(pub(in crate::checks) ByNamespace<'a>);

impl<'a> Near<'a> {
    /// Indexes one cluster.
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        Self(ByNamespace::new(cluster))
    }
}

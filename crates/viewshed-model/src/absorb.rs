//! Putting parts of one cluster together that were read at the same time.

use crate::Cluster;

impl Cluster {
    /// Takes over every object of `part`, in its order, and its facts where this cluster has none.
    /// Name and address stay. A new field of [`Cluster`] does not compile until it is handled here.
    pub fn absorb(&mut self, part: Self) {
        let Self {
            name: _,
            server: _,
            is_live,
            version,
            authorizers,
            unread_grants,
            unread_kinds,
            anonymous_access,
            anonymous,
            health,
            api_resources,
            namespaces,
            nodes,
            pods,
            workloads,
            services,
            endpoints,
            ingresses,
            gateways,
            roles,
            bindings,
            service_accounts,
            network_policies,
            network_settings,
            configs,
            volume_claims,
            volumes,
            volume_attachments,
            kubelet_files,
            others,
        } = part;
        self.is_live |= is_live;
        self.version = self.version.take().or(version);
        self.authorizers = self.authorizers.take().or(authorizers);
        self.unread_grants = self.unread_grants.or(unread_grants);
        self.unread_kinds.extend(unread_kinds);
        self.anonymous_access = self.anonymous_access.take().or(anonymous_access);
        self.anonymous.extend(anonymous);
        self.health.extend(health);
        self.api_resources.extend(api_resources);
        self.namespaces.extend(namespaces);
        self.nodes.extend(nodes);
        self.pods.extend(pods);
        self.workloads.extend(workloads);
        self.services.extend(services);
        self.endpoints.extend(endpoints);
        self.ingresses.extend(ingresses);
        self.gateways.extend(gateways);
        self.roles.extend(roles);
        self.bindings.extend(bindings);
        self.service_accounts.extend(service_accounts);
        self.network_policies.extend(network_policies);
        self.network_settings.extend(network_settings);
        self.configs.extend(configs);
        self.volume_claims.extend(volume_claims);
        self.volumes.extend(volumes);
        self.volume_attachments.extend(volume_attachments);
        self.kubelet_files.extend(kubelet_files);
        self.others.extend(others);
    }
}

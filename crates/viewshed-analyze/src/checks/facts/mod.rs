//! What several checks need to know of one cluster, worked out once.

mod access;
mod breadth;
mod by_namespace;
mod dashboards;
mod egress;
mod everybody;
mod exposure;
mod flags;
mod fold;
mod further;
mod grants;
mod holders;
mod kubelets;
mod listeners;
mod published_api;
mod runners;
mod scoping;
mod sockets;
mod tokens;
mod ways_in;
mod wording;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use viewshed_model::{Cluster, ServiceAccount};

use crate::network::{PolicyFlaws, policy_flaws};

pub(super) use access::{Access, is_everyone};
pub(super) use breadth::{Breadth, breadth, reads};
pub(super) use by_namespace::ByNamespace;
pub(crate) use by_namespace::Near;
pub(crate) use dashboards::{OpenDashboard, dashboard_name, open_dashboard};
pub(super) use dashboards::{
    Product, Serves, Sight, dashboard_of, dashboard_of_image, open_switches, sight_of,
};
pub(super) use egress::{Egress, egress_of};
pub(super) use everybody::{Crowd, Everybody, everybody_findings};
pub(super) use exposure::{Objects, Scope};
pub(super) use flags::{flag_value, has_flag};
pub(super) use fold::fold;
pub(super) use grants::{HumanGrant, role_location, role_object, rule_text};
pub(super) use holders::{Holding, holdings, weighed};
pub(super) use kubelets::{Hole, Kubelet, kubelet_findings, kubelets};
pub(super) use listeners::place as listener_place;
pub(crate) use listeners::{Listener, Protection, Reach, listeners};
pub(super) use published_api::{Behind, PublishedApi, published_apis};
pub(crate) use runners::{Runner, namespace_of, runners};
pub(super) use scoping::is_cluster_scoped;
pub(super) use sockets::{
    Access as SocketAccess, access as socket_access, access_on as socket_access_on,
};
pub(super) use tokens::is_in_no_need_of_api;
pub(crate) use tokens::{TokenMount, token_mount};
pub(super) use ways_in::ways_in;
pub(crate) use ways_in::ways_to;
pub(super) use wording::{
    Asked, Place, can_i, can_i_as, container_place, count, links, list, list_subjects, reproduce,
};

/// A cluster with what was worked out of it.
#[derive(Debug)]
pub(super) struct ClusterFacts<'a> {
    /// As it was read.
    pub(super) cluster: &'a Cluster,
    /// Everything that runs containers, once per workload.
    pub(super) runners: Vec<Runner<'a>>,
    /// The access settings of kubelets, as far as they were read.
    pub(super) kubelets: Vec<Kubelet>,
    /// Grants.
    pub(super) access: Access<'a>,
    /// What exists, counted.
    pub(super) objects: Objects<'a>,
    /// Services, ways to them, and policies.
    pub(super) by_namespace: ByNamespace<'a>,
    /// Service accounts by namespace and name.
    accounts: BTreeMap<(&'a str, &'a str), &'a ServiceAccount>,
    /// Made when the first check asks: it takes every policy against every pod.
    flaws: OnceLock<PolicyFlaws>,
}

impl<'a> ClusterFacts<'a> {
    /// Works out the facts of `cluster`.
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        let runners = runners(cluster);
        Self {
            cluster,
            kubelets: kubelets(cluster, &runners),
            access: Access::new(cluster, &runners),
            objects: Objects::new(cluster),
            by_namespace: ByNamespace::new(cluster),
            accounts: cluster
                .service_accounts
                .iter()
                .map(|account| ((namespace_of(&account.meta), &*account.meta.name), account))
                .collect(),
            flaws: OnceLock::new(),
            runners,
        }
    }

    /// What is wrong with the network policies.
    pub(super) fn policy_flaws(&self) -> &PolicyFlaws {
        self.flaws.get_or_init(|| policy_flaws(self.cluster))
    }

    /// The place of a workload.
    pub(super) fn place_of(&self, runner: &Runner<'_>) -> Place {
        Place {
            estate: self.cluster.name.clone(),
            object: runner.object(),
            namespace: runner.namespace.to_owned(),
            location: runner.location.clone(),
        }
    }

    /// The runners whose pods act as the service account.
    pub(super) fn runners_as(&self, namespace: &str, name: &str) -> Vec<&Runner<'a>> {
        let positions = self.access.runners_as(namespace, name).iter();
        positions
            .filter_map(|position| self.runners.get(*position))
            .collect()
    }

    /// The service account, where it was read.
    pub(super) fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Option<&'a ServiceAccount> {
        self.accounts.get(&(namespace, name)).copied()
    }

    /// How the pods of `runner` get a token for the API server; `None` when they do not.
    pub(super) fn token_mount(&self, runner: &Runner<'_>) -> Option<TokenMount> {
        let account = self.service_account(runner.namespace, runner.service_account());
        token_mount(self.cluster, runner, account)
    }

    /// Whether the pods of `runner` have a reason to call the API server: their account has a grant.
    pub(super) fn uses_api(&self, runner: &Runner<'_>) -> bool {
        self.access
            .has_own_grant(runner.namespace, runner.service_account())
    }

    /// Whether the pods of `runner` can be reached from outside the cluster.
    pub(super) fn is_reached_from_outside(&self, runner: &Runner<'_>) -> bool {
        !ways_in(&self.by_namespace, runner).is_empty()
    }
}

//! ENTERS: which resources a server has, from aggregated discovery or group by group.

use std::collections::BTreeSet;

use viewshed_decode::kubernetes::api_resources;
use viewshed_model::{ApiResource, Gap, GapReason, UnreadKind};

use super::client::Client;
use super::failure::Failure;
use super::request::{Document, GroupVersion, Request};

/// Everything that discovery lists, subresources included, each resource in its group's preferred
/// version, in the order of the server. A group that does not answer is a gap, and the kinds of it on which
/// connections hang are unread.
///
/// # Errors
/// When discovery gives nothing at all for another reason than missing permission.
pub(crate) async fn discover(client: &Client) -> Result<Discovered, Failure> {
    let mut found = Found::default();
    for document in [Document::CoreDiscovery, Document::GroupDiscovery] {
        let what = match document {
            Document::GroupDiscovery => "list the API groups (`/apis`)",
            _ => "list the core API (`/api`)",
        };
        if let Err(failure) = ask(client, document, &mut found).await {
            let is_first = found.resources.is_empty() && found.gaps.is_empty();
            if is_first && !matches!(failure.code(), Some(401 | 403)) {
                return Err(failure);
            }
            let mut gap = failure.gap(client.name(), what);
            "grant ClusterRole `system:discovery`".clone_into(&mut gap.hint);
            found.gaps.push(gap);
        }
    }
    if found.resources.is_empty() {
        found.resources = builtin();
    }
    let mut unread: Vec<UnreadKind> = found
        .silent
        .iter()
        .filter(|group| !is_stored_elsewhere(group, &found.resources))
        .flat_map(|group| UnreadKind::of_group(group))
        .collect();
    unread.retain(|kind| {
        let mut known = found.resources.iter();
        !known.any(|api| api.group == kind.group && api.kind == kind.kind)
    });
    Ok(Discovered {
        resources: found.resources,
        gaps: found.gaps,
        unread,
    })
}

/// What discovery brings.
pub(crate) struct Discovered {
    pub(crate) resources: Vec<ApiResource>,
    pub(crate) gaps: Vec<Gap>,
    /// Kinds of groups that do not answer, as far as connections hang on them.
    pub(crate) unread: Vec<UnreadKind>,
}

/// Whether the objects of a group are those of another one that answers: Calico's own server keeps its objects in
/// custom resources (tigera/docs "Install calicoctl", "projectcalico.org/v3 and crd.projectcalico.org/v1").
fn is_stored_elsewhere(group: &str, resources: &[ApiResource]) -> bool {
    let stored = "crd.projectcalico.org";
    group == "projectcalico.org" && resources.iter().any(|api| api.group == stored)
}

#[derive(Default)]
struct Found {
    resources: Vec<ApiResource>,
    known: BTreeSet<(String, String)>,
    gaps: Vec<Gap>,
    /// Groups whose server does not answer.
    silent: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, resources: Vec<ApiResource>) {
        for resource in resources {
            let key = (resource.group.clone(), resource.resource.clone());
            if self.known.insert(key) {
                self.resources.push(resource);
            }
        }
    }
}

async fn ask(client: &Client, document: Document, found: &mut Found) -> Result<(), Failure> {
    let body = client.get(&Request::Document(document)).await?;
    let discovery = api_resources(&body).map_err(|error| Failure::Malformed(error.to_string()))?;
    found.add(discovery.resources);
    for group in discovery.stale {
        found.gaps.push(Gap {
            source: client.name().to_owned(),
            what: format!("know the resources of API group `{group}`"),
            reason: GapReason::Unreachable,
            detail: "its API server does not answer the cluster's".to_owned(),
            hint: BROKEN_GROUP.to_owned(),
            count: 1,
        });
        found.silent.insert(group);
    }
    let versions_max = client.limits().kinds_max;
    if let Some(rest) = discovery.group_versions.len().checked_sub(versions_max)
        && rest > 0
    {
        let what = "know the resources of all group versions";
        found.gaps.push(too_many(client, what, versions_max, rest));
    }
    for group_version in discovery.group_versions.into_iter().take(versions_max) {
        let (group, version) = group_version
            .split_once('/')
            .unwrap_or(("", &group_version));
        let result = match GroupVersion::new(group, version) {
            Some(named) => one_version(client, named, found).await,
            None => Err(Failure::Malformed("a name that is not allowed".to_owned())),
        };
        if let Err(failure) = result {
            let what = format!("know the resources of `{group_version}`");
            let mut gap = failure.gap(client.name(), crate::text::one_line(&what));
            BROKEN_GROUP.clone_into(&mut gap.hint);
            found.gaps.push(gap);
            found.silent.insert(group.to_owned());
        }
    }
    Ok(())
}

fn too_many(client: &Client, what: &str, kept: usize, rest: usize) -> Gap {
    Gap {
        source: client.name().to_owned(),
        what: what.to_owned(),
        reason: GapReason::TooLarge,
        detail: format!("only the first {kept} are asked"),
        hint: String::new(),
        count: u64::try_from(rest).unwrap_or(u64::MAX),
    }
}

const BROKEN_GROUP: &str = "check the service behind it: `kubectl get apiservices`";

async fn one_version(
    client: &Client,
    named: GroupVersion,
    found: &mut Found,
) -> Result<(), Failure> {
    let body = client
        .get(&Request::Document(Document::Resources(named)))
        .await?;
    let discovery = api_resources(&body).map_err(|error| Failure::Malformed(error.to_string()))?;
    found.add(discovery.resources);
    Ok(())
}

/// What every server since 1.21 has, for credentials that may not ask.
fn builtin() -> Vec<ApiResource> {
    const NAMES: [(&str, &str, &str, bool); 28] = [
        ("", "configmaps", "ConfigMap", true),
        ("", "endpoints", "Endpoints", true),
        ("", "events", "Event", true),
        ("", "limitranges", "LimitRange", true),
        ("", "namespaces", "Namespace", false),
        ("", "nodes", "Node", false),
        ("", "persistentvolumeclaims", "PersistentVolumeClaim", true),
        ("", "persistentvolumes", "PersistentVolume", false),
        ("", "pods", "Pod", true),
        ("", "replicationcontrollers", "ReplicationController", true),
        ("", "resourcequotas", "ResourceQuota", true),
        ("", "secrets", "Secret", true),
        ("", "serviceaccounts", "ServiceAccount", true),
        ("", "services", "Service", true),
        ("apps", "daemonsets", "DaemonSet", true),
        ("apps", "deployments", "Deployment", true),
        ("apps", "replicasets", "ReplicaSet", true),
        ("apps", "statefulsets", "StatefulSet", true),
        ("batch", "cronjobs", "CronJob", true),
        ("batch", "jobs", "Job", true),
        ("discovery.k8s.io", "endpointslices", "EndpointSlice", true),
        ("networking.k8s.io", "ingresses", "Ingress", true),
        (
            "networking.k8s.io",
            "networkpolicies",
            "NetworkPolicy",
            true,
        ),
        (
            "policy",
            "poddisruptionbudgets",
            "PodDisruptionBudget",
            true,
        ),
        (RBAC, "clusterrolebindings", "ClusterRoleBinding", false),
        (RBAC, "clusterroles", "ClusterRole", false),
        (RBAC, "rolebindings", "RoleBinding", true),
        (RBAC, "roles", "Role", true),
    ];
    const RBAC: &str = "rbac.authorization.k8s.io";
    NAMES
        .iter()
        .map(|(group, resource, kind, namespaced)| ApiResource {
            group: (*group).to_owned(),
            version: "v1".to_owned(),
            resource: (*resource).to_owned(),
            kind: (*kind).to_owned(),
            namespaced: *namespaced,
            verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
            ..ApiResource::default()
        })
        .collect()
}

/// The kinds that are listed: those with the verb `list`, without subresources, and each stored
/// object under one name only (events are served by two groups).
pub(crate) fn listable(
    client: &Client,
    resources: &[ApiResource],
    gaps: &mut Vec<Gap>,
) -> Vec<ApiResource> {
    let has_core_events = resources
        .iter()
        .any(|api| api.group.is_empty() && api.resource == "events");
    let mut kinds: Vec<ApiResource> = resources
        .iter()
        .filter(|api| {
            let is_second_name =
                has_core_events && api.group == "events.k8s.io" && api.resource == "events";
            !api.resource.contains('/')
                && !is_second_name
                && api.verbs.iter().any(|verb| verb == "list")
        })
        .cloned()
        .collect();
    let kinds_max = client.limits().kinds_max;
    if kinds.len() > kinds_max {
        gaps.push(too_many(
            client,
            "list all kinds",
            kinds_max,
            kinds.len() - kinds_max,
        ));
        kinds.truncate(kinds_max);
    }
    kinds
}

#[cfg(test)]
mod tests;

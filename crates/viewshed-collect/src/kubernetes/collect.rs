//! A whole cluster: what is asked, in which order, and what is missing afterwards.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use viewshed_decode::kubernetes::settings_from_pods;
use viewshed_model::{ApiResource, Cluster, Gap, Identity};

use super::client::Client;
use super::discovery::{Discovered, discover, listable};
use super::failure::Failure;
use super::lists::{Part, read_list};
use super::namespaced::read_by_namespace;
use super::network::read_network_settings;
use super::request::{List, Request, Scope};
use super::status::{ask_as_stranger, read_health, read_kubelets, read_version};
use crate::error::Error;
use crate::progress::Progress;

/// Reads everything that the credential shows. What it does not show, and what fails, is a gap.
///
/// # Errors
/// When the server does not answer discovery at all, or no longer accepts the credential.
pub async fn collect(
    client: &Client,
    progress: &dyn Progress,
) -> Result<(Cluster, Vec<Gap>), Error> {
    let mut cluster = Cluster {
        name: client.name().to_owned(),
        server: client.server().to_owned(),
        is_live: true,
        ..Cluster::default()
    };
    let Discovered {
        resources,
        mut gaps,
        unread,
    } = discover(client)
        .await
        .map_err(|failure| failure.into_error(client.server()))?;
    cluster.unread_kinds = unread;
    match read_version(client).await {
        Ok(version) => cluster.version = Some(version),
        Err(failure) => gaps.push(failure.gap(client.name(), "get `/version`")),
    }
    let kinds = listable(client, &resources, &mut gaps);
    let (secrets, kinds): (Vec<_>, Vec<_>) = kinds.into_iter().partition(is_secrets);
    let mut open: Vec<ApiResource> = Vec::new();
    let mut refused = Vec::new();
    for (api, result) in read_kinds(client, kinds, progress).await {
        match result {
            Ok(part) => take(&mut cluster, &mut gaps, part),
            Err(failure) => refused.push((api, failure)),
        }
    }
    for api in secrets {
        match may_list_everywhere(client, &api).await {
            Ok(()) => open.push(api),
            Err(failure) => refused.push((api, failure)),
        }
    }
    let namespaces = known_namespaces(client, &cluster);
    let parts = read_by_namespace(client, &namespaces, (open, refused), progress).await;
    for part in parts {
        take(&mut cluster, &mut gaps, part);
    }
    cluster.api_resources = resources;
    read_network_settings(client, &mut cluster, &mut gaps).await;
    read_kubelets(client, &mut cluster, &mut gaps, progress).await;
    // After the kubelets: settings that were read directly stay.
    settings_from_pods(&mut cluster, &mut gaps);
    let (health, health_gaps) = read_health(client).await;
    let (anonymous, anonymous_gaps) = ask_as_stranger(client).await;
    cluster.health = health;
    cluster.anonymous = anonymous;
    gaps.extend(health_gaps);
    gaps.extend(anonymous_gaps);
    Ok((cluster, gaps))
}

/// Secrets are asked for namespace by namespace even where all may be listed: the form without
/// annotations does not say which namespace a row belongs to.
fn is_secrets(api: &ApiResource) -> bool {
    api.group.is_empty() && api.resource == "secrets"
}

/// Asks for one row: without its namespace it is not kept.
async fn may_list_everywhere(client: &Client, api: &ApiResource) -> Result<(), Failure> {
    let list = List::new(api, Scope::Everywhere, 1)
        .ok_or_else(|| Failure::Malformed("a name that is not allowed".to_owned()))?;
    client.get(&Request::List(list)).await.map(|_| ())
}

/// Every namespace that was listed, that an object lives in, or that the user named. Where none was listed,
/// also that of a service account's credential, and the context's own when it names one or there is no other.
fn known_namespaces(client: &Client, cluster: &Cluster) -> Vec<String> {
    let listed = cluster.namespaces.iter().map(|found| &found.meta.name);
    let pods = cluster.pods.iter().map(|pod| &pod.meta);
    let accounts = cluster.service_accounts.iter().map(|account| &account.meta);
    let services = cluster.services.iter().map(|service| &service.meta);
    let configs = cluster.configs.iter().map(|config| &config.meta);
    let others = cluster.others.iter().map(|other| &other.meta);
    let homes = pods
        .chain(accounts)
        .chain(services)
        .chain(configs)
        .chain(others)
        .filter_map(|meta| meta.namespace.as_ref());
    let mut names: BTreeSet<String> = listed
        .chain(homes)
        .chain(client.known_namespaces())
        .cloned()
        .collect();
    if cluster.namespaces.is_empty() {
        let account = client.identity().and_then(Identity::as_service_account);
        names.extend(account.map(|(namespace, _)| namespace.to_owned()));
        if names.is_empty() || client.namespace() != UNNAMED {
            names.insert(client.namespace().to_owned());
        }
    }
    names.into_iter().collect()
}

/// The namespace of contexts that name none.
const UNNAMED: &str = "default";

/// Reads each kind everywhere, several at once; results in the order of discovery.
async fn read_kinds(
    client: &Client,
    kinds: Vec<ApiResource>,
    progress: &dyn Progress,
) -> Vec<(ApiResource, Result<Part, Failure>)> {
    let mut results: Vec<(usize, ApiResource, Result<Part, Failure>)> =
        stream::iter(kinds.into_iter().enumerate())
            .map(|(index, api)| async move {
                let result = read_list(client, &api, Scope::Everywhere, progress).await;
                (index, api, result)
            })
            .buffer_unordered(client.limits().requests_at_once.max(1))
            .collect()
            .await;
    results.sort_by_key(|(index, ..)| *index);
    results
        .into_iter()
        .map(|(_, api, result)| (api, result))
        .collect()
}

fn take(cluster: &mut Cluster, gaps: &mut Vec<Gap>, part: Part) {
    let Part {
        cluster: mut objects,
        gaps: part_gaps,
    } = part;
    objects.api_resources.clear();
    cluster.absorb(objects);
    gaps.extend(part_gaps);
}

#[cfg(test)]
mod tests;

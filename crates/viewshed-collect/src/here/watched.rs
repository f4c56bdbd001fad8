//! ENTERS: what watches tell where lists are refused. A watch begins with every object that exists.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use viewshed_model::{Action, ApiResource, Cluster, Gap, OwnAnswer, ResourceRequest};

use super::sight::QUESTIONS_MAX;
use crate::kubernetes::{Client, Failure, Part, Scope, full_name, read_watch};

/// A kind, and where it is watched.
type Place = (ApiResource, Scope);

/// Adds the objects of every kind that the credential may watch and not list, as far as the answers say.
pub(super) async fn add_allowed(
    client: &Client,
    cluster: &mut Cluster,
    (namespaces, answers): (&BTreeSet<String>, &[OwnAnswer]),
    gaps: &mut Vec<Gap>,
) {
    let allowed = |verb: &str| -> BTreeSet<(&str, &str, &str)> {
        let requests = answers.iter().filter(|answer| answer.allowed);
        let requests = requests.filter_map(|answer| match &answer.action {
            Action::Resource(request) => Some(request),
            Action::NonResource(_) => None,
        });
        requests
            .filter(|request| request.verb == verb && request.name.is_empty())
            .filter(|request| request.subresource.is_empty())
            .map(|request| {
                let namespace = request.namespace.as_str();
                (
                    request.api_group.as_str(),
                    request.resource.as_str(),
                    namespace,
                )
            })
            .collect()
    };
    let (watched, listed) = (allowed("watch"), allowed("list"));
    let mut places = Vec::new();
    for (group, resource, namespace) in watched {
        let is_listed = ["", namespace]
            .iter()
            .any(|namespace| listed.contains(&(group, resource, namespace)));
        let mut apis = cluster.api_resources.iter();
        let api = apis.find(|api| api.group == group && api.resource == resource);
        if let Some(api) = api.filter(|_| !is_listed) {
            places.extend(scopes(api, namespace, namespaces).map(|scope| (api.clone(), scope)));
        }
    }
    for ((api, scope), result) in read(client, places).await {
        match result {
            Ok(part) => take(cluster, gaps, part),
            Err(failure) => {
                let what = format!("watch `{}`{}", full_name(&api), words(&scope));
                gaps.push(failure.gap(client.name(), what));
            }
        }
    }
}

/// Tries to watch every kind whose list was refused, and adds what that shows; the answers tell which are allowed.
pub(super) async fn try_all(
    client: &Client,
    cluster: &mut Cluster,
    namespaces: &BTreeSet<String>,
    answers: &mut Vec<OwnAnswer>,
    gaps: &mut Vec<Gap>,
) {
    let apis: Vec<ApiResource> = cluster
        .api_resources
        .iter()
        .filter(|api| !api.resource.contains('/') && api.verbs.iter().any(|verb| verb == "watch"))
        .filter(|api| !is_listed(answers, api, ""))
        .cloned()
        .collect();
    let everywhere = apis.iter().cloned().map(|api| (api, Scope::Everywhere));
    let everywhere = read(client, everywhere.collect()).await;
    let mut rest = Vec::new();
    for (place, result) in everywhere {
        let (api, is_shown) = (place.0.clone(), result.is_ok());
        answers.extend(answer(&place, &result));
        if let Ok(part) = result {
            take(cluster, gaps, part);
        }
        // The names of secrets are told namespace by namespace alone.
        let is_done = is_shown && api.resource != "secrets";
        if api.namespaced && !is_done {
            let inside = namespaces
                .iter()
                .filter(|namespace| !is_listed(answers, &api, namespace));
            rest.extend(inside.map(|namespace| (api.clone(), Scope::Namespace(namespace.clone()))));
        }
    }
    rest.truncate(QUESTIONS_MAX);
    for (place, result) in read(client, rest).await {
        answers.extend(answer(&place, &result));
        if let Ok(part) = result {
            take(cluster, gaps, part);
        }
    }
}

fn is_listed(answers: &[OwnAnswer], api: &ApiResource, namespace: &str) -> bool {
    answers.iter().any(|answer| {
        answer.allowed
            && matches!(&answer.action, Action::Resource(request)
                if request.verb == "list"
                    && request.api_group == api.group
                    && request.combined_resource() == api.resource
                    && request.namespace == namespace)
    })
}

fn scopes(
    api: &ApiResource,
    namespace: &str,
    namespaces: &BTreeSet<String>,
) -> impl Iterator<Item = Scope> {
    let scopes = if !namespace.is_empty() {
        vec![Scope::Namespace(namespace.to_owned())]
    } else if api.resource == "secrets" {
        namespaces.iter().cloned().map(Scope::Namespace).collect()
    } else {
        vec![Scope::Everywhere]
    };
    scopes.into_iter()
}

fn words(scope: &Scope) -> String {
    match scope {
        Scope::Everywhere => String::new(),
        Scope::Namespace(namespace) => format!(" in namespace `{namespace}`"),
    }
}

async fn read(client: &Client, places: Vec<Place>) -> Vec<(Place, Result<Part, Failure>)> {
    stream::iter(places)
        .map(|(api, scope)| async move {
            let result = read_watch(client, &api, scope.clone()).await;
            ((api, scope), result)
        })
        .buffered(client.limits().requests_at_once.max(1))
        .collect()
        .await
}

/// What the server said to a watch; `None` where it said nothing about access.
fn answer((api, scope): &Place, result: &Result<Part, Failure>) -> Option<OwnAnswer> {
    let status = match result {
        Ok(_) => 200,
        Err(Failure::Status(refusal)) if matches!(refusal.code, 401 | 403) => refusal.code,
        Err(_) => return None,
    };
    Some(OwnAnswer {
        action: Action::Resource(ResourceRequest {
            verb: "watch".to_owned(),
            api_group: api.group.clone(),
            api_version: api.version.clone(),
            resource: api.resource.clone(),
            namespace: match scope {
                Scope::Everywhere => String::new(),
                Scope::Namespace(namespace) => namespace.clone(),
            },
            ..ResourceRequest::default()
        }),
        allowed: status == 200,
        reason: format!("the request was answered with status {status}"),
    })
}

fn take(cluster: &mut Cluster, gaps: &mut Vec<Gap>, part: Part) {
    let Part {
        cluster: mut objects,
        gaps: more,
    } = part;
    objects.api_resources.clear();
    cluster.absorb(objects);
    gaps.extend(more);
}

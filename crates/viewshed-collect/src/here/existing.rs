//! ENTERS: whether the objects that rules name exist. A rule of several kinds and names means each name of each kind.

use futures_util::{StreamExt, stream};
use viewshed_model::{Action, Cluster, OwnAnswer, ResourceRequest};

use crate::kubernetes::{Client, Failure, Guess, List, Request, Scope};

/// Those of the objects that may be got by name which do not exist. Where a list shows the kind it tells that too,
/// and nothing is asked.
pub(super) async fn absent(
    client: &Client,
    cluster: &Cluster,
    answers: &[OwnAnswer],
) -> Vec<ResourceRequest> {
    let allowed: Vec<&ResourceRequest> = answers
        .iter()
        .filter(|answer| answer.allowed)
        .filter_map(|answer| match &answer.action {
            Action::Resource(request) => Some(request),
            Action::NonResource(_) => None,
        })
        .collect();
    let is_listed = |asked: &ResourceRequest| {
        allowed.iter().any(|one| {
            one.verb == "list"
                && one.name.is_empty()
                && (&one.api_group, &one.resource) == (&asked.api_group, &asked.resource)
                && (one.namespace.is_empty() || one.namespace == asked.namespace)
        })
    };
    let named = allowed.iter().filter(|one| {
        one.verb == "get" && !one.name.is_empty() && one.subresource.is_empty() && !is_listed(one)
    });
    let asked = named.filter_map(|request| {
        let mut apis = cluster.api_resources.iter();
        let api = apis
            .find(|api| (&api.group, &api.resource) == (&request.api_group, &request.resource))?;
        let scope = match (api.namespaced, request.namespace.as_str()) {
            (false, _) => Scope::Everywhere,
            // The rule does not tell where the object is.
            (true, "") => return None,
            (true, namespace) => Scope::Namespace(namespace.to_owned()),
        };
        let guess = Guess::new(List::new(api, scope, 1)?, &request.name)?;
        Some(((*request).clone(), Request::Guess(guess)))
    });
    let asked: Vec<(ResourceRequest, Request)> = asked.collect();
    stream::iter(asked)
        .map(|(request, guess)| async move {
            let answered = client.get(&guess).await;
            let is_absent =
                matches!(answered, Err(Failure::Status(refusal)) if refusal.code == 404);
            is_absent.then_some(request)
        })
        .buffered(client.limits().requests_at_once.max(1))
        .filter_map(|absent| async move { absent })
        .collect()
        .await
}

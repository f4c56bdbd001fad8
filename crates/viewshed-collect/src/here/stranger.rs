//! ENTERS: what the API server answers requests without any credential.
//!
//! Reviews are closed to strangers, so each question is the request itself: its status is the answer.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use viewshed_model::{
    Action, ApiResource, Cluster, Gap, GapReason, Identity, NonResourceRequest, OwnAnswer,
    ResourceRequest, Sight,
};

use super::sight::{QUESTIONS_MAX, known_namespaces};
use super::watched;
use crate::error::Error;
use crate::kubernetes::{
    Client, Document, List, Options, PodName, Request, Scope, collect, connect_as_stranger,
};
use crate::progress::Progress;

/// What everybody sees who reaches the API server that the pod's variables name.
pub(super) async fn sight(connection: &Options, progress: &dyn Progress) -> Result<Sight, Error> {
    let client = connect_as_stranger(connection).await?;
    let (mut cluster, mut gaps) = collect(&client, progress).await?;
    gaps.retain(|gap| gap.reason != GapReason::Forbidden);
    let mut answers = paths(&cluster);
    answers.extend(lists(&client, &cluster, &mut gaps).await);
    let namespaces = known_namespaces(&client, &cluster);
    watched::try_all(&client, &mut cluster, &namespaces, &mut answers, &mut gaps).await;
    answers.extend(logs(&client, &cluster, &mut gaps).await);
    Ok(Sight {
        credential: String::new(),
        identity: Identity::anonymous(),
        is_refused: false,
        is_unverified: false,
        cluster,
        answers,
        absent: Vec::new(),
        gaps,
    })
}

pub(super) fn unanswered(error: &Error) -> Gap {
    Gap {
        source: "here".to_owned(),
        what: "ask the API server without a credential".to_owned(),
        reason: match error {
            Error::TimedOut { .. } => GapReason::TimedOut,
            _ => GapReason::Unreachable,
        },
        detail: error.to_string(),
        hint: error.hint().to_owned(),
        count: 1,
    }
}

/// Paths outside the resource API that were asked while collecting.
fn paths(cluster: &Cluster) -> Vec<OwnAnswer> {
    cluster
        .anonymous
        .iter()
        .filter(|answer| !answer.path.starts_with("/api/v1/") && !answer.path.starts_with("/apis/"))
        .filter_map(|answer| {
            let action = Action::NonResource(NonResourceRequest {
                verb: "get".to_owned(),
                path: answer.path.clone(),
            });
            verdict(action, answer.status)
        })
        .collect()
}

/// `list` of every kind that strangers can know of, everywhere and in each known namespace.
async fn lists(client: &Client, cluster: &Cluster, gaps: &mut Vec<Gap>) -> Vec<OwnAnswer> {
    let scopes: Vec<Scope> = known_namespaces(client, cluster)
        .into_iter()
        .map(Scope::Namespace)
        .collect();
    let mut questions: Vec<(ApiResource, Scope)> = Vec::new();
    for api in &cluster.api_resources {
        let is_listed = api.verbs.iter().any(|verb| verb == "list");
        if !is_listed || api.resource.contains('/') {
            continue;
        }
        questions.push((api.clone(), Scope::Everywhere));
        if api.namespaced {
            questions.extend(scopes.iter().map(|scope| (api.clone(), scope.clone())));
        }
    }
    let beyond = questions.len().saturating_sub(QUESTIONS_MAX);
    questions.truncate(QUESTIONS_MAX);
    let answers: Vec<_> = stream::iter(questions)
        .map(|(api, scope)| async move {
            // One object is enough: only the status counts.
            let list = List::new(&api, scope.clone(), 1)?;
            let status = client.status_for_anonymous(&Request::List(list)).await;
            Some((api, scope, status))
        })
        .buffered(client.limits().requests_at_once.max(1))
        .collect()
        .await;
    let mut found = Vec::new();
    let mut unanswered = beyond;
    for (api, scope, status) in answers.into_iter().flatten() {
        match status {
            Ok(status) => found.extend(verdict(list_of(&api, scope), status)),
            Err(_) => unanswered += 1,
        }
    }
    if unanswered > 0 {
        gaps.push(Gap {
            source: client.name().to_owned(),
            what: "lists that were asked for without a credential".to_owned(),
            reason: GapReason::NotCollected,
            detail: format!("no answer, or more than {QUESTIONS_MAX}"),
            hint: String::new(),
            count: u64::try_from(unanswered).unwrap_or(u64::MAX),
        });
    }
    found
}

/// Whether strangers may read the logs of a namespace: asked for at most one byte of one pod of each, and the
/// byte is not kept.
async fn logs(client: &Client, cluster: &Cluster, gaps: &mut Vec<Gap>) -> Vec<OwnAnswer> {
    let mut pods: BTreeMap<&str, &str> = BTreeMap::new();
    for pod in &cluster.pods {
        pods.entry(pod.meta.namespace_or_empty())
            .or_insert(&pod.meta.name);
    }
    let beyond = pods.len().saturating_sub(QUESTIONS_MAX);
    let answers: Vec<_> = stream::iter(pods.into_iter().take(QUESTIONS_MAX))
        .map(|(namespace, name)| async move {
            let pod = PodName::new(namespace, name)?;
            let request = Request::Document(Document::LogByte(pod));
            Some((namespace, client.status_for_anonymous(&request).await))
        })
        .buffered(client.limits().requests_at_once.max(1))
        .collect()
        .await;
    let mut found = Vec::new();
    let mut unanswered = beyond;
    for (namespace, status) in answers.into_iter().flatten() {
        // Who may not read it is told so before anybody looks whether the pod is there, runs, or has several
        // containers to choose from (the handler chain of `k8s.io/apiserver`, `pkg/server/config.go`).
        let status = match status {
            Ok(400 | 404) => Some(200),
            Ok(status) => Some(status),
            Err(_) => None,
        };
        let action = Action::Resource(ResourceRequest {
            verb: "get".to_owned(),
            api_version: "v1".to_owned(),
            resource: "pods".to_owned(),
            subresource: "log".to_owned(),
            namespace: namespace.to_owned(),
            ..ResourceRequest::default()
        });
        match status.and_then(|status| verdict(action, status)) {
            Some(answer) => found.push(answer),
            None => unanswered += 1,
        }
    }
    if unanswered > 0 {
        gaps.push(Gap {
            source: client.name().to_owned(),
            what: "ask for logs without a credential".to_owned(),
            reason: GapReason::NotCollected,
            detail: "no answer that tells whether it is allowed".to_owned(),
            hint: String::new(),
            count: u64::try_from(unanswered).unwrap_or(u64::MAX),
        });
    }
    found
}

fn list_of(api: &ApiResource, scope: Scope) -> Action {
    Action::Resource(ResourceRequest {
        verb: "list".to_owned(),
        api_group: api.group.clone(),
        api_version: api.version.clone(),
        resource: api.resource.clone(),
        namespace: match scope {
            Scope::Everywhere => String::new(),
            Scope::Namespace(namespace) => namespace,
        },
        ..ResourceRequest::default()
    })
}

/// 200 is a yes; 401 and 403 are a no; anything else says nothing about access.
fn verdict(action: Action, status: u16) -> Option<OwnAnswer> {
    let allowed = match status {
        200 => true,
        401 | 403 => false,
        _ => return None,
    };
    Some(OwnAnswer {
        action,
        allowed,
        reason: format!("the request was answered with status {status}"),
    })
}

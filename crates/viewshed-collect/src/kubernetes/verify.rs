//! ENTERS: what the server itself answers about access, for comparison with what Viewshed computed.

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::collections::BTreeMap;
use tokio::time::timeout;
use viewshed_decode::kubernetes::add_list;
use viewshed_model::{
    AccessRequest, Action, AnonymousAnswer, Cluster, Identity, PolicyRule, RulesReview,
};

use super::client::Client;
use super::failure::Failure;
use super::request::{Document, NodeName, Path, Request, Review};
use crate::progress::Progress;
use crate::text::one_line;

/// The server's answer to one access review (`SubjectAccessReviewStatus`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether an authorizer allows it.
    pub allowed: bool,
    /// Whether an authorizer forbids it outright; RBAC never does.
    pub denied: bool,
    /// For example ``RBAC: allowed by RoleBinding "a/b" of Role "c" to User "d"``.
    pub reason: String,
    /// What the authorizers could not evaluate.
    pub evaluation_error: String,
}

/// Asks the server about others, `reviews_at_once` at a time. Answers come in the order of the questions.
pub async fn review(
    client: &Client,
    questions: &[AccessRequest],
    progress: &dyn Progress,
) -> Vec<Result<Verdict, Failure>> {
    let reviews = questions.iter().map(|question| {
        Review::May(
            Box::new(question.identity.clone()),
            Box::new(question.action.clone()),
        )
    });
    ask(client, reviews, questions.len(), progress).await
}

/// Asks the server about the own credential, `reviews_at_once` at a time. Answers come in the order of
/// the questions.
pub async fn review_own(
    client: &Client,
    actions: &[Action],
    progress: &dyn Progress,
) -> Vec<Result<Verdict, Failure>> {
    let reviews = actions
        .iter()
        .map(|action| Review::MayI(Box::new(action.clone())));
    ask(client, reviews, actions.len(), progress).await
}

const REVIEWS: &str = "access reviews";
// Progress is told in steps: one call per review would cost more than the review.
const REVIEWS_PER_STEP: usize = 256;

async fn ask(
    client: &Client,
    reviews: impl Iterator<Item = Review>,
    total: usize,
    progress: &dyn Progress,
) -> Vec<Result<Verdict, Failure>> {
    progress.started(REVIEWS, u64::try_from(total).ok());
    let mut verdicts = Vec::with_capacity(total);
    let mut answers = stream::iter(reviews)
        .map(|review| async move {
            let body = client.get(&Request::Review(review)).await?;
            verdict_in(&body)
        })
        .buffered(client.limits().reviews_at_once.max(1));
    while let Some(answer) = answers.next().await {
        verdicts.push(answer);
        if verdicts.len() % REVIEWS_PER_STEP == 0 {
            progress.advanced(REVIEWS, REVIEWS_PER_STEP as u64);
        }
    }
    progress.finished(REVIEWS);
    verdicts
}

fn verdict_in(body: &[u8]) -> Result<Verdict, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        status: Status,
    }
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Status {
        allowed: bool,
        denied: bool,
        reason: String,
        evaluation_error: String,
    }
    let Answer { status } = serde_json::from_slice(body)
        .map_err(|_| Failure::Malformed("the answer is not an access review".to_owned()))?;
    Ok(Verdict {
        allowed: status.allowed,
        denied: status.denied,
        reason: one_line(&status.reason),
        evaluation_error: one_line(&status.evaluation_error),
    })
}

/// Namespaces and names of the pods that the kubelet of a node tells through the server's node proxy, sorted. Needs
/// `get nodes/proxy`.
///
/// # Errors
/// When the server refuses, or the kubelet does not answer in time.
pub async fn pods_of_kubelet(
    client: &Client,
    node: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let name = NodeName::new(node)
        .ok_or_else(|| Failure::Malformed("a name that is not allowed".to_owned()))?;
    let request = Request::Document(Document::KubeletPods(name));
    let time_max = client.limits().kubelet_time_max;
    let body = match timeout(time_max, client.get(&request)).await {
        Ok(body) => body?,
        Err(_) => return Err(Failure::TimedOut(time_max.as_secs())),
    };
    let mut told = Cluster::default();
    add_list(&mut told, &mut Vec::new(), client.name(), "", "pods", &body)
        .map_err(|error| Failure::Malformed(error.to_string()))?;
    let mut pods: Vec<(String, String)> = told
        .pods
        .into_iter()
        .map(|pod| (pod.meta.namespace.unwrap_or_default(), pod.meta.name))
        .collect();
    pods.sort_unstable();
    Ok(pods)
}

/// Who the server takes the credential for.
pub async fn who_am_i(client: &Client) -> Result<Identity, Failure> {
    let body = client.get(&Request::Review(Review::WhoAmI)).await?;
    identity_in(&body)
        .ok_or_else(|| Failure::Malformed("the answer is not a SelfSubjectReview".to_owned()))
}

/// Reads `status.userInfo` of a `SelfSubjectReview`.
pub(crate) fn identity_in(body: &[u8]) -> Option<Identity> {
    #[derive(Deserialize)]
    struct Answer {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        user_info: UserInfo,
    }
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct UserInfo {
        username: String,
        groups: Vec<String>,
        uid: Option<String>,
        extra: BTreeMap<String, Vec<String>>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let info = answer.status.user_info;
    Some(Identity {
        user: info.username,
        groups: info.groups,
        uid: info.uid,
        extra: info.extra,
    })
}

/// What the own credential may do in one namespace, as the server lists it (`SelfSubjectRulesReview`).
pub async fn own_rules_review(client: &Client, namespace: &str) -> Result<RulesReview, Failure> {
    let review = Review::MyRules {
        namespace: namespace.to_owned(),
    };
    let body = client.get(&Request::Review(review)).await?;
    let status = rules_in(&body).ok_or_else(|| {
        Failure::Malformed("the answer is not a SelfSubjectRulesReview".to_owned())
    })?;
    Ok(RulesReview {
        estate: client.name().to_owned(),
        identity: client.identity().cloned().unwrap_or_default(),
        namespace: namespace.to_owned(),
        is_of_server: true,
        ..status
    })
}

/// Reads the status of a `SelfSubjectRulesReview` (`SubjectRulesReviewStatus` of `authorization.k8s.io/v1`).
fn rules_in(body: &[u8]) -> Option<RulesReview> {
    #[derive(Deserialize)]
    struct Answer {
        status: Status,
    }
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Status {
        resource_rules: Vec<Rule>,
        #[serde(rename = "nonResourceRules")]
        path_rules: Vec<Rule>,
        incomplete: bool,
        evaluation_error: String,
    }
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Rule {
        verbs: Vec<String>,
        api_groups: Vec<String>,
        resources: Vec<String>,
        resource_names: Vec<String>,
        #[serde(rename = "nonResourceURLs")]
        non_resource_urls: Vec<String>,
    }
    let read = |rule: Rule| {
        let clean = |words: Vec<String>| words.iter().map(|word| one_line(word)).collect();
        PolicyRule {
            verbs: clean(rule.verbs),
            api_groups: clean(rule.api_groups),
            resources: clean(rule.resources),
            resource_names: clean(rule.resource_names),
            non_resource_urls: clean(rule.non_resource_urls),
        }
    };
    let Answer { status } = serde_json::from_slice(body).ok()?;
    Some(RulesReview {
        resource_rules: status.resource_rules.into_iter().map(read).collect(),
        non_resource_rules: status.path_rules.into_iter().map(read).collect(),
        incomplete: status.incomplete,
        evaluation_error: one_line(&status.evaluation_error),
        ..RulesReview::default()
    })
}

/// What requests without any credential really get, path by path. Paths that could reach an object
/// are not asked and are missing from the answers.
pub async fn anonymous(
    client: &Client,
    paths: &[String],
) -> Vec<(String, Result<AnonymousAnswer, Failure>)> {
    let mut answers = Vec::new();
    for path in paths {
        let Some(checked) = Path::new(path) else {
            continue;
        };
        let request = Request::Document(Document::Path(checked));
        let answer = client
            .status_for_anonymous(&request)
            .await
            .map(|status| AnonymousAnswer {
                path: path.clone(),
                status,
            });
        answers.push((path.clone(), answer));
    }
    answers
}

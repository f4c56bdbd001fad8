//! Access reviews: the question, the answer, and the access that a question of another server stands for.
//!
//! A kubelet, an aggregated API server or a proxy such as kube-rbac-proxy asks kube-apiserver, with a
//! SubjectAccessReview, whether its own caller may do something. That is often the only trace of the call.

use std::borrow::Cow;

use serde::Deserialize;
use viewshed_model::{Activity, ActivityObject, Actor, ReviewedAccess, Surface, Texts, Verdict};

use super::extra::KeptExtra;
use crate::borrowed::Text;
use crate::nullable::Nullable;

/// `authorization.k8s.io/v1` reviews and `authentication.k8s.io/v1` `TokenReview`. `spec.token` is not a
/// field here: a token is never read.
#[derive(Debug, Default, Deserialize)]
struct WireReview<'a> {
    #[serde(borrow, default)]
    spec: Nullable<WireSpec<'a>>,
    #[serde(borrow, default)]
    status: Nullable<WireStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSpec<'a> {
    #[serde(borrow, default)]
    user: Text<'a>,
    #[serde(borrow, default)]
    uid: Text<'a>,
    #[serde(borrow, default)]
    groups: Nullable<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    extra: KeptExtra<Cow<'a, str>>,
    /// Of a rules review.
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow, default)]
    resource_attributes: Nullable<WireResource<'a>>,
    #[serde(borrow, default)]
    non_resource_attributes: Nullable<WirePath<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireResource<'a> {
    #[serde(borrow, default)]
    verb: Text<'a>,
    #[serde(borrow, default)]
    group: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    resource: Text<'a>,
    #[serde(borrow, default)]
    subresource: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct WirePath<'a> {
    #[serde(borrow, default)]
    verb: Text<'a>,
    #[serde(borrow, default)]
    path: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct WireStatus<'a> {
    #[serde(default)]
    allowed: Option<bool>,
    #[serde(borrow, default)]
    reason: Text<'a>,
    #[serde(default)]
    authenticated: Option<bool>,
    #[serde(borrow, default)]
    user: Nullable<WireReviewedUser<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireReviewedUser<'a> {
    #[serde(borrow, default)]
    username: Text<'a>,
    #[serde(borrow, default)]
    groups: Nullable<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    extra: KeptExtra<Cow<'a, str>>,
}

/// Fills `review` where the bodies hold one; gives the access that the review stands for, if it stands for one.
pub(super) fn examine<'a>(activity: &mut Activity<'a>) -> Option<Activity<'a>> {
    if activity.verb != "create" || !activity.object.resource.ends_with("reviews") {
        return None;
    }
    match &*activity.object.resource {
        "selfsubjectaccessreviews" | "selfsubjectrulesreviews" | "localsubjectaccessreviews" => {
            activity.review = Some(Box::new(question(activity)?.review));
            None
        }
        "subjectaccessreviews" => {
            let question = question(activity)?;
            let delegated = delegated(activity, &question);
            activity.review = Some(Box::new(question.review));
            delegated
        }
        "tokenreviews" => {
            let status = parse(activity.response_body)?.status.0;
            let caller = caller(
                status.user.0.username.0,
                status.user.0.groups.0,
                status.user.0.extra,
            );
            activity.review = Some(Box::new(ReviewedAccess {
                user: caller.user,
                groups: list(caller.groups),
                credential: caller.credential,
                pod: caller.pod,
                is_allowed: Some(status.authenticated.unwrap_or_default()),
                ..ReviewedAccess::default()
            }));
            None
        }
        _ => None,
    }
}

struct Question<'a> {
    review: ReviewedAccess<'a>,
    uid: Cow<'a, str>,
    node: Cow<'a, str>,
    api_version: Cow<'a, str>,
    reason: Cow<'a, str>,
}

/// The question stands in the request; where only the response was recorded, it repeats it. The answer
/// stands in the response alone: the request's status is empty.
fn question<'a>(activity: &Activity<'a>) -> Option<Question<'a>> {
    let response = parse(activity.response_body);
    let (answer, reason, response_spec) = match response {
        Some(response) => {
            let status = response.status.0;
            (status.allowed, status.reason.0, Some(response.spec.0))
        }
        None => (None, Cow::Borrowed(""), None),
    };
    let spec = match parse(activity.request_body) {
        Some(request) => request.spec.0,
        None => response_spec?,
    };
    let is_resource = !spec.resource_attributes.verb.is_empty();
    let attributes = spec.resource_attributes.0;
    let path = spec.non_resource_attributes.0;
    let caller = caller(spec.user.0, spec.groups.0, spec.extra);
    Some(Question {
        review: ReviewedAccess {
            user: caller.user,
            groups: list(caller.groups),
            credential: caller.credential,
            pod: caller.pod,
            verb: if is_resource {
                attributes.verb.0
            } else {
                path.verb.0
            },
            api_group: attributes.group.0,
            resource: attributes.resource.0,
            subresource: attributes.subresource.0,
            namespace: if is_resource {
                attributes.namespace.0
            } else {
                spec.namespace.0
            },
            name: attributes.name.0,
            path: path.path.0,
            is_allowed: answer,
        },
        uid: spec.uid.0,
        node: caller.node,
        api_version: attributes.version.0,
        reason,
    })
}

fn parse(body: &str) -> Option<WireReview<'_>> {
    serde_json::from_str(body).ok()
}

fn caller<'a>(
    user: Cow<'a, str>,
    groups: Vec<Text<'a>>,
    mut extra: KeptExtra<Cow<'a, str>>,
) -> Actor<'a> {
    Actor {
        user,
        groups: Texts::List(groups.into_iter().map(|group| group.0).collect()),
        pod: std::mem::take(&mut extra.pod),
        node: std::mem::take(&mut extra.node),
        credential: extra.credential(),
        ..Actor::default()
    }
}

fn list(groups: Texts<'_>) -> Vec<Cow<'_, str>> {
    match groups {
        Texts::List(list) => list,
        Texts::Empty | Texts::Written(_) => Vec::new(),
    }
}

/// The access behind a SubjectAccessReview.
///
/// People ask such questions too (`who-can` tools). A server asks about a caller whom it has authenticated, and
/// every authenticator adds `system:authenticated` or `system:unauthenticated`; tools leave them out. The
/// review itself is passed on in any case.
fn delegated<'a>(activity: &Activity<'a>, question: &Question<'a>) -> Option<Activity<'a>> {
    let asker = &activity.actor.user;
    let is_server = asker.starts_with("system:") && *asker != "system:anonymous";
    let review = &question.review;
    let is_authenticated = review
        .groups
        .iter()
        .any(|group| group == "system:authenticated" || group == "system:unauthenticated");
    if !is_server || !is_authenticated {
        return None;
    }
    Some(Activity {
        at_us: activity.at_us,
        surface: Surface::DelegatedReview,
        stage: activity.stage,
        level: activity.level,
        id: activity.id.clone(),
        cluster: activity.cluster.clone(),
        actor: Actor {
            user: review.user.clone(),
            uid: question.uid.clone(),
            groups: Texts::List(review.groups.clone()),
            pod: review.pod.clone(),
            node: question.node.clone(),
            credential: review.credential.clone(),
            ..Actor::default()
        },
        verb: review.verb.clone(),
        object: ActivityObject {
            api_group: review.api_group.clone(),
            api_version: question.api_version.clone(),
            resource: review.resource.clone(),
            subresource: review.subresource.clone(),
            namespace: review.namespace.clone(),
            name: review.name.clone(),
        },
        uri: review.path.clone(),
        verdict: match review.is_allowed {
            Some(true) => Verdict::Allowed,
            Some(false) => Verdict::Refused,
            None => Verdict::Unknown,
        },
        reason: question.reason.clone().into(),
        is_truncated: activity.is_truncated,
        ..Activity::default()
    })
}

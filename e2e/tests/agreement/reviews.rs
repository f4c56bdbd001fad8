//! Access reviews: allowed or not, and in which words.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use viewshed_analyze::rbac::{AccessIndex, Question, Session, Verdict, rule_allows, server_reason};
use viewshed_model::{AccessRequest, Action, Decision, Identity};

use crate::api::{Answer, Request, Tally};
use crate::world::World;

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    allowed: bool,
    denied: bool,
    reason: String,
    evaluation_error: String,
}

/// Asks the server each question and compares its answer with ours.
pub(crate) fn compare(
    world: &World,
    questions: impl Iterator<Item = (Identity, Action)>,
) -> Result<Tally> {
    let index = AccessIndex::new(&world.cluster);
    let questions: Vec<AccessRequest> = questions
        .map(|(identity, action)| AccessRequest { identity, action })
        .collect();
    let mut tally = Tally::default();
    let requests = questions.iter().map(request);
    world.admin.send_all(requests, |number, answer| {
        if let Some(question) = questions.get(number) {
            judge(&index, question, &answer, &mut tally);
        }
    })?;
    Ok(tally)
}

/// Asks the server each question and looks at no answer.
pub(crate) fn send(world: &World, questions: &[AccessRequest]) -> Result<()> {
    world
        .admin
        .send_all(questions.iter().map(request), |_, _| {})
}

fn request(question: &AccessRequest) -> Request {
    let mut spec = json!({"user": question.identity.user, "groups": question.identity.groups});
    match &question.action {
        Action::Resource(asked) => {
            let mut attributes = json!({
                "verb": asked.verb, "group": asked.api_group, "version": asked.api_version,
                "resource": asked.resource, "subresource": asked.subresource,
                "namespace": asked.namespace, "name": asked.name,
            });
            if !asked.field_selector.is_empty() {
                attributes["fieldSelector"] = json!({"rawSelector": asked.field_selector});
            }
            spec["resourceAttributes"] = attributes;
        }
        Action::NonResource(asked) => {
            spec["nonResourceAttributes"] = json!({"verb": asked.verb, "path": asked.path});
        }
    }
    Request {
        method: "POST".to_owned(),
        target: "/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(),
        body: json!({"spec": spec}).to_string(),
        ..Request::default()
    }
}

fn judge(index: &AccessIndex<'_>, asked: &AccessRequest, answer: &Answer, tally: &mut Tally) {
    tally.asked += 1;
    let Ok(review) = serde_json::from_slice::<Review>(&answer.body) else {
        let body = String::from_utf8_lossy(&answer.body);
        tally.difference(|| format!("no review but {}: {body}", answer.status));
        return;
    };
    let status = review.status;
    tally.allowed += usize::from(status.allowed);
    let session = index.session(&asked.identity);
    let decision = session.decide(&asked.action);
    let verdict = session.verdict(&asked.action);
    let expected = if status.allowed {
        Verdict::Yes
    } else {
        Verdict::No
    };
    let agrees = verdict == expected
        && decision.is_allowed() == status.allowed
        && !status.denied
        && matches!(decision, Decision::Allowed(_) | Decision::Denied(_))
        && reason_agrees(&session, &asked.action, &decision, &status.reason);
    if !agrees {
        tally.difference(|| format!("{asked:?}: server {status:?}, ours {decision:?} {verdict:?}"));
    }
}

/// The server visits bindings in no fixed order: its reason must be that of one of the bindings
/// that allow, or list the same missing roles.
pub(crate) fn reason_agrees(
    session: &Session<'_>,
    action: &Action,
    decision: &Decision,
    reason: &str,
) -> bool {
    if server_reason(decision) == reason {
        return true;
    }
    if !decision.is_allowed() {
        return sorted_parts(&server_reason(decision)) == sorted_parts(reason);
    }
    let question = Question::from(action);
    session
        .cluster_grants()
        .chain(session.namespace_grants(question.namespace()))
        .filter_map(|grant| {
            let rules = &grant.role?.rules;
            let rule = rules.iter().position(|rule| rule_allows(rule, &question))?;
            Some(server_reason(&Decision::Allowed(grant.evidence(rule))))
        })
        .any(|ours| ours == reason)
}

pub(crate) fn sorted_parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = text
        .split(['[', ']', ','])
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    parts.sort_unstable();
    parts
}

/// A value of the body, for messages.
pub(crate) fn value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

//! The part of `viewshed see --here` that only this vantage has.

use serde::Serialize;
use viewshed_model::{
    Action, AnsweredCredential, Here, Identity, NonResourceRequest, OwnAnswer, ResourceRequest,
    Surroundings,
};

/// What is around the program, and what the API server answered.
#[derive(Debug, Serialize)]
pub(crate) struct HereDocument<'a> {
    surroundings: &'a Surroundings,
    credentials: Vec<CredentialDocument<'a>>,
}

/// One credential with its answers.
#[derive(Debug, Serialize)]
struct CredentialDocument<'a> {
    /// Path of the token; empty for requests without a credential.
    credential: &'a str,
    identity: &'a Identity,
    answers: Vec<AnswerDocument<'a>>,
}

/// One question and what the server said.
#[derive(Debug, Serialize)]
struct AnswerDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_request: Option<&'a ResourceRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_request: Option<&'a NonResourceRequest>,
    allowed: bool,
    reason: &'a str,
}

impl<'a> HereDocument<'a> {
    pub(super) fn of(here: &'a Here) -> Self {
        Self {
            surroundings: &here.surroundings,
            credentials: here
                .credentials
                .iter()
                .map(CredentialDocument::of)
                .collect(),
        }
    }
}

impl<'a> CredentialDocument<'a> {
    fn of(answered: &'a AnsweredCredential) -> Self {
        Self {
            credential: &answered.credential,
            identity: &answered.identity,
            answers: answered.answers.iter().map(AnswerDocument::of).collect(),
        }
    }
}

impl<'a> AnswerDocument<'a> {
    fn of(answer: &'a OwnAnswer) -> Self {
        let (resource_request, path_request) = match &answer.action {
            Action::Resource(request) => (Some(request), None),
            Action::NonResource(request) => (None, Some(request)),
        };
        Self {
            resource_request,
            path_request,
            allowed: answer.allowed,
            reason: &answer.reason,
        }
    }
}

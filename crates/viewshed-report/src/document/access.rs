//! The documents of `viewshed can-i`.

use serde::Serialize;
use viewshed_model::{
    AccessAnswer, Action, Decision, Gap, Identity, NonResourceRequest, PolicyRule, ResourceRequest,
    RulesReview,
};

use super::EvidenceDocument;
use super::evidence::facts;
use crate::wording;

/// One question and its answer.
#[derive(Debug, Serialize)]
pub(crate) struct AccessDocument<'a> {
    estate: &'a str,
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_request: Option<&'a ResourceRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_request: Option<&'a NonResourceRequest>,
    /// `allowed`, `denied` or `depends`.
    answer: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceDocument<'a>>,
    depends_on: Vec<&'a str>,
    gaps: &'a [Gap],
}

impl<'a> AccessDocument<'a> {
    pub(crate) fn of(access: &'a AccessAnswer) -> Self {
        let (resource_request, path_request) = match &access.request.action {
            Action::Resource(request) => (Some(request), None),
            Action::NonResource(request) => (None, Some(request)),
        };
        let (answer, evidence, depends_on) = match &access.decision {
            Decision::Allowed(evidence) => {
                ("allowed", Some(EvidenceDocument::of(evidence)), Vec::new())
            }
            Decision::Denied(_) => ("denied", None, Vec::new()),
            Decision::DependsOn(missing) => ("depends", None, facts(missing)),
        };
        Self {
            estate: &access.estate,
            identity: &access.request.identity,
            resource_request,
            path_request,
            answer,
            reason: wording::decision(&access.decision).1,
            evidence,
            depends_on,
            gaps: &access.gaps,
        }
    }
}

/// Everything that an identity may do.
#[derive(Debug, Serialize)]
pub(crate) struct RulesDocument<'a> {
    estate: &'a str,
    identity: &'a Identity,
    namespace: &'a str,
    resource_rules: &'a [PolicyRule],
    non_resource_rules: &'a [PolicyRule],
    incomplete: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    evaluation_error: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_of_server: bool,
    gaps: &'a [Gap],
}

impl<'a> RulesDocument<'a> {
    pub(crate) fn of(review: &'a RulesReview) -> Self {
        Self {
            estate: &review.estate,
            identity: &review.identity,
            namespace: &review.namespace,
            resource_rules: &review.resource_rules,
            non_resource_rules: &review.non_resource_rules,
            incomplete: review.incomplete,
            evaluation_error: &review.evaluation_error,
            is_of_server: review.is_of_server,
            gaps: &review.gaps,
        }
    }
}

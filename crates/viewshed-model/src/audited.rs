//! What an audit log recorded of one request.

use serde::{Deserialize, Serialize};

use crate::Identity;

/// The parts of an audit event (`audit.k8s.io/v1`) that an authorizer saw, and what it answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditedRequest {
    /// `auditID`; watch and exec requests write several events with the same one.
    pub audit_id: String,
    /// `stage`, for example `ResponseComplete`.
    pub stage: String,
    /// `user`.
    pub user: Identity,
    /// `impersonatedUser`: then the decision is about this identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonated: Option<Identity>,
    /// `verb`.
    pub verb: String,
    /// `requestURI`: path and query.
    pub request_uri: String,
    /// `objectRef`; `None` for requests that are not for an API resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<AuditedObject>,
    /// `responseStatus.code`; 0 when the event has none yet.
    pub code: u16,
    /// Annotation `authorization.k8s.io/decision` (`allow` or `forbid`); empty when absent.
    pub decision: String,
    /// Annotation `authorization.k8s.io/reason`.
    pub reason: String,
}

/// `objectRef` of an audit event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditedObject {
    /// API group; empty for core.
    pub api_group: String,
    /// API version.
    pub api_version: String,
    /// Plural name.
    pub resource: String,
    /// Subresource; empty for the resource itself.
    pub subresource: String,
    /// Namespace.
    pub namespace: String,
    /// Object name: also the one that a create came back with.
    pub name: String,
}

//! Audit events (audit.k8s.io v1 and v1beta1): who asked for what, and what was decided.

use std::collections::BTreeMap;

use serde::Deserialize;
use viewshed_model::{AuditedObject, AuditedRequest, Identity};

use super::QuestionError;

/// Fields that authorization does not see (request and response bodies, source addresses, user agent)
/// are skipped unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, rename = "auditID")]
    audit_id: Option<String>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default, rename = "requestURI")]
    request_uri: Option<String>,
    #[serde(default)]
    verb: Option<String>,
    #[serde(default)]
    user: Option<WireUser>,
    #[serde(default)]
    impersonated_user: Option<WireUser>,
    #[serde(default)]
    object_ref: Option<WireObject>,
    #[serde(default)]
    response_status: Option<WireStatus>,
    #[serde(default)]
    annotations: Option<WireAnnotations>,
}

#[derive(Deserialize)]
struct WireUser {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    extra: Option<BTreeMap<String, Option<Vec<String>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireObject {
    #[serde(default)]
    api_group: Option<String>,
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    subresource: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct WireStatus {
    #[serde(default)]
    code: Option<u16>,
}

#[derive(Deserialize)]
struct WireAnnotations {
    #[serde(default, rename = "authorization.k8s.io/decision")]
    decision: Option<String>,
    #[serde(default, rename = "authorization.k8s.io/reason")]
    reason: Option<String>,
}

/// Reads one event.
///
/// # Errors
/// When the line is not JSON or a field has the wrong type.
pub fn audit_event(line: &[u8]) -> Result<AuditedRequest, QuestionError> {
    let wire: Wire = serde_json::from_slice(line).map_err(QuestionError::Malformed)?;
    let (decision, reason) = match wire.annotations {
        Some(annotations) => (annotations.decision, annotations.reason),
        None => (None, None),
    };
    Ok(AuditedRequest {
        audit_id: wire.audit_id.unwrap_or_default(),
        stage: wire.stage.unwrap_or_default(),
        user: wire.user.map(identity).unwrap_or_default(),
        impersonated: wire.impersonated_user.map(identity),
        verb: wire.verb.unwrap_or_default(),
        request_uri: wire.request_uri.unwrap_or_default(),
        object: wire.object_ref.map(object),
        code: wire
            .response_status
            .and_then(|status| status.code)
            .unwrap_or_default(),
        decision: decision.unwrap_or_default(),
        reason: reason.unwrap_or_default(),
    })
}

fn identity(wire: WireUser) -> Identity {
    let extra = wire.extra.unwrap_or_default();
    Identity {
        user: wire.username.unwrap_or_default(),
        groups: wire.groups.unwrap_or_default(),
        uid: wire.uid.filter(|uid| !uid.is_empty()),
        extra: extra
            .into_iter()
            .map(|(key, values)| (key, values.unwrap_or_default()))
            .collect(),
    }
}

fn object(wire: WireObject) -> AuditedObject {
    AuditedObject {
        api_group: wire.api_group.unwrap_or_default(),
        api_version: wire.api_version.unwrap_or_default(),
        resource: wire.resource.unwrap_or_default(),
        subresource: wire.subresource.unwrap_or_default(),
        namespace: wire.namespace.unwrap_or_default(),
        name: wire.name.unwrap_or_default(),
    }
}

//! From an audit event back to the question that the authorizer was asked.

use viewshed_model::{AccessRequest, Action, AuditedRequest, NonResourceRequest, ResourceRequest};

use super::request_info;

/// The question that a recorded request led to: about the impersonated identity where there is one.
///
/// The request URI decides, because `objectRef` is no witness: for a create it holds the name that
/// came back, which no authorizer saw. Without a usable URI, `objectRef` is taken with that name
/// removed. `None` when the event has neither.
pub fn audited_question(event: &AuditedRequest) -> Option<AccessRequest> {
    let identity = event.impersonated.as_ref().unwrap_or(&event.user).clone();
    let action = from_uri(event).or_else(|| from_object(event))?;
    Some(AccessRequest { identity, action })
}

fn from_uri(event: &AuditedRequest) -> Option<Action> {
    let method = match event.verb.as_str() {
        "get" | "list" | "watch" => "GET".to_owned(),
        "create" => "POST".to_owned(),
        "update" => "PUT".to_owned(),
        "patch" => "PATCH".to_owned(),
        "delete" | "deletecollection" => "DELETE".to_owned(),
        // For paths outside the resource API the verb is the method itself.
        method => method.to_uppercase(),
    };
    match request_info(&method, &event.request_uri).ok()? {
        Action::NonResource(request) => Some(Action::NonResource(NonResourceRequest {
            verb: event.verb.clone(),
            ..request
        })),
        Action::Resource(request) => Some(Action::Resource(request)),
    }
}

fn from_object(event: &AuditedRequest) -> Option<Action> {
    let object = event.object.as_ref()?;
    let name_is_unseen = (event.verb == "create" && object.subresource.is_empty())
        || event.verb == "deletecollection";
    Some(Action::Resource(ResourceRequest {
        verb: event.verb.clone(),
        api_group: object.api_group.clone(),
        api_version: object.api_version.clone(),
        resource: object.resource.clone(),
        subresource: object.subresource.clone(),
        namespace: object.namespace.clone(),
        name: if name_is_unseen {
            String::new()
        } else {
            object.name.clone()
        },
        ..ResourceRequest::default()
    }))
}

//! What is asked: the attributes of one request as an authorizer sees them.

use serde::{Deserialize, Serialize};

use crate::Identity;

/// One question to the authorizer chain (`authorizer.Attributes`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRequest {
    /// Who asks.
    pub identity: Identity,
    /// For what.
    pub action: Action,
}

/// A resource request or a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// An API resource.
    Resource(ResourceRequest),
    /// A path outside the resource API, such as `/metrics`.
    NonResource(NonResourceRequest),
}

/// A request for an API resource. Empty strings mean "not given", as on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceRequest {
    /// `get`, `list`, `watch`, `create`, `impersonate`, ...
    pub verb: String,
    /// `""` is the core group.
    pub api_group: String,
    /// Version; RBAC never looks at it.
    pub api_version: String,
    /// Plural name, for example `pods`.
    pub resource: String,
    /// For example `log` or `exec`; empty for the resource itself.
    pub subresource: String,
    /// Empty for cluster scope or all namespaces.
    pub namespace: String,
    /// Empty when no single object is named.
    pub name: String,
    /// Raw field selector; only the Node authorizer and webhooks look at it.
    pub field_selector: String,
    /// Raw label selector; only webhooks look at it.
    pub label_selector: String,
}

impl ResourceRequest {
    /// `pods`, or `pods/log` with a subresource: the form that rules use.
    pub fn combined_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

/// A request for a path outside the resource API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct NonResourceRequest {
    /// Lower-case HTTP method.
    pub verb: String,
    /// Path without query string.
    pub path: String,
}

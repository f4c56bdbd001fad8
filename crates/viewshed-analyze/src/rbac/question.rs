//! The borrowed form of a question, so that millions can be asked without copying strings.

use viewshed_model::{Action, NonResourceRequest, ResourceRequest};

/// What is asked, without the identity (`authorizer.Attributes`); made from an [`Action`] for free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// For an API resource.
    Resource(ResourceQuestion<'a>),
    /// For a path outside the resource API.
    NonResource {
        /// Lower-case HTTP method.
        verb: &'a str,
        /// Path without query string.
        path: &'a str,
    },
}

/// The borrowed form of a [`ResourceRequest`]; empty strings mean "not given".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceQuestion<'a> {
    /// `get`, `list`, `watch`, ...
    pub verb: &'a str,
    /// `""` is the core group.
    pub api_group: &'a str,
    /// Version; only webhooks look at it.
    pub api_version: &'a str,
    /// Plural name.
    pub resource: &'a str,
    /// For example `log`.
    pub subresource: &'a str,
    /// Empty for cluster scope or all namespaces.
    pub namespace: &'a str,
    /// Empty when no single object is named.
    pub name: &'a str,
    /// Raw field selector; only the Node authorizer and webhooks look at it.
    pub field_selector: &'a str,
    /// Raw label selector; only webhooks look at it.
    pub label_selector: &'a str,
}

impl<'a> Question<'a> {
    /// The verb.
    pub fn verb(&self) -> &'a str {
        match self {
            Self::Resource(resource) => resource.verb,
            Self::NonResource { verb, .. } => verb,
        }
    }

    /// The namespace; empty for cluster scope, all namespaces and paths.
    pub fn namespace(&self) -> &'a str {
        match self {
            Self::Resource(resource) => resource.namespace,
            Self::NonResource { .. } => "",
        }
    }

    /// The same question about one namespace; a path has none.
    #[must_use]
    pub fn in_namespace(self, namespace: &'a str) -> Self {
        match self {
            Self::Resource(asked) => Self::Resource(ResourceQuestion { namespace, ..asked }),
            Self::NonResource { .. } => self,
        }
    }

    /// The owned form.
    pub fn to_action(&self) -> Action {
        match *self {
            Self::Resource(resource) => Action::Resource(resource.to_request()),
            Self::NonResource { verb, path } => Action::NonResource(NonResourceRequest {
                verb: verb.to_owned(),
                path: path.to_owned(),
            }),
        }
    }
}

impl ResourceQuestion<'_> {
    /// The owned form.
    pub fn to_request(&self) -> ResourceRequest {
        ResourceRequest {
            verb: self.verb.to_owned(),
            api_group: self.api_group.to_owned(),
            api_version: self.api_version.to_owned(),
            resource: self.resource.to_owned(),
            subresource: self.subresource.to_owned(),
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
            field_selector: self.field_selector.to_owned(),
            label_selector: self.label_selector.to_owned(),
        }
    }
}

impl<'a> From<&'a Action> for Question<'a> {
    fn from(action: &'a Action) -> Self {
        match action {
            Action::Resource(request) => Self::Resource(request.into()),
            Action::NonResource(request) => Self::NonResource {
                verb: &request.verb,
                path: &request.path,
            },
        }
    }
}

impl<'a> From<&'a ResourceRequest> for ResourceQuestion<'a> {
    fn from(request: &'a ResourceRequest) -> Self {
        Self {
            verb: &request.verb,
            api_group: &request.api_group,
            api_version: &request.api_version,
            resource: &request.resource,
            subresource: &request.subresource,
            namespace: &request.namespace,
            name: &request.name,
            field_selector: &request.field_selector,
            label_selector: &request.label_selector,
        }
    }
}

impl<'a> From<&'a ResourceRequest> for Question<'a> {
    fn from(request: &'a ResourceRequest) -> Self {
        Self::Resource(request.into())
    }
}

impl<'a> From<ResourceQuestion<'a>> for Question<'a> {
    fn from(question: ResourceQuestion<'a>) -> Self {
        Self::Resource(question)
    }
}

//! A watch that ends by itself and brings metadata only.

use super::list::List;

/// A watch of one kind, which the server ends after a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch(List);

impl Watch {
    /// Metadata, never whole objects; no alternative after a comma, so that a server that lacks the form refuses.
    pub(super) const ACCEPT: &'static str =
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    /// The kind and place of a list. `None` for secrets: their annotations may hold values.
    pub fn new(list: List) -> Option<Self> {
        (!list.is_of_secrets()).then_some(Self(list))
    }

    pub(super) fn path_and_query(&self) -> String {
        format!("{}?watch=true&timeoutSeconds=1", self.0.path())
    }
}

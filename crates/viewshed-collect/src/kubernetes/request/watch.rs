//! A watch that ends by itself.

use super::list::List;

/// A watch of one kind, which the server ends after a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    list: List,
    form: Form,
}

/// How much of each object crosses the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Metadata,
    /// What a list of that kind brings: of secrets the names alone.
    AsListed,
}

/// No alternative after a comma, so that a server that lacks the form refuses.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

impl Watch {
    /// The kind and place of a list, metadata only. `None` for secrets: their annotations may hold values.
    pub fn new(list: List) -> Option<Self> {
        (!list.is_of_secrets()).then_some(Self {
            list,
            form: Form::Metadata,
        })
    }

    /// The kind and place of a list, and as much of each object as the list would bring.
    pub(crate) const fn as_listed(list: List) -> Self {
        Self {
            list,
            form: Form::AsListed,
        }
    }

    pub(super) fn accept(&self) -> &'static str {
        match self.form {
            Form::AsListed if !self.list.is_of_metadata() => self.list.accept(),
            Form::AsListed | Form::Metadata => METADATA,
        }
    }

    pub(super) fn path_and_query(&self) -> String {
        let names = match self.form {
            Form::AsListed if self.list.is_of_secrets() => "&includeObject=None",
            _ => "",
        };
        format!("{}?watch=true&timeoutSeconds=1{names}", self.list.path())
    }
}

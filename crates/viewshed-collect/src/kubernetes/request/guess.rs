//! One object by name, as metadata only.

use super::list::List;
use super::path::is_plain;

/// The metadata of one object that may or may not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    place: List,
    name: String,
}

impl Guess {
    /// Metadata, never the whole object.
    pub(super) const ACCEPT: &'static str =
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    /// An object of the kind and place of a list. `None` for secrets, whose annotations may hold values, and
    /// for names that Kubernetes does not allow.
    pub fn new(place: List, name: &str) -> Option<Self> {
        (!place.is_of_secrets() && is_plain(name)).then(|| Self {
            place,
            name: name.to_owned(),
        })
    }

    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.place.path(), self.name)
    }
}

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
    /// Metadata, never the whole object; of a Secret the row of a table without the object, since its annotations may
    /// hold values.
    pub(super) fn accept(&self) -> &'static str {
        if self.place.is_of_secrets() {
            "application/json;as=Table;g=meta.k8s.io;v=v1"
        } else {
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        }
    }

    /// An object of the kind and place of a list. `None` for names that Kubernetes does not allow.
    pub fn new(place: List, name: &str) -> Option<Self> {
        is_plain(name).then(|| Self {
            place,
            name: name.to_owned(),
        })
    }

    pub(super) fn path_and_query(&self) -> String {
        let path = format!("{}/{}", self.place.path(), self.name);
        if self.place.is_of_secrets() {
            format!("{path}?includeObject=None")
        } else {
            path
        }
    }
}

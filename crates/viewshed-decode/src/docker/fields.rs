//! Lenient reading of one JSON object: a field of the wrong type is left out and its name is kept.
//!
//! Daemons of other ages and Podman leave fields out, send `null` for lists, or change a type. One such field
//! must not cost the container that it stands in, so nothing here returns an error.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::text::clean;

/// Field names remembered for one object; enough to say what is strange about it.
const WRONG_NAMES_MAX: usize = 8;

/// Names of fields that were not of the expected type.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    names: RefCell<BTreeSet<String>>,
}

impl Wrong {
    pub(super) fn add(&self, name: &str) {
        let mut names = self.names.borrow_mut();
        if names.len() < WRONG_NAMES_MAX {
            names.insert(clean(name).replace('`', ""));
        }
    }

    /// The names in backticks, sorted; `None` when every field was as expected.
    pub(super) fn describe(&self) -> Option<String> {
        let names = self.names.borrow();
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        (!quoted.is_empty()).then(|| quoted.join(", "))
    }
}

/// One object and where its strange fields are noted. A missing object reads as an empty one.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    wrong: &'a Wrong,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, wrong: &'a Wrong) -> Self {
        Self {
            object: Some(object),
            wrong,
        }
    }

    /// The value; `None` when missing or `null`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object?.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn wrong(&self, key: &str) {
        self.wrong.add(key);
    }

    /// A text without control characters.
    pub(super) fn text(&self, key: &str) -> String {
        match self.get(key) {
            None => String::new(),
            Some(Value::String(text)) => clean(text).into_owned(),
            Some(_) => {
                self.wrong.add(key);
                String::new()
            }
        }
    }

    /// A text, or a number or truth value as it is written: YAML types what its author meant as text.
    pub(super) fn scalar(&self, key: &str) -> String {
        match self.get(key) {
            None => String::new(),
            Some(value) => scalar_text(value).unwrap_or_else(|| {
                self.wrong.add(key);
                String::new()
            }),
        }
    }

    /// The texts of a list; other elements are noted and left out.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.list(key)
            .filter_map(|value| {
                let text = value.as_str().map(|text| clean(text).into_owned());
                if text.is_none() {
                    self.wrong.add(key);
                }
                text
            })
            .collect()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            None => None,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => {
                self.wrong.add(key);
                None
            }
        }
    }

    /// A count; negative ones (Docker writes -1 for "not calculated") are 0.
    pub(super) fn number(&self, key: &str) -> u64 {
        match self.get(key) {
            None => 0,
            Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
            Some(_) => {
                self.wrong.add(key);
                0
            }
        }
    }

    pub(super) fn object(&self, key: &str) -> Self {
        let object = self.get(key).and_then(|value| {
            let object = value.as_object();
            if object.is_none() {
                self.wrong.add(key);
            }
            object
        });
        Self {
            object,
            wrong: self.wrong,
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let list = match self.get(key) {
            None => None,
            Some(Value::Array(list)) => Some(list),
            Some(_) => {
                self.wrong.add(key);
                None
            }
        };
        list.into_iter().flatten()
    }

    /// The objects of a list; other elements are noted and left out.
    pub(super) fn objects(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        let wrong = self.wrong;
        let key = key.to_owned();
        self.list(&key).filter_map(move |value| {
            let object = value.as_object();
            if object.is_none() {
                wrong.add(&key);
            }
            object.map(|object| Fields::new(object, wrong))
        })
    }

    /// The entries of a map with their values; empty when it is missing.
    pub(super) fn entries(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.object(key).object.into_iter().flatten()
    }

    /// A map of texts with cleaned keys and values; scalars are taken as text.
    pub(super) fn text_map(&self, key: &str) -> BTreeMap<String, String> {
        self.entries(key)
            .filter_map(|(name, value)| {
                let text = if value.is_null() {
                    Some(String::new())
                } else {
                    scalar_text(value)
                };
                if text.is_none() {
                    self.wrong.add(key);
                }
                Some((clean(name).into_owned(), text?))
            })
            .collect()
    }

    /// The same notes for an object found elsewhere.
    pub(super) fn of(&self, value: &'a Value) -> Option<Self> {
        value
            .as_object()
            .map(|object| Fields::new(object, self.wrong))
    }
}

/// A scalar as text, cleaned; `None` for lists, maps and null.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text).into_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

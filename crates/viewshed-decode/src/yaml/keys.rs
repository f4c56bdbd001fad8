//! Keys of maps: as texts, and which stand twice.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// Keys that are compared one by one; a map of more is rare, and gets a set.
const FEW_KEYS: usize = 16;

/// The keys of one map so far.
#[derive(Default)]
pub(super) struct SeenKeys<'de> {
    few: Vec<Cow<'de, str>>,
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> SeenKeys<'de> {
    pub(super) fn holds(&self, key: &str) -> bool {
        self.few.iter().any(|known| known == key) || self.many.contains(key)
    }

    pub(super) fn add(&mut self, key: Cow<'de, str>) {
        if self.few.len() < FEW_KEYS {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
    }
}

/// Where the entries of one map stand in the JSON, to take out the earlier of two with one key.
#[derive(Default)]
pub(super) struct Entries<'de>(BTreeMap<Cow<'de, str>, Range<usize>>);

impl<'de> Entries<'de> {
    /// Whether there was an earlier entry.
    pub(super) fn add(&mut self, json: &mut String, key: Cow<'de, str>, start: usize) -> bool {
        let range = start..json.len();
        let Some(earlier) = self.0.insert(key, range) else {
            return false;
        };
        json.replace_range(earlier.clone(), "");
        for range in self.0.values_mut() {
            if range.start >= earlier.end {
                range.start -= earlier.len();
                range.end -= earlier.len();
            }
        }
        true
    }
}

/// A key as text; a map or list as key is an error, as it is in JSON.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl<'de> Visitor<'de> for Scalar {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key that is a text, a number or a truth value")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(if value { "true" } else { "false" })))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_string())))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_string())))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_string())))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Key<'de>, E> {
                Err(E::custom("a key is missing"))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

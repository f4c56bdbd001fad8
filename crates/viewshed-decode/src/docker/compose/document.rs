//! The YAML of a compose file as a tree, with the line of every service.

use std::collections::BTreeSet;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;
use viewshed_model::GapReason;

/// Deepest nesting of one document. The format needs seven levels; recursion must end well before the stack does.
const DEPTH_MAX: usize = 64;

/// Most parser events of one document, aliases expanded: a million is a file of some ten megabytes,
/// and what a bomb of aliases can at most become.
const EVENTS_MAX: usize = 1_000_000;

/// A parsed file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) services: Vec<NamedValue>,
    /// Everything else at the top.
    pub(super) rest: Map<String, Value>,
    pub(super) has_duplicate_keys: bool,
}

/// A mapping entry with the line of its key, counted from 1 in the document's own text.
#[derive(Debug)]
pub(super) struct NamedValue {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) value: Value,
}

/// Why there is no document.
#[derive(Debug)]
pub(super) struct ParseFault {
    pub(super) line: u32,
    pub(super) reason: GapReason,
    pub(super) detail: String,
}

pub(super) fn parse(text: &str) -> Result<Document, ParseFault> {
    match parse_with(text, DuplicateKeyPolicy::Error) {
        Ok(document) => Ok(document),
        // Only a repeated key can make the second reading succeed where the first failed.
        Err(first) => match parse_with(text, DuplicateKeyPolicy::LastWins) {
            Ok(document) => Ok(Document {
                has_duplicate_keys: true,
                ..document
            }),
            Err(_) => Err(first),
        },
    }
}

fn parse_with(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Document, ParseFault> {
    // Compose reads YAML 1.2, where `y`, `no` and `on` are texts.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_events: EVENTS_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: EVENTS_MAX,
        },
        duplicate_keys: duplicate_keys,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Document>(text, options).map_err(|error| ParseFault {
        line: error
            .location()
            .map_or(1, |place| u32::try_from(place.line()).unwrap_or(u32::MAX)),
        reason: if matches!(error.without_snippet(), serde_saphyr::Error::Budget { .. }) {
            GapReason::TooLarge
        } else {
            GapReason::Malformed
        },
        detail: error.to_string(),
    })
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TopLevel)
    }
}

struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = Document;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a mapping with `services`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        let mut at_top = Vec::new();
        let mut has_services = false;
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if key.value == "services" {
                document.services = map.next_value::<NamedValues>()?.0;
                has_services = true;
            } else {
                at_top.push(NamedValue {
                    line: line_of(&key),
                    name: key.value,
                    value: map.next_value()?,
                });
            }
        }
        if has_services || at_top.iter().any(|entry| !entry.value.is_object()) {
            document.rest = at_top
                .into_iter()
                .map(|entry| (entry.name, entry.value))
                .collect();
        } else {
            // Format 1 has services at the top and nothing else.
            document.services = at_top;
        }
        Ok(document)
    }
}

/// A mapping in the order of the file; `null` is an empty one.
struct NamedValues(Vec<NamedValue>);

impl<'de> Deserialize<'de> for NamedValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Services)
    }
}

struct Services;

impl<'de> Visitor<'de> for Services {
    type Value = NamedValues;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a mapping of services")
    }

    fn visit_unit<E>(self) -> Result<NamedValues, E> {
        Ok(NamedValues(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NamedValues, A::Error> {
        let mut services: Vec<NamedValue> = Vec::new();
        let mut names = BTreeSet::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if !names.insert(key.value.clone()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            services.push(NamedValue {
                line: line_of(&key),
                name: key.value,
                value: map.next_value()?,
            });
        }
        Ok(NamedValues(services))
    }
}

fn line_of(key: &Spanned<String>) -> u32 {
    u32::try_from(key.referenced.line()).unwrap_or(u32::MAX)
}

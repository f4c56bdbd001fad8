//! One YAML document as JSON text, as `kubectl` reads it (`sigs.k8s.io/yaml` `YAMLToJSON`).
//!
//! Scalars have the types of YAML 1.1, as in Go's reader: `yes`, `on` and `y` are true, `0755` is
//! octal, keys that are numbers or truth values become texts. The JSON keeps the lines of the
//! items of a list: each item of a top-level `items` stands on the line that it has in the YAML.

mod keys;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{
    AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy,
};
use serde_saphyr::{Budget, Error, Options, Spanned};

use keys::{Entries, Key, SeenKeys};

use crate::DecodeError;
use crate::text::clean_short;

/// Nesting of maps and lists. A custom resource definition with its schema needs about 40; more
/// only serves to exhaust a stack.
pub(crate) const DEPTH_MAX: usize = 64;

/// Nodes that aliases may add to a document. Honest manifests repeat a few blocks of labels or
/// resources; ten aliases of ten aliases, nine deep, are a bomb.
pub(crate) const ALIAS_NODES_MAX: usize = 100_000;

/// Repeated keys that are taken out of one document; each costs a pass over what is written so far.
const REPEATED_KEYS_MAX: usize = 100;

/// Why a document could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// Line in the document, counted from 1; 0 when unknown.
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// A document as JSON, and where a key stood twice in one map.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsonText {
    pub(crate) json: String,
    /// Line of the first repeated key and the key; the last value was taken.
    pub(crate) duplicate: Option<YamlError>,
}

/// Turns one document, without further `---` lines, into JSON. An empty document is `null`.
pub(crate) fn to_json(document: &str) -> Result<JsonText, YamlError> {
    // Most documents have neither merge keys nor a key twice: for those the parser need not keep every key's nodes.
    if !document.contains("<<")
        && let Ok(json) = convert(document, Keys::Plain)
    {
        return Ok(JsonText {
            json,
            duplicate: None,
        });
    }
    match convert(document, Keys::Unique) {
        Ok(json) => Ok(JsonText {
            json,
            duplicate: None,
        }),
        Err(Error::DuplicateMappingKey { key, location }) => {
            let json = convert(document, Keys::Repeated).map_err(|error| described(&error))?;
            let key = clean_short(&key.unwrap_or_default());
            Ok(JsonText {
                json,
                duplicate: Some(YamlError {
                    line: u32::try_from(location.line()).unwrap_or(0),
                    text: format!("the key `{key}` stands twice in one map"),
                }),
            })
        }
        Err(error) => Err(described(&error)),
    }
}

/// The JSON of a file that holds one document, YAML or JSON. JSON comes back as it is.
pub(crate) fn one_document(body: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let unreadable = |detail: &str| DecodeError::Yaml {
        detail: detail.to_owned(),
    };
    let text = std::str::from_utf8(body).map_err(|_| unreadable("the text is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return Ok(Cow::Borrowed(text));
    }
    to_json(text)
        .map(|document| Cow::Owned(document.json))
        .map_err(|error| unreadable(&format!("{} (line {})", error.text, error.line)))
}

fn convert(document: &str, keys: Keys) -> Result<String, Error> {
    let mut writer = JsonWriter {
        json: String::with_capacity(document.len().saturating_add(document.len() / 2)),
        keys,
        repeated: 0,
        line: 1,
    };
    serde_saphyr::with_deserializer_from_str_with_options(
        document,
        options(document.len(), keys),
        |yaml| {
            Node {
                writer: &mut writer,
                level: Level::Root,
            }
            .deserialize(yaml)
        },
    )?;
    Ok(writer.json)
}

/// Every node takes at least a byte of the document, but for those that aliases add: so the size
/// of the input, which the caller bounds, bounds the work.
fn options(document_bytes: usize, keys: Keys) -> Options {
    let nodes = document_bytes
        .saturating_add(ALIAS_NODES_MAX)
        .saturating_mul(2);
    let mut budget = Budget::default();
    budget.max_depth = DEPTH_MAX;
    budget.flow_nesting_limit = DEPTH_MAX;
    budget.max_events = nodes;
    budget.max_nodes = nodes;
    budget.max_total_scalar_bytes = document_bytes.saturating_mul(4).max(1024);
    budget.max_documents = 1;
    let mut alias_limits = AliasLimits::default();
    alias_limits.max_total_replayed_events = ALIAS_NODES_MAX;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits = alias_limits;
    options.duplicate_keys = match keys {
        Keys::Unique => DuplicateKeyPolicy::Error,
        Keys::Repeated => DuplicateKeyPolicy::LastWins,
        Keys::Plain => DuplicateKeyPolicy::PassThrough,
    };
    if keys == Keys::Plain {
        options.merge_keys = MergeKeyPolicy::Error;
    }
    options.legacy_octal_numbers = true;
    options.non_finite_float_policy = NonFiniteFloatPolicy::AsString;
    options.with_snippet = false;
    options
}

fn described(error: &Error) -> YamlError {
    let line = error
        .location()
        .and_then(|location| u32::try_from(location.line()).ok())
        .unwrap_or(0);
    let text = error.without_snippet().to_string();
    if text.starts_with("budget breached") {
        return YamlError {
            line,
            text: "its aliases or its nesting make it larger than is read".to_owned(),
        };
    }
    // The line is told apart, relative to the file; the parser's own is relative to the document.
    let end = text
        .find(" at line ")
        .or_else(|| text.find(": line "))
        .unwrap_or(text.len());
    YamlError {
        line,
        text: clean_short(text.get(..end).unwrap_or(&text)),
    }
}

struct JsonWriter {
    json: String,
    keys: Keys,
    repeated: usize,
    /// Line on which the next character of `json` stands.
    line: u64,
}

impl JsonWriter {
    fn text(&mut self, text: &str) {
        self.json.push('"');
        let is_special = |character: char| matches!(character, '"' | '\\' | '\0'..='\x1f');
        for part in text.split_inclusive(is_special) {
            let special = part.chars().next_back().filter(|last| is_special(*last));
            let length = part.len() - special.map_or(0, char::len_utf8);
            self.json.push_str(part.get(..length).unwrap_or_default());
            match special {
                None => {}
                Some('"') => self.json.push_str("\\\""),
                Some('\\') => self.json.push_str("\\\\"),
                Some('\n') => self.json.push_str("\\n"),
                Some('\r') => self.json.push_str("\\r"),
                Some('\t') => self.json.push_str("\\t"),
                Some(control) => {
                    let code = format!("\\u{:04x}", u32::from(control));
                    self.json.push_str(&code);
                }
            }
        }
        self.json.push('"');
    }

    fn put_at(&mut self, line: u64, json: &str) {
        self.move_to_line(line);
        self.json.push_str(json);
    }

    fn move_to_line(&mut self, line: u64) {
        while self.line < line {
            self.json.push('\n');
            self.line += 1;
        }
    }
}

/// Whether a key may stand in one map more than once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Unique,
    Repeated,
    /// As [`Self::Unique`], and found out here: the parser keeps no keys.
    Plain,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Items,
    Inner,
}

/// Writes one node, whatever it is.
struct Node<'w> {
    writer: &'w mut JsonWriter,
    level: Level,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML node")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.writer
            .json
            .push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.writer.json.push_str(&value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.writer.json.push_str(&value.to_string());
        Ok(())
    }

    fn visit_i128<E>(self, value: i128) -> Result<(), E> {
        self.writer.json.push_str(&value.to_string());
        Ok(())
    }

    fn visit_u128<E>(self, value: u128) -> Result<(), E> {
        self.writer.json.push_str(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.writer.json.push_str(&value.to_string());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.writer.text(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.writer.json.push_str("null");
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.writer.json.push('[');
        let mut is_first = true;
        loop {
            let before = self.writer.json.len();
            if !is_first {
                self.writer.json.push(',');
            }
            let found = match (self.level, self.writer.keys) {
                (Level::Items, Keys::Plain) => {
                    let item = items.next_element::<Spanned<Item<true>>>()?;
                    item.map(|item| self.writer.put_at(item.referenced.line(), &item.value.0))
                }
                (Level::Items, Keys::Unique | Keys::Repeated) => {
                    let item = items.next_element::<Spanned<Item<false>>>()?;
                    item.map(|item| self.writer.put_at(item.referenced.line(), &item.value.0))
                }
                (Level::Root | Level::Inner, _) => items.next_element_seed(Node {
                    writer: &mut *self.writer,
                    level: Level::Inner,
                })?,
            };
            if found.is_none() {
                self.writer.json.truncate(before);
                break;
            }
            is_first = false;
        }
        self.writer.json.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.writer.json.push('{');
        let mut entries = Entries::default();
        let mut seen = SeenKeys::default();
        while let Some(Key(key)) = map.next_key()? {
            if self.writer.keys == Keys::Plain && seen.holds(&key) {
                return Err(A::Error::custom("a key stands twice in one map"));
            }
            let start = self.writer.json.len();
            self.writer.text(&key);
            self.writer.json.push(':');
            let level = match (self.level, key.as_ref()) {
                (Level::Root, "items") => Level::Items,
                _ => Level::Inner,
            };
            map.next_value_seed(Node {
                writer: &mut *self.writer,
                level,
            })?;
            self.writer.json.push(',');
            match self.writer.keys {
                Keys::Plain => seen.add(key),
                Keys::Repeated if entries.add(&mut self.writer.json, key, start) => {
                    self.writer.repeated += 1;
                    if self.writer.repeated > REPEATED_KEYS_MAX {
                        return Err(A::Error::custom("too many repeated keys"));
                    }
                }
                Keys::Unique | Keys::Repeated => {}
            }
        }
        if self.writer.json.ends_with(',') {
            self.writer.json.pop();
        }
        self.writer.json.push('}');
        Ok(())
    }
}

/// An item of a list, written apart because its line is known only once it has been read. Plain ones have no key
/// twice in a map.
struct Item<const PLAIN: bool>(String);

impl<'de, const PLAIN: bool> Deserialize<'de> for Item<PLAIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut writer = JsonWriter {
            json: String::new(),
            // Other repeated keys within an item are settled where the item is read.
            keys: if PLAIN { Keys::Plain } else { Keys::Unique },
            repeated: 0,
            line: 1,
        };
        Node {
            writer: &mut writer,
            level: Level::Inner,
        }
        .deserialize(deserializer)?;
        Ok(Self(writer.json))
    }
}

#[cfg(test)]
mod tests;

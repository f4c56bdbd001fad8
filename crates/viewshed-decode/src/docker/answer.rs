//! One JSON answer of a daemon: a list read element by element, or one object.
//!
//! What precedes a syntax error or a cut is kept; the rest is a gap.

use std::borrow::Cow;

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use viewshed_model::{Gap, GapReason};

use super::fields::{Fields, Wrong};
use crate::gaps::{GapList, gap};
use crate::lines::{LineCounter, offset_in};

/// An answer being read: what it is called and where its gaps go.
pub(super) struct Answer<'a> {
    source: String,
    what: &'static str,
    gaps: GapList<'a>,
}

/// One element of a list.
pub(super) struct Element<'a> {
    pub(super) fields: Fields<'a>,
    /// Line on which it starts, when the list starts on line 1.
    pub(super) line: u32,
}

impl<'a> Answer<'a> {
    /// `what` names the answer in gaps, in the plural for lists: `containers`.
    pub(super) fn new(source: &str, what: &'static str, gaps: &'a mut Vec<Gap>) -> Self {
        Self {
            source: source.to_owned(),
            what,
            gaps: GapList::new(gaps),
        }
    }

    /// Calls `read` for every object of a list; it returns the object's name for gaps.
    /// `null` is an empty list, as Go writes it.
    pub(super) fn each(&mut self, body: &[u8], mut read: impl FnMut(&Element<'_>) -> String) {
        let text = String::from_utf8_lossy(body);
        let mut lines = LineCounter::new(text.as_bytes(), 1);
        let mut index = 0_u64;
        let mut take = |raw: &RawValue| {
            index += 1;
            let line = offset_in(&text, raw.get()).map_or(1, |offset| lines.line_at(offset));
            self.element(raw.get(), index, line, &mut read);
        };
        let result = serde_json::Deserializer::from_str(&text)
            .deserialize_any(EachElement { take: &mut take });
        if let Err(error) = result {
            self.broken(&error);
        }
    }

    fn element(
        &mut self,
        text: &str,
        index: u64,
        line: u32,
        read: &mut impl FnMut(&Element<'_>) -> String,
    ) {
        let object = match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => object,
            Err(error) => {
                let what = format!("element {index} of {}", self.what);
                self.push(&what, GapReason::Malformed, &error.to_string());
                return;
            }
        };
        let wrong = Wrong::default();
        let name = read(&Element {
            fields: Fields::new(&object, &wrong),
            line,
        });
        self.note_wrong(&wrong, &name);
    }

    /// Reads one object; `None` when there is none, with a gap.
    pub(super) fn one<T>(&mut self, body: &[u8], read: impl FnOnce(Fields<'_>) -> T) -> Option<T> {
        let text: Cow<'_, str> = String::from_utf8_lossy(body);
        match serde_json::from_str::<Map<String, Value>>(&text) {
            Ok(object) => {
                let wrong = Wrong::default();
                let value = read(Fields::new(&object, &wrong));
                self.note_wrong(&wrong, "");
                Some(value)
            }
            Err(error) => {
                self.broken(&error);
                None
            }
        }
    }

    fn note_wrong(&mut self, wrong: &Wrong, name: &str) {
        if let Some(names) = wrong.describe() {
            let what = if name.is_empty() {
                format!("fields {names} of {}", self.what)
            } else {
                format!(
                    "fields {names} of `{}` in {}",
                    name.replace('`', ""),
                    self.what
                )
            };
            self.push(&what, GapReason::Malformed, "not of the expected type");
        }
    }

    fn broken(&mut self, error: &serde_json::Error) {
        let reason = if error.is_eof() {
            GapReason::Truncated
        } else {
            GapReason::Malformed
        };
        self.push(self.what, reason, &error.to_string());
    }

    fn push(&mut self, what: &str, reason: GapReason, detail: &str) {
        self.gaps.push(gap(&self.source, what, reason, detail, ""));
    }
}

/// Streams the elements of an array, so that the ones before a cut are not lost.
struct EachElement<'f, F> {
    take: &'f mut F,
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for EachElement<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(raw) = elements.next_element::<&'de RawValue>()? {
            (self.take)(raw);
        }
        Ok(())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // An error object instead of a list; its message says why.
        let mut message = String::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "message" {
                message = map.next_value::<Value>()?.to_string();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Err(serde::de::Error::custom(format!(
            "expected a list, got an object with message {message}"
        )))
    }
}

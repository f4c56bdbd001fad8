//! A list as JSON, taken apart into its items.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::nullable::Nullable;

/// A list taken apart without looking into its items. What stood before an error is kept.
#[derive(Debug, Default)]
pub(in crate::kubernetes) struct ListParts<'a> {
    pub(in crate::kubernetes) api_version: Cow<'a, str>,
    pub(in crate::kubernetes) kind: Cow<'a, str>,
    pub(super) metadata: ListMetaWire,
    /// `items`, or the `rows` of a table.
    pub(in crate::kubernetes) items: Vec<&'a RawValue>,
    pub(super) columns: Vec<String>,
    pub(in crate::kubernetes) has_items: bool,
    pub(in crate::kubernetes) error: Option<serde_json::Error>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListMetaWire {
    pub(super) r#continue: Nullable<String>,
    pub(super) remaining_item_count: Option<u64>,
    pub(super) resource_version: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ColumnWire {
    name: Nullable<String>,
}

pub(in crate::kubernetes) fn split_list(text: &str) -> ListParts<'_> {
    let mut parts = ListParts::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let outcome = ListSeed(&mut parts)
        .deserialize(&mut json)
        .and_then(|()| json.end());
    parts.error = outcome.err();
    parts
}

struct ListSeed<'p, 'a>(&'p mut ListParts<'a>);

impl<'a> DeserializeSeed<'a> for ListSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for ListSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let parts = self.0;
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match key.as_ref() {
                "apiVersion" => parts.api_version = map.next_value::<Text<'a>>()?.0,
                "kind" => parts.kind = map.next_value::<Text<'a>>()?.0,
                "metadata" => parts.metadata = lenient(map.next_value::<&RawValue>()?),
                "items" | "rows" => {
                    parts.has_items = true;
                    map.next_value_seed(ItemsSeed(&mut parts.items))?;
                }
                "columnDefinitions" => {
                    let columns: Vec<ColumnWire> = lenient(map.next_value::<&RawValue>()?);
                    parts.columns = columns.into_iter().map(|column| column.name.0).collect();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// List metadata only steers paging; a wrong type in it must not cost the items.
fn lenient<T: Default + for<'a> Deserialize<'a>>(raw: &RawValue) -> T {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// A text that borrows from the input where it can.
struct Text<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'a> Visitor<'a> for Borrowing {
            type Value = Text<'a>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed("")))
            }
        }
        deserializer.deserialize_any(Borrowing)
    }
}

/// Collects items one by one, so that those before an error stay.
struct ItemsSeed<'p, 'a>(&'p mut Vec<&'a RawValue>);

impl<'a> DeserializeSeed<'a> for ItemsSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ItemsSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("items or null")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            self.0.push(item);
        }
        Ok(())
    }
}

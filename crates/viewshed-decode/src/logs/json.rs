//! Lists of strings that stay in the bytes they came in.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;
use std::borrow::Cow;
use viewshed_model::Texts;

use crate::borrowed::Text;

/// A list of strings, kept as written where it holds no escapes.
#[derive(Debug, Default)]
pub(super) struct Written<'a>(pub(super) Texts<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Written<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let list: Option<Vec<Text<'de>>> = serde_json::from_str(raw).map_err(D::Error::custom)?;
        let list = list.unwrap_or_default();
        if list.is_empty() {
            return Ok(Self::default());
        }
        let is_plain = list.iter().all(|text| matches!(text.0, Cow::Borrowed(_)));
        let inside = raw
            .strip_prefix('[')
            .and_then(|raw| raw.strip_suffix(']'))
            .map(|inside| Texts::Written(inside.trim_ascii()));
        // A `null` in the list has no quotes, so that the written form would lose it.
        let written = inside.filter(|written| is_plain && written.len() == list.len());
        Ok(Self(written.unwrap_or_else(|| {
            Texts::List(list.into_iter().map(|text| text.0).collect())
        })))
    }
}

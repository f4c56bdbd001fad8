//! `metadata` of a review, which the server wants empty.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::borrowed::Text;

/// `metadata` of a review (`ValidateSubjectAccessReview`): the namespace, and whether anything else
/// is set. `managedFields` may be; unknown fields are dropped by the server before it looks.
#[derive(Debug, Default)]
pub(super) struct WireMetadata<'a> {
    pub(super) namespace: Text<'a>,
    pub(super) has_more: bool,
}

/// The other fields of `metav1.ObjectMeta`.
const FIELDS: [&str; 13] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "name",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

impl<'de: 'a, 'a> Deserialize<'de> for WireMetadata<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = WireMetadata<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("metadata")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<WireMetadata<'de>, A::Error> {
                let mut metadata = WireMetadata::default();
                while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                    if key == "namespace" {
                        metadata.namespace = map.next_value()?;
                    } else if FIELDS.contains(&key.as_ref()) {
                        let value: &RawValue = map.next_value()?;
                        metadata.has_more |= !is_nothing(value.get());
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(metadata)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Whether Go would read it as the zero value: `null`, `""`, `0`, `{}`, `[]`.
fn is_nothing(json: &str) -> bool {
    let compact: Cow<'_, str> = if json.contains(char::is_whitespace) {
        Cow::Owned(json.split_whitespace().collect())
    } else {
        Cow::Borrowed(json)
    };
    matches!(compact.as_ref(), "null" | "\"\"" | "0" | "{}" | "[]")
}

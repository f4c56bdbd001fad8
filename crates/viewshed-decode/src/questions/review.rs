//! `SubjectAccessReview` and `LocalSubjectAccessReview` (authorization.k8s.io/v1), and their answers.
//!
//! Validation is that of `pkg/apis/authorization/validation` in Kubernetes 1.37; what a selector means is
//! that of `pkg/registry/authorization/util/helpers.go`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::QuestionError;
use super::metadata::WireMetadata;
use super::selector::{self, Ignored, WireSelector};
use crate::borrowed::Text;

/// One review, borrowing from its line.
#[derive(Debug, PartialEq)]
pub struct Review<'a> {
    /// `spec.user`.
    pub user: Cow<'a, str>,
    /// `spec.groups`, exactly: the server adds none.
    pub groups: Vec<Cow<'a, str>>,
    /// What is asked.
    pub action: ReviewedAction<'a>,
    /// A selector that the server ignores, in whole or in part, because it cannot be parsed; empty when
    /// there is none. It belongs into `status.evaluationError`.
    pub selector_error: &'static str,
    line: &'a [u8],
    /// The bytes of an existing `status` value.
    status: Option<(usize, usize)>,
}

/// What a review asks for.
#[derive(Debug, PartialEq)]
pub enum ReviewedAction<'a> {
    /// `spec.resourceAttributes`.
    Resource(Box<ReviewedResource<'a>>),
    /// `spec.nonResourceAttributes`.
    NonResource {
        /// HTTP method in lower case, as given.
        verb: Cow<'a, str>,
        /// Path.
        path: Cow<'a, str>,
    },
}

/// `spec.resourceAttributes`; empty strings mean "not given".
#[derive(Debug, Default, PartialEq)]
pub struct ReviewedResource<'a> {
    /// Verb.
    pub verb: Cow<'a, str>,
    /// API group.
    pub group: Cow<'a, str>,
    /// API version.
    pub version: Cow<'a, str>,
    /// Plural name.
    pub resource: Cow<'a, str>,
    /// Subresource.
    pub subresource: Cow<'a, str>,
    /// Namespace.
    pub namespace: Cow<'a, str>,
    /// Object name.
    pub name: Cow<'a, str>,
    /// Field selector in its query form, with the requirements that the server ignores left out.
    pub field_selector: Cow<'a, str>,
    /// Label selector in its query form; empty when it was given as requirements.
    pub label_selector: Cow<'a, str>,
}

/// `status` of a review.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status<'a> {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Whether an authorizer denied it rather than having no opinion.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub denied: bool,
    /// Why, in the server's words.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'a str,
    /// What could not be evaluated; with `allowed: false` the answer is then not certain.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub evaluation_error: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    metadata: Option<WireMetadata<'a>>,
    #[serde(borrow, default)]
    spec: Option<WireSpec<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    status: Option<&'a RawValue>,
}

/// A `null` counts as present: its bytes are replaced like those of any other status.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSpec<'a> {
    #[serde(borrow, default)]
    user: Text<'a>,
    #[serde(borrow, default)]
    groups: Option<Vec<Text<'a>>>,
    // No authorizer that is reproduced here looks at these two; the server refuses what has not their types.
    #[serde(borrow, default, rename = "uid")]
    _uid: Text<'a>,
    #[serde(borrow, default, rename = "extra")]
    _extra: Option<BTreeMap<Cow<'a, str>, Option<Vec<Text<'a>>>>>,
    #[serde(borrow, default)]
    resource_attributes: Option<Box<WireResource<'a>>>,
    #[serde(borrow, default)]
    non_resource_attributes: Option<WireNonResource<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResource<'a> {
    #[serde(borrow, default)]
    verb: Text<'a>,
    #[serde(borrow, default)]
    group: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    resource: Text<'a>,
    #[serde(borrow, default)]
    subresource: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    field_selector: Option<Box<WireSelector<'a>>>,
    #[serde(borrow, default)]
    label_selector: Option<Box<WireSelector<'a>>>,
}

#[derive(Deserialize)]
struct WireNonResource<'a> {
    #[serde(borrow, default)]
    verb: Text<'a>,
    #[serde(borrow, default)]
    path: Text<'a>,
}

/// Reads a review in one pass; `None` for JSON of another kind.
pub(super) fn read(line: &[u8]) -> Result<Option<Review<'_>>, QuestionError> {
    // Text that is checked once need not be checked string by string.
    let parsed = match std::str::from_utf8(line) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(line),
    };
    let mut wire: Wire<'_> = parsed.map_err(QuestionError::Malformed)?;
    let is_local = match wire.kind.as_str() {
        "SubjectAccessReview" => false,
        "LocalSubjectAccessReview" => true,
        _ => return Ok(None),
    };
    let api_version = wire.api_version.as_str();
    if !api_version.is_empty() && !api_version.starts_with("authorization.k8s.io/") {
        return Ok(None);
    }
    if api_version == "authorization.k8s.io/v1beta1" {
        // It names the groups `group`: read as v1, an identity would lose them.
        return Err(QuestionError::Invalid(
            "authorization.k8s.io/v1beta1 is not served since Kubernetes 1.22: write it as v1",
        ));
    }
    let metadata = wire.metadata.take().unwrap_or_default();
    let review = review(wire, line)?;
    if metadata.has_more || !is_local && !metadata.namespace.as_str().is_empty() {
        return Err(QuestionError::Invalid(if is_local {
            "metadata must be empty except for namespace"
        } else {
            "metadata must be empty"
        }));
    }
    if is_local {
        check_local(&review, metadata.namespace.as_str())?;
    }
    Ok(Some(review))
}

/// A `LocalSubjectAccessReview` is for one namespace, which both of its places must name.
fn check_local(review: &Review<'_>, namespace: &str) -> Result<(), QuestionError> {
    match &review.action {
        ReviewedAction::NonResource { .. } => Err(QuestionError::Invalid(
            "nonResourceAttributes are not allowed on a local review",
        )),
        ReviewedAction::Resource(resource) if resource.namespace != namespace => {
            Err(QuestionError::Invalid(
                "spec.resourceAttributes.namespace must match metadata.namespace",
            ))
        }
        ReviewedAction::Resource(_) => Ok(()),
    }
}

fn review<'a>(wire: Wire<'a>, line: &'a [u8]) -> Result<Review<'a>, QuestionError> {
    let Some(spec) = wire.spec else {
        return Err(QuestionError::Invalid("spec is missing"));
    };
    let mut selector_error = "";
    let action = match (spec.resource_attributes, spec.non_resource_attributes) {
        (Some(resource), None) => {
            ReviewedAction::Resource(Box::new(reviewed_resource(*resource, &mut selector_error)?))
        }
        (None, Some(other)) => ReviewedAction::NonResource {
            verb: other.verb.0,
            path: other.path.0,
        },
        (Some(_), Some(_)) | (None, None) => {
            return Err(QuestionError::Invalid(
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ));
        }
    };
    let groups: Vec<_> = spec
        .groups
        .unwrap_or_default()
        .into_iter()
        .map(|group| group.0)
        .collect();
    if spec.user.as_str().is_empty() && groups.is_empty() {
        return Err(QuestionError::Invalid(
            "at least one of user or group must be specified",
        ));
    }
    let status = wire.status.and_then(|raw| place_of(raw.get(), line));
    Ok(Review {
        user: spec.user.0,
        groups,
        action,
        selector_error,
        line,
        status,
    })
}

fn reviewed_resource<'a>(
    wire: WireResource<'a>,
    selector_error: &mut &'static str,
) -> Result<ReviewedResource<'a>, QuestionError> {
    let (field_selector, field_ignored) = match wire.field_selector {
        None => (Cow::Borrowed(""), Ignored::Nothing),
        Some(selector) => selector::field(*selector)?,
    };
    let (label_selector, label_ignored) = match wire.label_selector {
        None => (Cow::Borrowed(""), Ignored::Nothing),
        Some(selector) => selector::label(*selector)?,
    };
    *selector_error = selector::evaluation_error(field_ignored, label_ignored);
    Ok(ReviewedResource {
        verb: wire.verb.0,
        group: wire.group.0,
        version: wire.version.0,
        resource: wire.resource.0,
        subresource: wire.subresource.0,
        namespace: wire.namespace.0,
        name: wire.name.0,
        field_selector,
        label_selector,
    })
}

/// Where `part` stands in `line`.
fn place_of(part: &str, line: &[u8]) -> Option<(usize, usize)> {
    let start = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= line.len()).then_some((start, end))
}

impl Review<'_> {
    /// Appends the same object with this status, and a line break.
    pub fn write_answer(&self, status: &WrittenStatus, out: &mut Vec<u8>) {
        let line = self.line.trim_ascii_end();
        let (before, after, key) = match self.status {
            Some((start, end)) => (line.get(..start), line.get(end..), &b""[..]),
            None => {
                let end = line.len().saturating_sub(1);
                (line.get(..end), line.get(end..), &b",\"status\":"[..])
            }
        };
        out.extend_from_slice(before.unwrap_or_default());
        out.extend_from_slice(key);
        out.extend_from_slice(&status.0);
        out.extend_from_slice(after.unwrap_or_default());
        out.push(b'\n');
    }
}

/// A status in its JSON form: many answers have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenStatus(Box<[u8]>);

impl Status<'_> {
    /// The JSON form, written once for all answers that have it.
    pub fn written(&self) -> WrittenStatus {
        // A struct of strings and booleans always has a JSON form.
        let text = serde_json::to_vec(self);
        WrittenStatus(text.map_or_else(|_| (*b"{\"allowed\":false}").into(), Vec::into))
    }
}

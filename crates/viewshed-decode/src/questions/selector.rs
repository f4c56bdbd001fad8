//! Field and label selectors of a review: which are refused, and which the server ignores.
//!
//! Refusals are those of `pkg/apis/authorization/validation`; what is ignored is that of
//! `pkg/registry/authorization/util/helpers.go`, which ANDs requirements, so that one left out only
//! asks for more.

use std::borrow::Cow;

use serde::Deserialize;

use super::QuestionError;
use crate::borrowed::Text;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireSelector<'a> {
    #[serde(borrow, default)]
    raw_selector: Text<'a>,
    #[serde(borrow, default)]
    requirements: Option<Vec<WireRequirement<'a>>>,
}

#[derive(Deserialize)]
struct WireRequirement<'a> {
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    operator: Text<'a>,
    #[serde(borrow, default)]
    values: Option<Vec<Text<'a>>>,
}

impl WireRequirement<'_> {
    fn values(&self) -> &[Text<'_>] {
        self.values.as_deref().unwrap_or_default()
    }
}

/// How much of a selector the server ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ignored {
    Nothing,
    Part,
    Whole,
}

/// The server's words for `status.evaluationError` (`BuildEvaluationError`).
pub(super) fn evaluation_error(field: Ignored, label: Ignored) -> &'static str {
    match (field, label) {
        (Ignored::Nothing, Ignored::Nothing) => "",
        (Ignored::Part, Ignored::Nothing) => {
            "spec.resourceAttributes.fieldSelector partially ignored due to parse error"
        }
        (Ignored::Whole, Ignored::Nothing) => {
            "spec.resourceAttributes.fieldSelector ignored due to parse error"
        }
        (Ignored::Nothing, Ignored::Part) => {
            "spec.resourceAttributes.labelSelector partially ignored due to parse error"
        }
        (Ignored::Nothing, Ignored::Whole) => {
            "spec.resourceAttributes.labelSelector ignored due to parse error"
        }
        (Ignored::Part, Ignored::Part) => {
            "spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector partially ignored due to parse error"
        }
        (Ignored::Part, Ignored::Whole) => {
            "spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error"
        }
        (Ignored::Whole, Ignored::Part) => {
            "spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector partially ignored due to parse error"
        }
        (Ignored::Whole, Ignored::Whole) => {
            "spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error"
        }
    }
}

/// A field selector in its query form, without what the server ignores.
pub(super) fn field(selector: WireSelector<'_>) -> Result<(Cow<'_, str>, Ignored), QuestionError> {
    check(&selector)?;
    let Some(requirements) = selector.requirements.filter(|list| !list.is_empty()) else {
        return Ok(if is_field_selector(&selector.raw_selector.0) {
            (selector.raw_selector.0, Ignored::Nothing)
        } else {
            (Cow::Borrowed(""), Ignored::Whole)
        });
    };
    if requirements.iter().any(|one| one.key.as_str().is_empty()) {
        return Err(QuestionError::Invalid("a requirement needs a key"));
    }
    let terms: Vec<_> = requirements.iter().filter_map(field_term).collect();
    let ignored = ignored(terms.len(), requirements.len());
    Ok((Cow::Owned(terms.join(",")), ignored))
}

/// `In` and `NotIn` with one value; the server understands no other requirement.
fn field_term(requirement: &WireRequirement<'_>) -> Option<String> {
    let sign = match requirement.operator.as_str() {
        "In" => "=",
        "NotIn" => "!=",
        _ => return None,
    };
    match requirement.values() {
        [value] => Some(format!(
            "{}{sign}{}",
            requirement.key.as_str(),
            escape(value.as_str())
        )),
        _ => None,
    }
}

/// A label selector as it was given in its query form; as requirements only their form is checked,
/// because no authorizer of this program looks at labels.
pub(super) fn label(selector: WireSelector<'_>) -> Result<(Cow<'_, str>, Ignored), QuestionError> {
    check(&selector)?;
    let Some(requirements) = selector.requirements.filter(|list| !list.is_empty()) else {
        return Ok(
            if super::labels::is_label_selector(&selector.raw_selector.0) {
                (selector.raw_selector.0, Ignored::Nothing)
            } else {
                (Cow::Borrowed(""), Ignored::Whole)
            },
        );
    };
    let is_valid = requirements.iter().all(|requirement| {
        super::labels::is_key(requirement.key.as_str())
            && requirement
                .values()
                .iter()
                .all(|value| super::labels::is_value(value.as_str()))
    });
    if !is_valid {
        return Err(QuestionError::Invalid(
            "a requirement of labelSelector has an invalid key or value",
        ));
    }
    let known = requirements.iter().filter(|one| is_known_operator(one));
    let ignored = ignored(known.count(), requirements.len());
    Ok((Cow::Borrowed(""), ignored))
}

fn ignored(understood: usize, given: usize) -> Ignored {
    match understood {
        0 => Ignored::Whole,
        some if some < given => Ignored::Part,
        _ => Ignored::Nothing,
    }
}

fn is_known_operator(requirement: &WireRequirement<'_>) -> bool {
    matches!(
        requirement.operator.as_str(),
        "In" | "NotIn" | "Exists" | "DoesNotExist"
    )
}

fn check(selector: &WireSelector<'_>) -> Result<(), QuestionError> {
    let requirements = selector.requirements.as_deref().unwrap_or_default();
    let has_raw = !selector.raw_selector.as_str().is_empty();
    if has_raw && !requirements.is_empty() {
        return Err(QuestionError::Invalid(
            "rawSelector may not be specified at the same time as requirements",
        ));
    }
    if !has_raw && requirements.is_empty() {
        return Err(QuestionError::Invalid(
            "a selector needs requirements or rawSelector",
        ));
    }
    for requirement in requirements {
        let has_values = !requirement.values().is_empty();
        match requirement.operator.as_str() {
            "In" | "NotIn" if !has_values => {
                return Err(QuestionError::Invalid(
                    "values must be specified when `operator` is 'In' or 'NotIn'",
                ));
            }
            "Exists" | "DoesNotExist" if has_values => {
                return Err(QuestionError::Invalid(
                    "values may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// apimachinery `fields.EscapeValue`.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(',', "\\,")
        .replace('=', "\\=")
}

/// Whether apimachinery's `fields.ParseSelector` takes it: terms between commas, each with `=`,
/// `==` or `!=`, and `\`, `,` and `=` escaped in the value. Empty terms are skipped.
fn is_field_selector(raw: &str) -> bool {
    let mut is_escaped = false;
    let terms = raw.split(|character| {
        let is_end = character == ',' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    });
    terms.into_iter().all(|term| {
        term.is_empty()
            || term.find('=').is_some_and(|sign| {
                let value = term.get(sign + 1..).unwrap_or_default();
                let before = term.get(..sign).unwrap_or_default();
                let value = if before.ends_with('!') {
                    value
                } else {
                    value.strip_prefix('=').unwrap_or(value)
                };
                is_escaped_value(value)
            })
    })
}

fn is_escaped_value(value: &str) -> bool {
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let is_fine = match character {
            '\\' => matches!(characters.next(), Some('\\' | ',' | '=')),
            '=' | ',' => false,
            _ => true,
        };
        if !is_fine {
            return false;
        }
    }
    true
}

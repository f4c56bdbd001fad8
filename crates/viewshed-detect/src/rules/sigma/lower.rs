//! Sigma conditions as formulas over the facts that decide early.
//!
//! Anything that is not exactly a comparison of texts stays open: the engine is asked then. Two facts of
//! rsigma are relied on and held by a property test: an absent field satisfies nothing but `null` and
//! `exists: false`, and texts are compared without regard to case unless `cased` is said.

use std::collections::BTreeMap;

use rsigma_parser::{ArrayQuantifier, ConditionExpr, Detection, DetectionItem, Detections};
use rsigma_parser::{Modifier, Quantifier, SigmaString, SigmaValue, StringPart};

use super::super::formula::{Check, Fact, Formula, Letters, Pattern};
use super::event::is_native;
use super::names::DECISION;

/// A rule's condition; several conditions are alternatives.
pub(super) fn formula(detections: &Detections) -> Formula {
    let named: BTreeMap<&str, Formula> = detections
        .named
        .keys()
        .filter_map(|name| Some((name.as_str(), detection(detections.named.get(name)?))))
        .collect();
    Formula::Or(
        detections
            .conditions
            .iter()
            .map(|expression| condition(expression, &named))
            .collect(),
    )
}

fn condition(expression: &ConditionExpr, named: &BTreeMap<&str, Formula>) -> Formula {
    let each = |parts: &[ConditionExpr]| parts.iter().map(|part| condition(part, named)).collect();
    match expression {
        ConditionExpr::And(parts) => Formula::And(each(parts)),
        ConditionExpr::Or(parts) => Formula::Or(each(parts)),
        ConditionExpr::Not(part) => Formula::Not(Box::new(condition(part, named))),
        ConditionExpr::Identifier(name) => {
            named.get(name.as_str()).cloned().unwrap_or(Formula::Open)
        }
        ConditionExpr::Selector {
            quantifier,
            pattern,
        } => {
            let chosen = named
                .iter()
                .filter(|(name, _)| pattern.matches_detection_name(name))
                .map(|(_, formula)| formula.clone())
                .collect();
            match quantifier {
                Quantifier::Any | Quantifier::Count(1) => Formula::Or(chosen),
                Quantifier::All => Formula::And(chosen),
                Quantifier::Count(_) => Formula::Open,
            }
        }
    }
}

pub(super) fn detection(written: &Detection) -> Formula {
    match written {
        Detection::AllOf(items) => Formula::And(items.iter().map(item).collect()),
        Detection::AnyOf(parts) => Formula::Or(parts.iter().map(detection).collect()),
        Detection::And(parts) => Formula::And(parts.iter().map(detection).collect()),
        Detection::ArrayMatch {
            field, quantifier, ..
        } => match quantifier {
            ArrayQuantifier::Any | ArrayQuantifier::All => {
                check(field, vec![Pattern::Opaque], Letters::Folded)
            }
            ArrayQuantifier::AllOrEmpty | ArrayQuantifier::None => Formula::Open,
        },
        Detection::Keywords(_) | Detection::Conditional { .. } => Formula::Open,
    }
}

fn item(item: &DetectionItem) -> Formula {
    let Some(field) = &item.field.name else {
        return Formula::Open;
    };
    let has = |modifier| item.field.has_modifier(modifier);
    let letters = if has(Modifier::Cased) {
        Letters::Exact
    } else {
        Letters::Folded
    };
    if has(Modifier::Exists) {
        return match item.values.as_slice() {
            [SigmaValue::Bool(true)] => check(field, vec![Pattern::Present], letters),
            [SigmaValue::Bool(false)] => check(field, vec![Pattern::Absent], letters),
            _ => Formula::Open,
        };
    }
    let place = match item
        .field
        .modifiers
        .iter()
        .filter(|modifier| !matches!(modifier, Modifier::Cased | Modifier::All))
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Some(Pattern::Equals as fn(String) -> Pattern),
        [Modifier::Contains] => Some(Pattern::Contains as fn(String) -> Pattern),
        [Modifier::StartsWith] => Some(Pattern::Prefix as fn(String) -> Pattern),
        [Modifier::EndsWith] => Some(Pattern::Suffix as fn(String) -> Pattern),
        _ => None,
    };
    let patterns = item.values.iter().map(|value| pattern(field, value, place));
    if has(Modifier::All) {
        let each = patterns.map(|pattern| check(field, vec![pattern], letters));
        return Formula::And(each.collect());
    }
    check(field, patterns.collect(), letters)
}

fn pattern(field: &str, value: &SigmaValue, place: Option<fn(String) -> Pattern>) -> Pattern {
    match (value, place) {
        (SigmaValue::Null, _) => Pattern::Absent,
        (SigmaValue::String(text), Some(place)) => plain(text).map_or(Pattern::Opaque, place),
        (SigmaValue::Integer(number), Some(place)) if field == "responseStatus.code" => {
            place(number.to_string())
        }
        _ => Pattern::Opaque,
    }
}

/// The text, if it holds no wildcard.
fn plain(text: &SigmaString) -> Option<String> {
    let mut whole = String::new();
    for part in &text.parts {
        match part {
            StringPart::Plain(part) => whole.push_str(part),
            StringPart::Special(_) => return None,
        }
    }
    Some(whole)
}

fn check(field: &str, patterns: Vec<Pattern>, letters: Letters) -> Formula {
    Formula::Check(Check {
        fact: fact(field),
        field: field.to_owned(),
        patterns,
        letters,
    })
}

fn fact(field: &str) -> Fact {
    match field {
        "stage" => Fact::Stage,
        "level" => Fact::Level,
        "verb" => Fact::Verb,
        "objectRef.apiGroup" => Fact::ApiGroup,
        "objectRef.resource" => Fact::Resource,
        "objectRef.subresource" => Fact::Subresource,
        "responseStatus.code" => Fact::Code,
        "user.username" => Fact::User,
        "user.groups" => Fact::Group,
        "userAgent" => Fact::UserAgent,
        "requestURI" => Fact::Uri,
        "hostPath" | "capabilities" | "privileged" | "image" => Fact::RequestBody,
        DECISION => Fact::Decision,
        _ if field.split('.').next() == Some("requestObject") => Fact::RequestBody,
        _ if field.split('.').next() == Some("responseObject") => Fact::ResponseBody,
        _ if is_native(field) => Fact::Other,
        _ => Fact::Unknown,
    }
}

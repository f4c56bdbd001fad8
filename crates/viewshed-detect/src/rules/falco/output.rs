//! Output templates: text with `%field` and `%field[argument]` in it (falcosecurity/libs,
//! `sinsp_evt_formatter`). A leading `*`, and a `*` right before a field, ask for the text even when fields
//! are absent; Falco always does so, and writes `<NA>`.

use std::borrow::Cow;

use super::super::matches::{MESSAGE_BYTES_MAX, cut};
use super::super::reading::Reading;
use super::extract::{Extracted, extract};
use super::fields::Field;
use super::parse::{FieldName, LetterChange};
use super::words::Words;

const ABSENT: &str = "<NA>";

/// A template, taken apart.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Field(Field),
    /// A field that does not exist.
    Unknown,
}

impl Template {
    /// Takes a template apart; also tells which of its fields do not exist.
    pub(super) fn new(text: &str) -> (Self, Vec<String>) {
        let mut parts = Vec::new();
        let mut unknown = Vec::new();
        let mut rest = text.trim().trim_start_matches('*');
        while let Some((before, after)) = rest.split_once('%') {
            let before = before.strip_suffix('*').unwrap_or(before);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (field, length) = field_at(after);
            match field {
                None => parts.push(Part::Text("%".to_owned())),
                Some(Ok(field)) => parts.push(Part::Field(field)),
                Some(Err(problem)) => {
                    unknown.push(problem);
                    parts.push(Part::Unknown);
                }
            }
            rest = after.get(length..).unwrap_or_default();
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        (Self { parts }, unknown)
    }

    /// The message for one event.
    pub(super) fn render(&self, reading: &Reading<'_>) -> String {
        let mut message = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => message.push_str(text),
                Part::Unknown => message.push_str(ABSENT),
                Part::Field(field) => match extract(field, reading) {
                    Extracted::None => message.push_str(ABSENT),
                    Extracted::Many(values) if values.is_empty() => message.push_str(ABSENT),
                    Extracted::One(value) => message.push_str(&value),
                    Extracted::Many(values) => push_list(&mut message, &values),
                },
            }
            if message.len() > MESSAGE_BYTES_MAX {
                cut(&mut message);
                break;
            }
        }
        message
    }
}

fn push_list(message: &mut String, values: &[Cow<'_, str>]) {
    message.push('(');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            message.push(',');
        }
        message.push_str(value);
        if message.len() > MESSAGE_BYTES_MAX {
            break;
        }
    }
    message.push(')');
}

/// The field that a text starts with, and how many bytes it takes.
fn field_at(text: &str) -> (Option<Result<Field, String>>, usize) {
    let mut words = Words::new(text);
    if text.starts_with(char::is_whitespace) {
        return (None, 0);
    }
    let Some(name) = words.name() else {
        return (None, 0);
    };
    // A full stop after a field ends the sentence.
    let trimmed = name.trim_end_matches(['.', '-']);
    if trimmed.len() < name.len() {
        return (Some(resolve(trimmed, None)), trimmed.len());
    }
    match words.argument() {
        Ok(argument) => (Some(resolve(name, argument)), words.offset()),
        Err(_) => (Some(resolve(name, None)), name.len()),
    }
}

fn resolve(name: &str, argument: Option<String>) -> Result<Field, String> {
    Field::resolve(&FieldName {
        name: name.to_owned(),
        argument,
        letters: LetterChange::None,
    })
}

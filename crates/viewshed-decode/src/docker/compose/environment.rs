//! `environment` as list or map, `env_file` in its three shapes.

use serde_json::Value;
use viewshed_model::EnvName;

use crate::docker::container::variable;
use crate::docker::fields::{Fields, scalar_text};
use crate::text::clean;

/// The variables without their values. One without a value is taken from the shell of the one who starts the
/// service: its value stands in the container all the same, so it is judged like `${NAME}`.
pub(super) fn environment(service: &Fields<'_>) -> Vec<EnvName> {
    match service.get("environment") {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries
            .iter()
            .filter_map(|entry| {
                let Some(text) = entry.as_str() else {
                    service.wrong("environment");
                    return None;
                };
                Some(match text.split_once('=') {
                    Some((name, value)) => variable(name, value),
                    None => passed_through(text),
                })
            })
            .collect(),
        Some(Value::Object(entries)) => entries
            .iter()
            .filter_map(|(name, value)| {
                if value.is_null() {
                    return Some(passed_through(name));
                }
                let text = raw_scalar(value);
                if text.is_none() {
                    service.wrong("environment");
                }
                Some(variable(name, &text?))
            })
            .collect(),
        Some(_) => {
            service.wrong("environment");
            Vec::new()
        }
    }
}

fn passed_through(name: &str) -> EnvName {
    EnvName {
        is_reference: true,
        ..variable(name, &format!("${{{name}}}"))
    }
}

/// Uncleaned, because a private key is told by its line breaks' surroundings.
fn raw_scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        other => scalar_text(other),
    }
}

/// Files with further variables: one path, a list, or a list of `{path: ...}`.
pub(super) fn env_files(service: &Fields<'_>) -> Vec<String> {
    match service.get("env_file") {
        None => Vec::new(),
        Some(Value::String(path)) => vec![clean(path).into_owned()],
        Some(Value::Array(entries)) => entries
            .iter()
            .filter_map(|entry| {
                let path = match entry {
                    Value::String(path) => Some(clean(path).into_owned()),
                    other => service.of(other).map(|file| file.text("path")),
                };
                if path.is_none() {
                    service.wrong("env_file");
                }
                path
            })
            .collect(),
        Some(_) => {
            service.wrong("env_file");
            Vec::new()
        }
    }
}

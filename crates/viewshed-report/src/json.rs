//! LEAVES: JSON and JSON lines for programs, described by docs/reference/schemas/viewshed-1.json, and for
//! incidents by docs/reference/schemas/viewshed-incident-2.json.
//!
//! Text from the estate is kept as it is; characters that could steer a terminal or hide text are written
//! as escapes, so that the bytes are harmless to look at and a reader gets the original back.

use serde::Serialize;
use serde_json::{Map, Value};
use viewshed_model::{Incident, ReachAnswer};

use crate::Answer;
use crate::clean::is_unsafe;
use crate::document::{Document, IncidentDocument, JudgedDocument, Line};
use crate::lines::put;

/// One indented document, ending with a line break; for a watch one line per incident, then one with the rest:
/// what the logs can show, what was skipped.
pub fn json(answer: &Answer<'_>) -> String {
    match answer {
        Answer::Watch(report) => {
            let mut lines: String = report.incidents.iter().map(incident).collect();
            lines.push_str(&line(&Line::summary(report)));
            lines
        }
        answer => pretty(&Document::of(answer)),
    }
}

/// One incident as one line.
pub fn incident(incident: &Incident) -> String {
    line(&IncidentDocument::of(incident))
}

/// The fields that an answer adds to its question: `verdict`, `because` and what belongs to them.
pub fn judged(answer: &ReachAnswer) -> Map<String, Value> {
    match serde_json::to_value(JudgedDocument::of(answer)) {
        Ok(Value::Object(fields)) => fields,
        // It is made of texts and numbers, which JSON can always express.
        Ok(_) | Err(_) => Map::new(),
    }
}

/// One JSON object as one line, with characters escaped that could steer a terminal.
pub fn object_line(object: &Map<String, Value>) -> String {
    line(object)
}

/// Any value as an indented document.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = escape(serde_json::to_string_pretty(value));
    text.push('\n');
    text
}

/// One line per entry of the answer's main list, then one per gap. An answer without a list is one line.
pub fn json_lines(answer: &Answer<'_>) -> String {
    if let Answer::Watch(report) = answer {
        return report.incidents.iter().map(incident).collect();
    }
    match Line::all(answer) {
        Some(lines) => lines.iter().map(line).collect(),
        None => line(&Document::of(answer)),
    }
}

/// Any value as one line.
pub(crate) fn line(value: &impl Serialize) -> String {
    let mut text = escape(serde_json::to_string(value));
    text.push('\n');
    text
}

/// Our documents hold strings, numbers, lists and maps with text keys, which JSON can always express;
/// should that ever change, the reader gets a document that says so.
fn escape(text: Result<String, serde_json::Error>) -> String {
    let text = text.unwrap_or_else(|error| {
        serde_json::json!({ "kind": "error", "error": error.to_string() }).to_string()
    });
    if !text.chars().any(needs_escape) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if needs_escape(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                put(&mut out, &format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Outside of strings JSON is ASCII, and inside of them `serde_json` has escaped every ASCII control
/// but DEL: what is left stands inside a string.
fn needs_escape(character: char) -> bool {
    is_unsafe(character) && character != '\n'
}

//! YAML files: split into documents, each read on its own.

use viewshed_model::GapReason;

use super::FileReader;
use super::document::{Document, add_document, is_kustomization};
use crate::kubernetes::{Place, unread_text};
use crate::yaml::to_json;

/// Longest line of a YAML document, in bytes. An object in etcd is at most 1.5 MiB, so no honest
/// manifest has such a line.
pub(super) const LINE_BYTES_MAX: usize = 4 << 20;

/// Words at the start of a line that a document for us has at least one of. Without any, the text
/// is not even parsed: folders hold logs and readmes.
const TELLING_KEYS: [&str; 6] = [
    "apiVersion",
    "kind",
    "services",
    "image",
    "build",
    "kubeletconfig",
];

pub(super) fn add(reader: &mut FileReader<'_>, text: &str) {
    // Among manifests, every document is meant as one: kubectl names those that it cannot read.
    let is_of_manifests = has_line(text, "apiVersion:");
    for part in documents(text) {
        if is_of_manifests || is_kustomization(reader.path) || is_telling(part.text) {
            add_part(reader, &part);
        }
    }
}

fn add_part(reader: &mut FileReader<'_>, part: &Part<'_>) {
    let Some(content_line) = part.content_line() else {
        return;
    };
    if part.text.lines().any(|line| line.len() > LINE_BYTES_MAX) {
        let detail = "a line is longer than 4 MiB";
        reader.note(
            content_line,
            "read a document",
            (GapReason::TooLarge, detail, ""),
        );
        return;
    }
    let json = match to_json(part.text) {
        Ok(json) => json,
        Err(_) if is_of_another_kind(reader, part.text) => return,
        Err(error) => {
            let line = part.line_of(error.line);
            let hint = hint_for(part.text);
            add_unread(reader, part.text, content_line);
            reader.note(
                line,
                "read a document",
                (GapReason::Malformed, &error.text, hint),
            );
            return;
        }
    };
    if json.json.contains("\"name\":\"{{") {
        let detail = "it is a template that has not been rendered";
        let what = "read a document";
        add_unread(reader, part.text, content_line);
        reader.note(content_line, what, (GapReason::Unsupported, detail, RENDER));
        return;
    }
    if let Some(duplicate) = &json.duplicate {
        let hint = "the last one was taken, as kubectl does; remove the other";
        let line = part.line_of(duplicate.line);
        reader.note(
            line,
            "be sure of a document",
            (GapReason::Malformed, &duplicate.text, hint),
        );
    }
    let document = Document {
        original: part.text,
        original_line: part.line,
        json: &json.json,
        json_line: part.line,
        line: content_line,
    };
    add_document(reader, &document);
}

/// A network policy that cannot be read is one all the same.
fn add_unread(reader: &mut FileReader<'_>, text: &str, line: u32) {
    let path = reader.path;
    let place = Place {
        source: path,
        file: Some(path),
        line,
    };
    let policy = unread_text(text, &place);
    reader.found.anything |= policy.is_some();
    reader.cluster.network_policies.extend(policy);
}

fn has_line(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.starts_with(start))
}

/// Names of files that explain manifests to people, and never are applied.
const PROSE: [&str; 5] = ["md", "markdown", "rst", "adoc", "mdx"];

/// Below a folder lie readmes, build files and programs, which have words of manifests in them and are no
/// YAML. Those that are named as YAML, or begin like an object, were meant to be read.
fn is_of_another_kind(reader: &FileReader<'_>, text: &str) -> bool {
    if !reader.is_folder {
        return false;
    }
    let name = reader.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "yaml" | "yml" | "json" => false,
        ending if PROSE.contains(&ending) => true,
        _ => !(has_line(text, "apiVersion:") && has_line(text, "kind:")),
    }
}

const RENDER: &str = "render the chart first: `helm template CHART`, and give its output";

/// What most likely went wrong with a document that is no YAML.
fn hint_for(text: &str) -> &'static str {
    if is_template(text) {
        return RENDER;
    }
    let has_tab = text.lines().any(|line| {
        let indent = line.len() - line.trim_start().len();
        line.get(..indent).is_some_and(|blank| blank.contains('\t'))
    });
    if has_tab {
        "indent with blanks: YAML allows no tabs there"
    } else {
        ""
    }
}

/// Go template actions as charts use them.
fn is_template(text: &str) -> bool {
    const ACTIONS: [&str; 12] = [
        ".Values",
        ".Release",
        ".Chart",
        ".Capabilities",
        "include ",
        "template ",
        "define ",
        "if ",
        "range ",
        "with ",
        "end",
        "toYaml",
    ];
    text.split("{{").skip(1).any(|after| {
        let action = after.trim_start_matches('-').trim_start();
        ACTIONS.iter().any(|one| action.starts_with(one))
    })
}

fn is_telling(text: &str) -> bool {
    text.lines().any(|line| {
        let word = line.trim_start_matches([' ', '-', '{', '"', '\'', '[', '\t']);
        TELLING_KEYS.iter().any(|key| word.starts_with(key))
    })
}

/// One document as it stands in the file, with its `---` line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// Line of the file on which `text` starts, counted from 1.
    pub(super) line: u32,
}

impl Part<'_> {
    /// The first line that is neither blank nor a comment nor a lone `---`.
    fn content_line(&self) -> Option<u32> {
        let skipped = self.text.lines().position(|line| {
            let line = line.strip_prefix("---").unwrap_or(line).trim_start();
            !line.is_empty() && !line.starts_with(['#', '%'])
        })?;
        Some(self.line_of(u32::try_from(skipped).unwrap_or(u32::MAX).saturating_add(1)))
    }

    /// The file's line for a line of the document; the first one when unknown (0).
    fn line_of(&self, line: u32) -> u32 {
        self.line.saturating_add(line.saturating_sub(1))
    }
}

/// Splits at lines that start with `---` or `...` and end there or go on with a blank: such a line
/// ends every document, also within a quoted or block scalar (YAML 1.2, 9.1.2), so that a document
/// that never closes its quotes takes no other with it.
pub(super) fn documents(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut start_line = 1;
    let mut offset = 0;
    let mut number: u32 = 0;
    for line in text.split_inclusive('\n') {
        number = number.saturating_add(1);
        let next = offset + line.len();
        if is_marker(line, "---") {
            push_part(&mut parts, text.get(start..offset), start_line);
            (start, start_line) = (offset, number);
        } else if is_marker(line, "...") {
            push_part(&mut parts, text.get(start..offset), start_line);
            (start, start_line) = (next, number.saturating_add(1));
        }
        offset = next;
    }
    push_part(&mut parts, text.get(start..), start_line);
    parts
}

fn push_part<'a>(parts: &mut Vec<Part<'a>>, text: Option<&'a str>, line: u32) {
    parts.extend(
        text.filter(|text| !text.is_empty())
            .map(|text| Part { text, line }),
    );
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

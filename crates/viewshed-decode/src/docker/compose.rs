//! Compose and stack files of every version of the format (compose-spec `spec.md`; file formats 1 to 3).
//!
//! `${VAR:-default}` stands for its default; `${VAR}` is left as it is written, because its value stands in
//! another place, and is named as a gap where it decides something. What a file only refers to (`env_file`,
//! `extends` of another file, `include`) is named as a gap too, because the container will have it.
//!
//! Files that `docker compose` reads together (`-f` several times, `compose.override.yaml`) are layers of one
//! project and are merged by its rules (docs.docker.com, Compose file reference, "Merge Compose files").

mod document;
mod environment;
mod inherit;
mod interpolate;
mod layers;
mod ports;
mod project;
mod service;
#[cfg(test)]
mod tests;
mod volumes;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use viewshed_model::{DockerHost, Gap, GapReason, Position};

use self::document::{Document, NamedValue};
use self::inherit::Declared;
pub use self::layers::{Layer, add_project};
use super::fields::{Fields, Wrong};
use crate::gaps::{GapList, gap};
use crate::text::clean;

/// Most published ports of one file; ranges multiply, and a media server's longest is 10,000.
const PORTS_PER_FILE_MAX: usize = 65_536;

/// Most mounts, variables and ports that services of one file take over from others through `extends` and
/// `volumes_from`; a hand-written file stays far below, a hostile chain does not.
const INHERITED_PER_FILE_MAX: usize = 100_000;

/// What is left of the limits of one file, and where gaps go.
struct FileReader<'a> {
    path: &'a str,
    gaps: GapList<'a>,
    ports_left: usize,
    inherited_left: usize,
}

impl<'a> FileReader<'a> {
    fn new(path: &'a str, gaps: &'a mut Vec<Gap>) -> Self {
        Self {
            path,
            gaps: GapList::new(gaps),
            ports_left: PORTS_PER_FILE_MAX,
            inherited_left: INHERITED_PER_FILE_MAX,
        }
    }

    fn note(&mut self, what: &str, reason: GapReason, detail: &str, hint: &str) {
        self.gaps.push(gap(self.path, what, reason, detail, hint));
    }
}

/// Adds one compose document that stands alone; `first_line` is the line of the file on which `text` starts.
pub fn add_compose(
    host: &mut DockerHost,
    gaps: &mut Vec<Gap>,
    path: &str,
    first_line: u32,
    text: &str,
) {
    let layer = read_layer(gaps, path, first_line, text);
    add_project(host, gaps, layer.into_iter().collect());
}

/// Reads one compose document, `None` when it is no YAML; `first_line` as for [`add_compose`].
pub fn read_layer(gaps: &mut Vec<Gap>, path: &str, first_line: u32, text: &str) -> Option<Layer> {
    let document = match document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = error.line.saturating_add(first_line.saturating_sub(1));
            let what = format!("compose file `{path}`, line {line}");
            gaps.push(gap(path, &what, error.reason, &error.detail, ""));
            return None;
        }
    };
    let mut reader = FileReader::new(path, gaps);
    if document.has_duplicate_keys {
        let what = format!("keys that stand twice in `{path}`");
        reader.note(&what, GapReason::Malformed, "the last one counts", "");
    }
    note_tags(&mut reader, text);
    let rest = read_rest(&mut reader, &document);
    let services = read_services(&mut reader, &document, first_line);
    Some(Layer {
        path: path.to_owned(),
        services: inherit::extend(&mut reader, &services),
        rest,
    })
}

/// `!reset` and `!override` take away what the files before have; a YAML reader drops tags.
fn note_tags(reader: &mut FileReader<'_>, text: &str) {
    let is_tagged = |line: &str| {
        let line = line.trim_start();
        !line.starts_with('#') && (line.contains(": !reset") || line.contains(": !override"))
    };
    if text.lines().any(is_tagged) {
        let what = format!(
            "what `!reset` and `!override` of `{}` take away",
            reader.path
        );
        reader.note(
            &what,
            GapReason::Unsupported,
            "it is taken as added",
            "`docker compose config` writes the merged file; read that one",
        );
    }
}

/// Whether a mapping is a compose file: `services` whose entries name an image or a build, or such entries at
/// the top (format 1). Files that by their name (`path`) are laid over others need neither.
pub fn is_compose(path: &str, object: &Map<String, Value>) -> bool {
    match object.get("services") {
        Some(Value::Object(services)) if layers::is_named_compose(path) => services
            .values()
            .all(|one| one.is_object() || one.is_null()),
        Some(Value::Object(services)) => services.values().any(is_service),
        Some(_) => false,
        None => object.values().all(is_service),
    }
}

/// The image of a service is one text; the values of Helm charts and of kustomize take it apart
/// (`image: {repository: ..., tag: ...}`).
fn is_service(value: &Value) -> bool {
    value.as_object().is_some_and(|service| {
        let names_image = service.get("image").map(Value::is_string);
        let others = ["build", "extends"];
        names_image.unwrap_or_else(|| others.iter().any(|key| service.contains_key(*key)))
    })
}

/// What stands beside the services, with the defaults of its variables.
fn read_rest(reader: &mut FileReader<'_>, document: &Document) -> Map<String, Value> {
    let wrong = Wrong::default();
    let mut unset = BTreeSet::new();
    let rest = interpolate::project(&document.rest, &mut unset);
    note_unset(reader, &unset);
    for file in project::includes(&Fields::new(&rest, &wrong)) {
        let what = format!("services of the included file `{file}`");
        reader.note(
            &what,
            GapReason::NotCollected,
            "",
            "name that file on the command line too",
        );
    }
    note_wrong(reader, &wrong);
    rest
}

/// Fields beside the services that are of another type than the format says.
fn note_wrong(reader: &mut FileReader<'_>, wrong: &Wrong) {
    if let Some(names) = wrong.describe() {
        let what = format!("fields {names} of `{}`", reader.path);
        reader.note(&what, GapReason::Malformed, "not of the expected type", "");
    }
}

fn read_services(
    reader: &mut FileReader<'_>,
    document: &Document,
    first_line: u32,
) -> Vec<Declared> {
    let mut services = Vec::new();
    let mut unset = BTreeSet::new();
    for NamedValue { name, line, value } in &document.services {
        let position = Position {
            file: reader.path.to_owned(),
            line: line.saturating_add(first_line.saturating_sub(1)),
        };
        if let Some(object) = value.as_object() {
            let wrong = Wrong::default();
            let object = interpolate::service(object, &mut unset);
            let mut declared = service::declared(name, &Fields::new(&object, &wrong), reader);
            if let Some(names) = wrong.describe() {
                let what = format!("fields {names} of service `{}`", name.replace('`', ""));
                let detail = format!("not of the expected type, line {}", position.line);
                reader.note(&what, GapReason::Malformed, &detail, "");
            }
            declared.container.position = Some(Box::new(position));
            services.push(declared);
        } else {
            let what = format!("service `{}`", name.replace('`', ""));
            let detail = format!("line {}: not a mapping", position.line);
            reader.note(&what, GapReason::Malformed, &detail, "");
        }
    }
    note_unset(reader, &unset);
    services
}

/// Most variables that one gap names.
const UNSET_NAMES_MAX: usize = 10;

/// Variables whose values would decide what a service holds.
fn note_unset(reader: &mut FileReader<'_>, unset: &BTreeSet<String>) {
    if unset.is_empty() {
        return;
    }
    let names: Vec<String> = unset
        .iter()
        .take(UNSET_NAMES_MAX)
        .map(|name| format!("`{}`", clean(name)))
        .collect();
    let more = match unset.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = format!("variables {}{more} of `{}`", names.join(", "), reader.path);
    reader.note(
        &what,
        GapReason::NotCollected,
        "the file gives no default for them",
        "`docker compose config` writes the file with every value; read that one",
    );
}

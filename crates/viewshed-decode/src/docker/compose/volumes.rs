//! `volumes` in the short syntax (`[SOURCE:]TARGET[:MODE]`) and in the long one, and `tmpfs`.

use serde_json::Value;
use viewshed_model::Mount;

use crate::docker::fields::Fields;
use crate::text::clean;

pub(super) fn mounts(service: &Fields<'_>) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for entry in service.list("volumes") {
        match entry {
            Value::String(text) => mounts.push(short(&clean(text))),
            other => match service.of(other) {
                Some(volume) => mounts.push(long(&volume)),
                None => service.wrong("volumes"),
            },
        }
    }
    mounts.extend(tmpfs(service));
    mounts
}

fn short(text: &str) -> Mount {
    let mut parts = split_outside_braces(text, ':');
    // `C:\data:/data`: the first colon belongs to the drive.
    if let [drive, rest, ..] = parts.as_slice()
        && drive.len() == 1
        && rest.starts_with(['\\', '/'])
        && drive.bytes().all(|letter| letter.is_ascii_alphabetic())
        && let Some(path) = text.get(..drive.len() + 1 + rest.len())
    {
        parts.splice(..2, [path]);
    }
    let (source, destination, modes) = match parts.as_slice() {
        [destination] => ("", *destination, ""),
        [source, destination] => (*source, *destination, ""),
        [source, destination, modes, ..] => (*source, *destination, *modes),
        [] => ("", "", ""),
    };
    Mount {
        kind: if is_path(source) { "bind" } else { "volume" }.to_owned(),
        source: source.to_owned(),
        destination: destination.to_owned(),
        read_only: modes.split(',').any(|mode| mode == "ro"),
        ..Mount::default()
    }
}

/// A source is a path of the host when it looks like one; any other word is a volume's name.
fn is_path(source: &str) -> bool {
    source.starts_with(['/', '.', '~', '$', '\\']) || source.get(1..2) == Some(":")
}

fn long(volume: &Fields<'_>) -> Mount {
    let kind = volume.text("type");
    let source = volume.text("source");
    Mount {
        kind: if !kind.is_empty() {
            kind
        } else if is_path(&source) {
            "bind".to_owned()
        } else {
            "volume".to_owned()
        },
        source,
        destination: volume.text("target"),
        read_only: volume.flag("read_only").unwrap_or(false),
        ..Mount::default()
    }
}

/// One path or a list, each with options after a colon.
fn tmpfs(service: &Fields<'_>) -> Vec<Mount> {
    let paths = match service.get("tmpfs") {
        Some(Value::String(path)) => vec![clean(path).into_owned()],
        _ => service.texts("tmpfs"),
    };
    paths
        .iter()
        .map(|path| Mount {
            destination: path.split(':').next().unwrap_or_default().to_owned(),
            kind: "tmpfs".to_owned(),
            ..Mount::default()
        })
        .collect()
}

/// Splits at `separator`, except inside of `${...}`, whose defaults may hold any character.
pub(super) fn split_outside_braces(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    let mut previous = ' ';
    for (index, character) in text.char_indices() {
        match character {
            '{' if previous == '$' || depth > 0 => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            other if other == separator && depth == 0 => {
                parts.extend(text.get(start..index));
                start = index + separator.len_utf8();
            }
            _ => {}
        }
        previous = character;
    }
    parts.extend(text.get(start..));
    parts
}

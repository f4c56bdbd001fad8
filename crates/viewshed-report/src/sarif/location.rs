//! Where a finding stands, as SARIF wants it: a file with a line, and the object's name.

use crate::lines::put;
use serde::Serialize;
use viewshed_model::{Finding, Position};

/// A SARIF `location` (section 3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

impl Location {
    /// The file of the finding.
    pub(super) fn of(finding: &Finding) -> Self {
        let namespace = if finding.namespace.is_empty() {
            "cluster"
        } else {
            &finding.namespace
        };
        let place = [finding.estate.as_str(), namespace, &finding.object];
        Self::at(finding.location.as_ref(), place, "resource")
    }

    /// The file and line. What has none gets a path made of its place (estate, namespace and object),
    /// because code scanning services drop results without a file.
    pub(super) fn at(position: Option<&Position>, place: [&str; 3], kind: &'static str) -> Self {
        let (uri, start_line) = match position {
            Some(position) => (file_uri(&position.file), position.line.max(1)),
            None => {
                let path: Vec<String> = place.iter().map(|part| segment(part)).collect();
                (format!("viewshed/{}", path.join("/")), 1)
            }
        };
        let [.., name] = place;
        Self {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri },
                region: Region { start_line },
            },
            logical_locations: [LogicalLocation {
                name: name.to_owned(),
                fully_qualified_name: place.join("/"),
                kind,
            }],
        }
    }
}

/// A path as a URI reference (RFC 3986): relative paths stay relative, so that they match the repository.
fn file_uri(path: &str) -> String {
    let path = path.trim_start_matches("./");
    let encoded: Vec<String> = path.split('/').map(segment).collect();
    let encoded = encoded.join("/");
    if path.starts_with('/') {
        format!("file://{encoded}")
    } else {
        encoded
    }
}

/// One path segment; everything but RFC 3986's unreserved characters is percent-encoded. `.` and `..`
/// alone stay what they are only in real paths.
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            put(&mut out, &format!("%{byte:02X}"));
        }
    }
    out
}

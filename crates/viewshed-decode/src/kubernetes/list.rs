//! Lists: one page of a server's answer, or a `List` in a file.

mod parts;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use viewshed_model::{Cluster, ConfigKind, Gap, GapReason, OtherObject};

pub(super) use parts::{ListParts, split_list};

use super::config::ConfigWire;
use super::meta::{MetaOnly, ObjectKind, split_api_version};
use super::object::{add_any, add_known};
use super::place::Place;
use crate::DecodeError;
use crate::gaps::GapList;
use crate::lines::{LineCounter, offset_in};
use crate::nullable::Nullable;
use crate::text::clean_short;

/// What a page says beside its items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// Token for the next page; `None` on the last one.
    pub continue_token: Option<String>,
    /// How many items are still to come, where the server knows.
    pub remaining_item_count: Option<u64>,
    /// Items of this page that were added.
    pub count: usize,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

/// Adds one page of a list answer: a typed list, a `PartialObjectMetadataList` or a `Table`.
///
/// Items of typed lists have neither kind nor API version (the list has them); those of the other
/// two forms have the wrong ones, so their kind is that of `resource` in `cluster.api_resources`.
/// From metadata alone only config maps and secrets become what they are; other kinds become names.
/// A broken item is a gap; a truncated page gives its complete items and a gap.
///
/// # Errors
/// When the body is no list at all: a `Status`, another kind, or not JSON.
#[expect(
    clippy::too_many_arguments,
    reason = "two outputs, three names and the bytes: a struct would only move them"
)]
pub fn add_list(
    cluster: &mut Cluster,
    gaps: &mut Vec<Gap>,
    source: &str,
    group: &str,
    resource: &str,
    body: &[u8],
) -> Result<ListPage, DecodeError> {
    let (text, cut) = valid_text(body);
    let mut parts = split_list(text);
    let place = Place::server(source);
    let mut gaps = GapList::new(gaps);
    if !parts.has_items {
        return Err(no_list(&parts, text));
    }
    if let Some(error) = parts.error.take() {
        gaps.push(place.gap(
            &format!("list `{resource}` to the end"),
            GapReason::Truncated,
            &error.to_string(),
            "",
        ));
    } else if cut {
        let detail = "the answer is not UTF-8";
        gaps.push(place.gap("read the whole list", GapReason::Malformed, detail, ""));
    }
    let list_kind = parts.kind.clone();
    let known = cluster
        .api_resources
        .iter()
        .find(|known| known.group == group && known.resource == resource)
        .map(|known| known.kind.clone());
    let kind = match list_kind.as_ref() {
        "PartialObjectMetadataList" | "Table" => {
            Cow::Owned(known.unwrap_or_else(|| kind_of_resource(resource).to_owned()))
        }
        typed => Cow::Borrowed(typed.strip_suffix("List").unwrap_or_default()),
    };
    let version = parts.api_version.clone();
    let kind = ObjectKind {
        group,
        version: split_api_version(&version).1,
        kind: &kind,
        resource,
    };
    let count = match list_kind.as_ref() {
        "PartialObjectMetadataList" => parts
            .items
            .iter()
            .map(|item| add_metadata(cluster, &mut gaps, &place, (item.get(), ""), &kind))
            .sum(),
        "Table" => add_rows(cluster, &mut gaps, &place, &parts, &kind),
        _ => add_items(cluster, &mut gaps, &place, (text, &parts, 1), &kind),
    };
    Ok(ListPage {
        continue_token: parts.metadata.r#continue.0.filter_empty(),
        remaining_item_count: parts.metadata.remaining_item_count,
        count,
        resource_version: parts.metadata.resource_version.0,
    })
}

trait FilterEmpty {
    fn filter_empty(self) -> Option<String>;
}

impl FilterEmpty for String {
    fn filter_empty(self) -> Option<String> {
        (!self.is_empty()).then_some(self)
    }
}

fn valid_text(body: &[u8]) -> (&str, bool) {
    match std::str::from_utf8(body) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = body.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(valid).unwrap_or_default(), true)
        }
    }
}

fn no_list(parts: &ListParts<'_>, text: &str) -> DecodeError {
    if parts.kind == "Status" {
        let status: StatusWire = serde_json::from_str(text).unwrap_or_default();
        return DecodeError::Status {
            code: status.code.0,
            reason: clean_short(&status.reason),
            message: clean_short(&status.message),
        };
    }
    match &parts.error {
        Some(error) => DecodeError::Json {
            expected: "a list",
            detail: clean_short(&error.to_string()),
        },
        None => DecodeError::Kind {
            expected: "a list",
            found: clean_short(&format!("{} {}", parts.api_version, parts.kind)),
        },
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusWire {
    code: Nullable<u16>,
    reason: Nullable<String>,
    message: Nullable<String>,
}

/// Without discovery only these can be told from a metadata list.
fn kind_of_resource(resource: &str) -> &'static str {
    match resource {
        "configmaps" => "ConfigMap",
        "secrets" => "Secret",
        _ => "",
    }
}

/// Adds the complete items of a list whose text ends early; 0 when it is no list.
pub(crate) fn add_truncated_list(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    text: &str,
) -> usize {
    let parts = split_list(text);
    let (group, version) = split_api_version(&parts.api_version);
    let kind = ObjectKind {
        group,
        version,
        // `kind` may stand after the point where the text ends.
        kind: parts.kind.strip_suffix("List").unwrap_or_default(),
        resource: "",
    };
    add_items(cluster, gaps, place, (text, &parts, 1), &kind)
}

/// Adds the items of a typed list or of a `List` of mixed kinds.
pub(super) fn add_items(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    (text, parts, depth): (&str, &ListParts<'_>, u32),
    kind: &ObjectKind<'_>,
) -> usize {
    let mut lines = LineCounter::new(text.as_bytes(), place.line);
    let mut count = 0;
    for item in &parts.items {
        let mut here = *place;
        if place.file.is_some() {
            let offset = offset_in(text, item.get());
            here.line = offset.map_or(place.line, |offset| lines.line_at(offset));
        }
        if let Some(other) = no_object(item.get()) {
            let detail = format!("it is {other}, not an object");
            gaps.push(here.gap(
                "read an item of the list",
                GapReason::Malformed,
                &detail,
                "",
            ));
            continue;
        }
        count += if kind.kind.is_empty() {
            add_any(cluster, gaps, &here, item.get(), depth)
        } else {
            add_known(cluster, gaps, &here, item.get(), kind)
        };
    }
    count
}

/// What a JSON value is, when it is no object.
fn no_object(value: &str) -> Option<&'static str> {
    match value.as_bytes().first() {
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'"') => Some("a text"),
        Some(b'n') => Some("empty (`null`)"),
        Some(b't' | b'f') => Some("a truth value"),
        _ => Some("a number"),
    }
}

/// Adds one item of which only metadata is known.
fn add_metadata(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    (body, secret_type): (&str, &str),
    kind: &ObjectKind<'_>,
) -> usize {
    let config_kind = match (kind.group, kind.kind) {
        ("", "ConfigMap") => Some(ConfigKind::ConfigMap),
        ("", "Secret") => Some(ConfigKind::Secret),
        _ => None,
    };
    let added = match config_kind {
        Some(config) => serde_json::from_str::<ConfigWire>(body).map(|wire| {
            let mut names = wire.into_names(config, None);
            secret_type.clone_into(&mut names.secret_type);
            cluster.configs.push(names);
        }),
        None => serde_json::from_str::<MetaOnly>(body).map(|wire| {
            cluster.others.push(OtherObject {
                group: kind.group.to_owned(),
                resource: kind.resource.to_owned(),
                kind: kind.kind.to_owned(),
                meta: wire.metadata.0.into_meta(None),
            });
        }),
    };
    match added {
        Ok(()) => 1,
        Err(error) => {
            let what = format!("read an item of `{}`", kind.resource);
            gaps.push(place.gap(&what, GapReason::Malformed, &error.to_string(), ""));
            0
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RowWire<'a> {
    cells: Nullable<Vec<serde_json::Value>>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
}

/// Adds the rows of a `Table`; of the cells only a secret's `Type` is used.
fn add_rows(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    parts: &ListParts<'_>,
    kind: &ObjectKind<'_>,
) -> usize {
    let type_column = parts.columns.iter().position(|column| column == "Type");
    let mut count = 0;
    for row in &parts.items {
        let row: RowWire<'_> = serde_json::from_str(row.get()).unwrap_or_default();
        let Some(object) = row.object else {
            let detail = "a row without its object";
            gaps.push(place.gap("read a table row", GapReason::Malformed, detail, ""));
            continue;
        };
        let secret_type = type_column
            .filter(|_| kind.kind == "Secret")
            .and_then(|column| row.cells.get(column))
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        count += add_metadata(cluster, gaps, place, (object.get(), secret_type), kind);
    }
    count
}

//! One document, as JSON: what it is, and where it goes.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use viewshed_model::{GapReason, Position};

use super::FileReader;
use super::dump::Tally;
use crate::docker::{self, DocumentKind};
use crate::kubernetes::{Place, add_to, configz};
use crate::lines::{LineCounter, offset_in};
use crate::text::clean_short;

/// A document in the two forms that readers want.
pub(super) struct Document<'a> {
    /// As it stands in the file.
    pub(super) original: &'a str,
    pub(super) original_line: u32,
    /// As JSON; its line breaks are those of the file from `json_line` on.
    pub(super) json: &'a str,
    pub(super) json_line: u32,
    /// First line of content.
    pub(super) line: u32,
}

/// The fields that tell documents apart. The last kind wins, as everywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Marks<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    kubeletconfig: Option<IgnoredAny>,
    metadata: Option<IgnoredAny>,
    spec: Option<IgnoredAny>,
    #[serde(rename = "Kind")]
    capital_kind: Option<IgnoredAny>,
    #[serde(rename = "schema_version")]
    schema_version: Option<IgnoredAny>,
}

pub(super) fn add_document(reader: &mut FileReader<'_>, document: &Document<'_>) {
    if document.json.starts_with('[') {
        add_array(reader, document);
        return;
    }
    let marks = match serde_json::from_str::<Marks<'_>>(document.json) {
        Ok(marks) => marks,
        // A key that stands twice, or has a wrong type: the reader of objects names it.
        Err(_) if document.json.starts_with('{') => {
            add_object(reader, document);
            return;
        }
        Err(_) => return,
    };
    let api_version = marks.api_version.as_deref().unwrap_or_default();
    match marks.kind.as_deref() {
        Some(kind) if api_version.is_empty() => without_version(reader, document, kind, &marks),
        Some(kind) => match refusal(api_version, kind) {
            Some(_) => add_refused(reader, document, (api_version, kind)),
            None if (api_version, kind) == ("v1", "List") => add_printed(reader, document),
            None => add_object(reader, document),
        },
        None if marks.kubeletconfig.is_some() => add_configz(reader, document),
        None if api_version.is_empty() && is_kustomization(reader.path) => {
            add_refused(reader, document, (KUSTOMIZE, "Kustomization"));
        }
        None => {
            if !add_docker(reader, document) {
                without_kind(reader, document, &marks);
            }
        }
    }
}

/// What looks like an object and names no kind, which kubectl refuses. Charts and other tools have an
/// `apiVersion` in their files too, and no `metadata` or `spec`.
fn without_kind(reader: &mut FileReader<'_>, document: &Document<'_>, marks: &Marks<'_>) {
    let has_version = marks.api_version.is_some();
    let has_content = marks.metadata.is_some() || marks.spec.is_some();
    let (detail, hint) = if marks.capital_kind.is_some() && (has_version || has_content) {
        (
            "it has `Kind` in place of `kind`",
            "write it in small letters",
        )
    } else if has_version && has_content {
        (
            "it has no `kind`, without which a server refuses it",
            "add its `kind`",
        )
    } else {
        return;
    };
    let trouble = (GapReason::Malformed, detail, hint);
    reader.note(document.line, "read a document", trouble);
}

/// An object has both `apiVersion` and `kind`; a server refuses it otherwise. Other documents have a `kind` of
/// their own, such as the reports of this program.
fn without_version(
    reader: &mut FileReader<'_>,
    document: &Document<'_>,
    kind: &str,
    marks: &Marks<'_>,
) {
    if marks.schema_version.is_some() {
        if !reader.found.is_report {
            reader.found.is_report = true;
            let what = format!("read the `{}` report", clean_short(kind));
            let reason = if reader.is_folder {
                GapReason::NothingKnown
            } else {
                GapReason::Unsupported
            };
            let detail = "it is an answer of viewshed, not an estate";
            let hint = "give the estate itself, for example from `viewshed collect`";
            reader.note(document.line, &what, (reason, detail, hint));
        }
    } else if marks.metadata.is_some() || marks.spec.is_some() {
        let what = format!("read the `{}`", clean_short(kind));
        let detail = "it has no `apiVersion`, without which a server refuses it";
        let trouble = (GapReason::Malformed, detail, "add its `apiVersion`");
        reader.note(document.line, &what, trouble);
    }
}

/// The API of kustomizations that name none (kustomize `api/types`, `Kustomization.FixKustomizationPostUnmarshalling`).
const KUSTOMIZE: &str = "kustomize.config.k8s.io/v1beta1";

/// Whether the file is a kustomization by its name: it needs to name neither a kind nor a version
/// (kustomize `api/konfig`, `RecognizedKustomizationFileNames`).
pub(super) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

/// A kind that is no object of a cluster.
fn add_refused(
    reader: &mut FileReader<'_>,
    document: &Document<'_>,
    (api_version, kind): (&str, &str),
) {
    if reader.is_folder && only_lists_files(api_version, document.json) {
        return;
    }
    if let Some((detail, hint)) = refusal(api_version, kind) {
        let what = format!("read the `{}`", clean_short(kind));
        reader.note(document.line, &what, (GapReason::Unsupported, detail, hint));
    }
}

/// Kinds that are no objects of a cluster, and what to do with them.
fn refusal(api_version: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    let (group, _) = api_version.split_once('/').unwrap_or(("", api_version));
    match (group, kind) {
        ("", "Config") => Some((
            "it is a kubeconfig, which holds credentials",
            "name it with `--kubeconfig` to ask its cluster",
        )),
        ("kustomize.config.k8s.io", _) => Some((
            "it only says how manifests are made",
            "give the output of `kubectl kustomize FOLDER`",
        )),
        ("audit.k8s.io", "Event" | "EventList") => Some((
            "it is an audit log, not a manifest",
            "give it to `viewshed can-i --questions`",
        )),
        _ => None,
    }
}

/// Whether a kustomization does nothing but list files and folders beside it, which are read anyway.
fn only_lists_files(api_version: &str, json: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Kustomization {
        #[serde(default, rename = "apiVersion")]
        _version: Option<IgnoredAny>,
        #[serde(default, rename = "kind")]
        _kind: Option<IgnoredAny>,
        #[serde(default, rename = "metadata")]
        _metadata: Option<IgnoredAny>,
        #[serde(default)]
        resources: Vec<String>,
    }
    let is_beside = |path: &String| {
        let path = path.strip_prefix("./").unwrap_or(path);
        let first = path.split('/').next().unwrap_or_default();
        let is_address = path.contains(':') || path.contains('?');
        // `github.com/OWNER/NAME` is an address too.
        let is_host = first.len() < path.len() && first.contains('.');
        !is_address && !is_host && !first.is_empty()
    };
    api_version.starts_with("kustomize.config.k8s.io/")
        && serde_json::from_str::<Kustomization>(json)
            .is_ok_and(|kustomization| kustomization.resources.iter().all(is_beside))
}

/// A list of mixed kinds, as `kubectl get` prints it.
fn add_printed(reader: &mut FileReader<'_>, document: &Document<'_>) {
    let before = Tally::of(reader.cluster);
    add_object(reader, document);
    let printed: Printed<'_> = serde_json::from_str(document.json).unwrap_or_default();
    // Kubectl sets it, without a value (kubectl `pkg/cmd/get`, `Get.printGeneric`).
    let is_of_kubectl = printed.metadata.resource_version.as_deref() == Some("");
    if is_of_kubectl {
        reader.found.is_get_all |= before.is_all(reader.cluster);
        let items = printed.items.map(RawValue::get).unwrap_or_default();
        let inside = items.trim_start_matches('[').trim_end_matches(']');
        reader.found.has_empty_list |= inside.trim().is_empty();
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Printed<'a> {
    metadata: PrintedMeta<'a>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PrintedMeta<'a> {
    #[serde(borrow)]
    resource_version: Option<Cow<'a, str>>,
}

fn add_object(reader: &mut FileReader<'_>, document: &Document<'_>) {
    reader.found.anything = true;
    let path = reader.path;
    let place = Place {
        source: path,
        file: Some(path),
        line: document.json_line,
    };
    add_to(
        reader.cluster,
        &mut reader.gaps,
        &place,
        (document.json, document.line),
    );
}

fn add_configz(reader: &mut FileReader<'_>, document: &Document<'_>) {
    match configz(document.json.as_bytes()) {
        Ok(mut settings) => {
            reader.found.anything = true;
            settings.position = Some(Box::new(Position {
                file: reader.path.to_owned(),
                line: document.line,
            }));
            reader.cluster.kubelet_files.push(settings);
        }
        Err(error) => {
            let what = "read a kubelet's settings";
            let detail = error.to_string();
            reader.note(document.line, what, (GapReason::Malformed, &detail, ""));
        }
    }
}

/// `docker inspect` output, or objects of Kubernetes that some tool put into an array.
fn add_array(reader: &mut FileReader<'_>, document: &Document<'_>) {
    if add_docker(reader, document) {
        return;
    }
    let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(document.json) else {
        return;
    };
    let mut lines = LineCounter::new(document.json.as_bytes(), document.json_line);
    for element in elements {
        let is_object = serde_json::from_str::<Marks<'_>>(element.get())
            .is_ok_and(|marks| marks.kind.is_some() && marks.api_version.is_some());
        if !is_object {
            continue;
        }
        let offset = offset_in(document.json, element.get()).unwrap_or(0);
        let line = lines.line_at(offset);
        let part = Document {
            original: element.get(),
            original_line: line,
            json: element.get(),
            json_line: line,
            line,
        };
        add_document(reader, &part);
    }
}

/// Whether it was one of Docker's documents.
fn add_docker(reader: &mut FileReader<'_>, document: &Document<'_>) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(document.json) else {
        return false;
    };
    let Some(kind) = docker::recognise(reader.path, &value) else {
        return false;
    };
    drop(value);
    reader.found.anything = true;
    let place = Position {
        file: reader.path.to_owned(),
        line: document.original_line,
    };
    let hosts = &mut *reader.hosts;
    reader.gaps.with(|gaps| match kind {
        DocumentKind::Compose => hosts.add_compose(gaps, &place, document.original),
        DocumentKind::Inspect
        | DocumentKind::DaemonConfig
        | DocumentKind::Info
        | DocumentKind::Version => {
            docker::add_document(hosts.machine(), gaps, kind, &place, document.original);
        }
    });
    true
}

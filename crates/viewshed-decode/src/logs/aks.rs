//! AKS: resource logs of Azure Monitor, as an event hub, a storage account or Log Analytics gives them.

use viewshed_model::SkipReason;

use super::kubernetes::{self, Envelope};
use super::shape::{Breaks, container_length, field, items};
use super::sink::Sink;
use super::time::rfc3339_us;

pub(super) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    sink.each_json(text, entry);
}

fn entry<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let list = if text.starts_with('[') {
        Some(text)
    } else {
        field(text, "records").or_else(|| field(text, "Records"))
    };
    match list {
        Some(list) => {
            for item in items(list) {
                record(item, sink);
            }
        }
        None => record(text, sink),
    }
}

/// One record or row. Columns of Log Analytics have capital letters; `AzureDiagnostics` has all of an event in
/// `log_s`, `AKSAudit` and `AKSAuditAdmin` have its fields in columns.
fn record<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    if field(text, "AuditId").is_some() {
        row(text, sink);
        return;
    }
    let category = ["category", "Category"]
        .map(|name| sink.text_of(text, name))
        .concat();
    // Other categories hold text of the components, which may look like anything.
    if !matches!(&*category, "" | "kube-audit" | "kube-audit-admin") {
        sink.skip(SkipReason::OtherKind);
        return;
    }
    let log = field(text, "properties")
        .and_then(|properties| field(properties, "log"))
        .or_else(|| field(text, "log_s"));
    let Some(log) = log else {
        kubernetes::event(text, sink);
        return;
    };
    let envelope = envelope(text, sink);
    if log.starts_with('{') {
        kubernetes::enveloped(log, envelope, sink);
        return;
    }
    match sink.text(log).map(str::trim_ascii) {
        Some(event) if event.starts_with('{') => {
            let is_whole = container_length(event.as_bytes(), Breaks::Allowed).is_some();
            if is_whole {
                kubernetes::enveloped(event, envelope, sink);
            } else {
                sink.skip(SkipReason::Truncated);
            }
        }
        Some(_) => sink.skip(SkipReason::OtherKind),
        None => sink.skip(SkipReason::Malformed),
    }
}

fn envelope<'a>(text: &'a str, sink: &Sink<'a, '_>) -> Envelope<'a> {
    let first_of = |names: &[&str]| {
        names
            .iter()
            .map(|name| sink.text_of(text, name))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    };
    // /SUBSCRIPTIONS/.../MANAGEDCLUSTERS/NAME
    let resource = first_of(&["resourceId", "ResourceId", "_ResourceId"]);
    Envelope {
        cluster: resource.rsplit('/').next().unwrap_or_default(),
        at_us: rfc3339_us(first_of(&["time", "TimeGenerated"])).unwrap_or_default(),
    }
}

/// Columns of `AKSAudit` (Azure Monitor reference, tables/aksaudit) and the fields that they were.
const COLUMNS: [(&str, &str); 15] = [
    ("Level", "level"),
    ("AuditId", "auditID"),
    ("Stage", "stage"),
    ("RequestUri", "requestURI"),
    ("Verb", "verb"),
    ("User", "user"),
    ("ImpersonatedUser", "impersonatedUser"),
    ("SourceIps", "sourceIPs"),
    ("UserAgent", "userAgent"),
    ("ObjectRef", "objectRef"),
    ("ResponseStatus", "responseStatus"),
    ("RequestObject", "requestObject"),
    ("ResponseObject", "responseObject"),
    ("RequestReceivedTime", "requestReceivedTimestamp"),
    ("Annotations", "annotations"),
];

/// Puts the event together again.
fn row<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let mut pieces = vec![r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1""#];
    for (column, name) in COLUMNS {
        let Some(value) = field(text, column).and_then(|value| column_value(column, value, sink))
        else {
            continue;
        };
        pieces.extend([",\"", name, "\":", value]);
    }
    pieces.push("}");
    let event = sink.arena.join(pieces);
    let envelope = envelope(text, sink);
    kubernetes::enveloped(event, envelope, sink);
}

/// Exports write dynamic columns as text that is JSON; only what is one whole value may go into the event.
fn column_value<'a>(column: &str, value: &'a str, sink: &Sink<'a, '_>) -> Option<&'a str> {
    let is_dynamic = matches!(
        column,
        "User"
            | "ImpersonatedUser"
            | "SourceIps"
            | "ObjectRef"
            | "ResponseStatus"
            | "RequestObject"
            | "ResponseObject"
            | "Annotations"
    );
    if !is_dynamic || !value.starts_with('"') {
        return Some(value);
    }
    let inside = sink.text(value)?.trim_ascii();
    let length = container_length(inside.as_bytes(), Breaks::Allowed)?;
    (length == inside.len()).then_some(inside)
}

//! Paths that are no objects.

use super::behaviour::Op;
use super::who::clip;

/// Longer paths are cut: the first part tells what is looked for. Bytes.
const PATH_MAX: usize = 64;

/// What a request for a path amounts to; adds its kind to `kind`.
pub(crate) fn classify(uri: &str, verb: &str, kind: &mut String) -> Op {
    let path = without_query(uri);
    if is_health(path) {
        kind.push_str("health");
        return Op::Health;
    }
    if !matches!(verb, "get" | "head" | "list" | "watch" | "GET" | "HEAD") {
        kind.push_str(clip(path, PATH_MAX));
        return if verb.is_empty() { Op::Path } else { Op::Write };
    }
    if let Some(part) = described(path) {
        kind.push_str(part);
        return Op::Discover;
    }
    // The issuer's public keys: anybody who checks tokens reads them.
    if path.starts_with("/.well-known/") || path.starts_with("/openid/") {
        kind.push_str("issuer");
        return Op::Health;
    }
    kind.push_str(clip(path, PATH_MAX));
    Op::Path
}

/// The path before the query.
pub(crate) fn without_query(uri: &str) -> &str {
    let end = memchr::memchr2(b'?', b'#', uri.as_bytes());
    end.and_then(|end| uri.get(..end)).unwrap_or(uri)
}

/// Whether a query has this parameter with this value; an empty value asks for any.
pub(crate) fn has_query(uri: &str, name: &str, value: &str) -> bool {
    parameters(uri).any(|pair| {
        let rest = behind(pair, name);
        rest.is_some_and(|rest| value.is_empty() || rest.strip_prefix('=') == Some(value))
    })
}

/// Whether a selector picks out something: one of its terms, all of which have to hold, asks for something equal.
pub(crate) fn is_narrowed(uri: &str, selector: &str) -> bool {
    let Some(value) = query(uri, selector) else {
        return false;
    };
    let value = value.replace("%2C", ",").replace("%2c", ",");
    value.split(',').any(|term| {
        let is_equality = term.contains('=') || term.contains("%3D") || term.contains("%3d");
        is_equality && !term.contains('!') && !term.contains("%21")
    })
}

/// Whether a list is of a part of what there is: of objects with some label, of one node, one namespace or about one
/// object. What a phase or a type leaves is nearly all.
pub(crate) fn is_part(uri: &str) -> bool {
    let of_objects = || {
        let field = query(uri, "fieldSelector").unwrap_or_default();
        is_narrowed(uri, "fieldSelector")
            && !field.starts_with("status.")
            && !field.starts_with("type")
    };
    memchr::memmem::find(uri.as_bytes(), b"Selector=").is_some()
        && (is_narrowed(uri, "labelSelector") || of_objects())
}

/// Whether a watch asks for less time than anybody needs who wants to follow something. Client libraries ask
/// for five minutes and more, or leave the time to the server.
///
/// Source: client-go `tools/cache/reflector.go`, `minWatchTimeout`.
pub(crate) fn is_short_watch(uri: &str) -> bool {
    let time_s = query(uri, "timeoutSeconds").and_then(|value| value.parse::<u32>().ok());
    time_s.is_some_and(|time_s| (1..60).contains(&time_s))
}

/// The node whose pods alone a list asks for.
pub(crate) fn node_selected(uri: &str) -> Option<&str> {
    let (_, value) = query(uri, "fieldSelector")?.split_once("spec.nodeName")?;
    let value = value.trim_start_matches("%3D").trim_start_matches("%3d");
    Some(value.trim_start_matches('='))
}

/// The value of a parameter, as it is written.
fn query<'u>(uri: &'u str, name: &str) -> Option<&'u str> {
    parameters(uri).find_map(|pair| behind(pair, name)?.strip_prefix('='))
}

/// What stands behind the name of a parameter: nothing, or `=` and a value; `None` of another parameter.
#[inline]
fn behind<'u>(pair: &'u str, name: &str) -> Option<&'u str> {
    let rest = pair.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with('=')).then_some(rest)
}

/// The parameters of a query, each as it is written.
fn parameters(uri: &str) -> impl Iterator<Item = &str> {
    let (_, mut rest) = split_at(uri, b'?');
    std::iter::from_fn(move || {
        let (pair, after) = split_at(rest?, b'&');
        rest = after;
        Some(pair)
    })
}

/// What comes before the first of these, and what comes after it.
fn split_at(text: &str, ascii: u8) -> (&str, Option<&str>) {
    let parts = memchr::memchr(ascii, text.as_bytes())
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    parts.map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_health(path: &str) -> bool {
    let first = path
        .get(1..)
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default();
    matches!(
        first,
        "healthz" | "livez" | "readyz" | "version" | "metrics"
    )
}

/// The part of the API's description that a path is: its roots, which every client reads, or one of the many
/// documents of single groups and versions, which few do.
///
/// Source: client-go `discovery/discovery_client.go` and `openapi3/root.go`; since Kubernetes 1.27 the roots hold
/// the whole description.
fn described(path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    let depth = path.matches('/').count();
    match path {
        "/api" | "/apis" => Some("discovery"),
        "/openapi/v2" | "/openapi/v3" => Some("openapi"),
        _ if path.starts_with("/openapi/") => Some("openapi/group"),
        _ if path.starts_with("/api/") && depth <= 2 => Some("discovery/group"),
        _ if path.starts_with("/apis/") && depth <= 3 => Some("discovery/group"),
        _ => None,
    }
}

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
    if is_discovery(path) {
        kind.push_str("discovery");
        return Op::Discover;
    }
    if path.starts_with("/openapi/") {
        kind.push_str("openapi");
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
    uri.split(['?', '#']).next().unwrap_or_default()
}

/// Whether a query has this parameter with this value; an empty value asks for any.
pub(crate) fn has_query(uri: &str, name: &str, value: &str) -> bool {
    let Some((_, query)) = uri.split_once('?') else {
        return false;
    };
    query.split('&').any(|pair| {
        let (found, given) = pair.split_once('=').unwrap_or((pair, ""));
        found == name && (value.is_empty() || given == value)
    })
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
        "healthz" | "livez" | "readyz" | "version" | "metrics" | "flagz" | "statusz"
    )
}

/// `/api`, `/apis`, `/api/v1`, `/apis/GROUP`, `/apis/GROUP/VERSION`.
fn is_discovery(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let depth = path.matches('/').count();
    let is_below = |root: &str| {
        path == root
            || path
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    (is_below("/api") && depth <= 2) || (is_below("/apis") && depth <= 3)
}

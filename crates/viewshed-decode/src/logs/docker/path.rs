//! What a path of the Docker Engine API names.

use std::borrow::Cow;

use viewshed_model::ActivityObject;

/// Words in the place of a name that are actions on the whole collection (Docker Engine API reference).
const COLLECTION_WORDS: [&str; 10] = [
    "json", "create", "prune", "search", "load", "get", "df", "init", "join", "leave",
];

/// The object of `/v1.47/containers/ID/json?size=1`: `containers`, `ID`, `json`. Names of images hold
/// slashes, so the subresource is the last word. Podman's own paths have `libpod` in front.
pub(super) fn object_of(uri: &str) -> ActivityObject<'_> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let mut rest = path.trim_start_matches('/');
    let mut version = "";
    if let Some((first, after)) = rest.split_once('/')
        && is_version(first)
    {
        (version, rest) = (first, after);
    }
    rest = rest.strip_prefix("libpod/").unwrap_or(rest);
    let (resource, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let rest = rest.trim_end_matches('/');
    let (name, subresource) = match rest.rsplit_once('/') {
        Some((name, subresource)) if !COLLECTION_WORDS.contains(&name) => (name, subresource),
        Some((first, _)) => ("", first),
        None if COLLECTION_WORDS.contains(&rest) || resource == "system" => ("", rest),
        None => (rest, ""),
    };
    ActivityObject {
        api_version: Cow::Borrowed(version),
        resource: Cow::Borrowed(resource),
        subresource: Cow::Borrowed(subresource),
        name: Cow::Borrowed(name),
        ..ActivityObject::default()
    }
}

fn is_version(word: &str) -> bool {
    word.strip_prefix('v').is_some_and(|rest| {
        rest.contains('.')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

/// The method in the lower case of all verbs.
pub(super) fn verb_of(method: &str) -> Cow<'_, str> {
    Cow::Borrowed(match method {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        _ => return Cow::Owned(method.to_ascii_lowercase()),
    })
}

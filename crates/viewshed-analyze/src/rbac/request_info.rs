//! From an HTTP request to the question that authorizers are asked
//! (apiserver `pkg/endpoints/request/requestinfo.go`).

mod label_syntax;
mod url;

use std::fmt;

use viewshed_model::{Action, NonResourceRequest, ResourceRequest};

use super::selectors::equality_terms;
use url::{Query, Target};

/// Why a request never reaches an authorizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoQuestion {
    /// The request target is not a path, or has a broken `%` escape: the server answers 400.
    BadTarget,
    /// `/api/v1/watch` or `/api/v1/proxy` with nothing behind it: the server answers 500.
    NothingAfterVerb,
}

impl fmt::Display for NoQuestion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BadTarget => "the request target is not a valid path",
            Self::NothingAfterVerb => "the path ends after `watch` or `proxy`",
        })
    }
}

impl std::error::Error for NoQuestion {}

/// The question that a request leads to. `method` is as on the wire (`GET`); `target` is the path
/// with its query string, still percent-encoded. Bytes that are not UTF-8 after decoding become U+FFFD.
pub fn request_info(method: &str, target: &str) -> Result<Action, NoQuestion> {
    let target = Target::parse(target).ok_or(NoQuestion::BadTarget)?;
    let parts: Vec<&str> = match target.path.trim_matches('/') {
        "" => Vec::new(),
        path => path.split('/').collect(),
    };
    let resource_parts = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => Some(("", *version, rest)),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => Some((*group, *version, rest)),
        _ => None,
    };
    let Some((api_group, api_version, rest)) = resource_parts else {
        return Ok(Action::NonResource(NonResourceRequest {
            verb: method.to_lowercase(),
            path: target.path,
        }));
    };
    let mut request = ResourceRequest {
        api_group: api_group.to_owned(),
        api_version: api_version.to_owned(),
        ..ResourceRequest::default()
    };
    let verb_in_path = match rest {
        ["watch" | "proxy"] => return Err(NoQuestion::NothingAfterVerb),
        ["watch" | "proxy", behind @ ..] => {
            fill_resource(&mut request, rest.first().copied(), behind);
            true
        }
        _ => {
            fill_resource(&mut request, verb_of(method), rest);
            false
        }
    };
    refine_verb(&mut request, &target.query);
    // Requests with the verb in the path never carry selectors.
    if !verb_in_path && matches!(request.verb.as_str(), "list" | "watch" | "deletecollection") {
        request.field_selector = target.query.first("fieldSelector").unwrap_or_default();
        request.label_selector = target.query.first("labelSelector").unwrap_or_default();
    }
    Ok(Action::Resource(request))
}

fn verb_of(method: &str) -> Option<&'static str> {
    match method {
        "POST" => Some("create"),
        "GET" | "HEAD" => Some("get"),
        "PUT" => Some("update"),
        "PATCH" => Some("patch"),
        "DELETE" => Some("delete"),
        _ => None,
    }
}

/// Fills verb, namespace, resource, name and subresource from the parts behind the version.
fn fill_resource(request: &mut ResourceRequest, verb: Option<&str>, parts: &[&str]) {
    verb.unwrap_or_default().clone_into(&mut request.verb);
    let mut parts = parts;
    if let ["namespaces", namespace, behind @ ..] = parts {
        (*namespace).clone_into(&mut request.namespace);
        // `namespaces/NAME/status` and `/finalize` are subresources of the namespace itself.
        if behind
            .first()
            .is_some_and(|next| !matches!(*next, "status" | "finalize"))
        {
            parts = behind;
        }
    }
    let part = |at: usize| {
        parts
            .get(at)
            .map(|part| (*part).to_owned())
            .unwrap_or_default()
    };
    request.resource = part(0);
    request.name = part(1);
    if request.verb != "proxy" {
        request.subresource = part(2);
    }
}

/// `get` and `delete` without a name mean `list`, `watch` or `deletecollection`.
fn refine_verb(request: &mut ResourceRequest, query: &Query) {
    if !request.name.is_empty() {
        return;
    }
    match request.verb.as_str() {
        "get" => {
            let options = ListOptions::of(query);
            let verb = if options.watch { "watch" } else { "list" };
            verb.clone_into(&mut request.verb);
            request.name = options.name;
        }
        "delete" => "deletecollection".clone_into(&mut request.verb),
        _ => {}
    }
}

/// The parts of `metav1.ListOptions` that change the question.
#[derive(Default)]
struct ListOptions {
    watch: bool,
    /// The name that `fieldSelector=metadata.name=NAME` demands; empty otherwise.
    name: String,
}

impl ListOptions {
    fn of(query: &Query) -> Self {
        let watch_value = query.first("watch");
        let watch =
            watch_value.is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"));
        Self {
            watch,
            name: Self::exact_name(query).unwrap_or_default(),
        }
    }

    /// `None` also when any list option does not parse: then the server takes nothing but `watch`.
    fn exact_name(query: &Query) -> Option<String> {
        let integers_parse = ["timeoutSeconds", "limit"]
            .iter()
            .filter_map(|key| query.first(key))
            .all(|value| value.parse::<i64>().is_ok());
        let labels_parse =
            label_syntax::is_valid(&query.first("labelSelector").unwrap_or_default());
        if !integers_parse || !labels_parse {
            return None;
        }
        let selector = query.first("fieldSelector")?;
        let terms = equality_terms(&selector)?;
        let (_, name) = terms
            .into_iter()
            .find(|(field, _)| field == "metadata.name")?;
        is_path_segment(&name).then_some(name)
    }
}

/// apimachinery `pkg/api/validate/content/path.go`.
fn is_path_segment(name: &str) -> bool {
    name != "." && name != ".." && !name.contains(['/', '%'])
}

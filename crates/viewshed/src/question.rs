//! Words of the command line to a request: `get pods/log cart -n shop`, `list deploy -A`, `get /metrics`.

use std::collections::BTreeMap;

use viewshed_analyze::rbac::Mode;
use viewshed_model::{Action, Cluster, Identity, NonResourceRequest, ResourceRequest};

use crate::cli::ScopeArgs;
use crate::outcome::Failure;
use kinds::{find, resolve};

mod kinds;
#[cfg(test)]
mod tests;

/// The words that name a request, as kubectl takes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// Verb.
    pub(crate) verb: &'a str,
    /// `RESOURCE[.GROUP][/SUBRESOURCE]`, `TYPE/NAME` or a path.
    pub(crate) resource: &'a str,
    /// Object name.
    pub(crate) name: Option<&'a str>,
}

/// The request that the words mean in this cluster.
///
/// `pods/log` is a subresource where the cluster (or the built-in table) knows one of that name, else
/// `TYPE/NAME` as in `kubectl auth can-i get deployments/web`.
///
/// # Errors
/// A resource that neither the cluster nor the built-in table knows and that names no group is still asked
/// for, in the core group, as kubectl does; an empty word is wrong usage.
pub(crate) fn action(
    cluster: &Cluster,
    words: Words<'_>,
    scope: &ScopeArgs,
) -> Result<Action, Failure> {
    if words.verb.is_empty() || words.resource.is_empty() {
        return Err(Failure::usage(
            "verb and resource must not be empty",
            "for example: viewshed who can list pods -A",
        ));
    }
    if words.resource.starts_with('/') {
        return Ok(Action::NonResource(NonResourceRequest {
            verb: words.verb.to_owned(),
            path: words.resource.to_owned(),
        }));
    }
    let (resource, rest) = match words.resource.split_once('/') {
        Some((resource, rest)) => (resource, rest),
        None => (words.resource, ""),
    };
    let kind = resolve(cluster, resource);
    let rest_is_subresource = words.name.is_some() || kind.has_subresource(cluster, rest);
    let (subresource, name) = match (rest.is_empty(), rest_is_subresource) {
        (true, _) => ("", words.name.unwrap_or_default()),
        (false, true) => (rest, words.name.unwrap_or_default()),
        (false, false) => ("", rest),
    };
    let namespace = if !kind.namespaced || scope.all_namespaces {
        // A namespace's own requests carry its name as their namespace (apiserver requestinfo.go).
        if kind.resource == "namespaces" && kind.group.is_empty() {
            name
        } else {
            ""
        }
    } else {
        scope.namespace.as_deref().unwrap_or("default")
    };
    Ok(Action::Resource(ResourceRequest {
        verb: words.verb.to_owned(),
        api_group: kind.group,
        resource: kind.resource,
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..ResourceRequest::default()
    }))
}

/// The verbs `impersonate:MODE` and `impersonate-on:MODE:VERB` of constrained impersonation
/// (`k8s.io/apiserver/pkg/endpoints/filters/impersonation`): the API server itself asks for them.
fn is_constrained_impersonation(verb: &str) -> bool {
    let is_mode = |word: &str| {
        let mut modes = Mode::ALL.into_iter().filter(|mode| *mode != Mode::Legacy);
        modes.any(|mode| mode.word() == word)
    };
    if let Some(mode) = verb.strip_prefix("impersonate:") {
        return is_mode(mode);
    }
    let on = verb.strip_prefix("impersonate-on:");
    on.and_then(|rest| rest.split_once(':'))
        .is_some_and(|(mode, verb)| is_mode(mode) && RESOURCE_VERBS.contains(&verb))
}

/// What kubectl warns of before it asks: verbs and resources that nobody serves. Without discovery the
/// cluster's resources are not known, and nothing is said of them.
///
/// The verbs are those of kubectl's `pkg/cmd/auth/cani.go`.
pub(crate) fn warnings(cluster: &Cluster, words: Words<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_path = words.resource.starts_with('/');
    let known_verbs: &[&str] = if is_path {
        &PATH_VERBS
    } else {
        &RESOURCE_VERBS
    };
    let verb = words.verb;
    if !known_verbs.contains(&verb) && (is_path || !is_constrained_impersonation(verb)) {
        warnings.push(format!("Warning: verb '{verb}' is not a known verb"));
    }
    let resource = words.resource.split('/').next().unwrap_or_default();
    // What constrained impersonation is asked about is no resource that a server has.
    let is_served = !is_path && resource != "*" && !is_constrained_impersonation(verb);
    if is_served && has_discovery(cluster) && find(cluster, resource).is_none() {
        warnings.push(format!(
            "Warning: the server doesn't have a resource type '{resource}'"
        ));
    }
    warnings
        .iter()
        .map(|warning| viewshed_report::clean(warning).into_owned())
        .collect()
}

/// Manifests tell of the kinds that they add, a server of all that it has.
fn has_discovery(cluster: &Cluster) -> bool {
    let mut served = cluster.api_resources.iter();
    served.any(|served| served.group.is_empty() && served.resource == "pods")
}

const RESOURCE_VERBS: [&str; 16] = [
    "*",
    "approve",
    "attest",
    "bind",
    "create",
    "delete",
    "deletecollection",
    "escalate",
    "get",
    "impersonate",
    "list",
    "patch",
    "sign",
    "update",
    "use",
    "watch",
];

const PATH_VERBS: [&str; 8] = [
    "*", "delete", "get", "head", "options", "patch", "post", "put",
];

/// The identity that an authenticator would make of `--as` and `--as-group`.
pub(crate) fn identity(user: &str, groups: &[String]) -> Identity {
    let given = groups.iter().map(String::as_str);
    if user == "system:anonymous" {
        let mut identity = Identity::anonymous();
        identity.groups.extend(given.map(str::to_owned));
        return identity;
    }
    match viewshed_model::service_account_of(user) {
        Some((namespace, name)) => {
            let mut identity = Identity::service_account(namespace, name);
            identity.groups.extend(given.map(str::to_owned));
            identity
        }
        None if user.starts_with("system:node:") && groups.is_empty() => {
            Identity::user(user, ["system:nodes"])
        }
        None => Identity::user(user, given),
    }
}

/// The attributes that `--as-user-extra` gives, each value under its key (`pkg/genericclioptions/config_flags.go` of
/// cli-runtime).
///
/// # Errors
/// A word without `=`, or without a key before it.
pub(crate) fn extra(words: &[String]) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for word in words {
        let Some((key, value)) = word.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::usage(
                format!("`{word}` is no extra attribute"),
                "write it as `--as-user-extra KEY=VALUE`",
            ));
        };
        // A request carries them as headers, whose names have no case: the server knows keys in lower case.
        let values = extra.entry(key.to_lowercase()).or_default();
        values.push(value.to_owned());
    }
    Ok(extra)
}

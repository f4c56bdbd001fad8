//! The questions that each mode asks about the requester (apiserver
//! `pkg/endpoints/filters/impersonation/mode.go`).

use viewshed_model::{Action, Identity, NonResourceRequest, ResourceRequest};

use super::Mode;
use crate::rbac::names;
use crate::rbac::{Question, ResourceQuestion};

/// One step of a mode.
pub(super) enum Check {
    /// This must be allowed.
    One(Action),
    /// Either the first, or all the others.
    AnyOf { star: Action, each: Vec<Action> },
}

/// From this many groups or extra values on, the constrained modes first ask for the name `*`.
const MANY: usize = 4;

/// The checks of a mode in the server's order, or why it refuses without asking.
pub(super) fn of(
    mode: Mode,
    wanted: &Identity,
    action: &Question<'_>,
) -> Result<Vec<Check>, String> {
    let mut checks = Vec::new();
    if mode != Mode::Legacy {
        checks.push(Check::One(on_action(mode, action)));
    }
    checks.push(Check::One(user_check(mode, &wanted.user)));
    if let Some(uid) = wanted.uid.as_deref().filter(|uid| !uid.is_empty()) {
        checks.push(Check::One(question(
            mode,
            "authentication.k8s.io",
            "uids",
            uid,
        )));
    }
    checks.extend(group_checks(mode, &wanted.groups)?);
    checks.extend(extra_checks(mode, wanted)?);
    Ok(checks)
}

/// `impersonate-on:MODE:VERB` on what the request itself is for.
fn on_action(mode: Mode, action: &Question<'_>) -> Action {
    let verb = format!("impersonate-on:{}:{}", mode.word(), action.verb());
    match *action {
        Question::Resource(asked) => Action::Resource(ResourceRequest {
            verb,
            ..ResourceQuestion::to_request(&asked)
        }),
        Question::NonResource { path, .. } => Action::NonResource(NonResourceRequest {
            verb,
            path: path.to_owned(),
        }),
    }
}

fn question(mode: Mode, api_group: &str, resource: &str, name: &str) -> Action {
    Action::Resource(request(mode, api_group, resource, name))
}

fn request(mode: Mode, api_group: &str, resource: &str, name: &str) -> ResourceRequest {
    ResourceRequest {
        verb: match mode {
            Mode::Legacy => "impersonate".to_owned(),
            constrained => format!("impersonate:{}", constrained.word()),
        },
        api_group: api_group.to_owned(),
        api_version: "v1".to_owned(),
        resource: resource.to_owned(),
        name: name.to_owned(),
        ..ResourceRequest::default()
    }
}

/// Legacy impersonation asks about users, groups and service accounts in the core group.
fn user_group(mode: Mode) -> &'static str {
    if mode == Mode::Legacy {
        ""
    } else {
        "authentication.k8s.io"
    }
}

fn user_check(mode: Mode, user: &str) -> Action {
    let group = user_group(mode);
    if let Some((namespace, name)) = names::service_account(user) {
        return Action::Resource(ResourceRequest {
            namespace: namespace.to_owned(),
            ..request(mode, group, "serviceaccounts", name)
        });
    }
    match (mode, names::node(user)) {
        (Mode::Legacy, _) | (_, None) => question(mode, group, "users", user),
        // The answer is remembered for every node, so it must hold for every node: the name that
        // is asked for is `*`, literally.
        (Mode::AssociatedNode, Some(_)) => question(mode, group, "nodes", "*"),
        (_, Some(node)) => question(mode, group, "nodes", node),
    }
}

fn group_checks(mode: Mode, groups: &[String]) -> Result<Vec<Check>, String> {
    let ask = |name: &str| question(mode, user_group(mode), "groups", name);
    if mode == Mode::Legacy {
        return Ok(groups.iter().map(|group| Check::One(ask(group))).collect());
    }
    if groups.iter().any(String::is_empty) {
        return Err("impersonating the empty string group is not allowed".to_owned());
    }
    if groups.iter().any(|group| group == "system:masters") {
        return Err("impersonating the system:masters group is not allowed".to_owned());
    }
    let each = groups.iter().map(|group| ask(group)).collect();
    Ok(any_of(ask("*"), each))
}

fn extra_checks(mode: Mode, wanted: &Identity) -> Result<Vec<Check>, String> {
    let ask = |key: &str, value: &str| {
        Action::Resource(ResourceRequest {
            subresource: key.to_owned(),
            ..request(mode, "authentication.k8s.io", "userextras", value)
        })
    };
    let pairs = wanted
        .extra
        .iter()
        .flat_map(|(key, values)| values.iter().map(move |value| ask(key, value)));
    if mode == Mode::Legacy {
        return Ok(pairs.map(Check::One).collect());
    }
    for (key, values) in &wanted.extra {
        refuse_bad_extra(key, values)?;
    }
    Ok(any_of(ask("*", "*"), pairs.collect()))
}

fn any_of(star: Action, each: Vec<Action>) -> Vec<Check> {
    if each.len() >= MANY {
        vec![Check::AnyOf { star, each }]
    } else {
        each.into_iter().map(Check::One).collect()
    }
}

/// `validateExtra`.
fn refuse_bad_extra(key: &str, values: &[String]) -> Result<(), String> {
    if key.is_empty() {
        return Err("impersonating the empty string key in extra is not allowed".to_owned());
    }
    if !names::is_domain_prefixed_path(key) {
        return Err("impersonating an invalid key in extra is not allowed".to_owned());
    }
    if key != key.to_lowercase() {
        return Err(format!(
            "impersonating a non-lowercase key in extra is not allowed: {key:?}"
        ));
    }
    if values.is_empty() {
        return Err("impersonating empty values in extra is not allowed".to_owned());
    }
    if values.iter().any(String::is_empty) {
        return Err("impersonating the empty string value in extra is not allowed".to_owned());
    }
    Ok(())
}

//! Requests to a Docker daemon.
//!
//! Source: moby `api/swagger.yaml` (1.56) for the paths, `api/types/events/events.go` for the actions.

use viewshed_model::Activity;

use super::behaviour::Op;
use super::path::without_query;
use super::who::clip;

/// Longer words are cut. Bytes.
const WORD_MAX: usize = 40;

/// What stands behind the kind of a request that names no version of the API: the command line client names one always.
const UNVERSIONED: &str = "?unversioned";

/// A kind without what tells how it was asked for.
pub(crate) fn plain(kind: &str) -> &str {
    kind.trim_end_matches(UNVERSIONED)
}

/// What a request or event amounts to; adds `docker:` and the kind to `kind`.
pub(crate) fn classify(activity: &Activity<'_>, kind: &mut String) -> Op {
    kind.push_str("docker:");
    let path = without_query(&activity.uri);
    if path.is_empty() {
        return event(activity, kind);
    }
    let has_version = version(path).is_some();
    let op = of_path(activity, unversioned(path), kind);
    if !has_version && op != Op::Health {
        kind.push_str(UNVERSIONED);
    }
    op
}

fn of_path(activity: &Activity<'_>, path: &str, kind: &mut String) -> Op {
    let mut words = path.split('/').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let is_read = matches!(&*activity.verb, "get" | "head" | "GET" | "HEAD");
    kind.push_str(clip(first, WORD_MAX));
    let last = rest.last().copied().unwrap_or_default();
    match (first, rest.len()) {
        ("_ping", _) => Op::Health,
        ("version" | "info" | "events", _) if is_read => Op::Path,
        ("system", _) if is_read => Op::Path,
        ("containers" | "images", 1) if is_read && last == "json" => Op::List,
        (
            "networks" | "volumes" | "plugins" | "nodes" | "services" | "tasks" | "secrets"
            | "configs" | "swarm",
            0,
        ) if is_read => Op::List,
        (_, _)
            if is_read
                && matches!(
                    last,
                    "logs" | "top" | "stats" | "changes" | "export" | "archive" | "history"
                ) =>
        {
            kind.push('/');
            kind.push_str(last);
            Op::Log
        }
        ("containers", _) if matches!(last, "exec" | "attach") => Op::Exec,
        ("exec", _) => Op::Exec,
        _ if is_read => Op::Get,
        _ => Op::Write,
    }
}

/// The API version that a client asked for, `1.43` of `/v1.43/info`.
pub(crate) fn version(path: &str) -> Option<(u32, u32)> {
    let rest = path.strip_prefix("/v")?;
    let (major, rest) = rest.split_once('.')?;
    let minor = rest.split('/').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The path without its version.
pub(crate) fn unversioned(path: &str) -> &str {
    match version(path) {
        Some(_) => path
            .get(1..)
            .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
            .unwrap_or_default(),
        None => path,
    }
}

fn event(activity: &Activity<'_>, kind: &mut String) -> Op {
    let resource = if activity.object.resource.is_empty() {
        "containers"
    } else {
        &*activity.object.resource
    };
    kind.push_str(clip(resource, WORD_MAX));
    let action = activity.verb.split([':', ' ']).next().unwrap_or_default();
    match action {
        "list" => Op::List,
        "get" | "inspect" => Op::Get,
        "top" | "export" | "archive-path" | "logs" | "stats" | "save" => {
            kind.push('/');
            kind.push_str(action);
            Op::Log
        }
        "exec_create" | "exec_start" | "attach" => Op::Exec,
        _ => Op::Write,
    }
}

//! Gains in the words of a report: one line for everything that one rule of one grant shows in one place.

use std::collections::BTreeMap;

use viewshed_model::{Evidence, Position, SightChange, Subject, SubjectKind};

use super::rules::{Gain, Source};
use crate::sight::{Target, Targets, Verbs, resource_name};
use crate::who::Row;

/// Kinds that a line names; more are counted.
const KINDS_MAX: usize = 8;

/// The kinds that people look for first; the others follow by name.
const FIRST: [&str; 6] = [
    "secrets",
    "pods",
    "nodes",
    "pods/log",
    "nodes/proxy",
    "configmaps",
];

/// What makes a line: namespace, verbs, binding by namespace and name, rule, the name of a single object, and
/// whether either side tells of the kinds.
type Line<'a> = (
    Option<&'a str>,
    Verbs,
    (Option<&'a str>, &'a str, usize),
    Option<&'a str>,
    bool,
);

/// The changes of one subject.
pub(super) fn changes(
    row: &Row,
    gains: &[Gain<'_>],
    targets: &Targets,
    position: &dyn Fn(&Source<'_>) -> Option<Position>,
) -> Vec<SightChange> {
    let mut lines: BTreeMap<Line<'_>, Vec<&Gain<'_>>> = BTreeMap::new();
    for gain in gains {
        let meta = &gain.source.grant.binding.meta;
        let by = (meta.namespace.as_deref(), &*meta.name, gain.source.rule);
        let (namespace, target, name) = gain.place;
        let is_known = targets
            .all
            .get(target)
            .is_some_and(|target| target.is_known);
        lines
            .entry((namespace, gain.verbs, by, name, is_known))
            .or_default()
            .push(gain);
    }
    lines
        .into_iter()
        .filter_map(|((namespace, verbs, _, name, _), gains)| {
            let source = &gains.first()?.source;
            let kinds: Vec<&Target> = gains
                .iter()
                .filter_map(|gain| targets.all.get(gain.place.1))
                .collect();
            Some(SightChange {
                what: what(verbs, &kinds, name, targets),
                ..change(row, source, namespace, position(source))
            })
        })
        .collect()
}

/// A path that one may get.
pub(super) fn path(
    row: &Row,
    path: &str,
    source: &Source<'_>,
    position: Option<Position>,
) -> SightChange {
    SightChange {
        what: format!("get {path}"),
        ..change(row, source, None, position)
    }
}

/// Told once, at the groups that hold everybody.
pub(super) fn everything(row: &Row, evidence: &Evidence) -> Option<SightChange> {
    let is_everybody = matches!(
        &*row.subject.name,
        "system:authenticated" | "system:unauthenticated"
    );
    is_everybody.then(|| SightChange {
        subject: row.subject.clone(),
        gained: true,
        what: "everything".to_owned(),
        namespace: None,
        evidence: evidence.clone(),
        position: None,
        reach: None,
    })
}

fn change(
    row: &Row,
    source: &Source<'_>,
    namespace: Option<&str>,
    position: Option<Position>,
) -> SightChange {
    SightChange {
        subject: row.subject.clone(),
        gained: true,
        what: String::new(),
        namespace: namespace.map(str::to_owned),
        evidence: source.grant.evidence(source.rule),
        position,
        reach: None,
    }
}

/// A workload or container as the one who sees.
pub(super) fn holder(kind: &str, namespace: &str, name: &str) -> Subject {
    Subject {
        kind: SubjectKind::Other(kind.to_owned()),
        name: if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}/{name}")
        },
        namespace: None,
    }
}

fn what(verbs: Verbs, kinds: &[&Target], name: Option<&str>, targets: &Targets) -> String {
    let verbs: Vec<&str> = verbs.names().collect();
    let verbs = verbs.join(", ");
    // Logs and the kubelet have fewer verbs than resources, hence lines of their own.
    let resources = targets
        .all
        .iter()
        .filter(|target| target.subresource.is_empty() && target.is_known);
    let is_all = kinds.len() > KINDS_MAX && kinds.len() == resources.count();
    let mut names: Vec<String> = kinds.iter().map(|target| resource_name(target)).collect();
    names.sort_by_key(|name| {
        let first = FIRST.iter().position(|first| first == name);
        (first.unwrap_or(FIRST.len()), name.clone())
    });
    let rest = names.len().saturating_sub(KINDS_MAX);
    names.truncate(KINDS_MAX);
    let names = names.join(", ");
    let unseen = match kinds {
        [kind, ..] if kind.is_known => "",
        [_] => " (of which neither side holds any)",
        _ => " (kinds of which neither side holds any)",
    };
    let text = match (name, is_all, rest) {
        (Some(name), _, _) => format!("{verbs} {names} {name}"),
        (None, true, _) => format!("{verbs} every kind"),
        (None, false, 0) => format!("{verbs} {names}"),
        (None, false, rest) => format!("{verbs} {names} and {rest} more kinds"),
    };
    text + unseen
}

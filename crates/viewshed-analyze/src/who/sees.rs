//! Who can discover one object.

use std::collections::BTreeMap;
use std::fmt;

use viewshed_model::{Subject, WhoAnswer, WhoEntry};

use super::can::answer;
use super::indirect::indirect_entries;
use super::kubelets::kubelet_entries;
use super::pods::pod_entries;
use super::words::resolve_resource;
use crate::inventory::Kind;
use crate::network::NetworkIndex;
use crate::rbac::{Reach, ResourceQuestion, who_can};
use crate::see::{from_pods, holders_of_values, near_names};
use crate::sight::SightIndex;

/// Why nobody can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhoError {
    /// Not of the form `KIND/NAME` or `KIND/NAMESPACE/NAME`.
    Malformed(String),
    /// The cluster has no such resource.
    NoSuchResource(String),
    /// The resource has no such object.
    NoSuchObject {
        /// What was asked for.
        what: String,
        /// Names that come close, best first.
        near: Vec<String>,
    },
}

impl fmt::Display for WhoError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => write!(
                formatter,
                "`{text}` is not an object: write `node/NAME` or `pod/NAMESPACE/NAME`"
            ),
            Self::NoSuchResource(text) => {
                write!(formatter, "there is no resource `{text}` in the estate")
            }
            Self::NoSuchObject { what, near } => {
                write!(formatter, "there is no `{what}` in the estate")?;
                if !near.is_empty() {
                    write!(formatter, "; did you mean `{}`?", near.join("` or `"))?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for WhoError {}

/// Everybody who can discover one object by `list`, `watch` or `get`, through the kubelet of a pod's
/// node, or because other objects name it, each subject once, with the grant that shows most; and every pod
/// that sees it whatever is granted.
///
/// It is `see` turned around: a pod stands in an entry of its own, or among the pods of an entry, exactly if
/// the view from that pod has the object. With a network, kubelets count that a pod reaches; which pods the
/// network keeps from the API server, [`super::join`] tells.
///
/// `target` is `node/worker-1`, `pod/shop/cart`, `secret/shop/db`, `ns/shop`.
pub fn who_sees(
    index: &SightIndex<'_>,
    network: Option<&NetworkIndex<'_>>,
    target: &str,
) -> Result<WhoAnswer, WhoError> {
    let malformed = || WhoError::Malformed(target.to_owned());
    let parts: Vec<&str> = target.split('/').collect();
    let (resource, namespace, name) = match parts.as_slice() {
        [resource, name] => (*resource, "", *name),
        [resource, namespace, name] => (*resource, *namespace, *name),
        _ => return Err(malformed()),
    };
    let (group, resource, _) = resolve_resource(index, resource)
        .ok_or_else(|| WhoError::NoSuchResource(resource.to_owned()))?;
    let (position, kind) = index
        .inventory
        .position(&group, &resource)
        .and_then(|position| Some((position, index.inventory.kinds.get(position)?)))
        .ok_or_else(|| WhoError::NoSuchResource(resource.clone()))?;
    if kind.namespaced == namespace.is_empty() || name.is_empty() {
        return Err(malformed());
    }
    let Some(object) = index.inventory.find(kind, namespace, name) else {
        let full = |namespace: &str, name: &str| {
            if namespace.is_empty() {
                name.to_owned()
            } else {
                format!("{namespace}/{name}")
            }
        };
        let known = kind.objects.iter();
        let known = known.map(|object| full(object.namespace, object.name));
        let word = parts.first().copied().unwrap_or_default();
        return Err(WhoError::NoSuchObject {
            near: near_names(&full(namespace, name), known)
                .into_iter()
                .map(|near| format!("{word}/{near}"))
                .collect(),
            what: target.to_owned(),
        });
    };
    let mut entries = entries_of(index, kind, namespace, name);
    for entry in indirect_entries(index, kind, name) {
        if !entries.iter().any(|known| known.subject == entry.subject) {
            entries.push(entry);
        }
    }
    for entry in kubelet_entries(index, kind, object) {
        if !entries.iter().any(|known| known.subject == entry.subject) {
            entries.push(entry);
        }
    }
    let pods = from_pods(index, Some((position, object)), network);
    entries.extend(pod_entries(&pods));
    let question = format!("see {target}");
    let mut answer = answer(index, question, (entries, &pods));
    if kind.group.is_empty() {
        answer.holds_values = holders_of_values(index, &kind.resource, (namespace, name));
    }
    Ok(answer)
}

/// Everybody whose credentials show the object itself, each subject with its best evidence.
pub(super) fn entries_of(
    index: &SightIndex<'_>,
    kind: &Kind<'_>,
    namespace: &str,
    name: &str,
) -> Vec<WhoEntry> {
    let mut found = Found::default();
    for group in kind.groups() {
        for verb in ["list", "watch", "get"] {
            // The name of a namespace is the namespace of a `get` (`RequestInfo`).
            let is_namespace = kind.group.is_empty() && kind.resource == "namespaces";
            let asked = ResourceQuestion {
                verb,
                api_group: group,
                resource: &kind.resource,
                namespace: if is_namespace && verb == "get" {
                    name
                } else {
                    namespace
                },
                ..ResourceQuestion::default()
            };
            let exact = who_can(
                &index.access,
                ResourceQuestion { name, ..asked },
                Reach::Exactly,
            );
            let whole = who_can(&index.access, asked, Reach::Exactly);
            // An empty entry of `resourceNames` allows whole lists but no object's `get`.
            let holds = |entry: &WhoEntry| {
                let same = |one: &WhoEntry| {
                    one.subject == entry.subject && one.namespace == entry.namespace
                };
                verb != "get" || exact.iter().any(same)
            };
            let whole = whole.into_iter().filter(holds);
            found.add(whole.filter_map(|entry| limited_to(entry, name)));
            // The Node authorizer looks at names only.
            found.add(exact.clone());
        }
    }
    if kind.group.is_empty() && kind.resource == "pods" {
        let node = index
            .inventory
            .find(kind, namespace, name)
            .and_then(|at| kind.objects.get(at))
            .and_then(|object| crate::sight::pod_of(index.cluster, object))
            .map(|pod| pod.node.as_str())
            .filter(|node| !node.is_empty());
        if let Some(node) = node {
            found.add(proxy_to(index, node));
        }
    }
    found.entries.into_values().collect()
}

/// Whoever reads from the kubelet of this node through the API server.
pub(super) fn proxy_to(index: &SightIndex<'_>, node: &str) -> Vec<WhoEntry> {
    let proxy = ResourceQuestion {
        verb: "get",
        resource: "nodes",
        subresource: "proxy",
        name: node,
        ..ResourceQuestion::default()
    };
    who_can(&index.access, proxy, Reach::Exactly)
}

/// The entry, when it holds for this name: of the names that a rule is limited to, only this one is
/// told.
fn limited_to(mut entry: WhoEntry, name: &str) -> Option<WhoEntry> {
    if entry.names.is_empty() {
        return Some(entry);
    }
    entry.names.retain(|known| known == name);
    (!entry.names.is_empty()).then_some(entry)
}

/// The first evidence for each subject: questions come widest first.
#[derive(Default)]
struct Found {
    entries: BTreeMap<Subject, WhoEntry>,
}

impl Found {
    fn add(&mut self, entries: impl IntoIterator<Item = WhoEntry>) {
        for entry in entries {
            self.entries.entry(entry.subject.clone()).or_insert(entry);
        }
    }
}

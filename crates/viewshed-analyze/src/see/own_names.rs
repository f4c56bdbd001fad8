//! What a pod tells a program inside of its own names, beside what its credentials show.
//!
//! The rules of [`Knows`] are those by which `own` reads the same names inside.

use viewshed_model::{Container, NAMESPACE_VARIABLES, PodSpec, VolumeSource};

use super::board::{Board, ChainId};
use super::derive::SPECIFICATION;
use super::host::holder;
use super::own::{AUTHORITIES, HOST_NAME_LENGTH_MAX};
use super::tokens::{DEFAULT_PATH, TokenHolder};
use super::ways::Ways;
use crate::sight::{SightIndex, environment_of, pod_objects, pod_of};

/// Which of its own names a program inside a pod can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Knows {
    pub(super) namespace: bool,
    pub(super) pod: bool,
    /// The host name is the pod's, and whoever is inside cannot tell that `spec.hostname` gives no other.
    pub(super) host_name: bool,
}

impl Knows {
    /// The namespace stands in tokens, in the resolver's search list, and in the variables that are usual
    /// for it; the pod's name in bound tokens, and perhaps as the host name.
    pub(super) fn of(holder: &TokenHolder<'_>, pod: &str) -> Self {
        let spec = holder.spec;
        let tokens = holder.tokens().into_iter();
        let mut tokens = tokens.filter(|token| token.ended_with.is_none()).peekable();
        let has_token = tokens.peek().is_some();
        let is_bound = tokens.any(|token| token.secret.is_none());
        let mut variables = spec.standing().flat_map(|container| &container.env);
        Self {
            namespace: has_token
                || searches_namespace(spec)
                || variables.any(|known| NAMESPACE_VARIABLES.contains(&known.name.as_str())),
            pod: is_bound,
            host_name: !is_bound && !spec.host.network && pod.len() < HOST_NAME_LENGTH_MAX,
        }
    }
}

/// Whether a container finds a token that names its pod: its own, or that of another whose files it sees.
pub(super) fn names_its_pod(holder: &TokenHolder<'_>, name: &str) -> bool {
    let spec = holder.spec;
    let mounts_one = |container: &Container| {
        let mut mounts = container.mounts.iter();
        mounts.any(|mount| {
            let mut volumes = spec.volumes.iter();
            let volume = volumes.find(|volume| volume.name == mount.source);
            let mut sources = volume.into_iter().flat_map(|volume| &volume.sources);
            sources.any(|source| matches!(source, VolumeSource::Token(_)))
        })
    };
    let mut standing = spec.standing();
    holder.is_automounted()
        || standing.any(|one| (one.name == name || spec.shares_processes) && mounts_one(one))
}

/// Whether the kubelet writes the namespace into the search list of `/etc/resolv.conf`: for pods that use
/// the cluster's resolver, which those with the node's network do not by default (`getPodDNSType` in
/// `pkg/kubelet/network/dns/dns.go`).
fn searches_namespace(spec: &PodSpec) -> bool {
    match spec.dns_policy.as_str() {
        "" => !spec.host.network,
        policy => policy == "ClusterFirstWithHostNet",
    }
}

/// Whether the API server's authorities lie beside a token on the usual path: there the config map that
/// they come from has the same name in every namespace.
pub(super) fn holds_authorities(holder: &TokenHolder<'_>) -> bool {
    let mut volumes = holder.spec.volumes.iter().filter(|volume| {
        let mut sources = volume.sources.iter();
        let has_token = volume
            .sources
            .iter()
            .any(|source| matches!(source, VolumeSource::Token(_)));
        has_token
            && sources.any(
                |source| matches!(source, VolumeSource::ConfigMap(name) if name == AUTHORITIES),
            )
    });
    let is_usual = volumes.any(|volume| {
        let mut mounts = holder.spec.standing().flat_map(|one| &one.mounts);
        mounts.any(|mount| {
            mount.source == volume.name && mount.destination.trim_end_matches('/') == DEFAULT_PATH
        })
    });
    is_usual || holder.is_automounted()
}

/// Values of an object that a program inside a pod can read.
pub(crate) struct AtHand {
    /// `secrets` or `configmaps`.
    pub(crate) resource: &'static str,
    pub(crate) name: String,
    /// "the environment of container main", or "/db of container main".
    pub(crate) place: String,
    /// "container main of pod shop/cart reads the keys of Secret shop/db at /db".
    pub(super) text: String,
}

/// Every pod that holds values of a Secret or ConfigMap of its namespace, in words. None for other kinds.
pub(crate) fn holders_of_values(
    index: &SightIndex<'_>,
    resource: &str,
    (namespace, name): (&str, &str),
) -> Vec<String> {
    let mut told = Vec::new();
    if !matches!(resource, "secrets" | "configmaps") {
        return told;
    }
    let pods = pod_objects(&index.inventory).iter();
    for object in pods.filter(|object| object.namespace == namespace) {
        let Some(pod) = pod_of(index.cluster, object) else {
            continue;
        };
        let title = format!("pod {namespace}/{}", object.name);
        let holder = holder(index, pod, namespace);
        let held = values_at_hand(holder.spec, namespace, &title);
        let same = held.filter(|held| held.resource == resource && held.name == name);
        told.extend(same.map(|held| held.text));
    }
    told
}

/// Secrets and config maps whose values a program inside can read. A mounted folder shows the keys, a
/// variable one value: neither shows the name of the object, so they are told and not counted.
pub(crate) fn values_at_hand(
    spec: &PodSpec,
    namespace: &str,
    title: &str,
) -> impl Iterator<Item = AtHand> {
    let mut told = Vec::new();
    for container in spec.standing() {
        let mut names: Vec<_> = environment_of(container).collect();
        names.sort_unstable();
        names.dedup();
        for (resource, name) in names {
            told.push(AtHand {
                resource,
                name: name.to_owned(),
                place: format!("the environment of container {}", container.name),
                text: format!(
                    "container {} of {title} has values of {} {namespace}/{name} in its environment",
                    container.name,
                    kind_of(resource)
                ),
            });
        }
        for mount in &container.mounts {
            let path = mount.destination.trim_end_matches('/');
            let mut volumes = spec.volumes.iter();
            let volume = volumes.find(|volume| volume.name == mount.source);
            for source in volume.into_iter().flat_map(|volume| &volume.sources) {
                let (resource, name) = match source {
                    VolumeSource::Secret(name) => ("secrets", name),
                    VolumeSource::ConfigMap(name) => ("configmaps", name),
                    _ => continue,
                };
                // Counted: its name is the same everywhere.
                if name == AUTHORITIES && path == DEFAULT_PATH {
                    continue;
                }
                told.push(AtHand {
                    resource,
                    name: name.clone(),
                    place: format!("{} of container {}", mount.destination, container.name),
                    text: format!(
                        "container {} of {title} reads the keys of {} {namespace}/{name} at {}",
                        container.name,
                        kind_of(resource),
                        mount.destination
                    ),
                });
            }
        }
    }
    told.into_iter()
}

fn kind_of(resource: &str) -> &'static str {
    match resource {
        "secrets" => "Secret",
        _ => "ConfigMap",
    }
}

/// A vantage that does not know the namespace that it is in.
#[derive(Debug)]
pub(super) struct Nameless {
    pub(super) namespace: String,
    /// Its pod, by which a list of pods tells the namespace; empty when it does not know that either.
    pub(super) pod: String,
    pub(super) own: ChainId,
}

impl Nameless {
    /// Whether an object that shows in these ways is known without its namespace.
    pub(super) fn hides(&self, (namespace, name): (&str, &str), ways: Ways) -> bool {
        let without = Ways::OWN.with(Ways::ENVIRONMENT).with(Ways::UNCERTAIN);
        // The API server's service has the same name and namespace everywhere.
        namespace == self.namespace
            && (namespace, name) != ("default", "kubernetes")
            && ways.is_within(without)
    }
}

/// A list that shows the own pod tells the namespace after all, where it is the only one of its name.
pub(super) fn settle(board: &mut Board<'_, '_>) {
    let index = board.index;
    let Some(nameless) = &board.nameless else {
        return;
    };
    let (Some(pods), Some(place)) = (index.inventory.kind("", "pods"), board.place("", "pods"))
    else {
        return;
    };
    let marks = board.marks(place);
    let found = pods.find_everywhere(&nameless.pod);
    let mut listed = found.into_iter().filter(|at| {
        let mark = marks.get(*at);
        mark.is_some_and(|mark| mark.ways.intersects(SPECIFICATION))
    });
    let (only, more) = (listed.next(), listed.next());
    let namespace = only
        .filter(|_| more.is_none())
        .and_then(|at| pods.objects.get(at))
        .map(|object| object.namespace);
    if namespace == Some(nameless.namespace.as_str()) {
        let own = nameless.own;
        board.nameless = None;
        let namespace = namespace.unwrap_or_default();
        board.mark_object(("", "namespaces"), ("", namespace), Ways::OWN, own);
    }
}

//! How many objects a set of grants shows, by table instead of by object.

use std::collections::BTreeMap;

use viewshed_model::{Decision, Evidence, Identity};

use crate::inventory::NO_NAMESPACE;
use crate::rbac::{ResourceQuestion, Session};
use crate::sight::{SightIndex, Target, pod_objects, pod_of, resource_name};

/// Object counts by target and namespace.
pub(super) struct Tables {
    /// Name of each target, as reports show it.
    pub(super) names: Vec<String>,
    /// Objects of each target.
    pub(super) totals: Vec<u64>,
    /// Objects by target, then by namespace.
    by_namespace: Vec<Vec<u64>>,
    /// Pods that have a node, by namespace: what kubelets show.
    scheduled: Vec<u64>,
    /// Whether each target's objects live in namespaces.
    pub(super) namespaced: Vec<bool>,
    /// Whether each target counts as an object: logs and the kubelet behind a node do not.
    pub(super) is_object: Vec<bool>,
    /// Positions of pods, logs, namespaces and the node proxy among the targets.
    pub(super) pods: Option<usize>,
    pub(super) logs: Option<usize>,
    pub(super) namespaces: Option<usize>,
    pub(super) proxy: Option<usize>,
    /// Targets that the Node authorizer shows to every node.
    pub(super) of_every_node: Vec<usize>,
}

impl Tables {
    pub(super) fn new(index: &SightIndex<'_>) -> Self {
        let targets = &index.targets.all;
        let width = index.inventory.namespaces.len();
        let position = |resource: &str, subresource: &str| {
            targets.iter().position(|target| {
                target.resource == resource
                    && target.subresource == subresource
                    && target.groups.iter().any(String::is_empty)
            })
        };
        let mut tables = Self {
            names: targets
                .iter()
                .map(|target| short_name(target, targets))
                .collect(),
            totals: Vec::with_capacity(targets.len()),
            by_namespace: Vec::with_capacity(targets.len()),
            scheduled: vec![0; width],
            namespaced: targets.iter().map(|target| target.namespaced).collect(),
            is_object: targets
                .iter()
                .map(|target| target.subresource.is_empty())
                .collect(),
            pods: position("pods", ""),
            logs: position("pods", "log"),
            namespaces: position("namespaces", ""),
            proxy: position("nodes", "proxy"),
            of_every_node: of_every_node(index),
        };
        for target in targets {
            let mut counts = vec![0; width];
            let mut total = 0;
            // A kubelet is a way to pods, not a thing of its own.
            let kind = index.inventory.kinds.get(target.kind);
            if let Some(kind) = kind.filter(|_| target.subresource != "proxy") {
                total = kind.objects.len() as u64;
                for (namespace, range) in &kind.ranges {
                    if let Some(count) = slot(&mut counts, *namespace) {
                        *count = range.len() as u64;
                    }
                }
            }
            tables.totals.push(total);
            tables.by_namespace.push(counts);
        }
        for object in pod_objects(&index.inventory) {
            let has_node = pod_of(index.cluster, object).is_some_and(|pod| !pod.node.is_empty());
            if let Some(count) = slot(&mut tables.scheduled, object.namespace_at) {
                *count += u64::from(has_node);
            }
        }
        tables
    }

    /// Objects of a target in a namespace.
    pub(super) fn count(&self, target: usize, namespace: u32) -> u64 {
        self.by_namespace
            .get(target)
            .and_then(|counts| counts.get(usize::try_from(namespace).ok()?))
            .copied()
            .unwrap_or_default()
    }

    /// Pods of a namespace that have a node.
    pub(super) fn scheduled_in(&self, namespace: u32) -> u64 {
        usize::try_from(namespace)
            .ok()
            .and_then(|namespace| self.scheduled.get(namespace))
            .copied()
            .unwrap_or_default()
    }

    /// Pods that have a node.
    pub(super) fn scheduled_total(&self) -> u64 {
        self.scheduled.iter().sum()
    }

    /// Objects that exist.
    pub(super) fn objects_total(&self) -> u64 {
        self.totals
            .iter()
            .zip(&self.is_object)
            .filter(|(_, is_object)| **is_object)
            .map(|(total, _)| total)
            .sum()
    }

    /// Counts by name of all targets that have objects.
    pub(super) fn totals(&self) -> Vec<(String, u64)> {
        self.by_name(&self.totals)
    }

    /// Counts by target as counts by name, sorted, without zeros.
    pub(super) fn by_name(&self, counts: &[u64]) -> Vec<(String, u64)> {
        let mut named: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, count) in self.names.iter().zip(counts) {
            if *count > 0 {
                *named.entry(name).or_default() += count;
            }
        }
        named
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect()
    }
}

/// A name that no object can have: what is allowed for it is allowed for every name.
const ANY_NAME: &str = "(any)";

fn of_every_node(index: &SightIndex<'_>) -> Vec<usize> {
    // Its own objects are named differently.
    let session = index.access.session(&Identity::node("(node)"));
    let shows = |target: &Target| {
        let namespace = if target.namespaced { ANY_NAME } else { "" };
        target.groups.iter().any(|group| {
            is_node_rule(&session, target.question(group, "list", "", ""))
                || is_node_rule(&session, target.question(group, "watch", "", ""))
                || is_node_rule(&session, target.question(group, "get", namespace, ANY_NAME))
        })
    };
    let targets = index.targets.all.iter().enumerate();
    targets
        .filter(|(_, target)| target.subresource.is_empty() && shows(target))
        .map(|(position, _)| position)
        .collect()
}

/// Whether the Node authorizer allows it; grants are counted elsewhere.
pub(super) fn is_node_rule(session: &Session<'_>, asked: ResourceQuestion<'_>) -> bool {
    matches!(
        session.decide(asked),
        Decision::Allowed(Evidence::NodeAuthorizer(_))
    )
}

/// The plural alone where it is clear, else with its group.
fn short_name(target: &Target, all: &[Target]) -> String {
    let is_core = target.groups.iter().any(String::is_empty);
    let is_shared = all
        .iter()
        .filter(|other| other.resource == target.resource && other.subresource.is_empty())
        .count()
        > 1;
    if is_core || !is_shared {
        target.combined()
    } else {
        resource_name(target)
    }
}

fn slot(counts: &mut [u64], namespace: u32) -> Option<&mut u64> {
    if namespace == NO_NAMESPACE {
        return None;
    }
    counts.get_mut(usize::try_from(namespace).ok()?)
}

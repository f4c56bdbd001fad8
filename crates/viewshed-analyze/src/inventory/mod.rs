//! What exists in a cluster, by API resource: the objects that questions of sight are asked about.
//!
//! One entry per resource, whether its objects have a type of their own in the model or not.
//! Containers, images and logs are not here: they come with pods, templates and nodes.

mod builder;
mod kinds;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashMap;
use viewshed_model::{Category, Cluster};

pub(crate) use kinds::{BUILT_IN, guess_resource};

/// Every object of a cluster, sorted by resource, namespace and name.
#[derive(Debug)]
pub(crate) struct Inventory<'a> {
    /// One entry per resource, sorted by group and resource. Resources that discovery lists are here
    /// even when no object of them exists.
    pub(crate) kinds: Vec<Kind<'a>>,
    /// Every namespace that exists, or that an object names; sorted.
    pub(crate) namespaces: Vec<&'a str>,
    /// Position in `namespaces` by name.
    numbers: FxHashMap<&'a str, u32>,
}

/// One API resource and its objects.
#[derive(Debug)]
pub(crate) struct Kind<'a> {
    /// API group; `""` is the core group.
    pub(crate) group: String,
    /// Plural name.
    pub(crate) resource: String,
    /// Kind, for people.
    pub(crate) title: Cow<'a, str>,
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
    /// Where it is counted.
    pub(crate) category: Category,
    /// Sorted by namespace and name, without duplicates.
    pub(crate) objects: Vec<Object<'a>>,
    /// Where the objects of one namespace stand, sorted by namespace; one entry with the namespace
    /// [`NO_NAMESPACE`] for cluster-scoped resources.
    pub(crate) ranges: Vec<(u32, Range<usize>)>,
}

/// The namespace index of cluster-scoped objects.
pub(crate) const NO_NAMESPACE: u32 = u32::MAX;

/// One object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    /// Empty for cluster-scoped resources.
    pub(crate) namespace: &'a str,
    /// Its name.
    pub(crate) name: &'a str,
    /// Position of its namespace in [`Inventory::namespaces`]; [`NO_NAMESPACE`] when it has none.
    pub(crate) namespace_at: u32,
    /// The list of the cluster that it comes from.
    pub(crate) list: List,
    /// Its position in that list.
    pub(crate) source: usize,
}

/// The lists of a cluster whose objects are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// `Cluster::pods`.
    Pods,
    /// `Cluster::nodes`.
    Nodes,
    /// `Cluster::workloads`.
    Workloads,
    /// Any other: nothing but the name matters.
    Plain,
}

impl<'a> Inventory<'a> {
    /// Sorts a cluster's objects by resource. `O(n log n)`, and `O(n)` when they are sorted already.
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        builder::build(cluster)
    }

    /// The resource, when it is known here.
    pub(crate) fn kind(&self, group: &str, resource: &str) -> Option<&Kind<'a>> {
        self.kinds.get(self.position(group, resource)?)
    }

    /// Position of a resource in [`Self::kinds`].
    pub(crate) fn position(&self, group: &str, resource: &str) -> Option<usize> {
        self.kinds
            .binary_search_by(|kind| (&*kind.group, &*kind.resource).cmp(&(group, resource)))
            .ok()
    }

    /// Position of a namespace in [`Self::namespaces`].
    pub(crate) fn namespace_index(&self, namespace: &str) -> Option<u32> {
        self.numbers.get(namespace).copied()
    }

    /// Position of one object in [`Kind::objects`]; the namespace is empty for cluster-scoped ones.
    pub(crate) fn find(&self, kind: &Kind<'_>, namespace: &str, name: &str) -> Option<usize> {
        // An object whose namespace is unknown has none here.
        let at = if namespace.is_empty() {
            NO_NAMESPACE
        } else if kind.namespaced {
            self.namespace_index(namespace)?
        } else {
            return None;
        };
        kind.find_in(at, name)
    }
}

impl Kind<'_> {
    /// The groups under which the same objects can be asked for. Events are served by two groups
    /// (`events.k8s.io` and core are views of the same storage).
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        let second =
            (self.group.is_empty() && self.resource == "events").then_some("events.k8s.io");
        std::iter::once(&*self.group).chain(second)
    }

    /// Positions of the objects of one namespace in [`Self::objects`].
    pub(crate) fn range(&self, namespace: u32) -> Range<usize> {
        self.ranges
            .binary_search_by_key(&namespace, |(index, _)| *index)
            .ok()
            .and_then(|position| self.ranges.get(position))
            .map_or(0..0, |(_, range)| range.clone())
    }

    /// Position of an object of one namespace in [`Self::objects`].
    pub(crate) fn find_in(&self, namespace: u32, name: &str) -> Option<usize> {
        self.find_within(self.range(namespace), name)
    }

    /// Positions of the objects with this name in every namespace.
    pub(crate) fn find_everywhere(&self, name: &str) -> Vec<usize> {
        self.ranges
            .iter()
            .filter_map(|(_, range)| self.find_within(range.clone(), name))
            .collect()
    }

    fn find_within(&self, range: Range<usize>, name: &str) -> Option<usize> {
        let start = range.start;
        let found = self
            .objects
            .get(range)?
            .binary_search_by(|object| object.name.cmp(name));
        found.ok().map(|at| start + at)
    }
}

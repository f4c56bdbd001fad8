//! Adds grants up to the number of distinct objects that they show.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Tables, is_node_rule};
use crate::inventory::NO_NAMESPACE;
use crate::rbac::{Grant, Session};
use crate::sight::{Coverage, SightIndex, Verbs, near_node};

/// The union of what grants show, while they come in.
pub(super) struct Sum<'a, 'c> {
    index: &'a SightIndex<'c>,
    tables: &'a Tables,
    /// Targets that show over the whole cluster.
    everywhere: Vec<bool>,
    /// Targets that show in single namespaces.
    in_namespace: BTreeMap<u32, Vec<bool>>,
    /// Single objects, as target and position in its kind.
    single: BTreeSet<(usize, usize)>,
    /// Whether every kubelet shows its pods.
    kubelets: bool,
}

/// The numbers of a row.
pub(super) struct Counted {
    /// Distinct objects.
    pub(super) visible: u64,
    /// Distinct things by target, logs included.
    pub(super) counts: Vec<u64>,
    /// Namespaces in which anything shows.
    pub(super) namespaces: u64,
}

impl<'a, 'c> Sum<'a, 'c> {
    pub(super) fn new(index: &'a SightIndex<'c>, tables: &'a Tables) -> Self {
        Self {
            index,
            tables,
            everywhere: vec![false; tables.totals.len()],
            in_namespace: BTreeMap::new(),
            single: BTreeSet::new(),
            kubelets: false,
        }
    }

    pub(super) fn add_everything(&mut self) {
        self.everywhere.fill(true);
        self.kubelets = true;
    }

    /// Adds what one grant shows.
    pub(super) fn add(&mut self, grant: &Grant<'_>, coverage: &Coverage<'_>) {
        match grant.namespace() {
            None => {
                for shown in &coverage.whole {
                    self.show_everywhere(shown.target);
                }
                for named in &coverage.named {
                    self.show_named(named.shown.target, named.name);
                }
            }
            Some(namespace) => {
                if let Some(at) = self.index.inventory.namespace_index(namespace) {
                    self.add_in(at, namespace, coverage);
                }
            }
        }
    }

    fn add_in(&mut self, at: u32, namespace: &str, coverage: &Coverage<'_>) {
        for shown in &coverage.whole {
            if self.tables.namespaced.get(shown.target) == Some(&true) {
                let width = self.everywhere.len();
                let row = self
                    .in_namespace
                    .entry(at)
                    .or_insert_with(|| vec![false; width]);
                set(row, shown.target);
            } else if Some(shown.target) == self.tables.namespaces
                && shown.verbs.contains(Verbs::GET)
            {
                self.show_object(shown.target, "", namespace);
            }
        }
        for named in &coverage.named {
            let target = named.shown.target;
            if self.tables.namespaced.get(target) == Some(&true) {
                self.show_object(target, namespace, named.name);
            } else if Some(target) == self.tables.namespaces
                && named.name == namespace
                && named.shown.verbs.contains(Verbs::GET)
            {
                self.show_object(target, "", namespace);
            }
        }
    }

    fn show_everywhere(&mut self, target: usize) {
        if Some(target) == self.tables.proxy {
            self.kubelets = true;
        }
        set(&mut self.everywhere, target);
    }

    /// One name in every namespace, or one node's kubelet.
    fn show_named(&mut self, target: usize, name: &str) {
        let index = self.index;
        if Some(target) == self.tables.proxy {
            for pod in index.pods.on_node(name) {
                for place in [self.tables.pods, self.tables.logs].into_iter().flatten() {
                    self.single.insert((place, *pod));
                }
            }
            return;
        }
        let kind = index
            .targets
            .all
            .get(target)
            .and_then(|target| index.inventory.kinds.get(target.kind));
        if let Some(kind) = kind {
            let found = kind.find_everywhere(name);
            self.single.extend(found.into_iter().map(|at| (target, at)));
        }
    }

    fn show_object(&mut self, target: usize, namespace: &str, name: &str) {
        let index = self.index;
        let found = index
            .targets
            .all
            .get(target)
            .and_then(|target| index.inventory.kinds.get(target.kind))
            .and_then(|kind| index.inventory.find(kind, namespace, name));
        self.single.extend(found.map(|at| (target, at)));
    }

    /// Adds what the Node authorizer shows to a node; whether that is anything.
    pub(super) fn add_node(&mut self, node: &str, session: &Session<'_>) -> bool {
        let index = self.index;
        let mut any = false;
        for position in &self.tables.of_every_node {
            set(&mut self.everywhere, *position);
            any = true;
        }
        let near = near_node(index, node);
        for run in near.chunk_by(|one, other| one.0 == other.0) {
            // The authorizer treats all of them alike: they are of one kind and lead to the node.
            let is_shown = run
                .first()
                .is_some_and(|at| shows_object(index, session, *at));
            if is_shown {
                self.single.extend(run.iter().copied());
                any = true;
            }
        }
        any
    }

    /// Adds up. Each object counts once, however many grants show it.
    pub(super) fn finish(self) -> Counted {
        let tables = self.tables;
        let width = tables.totals.len();
        let mut counts: Vec<u64> = vec![0; width];
        let mut seen_namespaces: BTreeSet<u32> = BTreeSet::new();
        let mut everywhere_in_namespaces = false;
        for (target, is_shown) in self.everywhere.iter().enumerate() {
            if *is_shown {
                let total = tables.totals.get(target).copied().unwrap_or_default();
                put(&mut counts, target, total);
                everywhere_in_namespaces |=
                    total > 0 && tables.namespaced.get(target) == Some(&true);
            }
        }
        let behind_kubelets = |target: usize| {
            self.kubelets && (Some(target) == tables.pods || Some(target) == tables.logs)
        };
        for target in [tables.pods, tables.logs].into_iter().flatten() {
            if self.kubelets && self.everywhere.get(target) == Some(&false) {
                put(&mut counts, target, tables.scheduled_total());
                everywhere_in_namespaces |= tables.scheduled_total() > 0;
            }
        }
        for (namespace, row) in &self.in_namespace {
            for (target, is_shown) in row.iter().enumerate() {
                if !*is_shown || self.everywhere.get(target) == Some(&true) {
                    continue;
                }
                let mut count = tables.count(target, *namespace);
                if count > 0 {
                    seen_namespaces.insert(*namespace);
                }
                if behind_kubelets(target) {
                    count = count.saturating_sub(tables.scheduled_in(*namespace));
                }
                put(&mut counts, target, count);
            }
        }
        for (target, at) in &self.single {
            if let Some(namespace) = self.counted_single(*target, *at) {
                put(&mut counts, *target, 1);
                seen_namespaces.extend(namespace);
            }
        }
        let visible = counts
            .iter()
            .zip(&tables.is_object)
            .filter(|(_, is_object)| **is_object)
            .map(|(count, _)| count)
            .sum();
        let namespaces = if everywhere_in_namespaces {
            self.index.inventory.namespaces.len()
        } else {
            seen_namespaces.len()
        };
        Counted {
            visible,
            counts,
            namespaces: namespaces as u64,
        }
    }

    /// Where a single object lives, when nothing wider counted it already; the inner `None` is
    /// outside namespaces.
    #[expect(
        clippy::option_option,
        reason = "outer: does it count; inner: in which namespace"
    )]
    fn counted_single(&self, target: usize, at: usize) -> Option<Option<u32>> {
        let index = self.index;
        if self.everywhere.get(target) == Some(&true) {
            return None;
        }
        let kind = index
            .targets
            .all
            .get(target)
            .and_then(|target| index.inventory.kinds.get(target.kind))?;
        let object = kind.objects.get(at)?;
        let namespace = object.namespace_at;
        if namespace == NO_NAMESPACE {
            return Some(None);
        }
        let is_covered = self
            .in_namespace
            .get(&namespace)
            .is_some_and(|row| row.get(target) == Some(&true));
        let is_pod = Some(target) == self.tables.pods || Some(target) == self.tables.logs;
        let is_behind_kubelet =
            self.kubelets && is_pod && index.pods.on_every_node().binary_search(&at).is_ok();
        (!is_covered && !is_behind_kubelet).then_some(Some(namespace))
    }
}

fn set(row: &mut [bool], target: usize) {
    if let Some(slot) = row.get_mut(target) {
        *slot = true;
    }
}

fn put(counts: &mut [u64], target: usize, more: u64) {
    if let Some(count) = counts.get_mut(target) {
        *count += more;
    }
}

fn shows_object(index: &SightIndex<'_>, session: &Session<'_>, at: (usize, usize)) -> bool {
    let (Some(kind), Some(target)) = (index.inventory.kinds.get(at.0), index.targets.all.get(at.0))
    else {
        return false;
    };
    kind.objects.get(at.1).is_some_and(|object| {
        ["get", "list", "watch"].iter().any(|verb| {
            let asked = target.question(&kind.group, verb, object.namespace, object.name);
            is_node_rule(session, asked)
        })
    })
}

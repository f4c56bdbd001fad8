//! Fills the inventory from the lists of a cluster.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Cluster, ConfigKind, Meta};

use super::kinds::category_of;
use super::{BUILT_IN, Inventory, Kind, List, NO_NAMESPACE, Object, guess_resource};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Sorts every object of `cluster` under its resource.
pub(super) fn build(cluster: &Cluster) -> Inventory<'_> {
    let mut builder = Builder::new(cluster);
    builder.add("", "namespaces", cluster.namespaces.iter().map(|x| &x.meta));
    builder.add("", "nodes", cluster.nodes.iter().map(|x| &x.meta));
    builder.add("", "pods", cluster.pods.iter().map(|x| &x.meta));
    builder.add("", "services", cluster.services.iter().map(|x| &x.meta));
    builder.add(
        "discovery.k8s.io",
        "endpointslices",
        cluster.endpoints.iter().map(|x| &x.meta),
    );
    builder.add(
        "networking.k8s.io",
        "ingresses",
        cluster.ingresses.iter().map(|x| &x.meta),
    );
    builder.add(
        "",
        "serviceaccounts",
        cluster.service_accounts.iter().map(|x| &x.meta),
    );
    builder.add(
        "",
        "persistentvolumeclaims",
        cluster.volume_claims.iter().map(|x| &x.meta),
    );
    builder.add(
        "",
        "persistentvolumes",
        cluster.volumes.iter().map(|x| &x.meta),
    );
    builder.add(
        "storage.k8s.io",
        "volumeattachments",
        cluster.volume_attachments.iter().map(|x| &x.meta),
    );
    let roles = cluster.roles.iter().map(|x| &x.meta);
    builder.add_split(roles, ("roles", "clusterroles"));
    let bindings = cluster.bindings.iter().map(|x| &x.meta);
    builder.add_split(bindings, ("rolebindings", "clusterrolebindings"));
    let [maps, secrets] = ["configmaps", "secrets"].map(|name| builder.resource("", name));
    for (source, config) in cluster.configs.iter().enumerate() {
        let kind = match config.kind {
            ConfigKind::ConfigMap => maps,
            ConfigKind::Secret => secrets,
        };
        builder.push(kind, &config.meta, (List::Plain, source));
    }
    add_by_kind(&mut builder, cluster);
    builder.finish()
}

/// The lists whose objects name a kind rather than a resource.
fn add_by_kind<'a>(builder: &mut Builder<'a>, cluster: &'a Cluster) {
    for (source, workload) in cluster.workloads.iter().enumerate() {
        let kind = builder.kind(&workload.api_group, &workload.kind, &workload.meta);
        builder.push(kind, &workload.meta, (List::Workloads, source));
    }
    for (source, gateway) in cluster.gateways.iter().enumerate() {
        let kind = builder.kind("gateway.networking.k8s.io", &gateway.kind, &gateway.meta);
        builder.push(kind, &gateway.meta, (List::Plain, source));
    }
    for (source, policy) in cluster.network_policies.iter().enumerate() {
        let kind = builder.kind(&policy.api_group, &policy.kind, &policy.meta);
        builder.push(kind, &policy.meta, (List::Plain, source));
    }
    // Settings without a group stand in config maps and workloads, which are counted as such.
    let settings = cluster.network_settings.iter().enumerate();
    for (source, setting) in settings.filter(|(_, setting)| !setting.api_group.is_empty()) {
        let kind = builder.kind(&setting.api_group, &setting.kind, &setting.meta);
        builder.push(kind, &setting.meta, (List::Plain, source));
    }
    for (source, other) in cluster.others.iter().enumerate() {
        let kind = if other.resource.is_empty() {
            builder.kind(&other.group, &other.kind, &other.meta)
        } else {
            builder.named(&other.group, &other.resource, &other.kind, &other.meta)
        };
        builder.push(kind, &other.meta, (List::Plain, source));
    }
}

/// Resources under construction, in order of first appearance.
struct Builder<'a> {
    kinds: Vec<Kind<'a>>,
    by_resource: BTreeMap<(String, String), usize>,
    by_kind: BTreeMap<(String, String), usize>,
    /// Group and kind that were looked up last: lists come kind by kind.
    last_kind: Option<(&'a str, &'a str, usize)>,
}

impl<'a> Builder<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let mut builder = Self {
            kinds: Vec::new(),
            by_resource: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            last_kind: None,
        };
        for known in BUILT_IN {
            let title = Cow::Borrowed(known.kind);
            builder.insert((known.group, known.resource), title, known.namespaced);
        }
        for known in &cluster.api_resources {
            // Subresources hold no objects of their own.
            if !known.resource.contains('/') {
                let title = Cow::Borrowed(known.kind.as_str());
                builder.insert((&known.group, &known.resource), title, known.namespaced);
            }
        }
        builder
    }

    fn insert(
        &mut self,
        (group, resource): (&str, &str),
        title: Cow<'a, str>,
        namespaced: bool,
    ) -> usize {
        // The two groups of events show the same objects (see `Kind::groups`).
        let group = match (group, resource) {
            ("events.k8s.io", "events") => "",
            _ => group,
        };
        let key = (group.to_owned(), resource.to_owned());
        if let Some(known) = self.by_resource.get(&key) {
            return *known;
        }
        let index = self.kinds.len();
        self.by_resource.insert(key, index);
        self.by_kind
            .entry((group.to_owned(), title.clone().into_owned()))
            .or_insert(index);
        self.kinds.push(Kind {
            group: group.to_owned(),
            resource: resource.to_owned(),
            title,
            namespaced,
            category: category_of(group, resource),
            objects: Vec::new(),
            ranges: Vec::new(),
        });
        index
    }

    /// A resource of [`BUILT_IN`].
    fn resource(&mut self, group: &str, resource: &str) -> usize {
        self.insert((group, resource), Cow::Owned(resource.to_owned()), true)
    }

    /// A resource by its name, as discovery or a dump gave it.
    fn named(&mut self, group: &str, resource: &str, kind: &'a str, meta: &Meta) -> usize {
        let title = Cow::Borrowed(kind);
        self.insert((group, resource), title, meta.namespace.is_some())
    }

    /// A resource by its kind; the plural is guessed when nothing tells it.
    fn kind(&mut self, group: &'a str, kind: &'a str, meta: &Meta) -> usize {
        if let Some((last_group, last_kind, at)) = self.last_kind
            && (last_group, last_kind) == (group, kind)
        {
            return at;
        }
        let known = self.by_kind.get(&(group.to_owned(), kind.to_owned()));
        let at = known.copied().unwrap_or_else(|| {
            let resource = guess_resource(kind);
            let title = Cow::Borrowed(kind);
            self.insert((group, &resource), title, meta.namespace.is_some())
        });
        self.last_kind = Some((group, kind, at));
        at
    }

    fn add(&mut self, group: &str, resource: &str, metas: impl Iterator<Item = &'a Meta>) {
        let list = match resource {
            "pods" => List::Pods,
            "nodes" => List::Nodes,
            _ => List::Plain,
        };
        let kind = self.resource(group, resource);
        for (source, meta) in metas.enumerate() {
            self.push(kind, meta, (list, source));
        }
    }

    /// Objects of RBAC, by whether they are in namespaces.
    fn add_split(
        &mut self,
        metas: impl Iterator<Item = &'a Meta>,
        (in_namespaces, cluster_wide): (&str, &str),
    ) {
        let in_namespaces = self.resource(RBAC, in_namespaces);
        let cluster_wide = self.resource(RBAC, cluster_wide);
        // What is only assumed grants, but nobody read that it exists.
        let read = metas.enumerate().filter(|(_, meta)| !meta.is_assumed);
        for (source, meta) in read {
            let kind = match meta.namespace {
                Some(_) => in_namespaces,
                None => cluster_wide,
            };
            self.push(kind, meta, (List::Plain, source));
        }
    }

    fn push(&mut self, kind: usize, meta: &'a Meta, (list, source): (List, usize)) {
        let Some(kind) = self.kinds.get_mut(kind) else {
            return;
        };
        let namespace = match (&meta.namespace, kind.namespaced) {
            (_, false) => "",
            (Some(namespace), true) => namespace,
            // What `kubectl apply` does with a manifest that names none.
            (None, true) => "default",
        };
        kind.objects.push(Object {
            namespace,
            name: &meta.name,
            namespace_at: NO_NAMESPACE,
            list,
            source,
        });
    }

    fn finish(mut self) -> Inventory<'a> {
        self.kinds
            .sort_by(|a, b| (&a.group, &a.resource).cmp(&(&b.group, &b.resource)));
        let namespaces = namespaces_of(&self.kinds);
        let numbers: FxHashMap<&str, u32> = namespaces.iter().copied().zip(0..).collect();
        self.kinds.par_iter_mut().for_each(|kind| {
            sort(&mut kind.objects, &numbers);
            kind.ranges = ranges_of(&kind.objects);
        });
        Inventory {
            kinds: self.kinds,
            namespaces,
            numbers,
        }
    }
}

/// Sorts by namespace and name; of several objects with one name the first stays.
fn sort(objects: &mut Vec<Object<'_>>, numbers: &FxHashMap<&str, u32>) {
    // Lists come namespace by namespace.
    let mut last = ("", NO_NAMESPACE);
    for object in objects.iter_mut() {
        if object.namespace != last.0 {
            let number = numbers.get(object.namespace).copied();
            last = (object.namespace, number.unwrap_or(NO_NAMESPACE));
        }
        object.namespace_at = last.1;
    }
    // Numbers are in the order of the names, and are compared much faster.
    objects.sort_by(|a, b| (a.namespace_at, a.name).cmp(&(b.namespace_at, b.name)));
    objects.dedup_by(|a, b| (a.namespace_at, a.name) == (b.namespace_at, b.name));
}

fn namespaces_of<'a>(kinds: &[Kind<'a>]) -> Vec<&'a str> {
    let mut seen = FxHashSet::default();
    let mut namespaces = Vec::new();
    for kind in kinds {
        let is_namespaces = kind.group.is_empty() && kind.resource == "namespaces";
        let mut last = "";
        for object in &kind.objects {
            let namespace = if is_namespaces {
                object.name
            } else {
                object.namespace
            };
            // Lists come namespace by namespace.
            if !namespace.is_empty() && namespace != last && seen.insert(namespace) {
                namespaces.push(namespace);
            }
            last = namespace;
        }
    }
    namespaces.sort_unstable();
    namespaces
}

fn ranges_of(objects: &[Object<'_>]) -> Vec<(u32, Range<usize>)> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for run in objects.chunk_by(|a, b| a.namespace_at == b.namespace_at) {
        let end = start + run.len();
        ranges.extend(run.first().map(|object| (object.namespace_at, start..end)));
        start = end;
    }
    ranges
}

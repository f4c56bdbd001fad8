//! The things that rules can show: every resource of the inventory, logs, and the kubelet behind a
//! node.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use viewshed_model::{ApiResource, Cluster, PolicyRule};

use super::Verbs;
use crate::inventory::{BUILT_IN, Inventory, Kind};
use crate::rbac::ResourceQuestion;

/// Everything that sight is asked about, with a way to find it by the words of a rule.
#[derive(Debug)]
pub(crate) struct Targets {
    /// First the resources in the order of the inventory, then logs and the kubelet.
    pub(crate) all: Vec<Target>,
    /// Positions in `all` by what a rule's `resources` may say: `pods`, `pods/log`, `*/log`.
    by_rule_resource: FxHashMap<String, Vec<usize>>,
}

/// One thing that sight is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Position of the resource in the inventory.
    pub(crate) kind: usize,
    /// The groups under which it is served.
    pub(crate) groups: Vec<String>,
    /// Plural name.
    pub(crate) resource: String,
    /// `log` or `proxy`; empty for the resource itself.
    pub(crate) subresource: &'static str,
    /// Whether the question carries a namespace.
    pub(crate) namespaced: bool,
    /// The verbs that show something: those that the server serves, where discovery tells.
    pub(crate) verbs: Verbs,
    /// Whether the estate tells of the kind; rules may name others.
    pub(crate) is_known: bool,
}

impl Targets {
    pub(super) fn new(inventory: &Inventory<'_>, served: &[ApiResource]) -> Self {
        let served: FxHashMap<(&str, &str), Verbs> = served
            .iter()
            .filter(|api| !api.verbs.is_empty())
            .map(|api| {
                (
                    (api.group.as_str(), api.resource.as_str()),
                    Verbs::of(&api.verbs),
                )
            })
            .collect();
        let mut all: Vec<Target> = inventory
            .kinds
            .iter()
            .enumerate()
            .map(|(kind, of)| target(kind, of, "", served_verbs(of, &served)))
            .collect();
        for (resource, subresource) in [("pods", "log"), ("nodes", "proxy")] {
            let found = inventory
                .kinds
                .iter()
                .position(|kind| kind.group.is_empty() && kind.resource == resource);
            if let Some((kind, of)) = found.and_then(|at| Some((at, inventory.kinds.get(at)?))) {
                all.push(target(kind, of, subresource, Verbs::GET));
            }
        }
        Self::of(all)
    }

    /// Everything that either of two clusters has; the positions are those of neither.
    pub(crate) fn union(one: &Self, other: &Self) -> Self {
        let mut all = one.all.clone();
        for target in &other.all {
            let is_known = one.all.iter().any(|known| {
                known.groups == target.groups
                    && known.resource == target.resource
                    && known.subresource == target.subresource
            });
            if !is_known {
                all.push(target.clone());
            }
        }
        Self::of(all)
    }

    /// With the kinds of other groups than the API server's own that rules name and that nothing else tells of:
    /// manifests bring few objects of them, and no definitions. `*` stands for every kind of its group.
    pub(crate) fn with_named_in(mut self, clusters: [&Cluster; 2]) -> Self {
        let roles = clusters.into_iter().flat_map(|cluster| &cluster.roles);
        let rules = roles.flat_map(|role| &role.rules);
        let named = rules.filter(|rule| shows_objects(rule)).flat_map(|rule| {
            let groups = rule.api_groups.iter().filter(|group| is_of_others(group));
            groups.flat_map(|group| rule.resources.iter().map(move |resource| (group, resource)))
        });
        let named: BTreeSet<(&String, &String)> = named
            .filter(|(_, resource)| !resource.is_empty() && !resource.contains('/'))
            .collect();
        for (group, resource) in named {
            let mut known = self
                .named(resource)
                .iter()
                .filter_map(|at| self.all.get(*at));
            if !known.any(|known| known.resource == *resource && known.groups.contains(group)) {
                self.all.push(Target {
                    kind: usize::MAX,
                    groups: vec![group.clone()],
                    resource: resource.clone(),
                    subresource: "",
                    // Most are; a RoleBinding shows nothing of the others.
                    namespaced: true,
                    verbs: Verbs::ALL,
                    is_known: false,
                });
            }
        }
        Self::of(self.all)
    }

    fn of(all: Vec<Target>) -> Self {
        let mut by_rule_resource: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (position, target) in all.iter().enumerate() {
            let mut words = vec!["*".to_owned(), target.combined()];
            if !target.subresource.is_empty() {
                words.push(format!("*/{}", target.subresource));
            }
            for word in words {
                by_rule_resource.entry(word).or_default().push(position);
            }
        }
        Self {
            all,
            by_rule_resource,
        }
    }

    /// What an entry of a rule's `resources` can mean, whatever the group.
    pub(crate) fn named(&self, rule_resource: &str) -> &[usize] {
        self.by_rule_resource
            .get(rule_resource)
            .map_or(&[], Vec::as_slice)
    }
}

impl Target {
    /// `pods`, or `pods/log`.
    pub(crate) fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// Each of its verbs with its name, the widest first.
    pub(crate) fn served(&self) -> impl Iterator<Item = (Verbs, &'static str)> {
        let verbs = self.verbs;
        Verbs::EACH
            .into_iter()
            .filter(move |(verb, _)| verbs.contains(*verb))
    }

    /// The question for it in one of its groups. The name of a namespace is also the namespace of
    /// a `get` (`RequestInfo`); callers pass it.
    pub(crate) fn question<'q>(
        &'q self,
        group: &'q str,
        verb: &'q str,
        namespace: &'q str,
        name: &'q str,
    ) -> ResourceQuestion<'q> {
        ResourceQuestion {
            verb,
            api_group: group,
            resource: &self.resource,
            subresource: self.subresource,
            namespace,
            name,
            ..ResourceQuestion::default()
        }
    }
}

fn shows_objects(rule: &PolicyRule) -> bool {
    let mut verbs = rule.verbs.iter();
    verbs.any(|verb| matches!(verb.as_str(), "get" | "list" | "watch" | "*"))
}

/// Whether kinds of the group are none that every API server has. (Of these two it serves questions alone.)
fn is_of_others(group: &str) -> bool {
    const QUESTIONS: [&str; 2] = ["authentication.k8s.io", "authorization.k8s.io"];
    group != "*" && !QUESTIONS.contains(&group) && !BUILT_IN.iter().any(|kind| kind.group == group)
}

/// Rules may allow more: what the server does not serve shows nothing. Component statuses, for example,
/// cannot be watched.
fn served_verbs(kind: &Kind<'_>, served: &FxHashMap<(&str, &str), Verbs>) -> Verbs {
    let known = kind
        .groups()
        .filter_map(|group| served.get(&(group, kind.resource.as_str())))
        .copied()
        .reduce(|one, other| one | other);
    known.unwrap_or(Verbs::ALL)
}

fn target(position: usize, kind: &Kind<'_>, subresource: &'static str, verbs: Verbs) -> Target {
    Target {
        kind: position,
        groups: kind.groups().map(str::to_owned).collect(),
        resource: kind.resource.clone(),
        subresource,
        namespaced: kind.namespaced,
        verbs,
        is_known: true,
    }
}

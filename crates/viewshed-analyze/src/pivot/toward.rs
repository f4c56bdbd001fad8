//! Who gets by steps to somebody who sees or may do a thing.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Subject, SubjectKind, WhoByStep, WhoEntry};

use super::PivotIndex;
use super::graph::{Graph, State, Why};

/// Ways that one answer spells out; with ten links each, about a megabyte. The rest is counted.
pub const BY_STEPS_MAX: usize = 200;

/// What a user's name of a node begins with.
const NODE_USER: &str = "system:node:";

/// The group that they are in.
const NODES: &str = "system:nodes";

/// Who acts as a node: its kubelet, and root there.
const fn of_node(name: &str) -> [State<'_>; 2] {
    [State::Node(name), State::Kubelet(name)]
}

/// Groups that everybody, or every service account, is in.
const EVERYBODY: [&str; 2] = ["system:authenticated", "system:serviceaccounts"];

/// What is looked for beside the subjects that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Secrets: whoever holds etcd's data has them.
    Secrets,
    /// Anything else.
    Other,
}

/// Whether it is one of the cluster's own parts, whose credential no pod holds.
fn is_of_the_cluster(subject: &Subject, has_pods: bool) -> bool {
    match subject.kind {
        SubjectKind::User | SubjectKind::Group => {
            subject.name.starts_with("system:")
                && !matches!(
                    subject.name.as_str(),
                    "system:anonymous" | "system:unauthenticated" | "system:authenticated"
                )
        }
        SubjectKind::ServiceAccount => {
            subject.namespace.as_deref() == Some("kube-system") && !has_pods
        }
        SubjectKind::Other(_) => false,
    }
}

/// Who acts in a state, if it is somebody whom a binding can name.
pub(super) fn person(state: State<'_>) -> Option<Subject> {
    let of = |kind: SubjectKind, namespace: Option<&str>, name: &str| Subject {
        kind,
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
    };
    match state {
        State::User(name) => Some(of(SubjectKind::User, None, name)),
        State::Group(name) => Some(of(SubjectKind::Group, None, name)),
        State::Account(namespace, name) => {
            Some(of(SubjectKind::ServiceAccount, Some(namespace), name))
        }
        _ => None,
    }
}

/// Whether a way starts there that is worth telling, and who that is.
fn start(graph: &Graph<'_>, number: usize, state: State<'_>) -> Option<Subject> {
    let State::Standing(namespace, name) = state else {
        return person(state);
    };
    // Only a token of its own: that is told of its account.
    let mut edges = graph.edges_of(number).iter();
    let is_more = edges.any(|edge| !matches!(edge.why, Why::Token(_)));
    is_more.then(|| Subject {
        kind: SubjectKind::Other("Pod".to_owned()),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
    })
}

impl PivotIndex<'_, '_> {
    /// Everybody who is none of `entries` and becomes one of them, or somebody who may do everything, in
    /// at most `depth` steps: the certain ways first, the cluster's own parts after others, the short ways
    /// before the long. Beside them, how many more there are than
    /// [`BY_STEPS_MAX`].
    pub fn toward(
        &self,
        entries: &[WhoEntry],
        sought: Sought,
        depth: u32,
    ) -> (Vec<WhoByStep>, u64) {
        let graph = self.whole();
        let goals = self.states_of(entries, sought);
        let direct = self.members_of(entries);
        let tables = graph.ahead_of(&goals);
        let pods = self.pods_by_account();
        let mut starts: Vec<(usize, bool, u32, Subject, usize)> = Vec::new();
        for (number, state) in graph.states() {
            if goals.contains(&number) || direct.contains(&number) {
                continue;
            }
            let found = tables.iter().zip(0..).find_map(|(ahead, table)| {
                let (steps, _) = (*ahead.get(number)?)?;
                (steps > 0 && steps <= depth).then_some((table, steps))
            });
            let Some((table, steps)) = found else {
                continue;
            };
            let is_own_token = tables.get(table).is_some_and(|ahead| {
                let (path, _) = graph.follow(ahead, number);
                let first = path.first();
                first.is_some_and(|(_, edge)| matches!(edge.why, Why::Token(_)))
            });
            if let Some(subject) = start(graph, number, state).filter(|_| !is_own_token) {
                let is_own = is_of_the_cluster(&subject, pods.contains_key(&number));
                starts.push((table, is_own, steps, subject, number));
            }
        }
        starts.sort_unstable();
        let more = starts.len().saturating_sub(BY_STEPS_MAX) as u64;
        let told = starts.into_iter().take(BY_STEPS_MAX);
        let told = told.filter_map(|(table, _, _, subject, number)| {
            let (path, goal) = graph.follow(tables.get(table)?, number);
            let pods = pods.get(&number).cloned().unwrap_or_default();
            Some(WhoByStep {
                subject,
                pods,
                pivot: self.pivot(graph, (graph.kind(goal)?, goal), path)?,
            })
        });
        (told.collect(), more)
    }

    /// The states of those who have it.
    fn states_of(&self, entries: &[WhoEntry], sought: Sought) -> BTreeSet<usize> {
        let mut states = vec![State::Administrator];
        if sought == Sought::Secrets {
            states.push(State::AllSecrets);
        }
        for entry in entries {
            let Subject {
                kind,
                name,
                namespace,
            } = &entry.subject;
            let namespace = namespace.as_deref().or(entry.namespace.as_deref());
            match (kind, namespace) {
                (SubjectKind::User, _) => {
                    states.push(State::User(name));
                    let node = name.strip_prefix(NODE_USER);
                    states.extend(node.into_iter().flat_map(of_node));
                }
                (SubjectKind::Group, _) => {
                    states.push(State::Group(name));
                    if name == NODES {
                        let nodes = self.ground.nodes().keys();
                        states.extend(nodes.flat_map(|node| of_node(node)));
                    }
                }
                (SubjectKind::ServiceAccount, Some(namespace)) => {
                    states.push(State::Account(namespace, name));
                }
                (SubjectKind::Other(_), Some(namespace)) => {
                    states.push(State::Standing(namespace, name));
                    states.push(State::Entered(namespace, name));
                }
                (SubjectKind::ServiceAccount | SubjectKind::Other(_), None) => {}
            }
        }
        let states = states.into_iter();
        states
            .filter_map(|state| self.whole().number_of(state))
            .collect()
    }

    /// The states that are in a group which has it: nobody needs a step for that.
    fn members_of(&self, entries: &[WhoEntry]) -> BTreeSet<usize> {
        let groups = entries.iter().map(|entry| &entry.subject);
        let groups: BTreeSet<&str> = groups
            .filter(|subject| subject.kind == SubjectKind::Group)
            .map(|subject| subject.name.as_str())
            .collect();
        let [everybody, accounts] = EVERYBODY.map(|group| groups.contains(group));
        let is_member = |state: State<'_>| match state {
            State::User("system:anonymous") => groups.contains("system:unauthenticated"),
            State::User(_) => everybody,
            State::Group(name) => everybody && name != "system:unauthenticated",
            State::Account(namespace, _) => {
                let own = format!("system:serviceaccounts:{namespace}");
                everybody || accounts || groups.contains(own.as_str())
            }
            _ => false,
        };
        let states = self.whole().states();
        states
            .filter(|(_, state)| is_member(*state))
            .map(|(number, _)| number)
            .collect()
    }

    /// For every service account the pods that hold its token and can use it.
    pub(super) fn pods_by_account(&self) -> BTreeMap<usize, Vec<String>> {
        let mut pods: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (number, state) in self.whole().states() {
            let State::Standing(namespace, name) = state else {
                continue;
            };
            for edge in self.whole().edges_of(number) {
                if matches!(edge.why, Why::Token(_)) {
                    let pods = pods.entry(edge.to).or_default();
                    pods.push(format!("{namespace}/{name}"));
                }
            }
        }
        pods
    }
}

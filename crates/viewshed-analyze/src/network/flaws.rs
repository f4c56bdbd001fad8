//! What is written in policies and does nothing, or does nobody knows what: policies and peers that select
//! nothing, and policies whose order nothing settles.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::Cluster;

use super::address::AddressSet;
use super::cni::Ternary;
use super::eval::Locality;
use super::index::{NetworkIndex, latest_policies};
use super::kernel::Held;
use super::policy::{Direction, Policy, Rule};
use super::vocabulary::{Expr, ExprId, Holder, Term, Test};

/// Flaws of one kind that are looked for: more than a person mends before asking again.
const FLAWS_MAX: usize = 1_000;
/// Policies of one priority that are compared with each other, at most.
const TIED_MAX: usize = 200;

/// The flaws of a cluster's policies. Policies are named by their position in the cluster's list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PolicyFlaws {
    /// Policies that apply to no pod and no node.
    pub(crate) idle: BTreeSet<usize>,
    /// Peers that match no pod and no node, of policies that apply to something.
    pub(crate) idle_peers: BTreeSet<IdlePeer>,
    /// Policies of one order that may apply to one pod and do different things, at least two each.
    pub(crate) tied: Vec<BTreeSet<usize>>,
}

/// A peer that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdlePeer {
    pub(crate) policy: usize,
    /// `ingress[0]`.
    pub(crate) rule: String,
    /// The labels that it asks for.
    pub(crate) asks: String,
}

/// Looks for them under the network plugin that the cluster shows. Whatever that does not enforce is no flaw.
pub(crate) fn policy_flaws(cluster: &Cluster) -> PolicyFlaws {
    let mut flaws = PolicyFlaws::default();
    if cluster.network_policies.is_empty() {
        return flaws;
    }
    let index = NetworkIndex::translated(cluster, None, &latest_policies(cluster));
    if index.profile.enforces == Ternary::No {
        return flaws;
    }
    let families = index.places.families.iter();
    let judge = Judge {
        held: families
            .map(|family| Held::of(&index.inputs(), *family))
            .collect(),
        index: &index,
    };
    let mut by_source: BTreeMap<usize, Vec<&Policy>> = BTreeMap::new();
    for policy in &index.policies {
        if let Some(source) = policy.source {
            by_source.entry(source).or_default().push(policy);
        }
    }
    for (source, parts) in by_source {
        let is_idle = parts.iter().all(|part| judge.is_idle(part.subject));
        if is_idle && flaws.idle.len() < FLAWS_MAX {
            flaws.idle.insert(source);
        }
        if !is_idle && flaws.idle_peers.len() < FLAWS_MAX {
            flaws.idle_peers.extend(judge.idle_peers(source, &parts));
        }
    }
    flaws.tied = judge.tied();
    flaws
}

struct Judge<'n, 'c> {
    held: Vec<Held>,
    index: &'n NetworkIndex<'c>,
}

impl Judge<'_, '_> {
    /// Whether an expression asks for labels, and nothing that the estate has may have them.
    fn is_idle(&self, id: ExprId) -> bool {
        let mut asked = Asked::default();
        asked.read(self.index, id);
        asked.is_judged() && !self.matches(id)
    }

    fn matches(&self, id: ExprId) -> bool {
        self.held.iter().any(|held| held.any(id)) || self.matches_ended(id)
    }

    /// Pods that have ended are no places any more; what selects them was written for something.
    fn matches_ended(&self, id: ExprId) -> bool {
        let inputs = self.index.inputs();
        let places = &self.index.places;
        let mut ended = places.pods.iter().filter(|pod| pod.has_ended);
        places.families.first().is_some_and(|family| {
            let context = inputs.context(*family, Locality::Open);
            ended.any(|pod| context.holds(id, &pod.body) != super::eval::Tri::No)
        })
    }

    fn idle_peers(&self, source: usize, parts: &[&Policy]) -> Vec<IdlePeer> {
        let rules = parts.iter().flat_map(|part| {
            let sides = [Direction::Ingress, Direction::Egress];
            sides.into_iter().flat_map(|side| &part.side(side).rules)
        });
        let mut found = Vec::new();
        for rule in rules {
            for peer in self.peers(rule) {
                if self.is_idle(peer) {
                    let mut asked = Asked::default();
                    asked.read(self.index, peer);
                    found.push(IdlePeer {
                        policy: source,
                        rule: format!("{}[{}]", rule.list, rule.number),
                        asks: asked.labels.join(", "),
                    });
                }
            }
        }
        found
    }

    /// The peers of a rule, each by itself. One whose selector has alternatives stays one.
    fn peers(&self, rule: &Rule) -> Vec<ExprId> {
        let vocabulary = &self.index.vocabulary;
        let is_whole_peer = |id: &ExprId| {
            let mut asked = Asked::default();
            asked.read(self.index, *id);
            asked.is_of_pods
        };
        match vocabulary.expr(rule.peer) {
            Expr::Or(parts) if parts.iter().all(is_whole_peer) => parts.clone(),
            _ => vec![rule.peer],
        }
    }

    /// Policies that speak in the same place of the order.
    fn tied(&self) -> Vec<BTreeSet<usize>> {
        let mut found = Vec::new();
        let policies = &self.index.policies;
        let place = |policy: &Policy| (policy.stage, policy.order);
        for group in policies.chunk_by(|a, b| place(a) == place(b)) {
            let ordered = group.iter().filter(|policy| {
                let kind = policy.reference.kind.as_str();
                matches!(kind, "AdminNetworkPolicy" | "ClusterNetworkPolicy")
            });
            let group: Vec<&Policy> = ordered.take(TIED_MAX).collect();
            let mut tied = BTreeSet::new();
            for (one, number) in group.iter().zip(1..) {
                for other in group.iter().skip(number) {
                    let differ = one.source != other.source && self.differ(one, other);
                    if differ {
                        tied.extend(one.source.into_iter().chain(other.source));
                    }
                }
            }
            if !tied.is_empty() && found.len() < FLAWS_MAX {
                found.push(tied);
            }
        }
        found
    }

    /// Whether it matters which of two policies comes first.
    fn differ(&self, one: &Policy, other: &Policy) -> bool {
        let does_differ = [Direction::Ingress, Direction::Egress]
            .into_iter()
            .any(|side| {
                let (one, other) = (&one.side(side).rules, &other.side(side).rules);
                one.iter()
                    .any(|rule| other.iter().any(|other| rule.action != other.action))
            });
        let mut held = self.held.iter();
        does_differ && held.any(|held| held.together(one.subject, other.subject))
    }
}

/// What an expression asks of a place.
#[derive(Debug, Default)]
struct Asked {
    labels: Vec<String>,
    is_of_pods: bool,
    /// Addresses and settings: whether they match says nothing of labels.
    asks_else: bool,
}

impl Asked {
    fn is_judged(&self) -> bool {
        !self.labels.is_empty() && !self.asks_else
    }

    fn read(&mut self, index: &NetworkIndex<'_>, id: ExprId) {
        let vocabulary = &index.vocabulary;
        match vocabulary.expr(id) {
            // What is unsure may match anything: when nothing matches all the same, that is certain.
            Expr::All | Expr::None | Expr::Unsure(_) => {}
            Expr::Not(inner) => {
                let mut inside = Self::default();
                inside.read(index, *inner);
                self.asks_else |= inside.asks_else;
                let labels = inside.labels.iter();
                self.labels
                    .extend(labels.map(|label| format!("not {label}")));
            }
            Expr::And(parts) | Expr::Or(parts) => {
                for part in parts {
                    self.read(index, *part);
                }
            }
            Expr::Term(term) => match vocabulary.term(*term) {
                Some(Term::Label(holder, key, test)) => self.labels.push(label(*holder, key, test)),
                Some(Term::Namespace(name)) => self.labels.push(format!("namespace `{name}`")),
                Some(Term::Pod) => self.is_of_pods = true,
                Some(Term::Protected | Term::Owned) => {}
                Some(Term::Address(set)) if *set == AddressSet::default() => {}
                Some(Term::Node) if index.profile.host_network_namespace.is_none() => {}
                _ => self.asks_else = true,
            },
        }
    }
}

fn label(holder: Holder, key: &str, test: &Test) -> String {
    let of = match holder {
        Holder::Pod => "pod",
        Holder::Namespace => "namespace",
        Holder::Account => "service account",
        Holder::Node => "node",
        Holder::HostEndpoint => "host endpoint",
    };
    let asked = match test {
        Test::In(values) if values.len() == 1 => format!("`{key}={}`", values.join("")),
        Test::In(values) => format!("`{key}` in ({})", values.join(", ")),
        Test::NotIn(values) => format!("`{key}` not in ({})", values.join(", ")),
        Test::Exists => format!("`{key}`"),
        Test::Missing => format!("no `{key}`"),
        Test::StartsWith(text) => format!("`{key}` that starts with `{text}`"),
        Test::EndsWith(text) => format!("`{key}` that ends with `{text}`"),
        Test::Contains(text) => format!("`{key}` that holds `{text}`"),
    };
    format!("{of} with {asked}")
}

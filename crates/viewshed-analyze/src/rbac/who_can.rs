//! Everybody who may do one thing.

use rustc_hash::FxHashMap;
use viewshed_model::{
    AuthorizerKind, Evidence, GrantOrigin, Identity, RoleBinding, Subject, SubjectKind, WhoEntry,
    service_account_of,
};

use super::matching::{Names, rule_allows_some_names};
use super::{AccessIndex, Grant, Question, chain, node};

/// How far a grant must reach to count as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Exactly the question: in its namespace, or over the whole cluster when it names none.
    Exactly,
    /// Also grants that reach only some namespaces: the answers of a question about all of them.
    AnyNamespace,
}

/// Every subject that may do what is asked, with one grant as evidence for each subject and
/// namespace; sorted by subject, cluster-wide grants first.
///
/// A question that names no object is also answered by grants that are limited to some names
/// (`WhoEntry::names` lists them), except for verbs that never carry a name. `known_members` and
/// `pods` of the entries are left empty. What webhooks or ABAC would add is not in the list; ask
/// [`AccessIndex::undecided_by`].
pub fn who_can<'q>(
    index: &AccessIndex<'_>,
    question: impl Into<Question<'q>>,
    reach: Reach,
) -> Vec<WhoEntry> {
    let question = question.into();
    let mut found = Found::default();
    found.add(masters());
    let nobody = index.session(&Identity::default());
    for (kind, _) in chain::links(&nobody) {
        match kind {
            AuthorizerKind::Rbac => add_bindings(index, &question, reach, &mut found),
            AuthorizerKind::Node => add_nodes(index, &question, &mut found),
            AuthorizerKind::AlwaysAllow => add_everybody(&mut found),
            AuthorizerKind::AlwaysDeny
            | AuthorizerKind::Abac
            | AuthorizerKind::Webhook
            | AuthorizerKind::Unknown => {}
        }
    }
    found.finish()
}

/// Entries in the order in which they were found.
#[derive(Default)]
struct Found {
    entries: Vec<WhoEntry>,
}

impl Found {
    fn add(&mut self, entry: WhoEntry) {
        self.entries.push(entry);
    }

    /// Sorted by subject, namespace and names; the first evidence for each stays.
    fn finish(mut self) -> Vec<WhoEntry> {
        let order = |a: &WhoEntry, b: &WhoEntry| {
            let (one, other) = (&a.subject, &b.subject);
            (one, &a.namespace, &a.names).cmp(&(other, &b.namespace, &b.names))
        };
        self.entries.sort_by(order);
        self.entries
            .dedup_by(|later, first| order(later, first).is_eq());
        self.entries
    }
}

fn entry(subject: Subject, evidence: Evidence, origin: GrantOrigin) -> WhoEntry {
    WhoEntry {
        subject,
        namespace: None,
        names: Vec::new(),
        indirect: String::new(),
        condition: String::new(),
        evidence,
        origin,
        known_members: None,
        pods: Vec::new(),
        pods_cut_off: Vec::new(),
    }
}

fn group(name: &str) -> Subject {
    Subject {
        kind: SubjectKind::Group,
        name: name.to_owned(),
        namespace: None,
    }
}

fn masters() -> WhoEntry {
    entry(
        group("system:masters"),
        Evidence::SystemMasters,
        GrantOrigin::System,
    )
}

fn add_everybody(found: &mut Found) {
    for name in ["system:authenticated", "system:unauthenticated"] {
        found.add(entry(
            group(name),
            Evidence::AlwaysAllow,
            GrantOrigin::Human,
        ));
    }
}

fn add_bindings(index: &AccessIndex<'_>, question: &Question<'_>, reach: Reach, found: &mut Found) {
    // Many bindings grant the same role, and roles of equal rules have one number.
    let mut best: FxHashMap<u32, Option<(usize, Vec<String>)>> = FxHashMap::default();
    for indexed in &index.bindings {
        let binding = indexed.binding;
        let (Some(role), Some(number)) = (indexed.role, indexed.role_number) else {
            continue;
        };
        let Some(scope) = scope_of(binding, question, reach) else {
            continue;
        };
        let of_role = best.entry(number);
        let of_role = of_role.or_insert_with(|| best_rule(&role.rules, question));
        let Some((rule, names)) = of_role else {
            continue;
        };
        for subject in &binding.subjects {
            let Some(named) = named_subject(binding, subject) else {
                continue;
            };
            let grant = Grant {
                binding,
                subject,
                role: Some(role),
            };
            found.add(WhoEntry {
                namespace: scope.clone(),
                names: names.clone(),
                ..entry(named, grant.evidence(*rule), origin_of(binding))
            });
        }
    }
}

/// Where the binding answers the question: everywhere (`None`), in its namespace, or not at all.
#[expect(
    clippy::option_option,
    reason = "outer: does it answer; inner: in which namespace"
)]
fn scope_of(
    binding: &RoleBinding,
    question: &Question<'_>,
    reach: Reach,
) -> Option<Option<String>> {
    let Some(namespace) = &binding.meta.namespace else {
        return Some(None);
    };
    let is_asked = match (question, reach) {
        (Question::NonResource { .. }, _) => false,
        (Question::Resource(asked), _) if asked.namespace == namespace => true,
        (Question::Resource(asked), Reach::AnyNamespace) => asked.namespace.is_empty(),
        (Question::Resource(_), Reach::Exactly) => false,
    };
    is_asked.then(|| Some(namespace.clone()))
}

/// The first rule that allows every name, else the names that rules limit it to.
fn best_rule(
    rules: &[viewshed_model::PolicyRule],
    question: &Question<'_>,
) -> Option<(usize, Vec<String>)> {
    let mut first = None;
    let mut names: Vec<String> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        match rule_allows_some_names(rule, question) {
            Names::None => {}
            Names::All => return Some((at, Vec::new())),
            Names::Only(some) => {
                first.get_or_insert(at);
                names.extend(some.iter().cloned());
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    first.map(|at| (at, names))
}

/// The subject with the namespace that it means, a service account also where its user name stands; `None`
/// when it can match nobody.
fn named_subject(binding: &RoleBinding, subject: &Subject) -> Option<Subject> {
    let account = service_account_of(&subject.name).filter(|_| subject.kind == SubjectKind::User);
    if let Some((namespace, name)) = account {
        return Some(Subject {
            kind: SubjectKind::ServiceAccount,
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
        });
    }
    match subject.kind {
        SubjectKind::User | SubjectKind::Group => Some(Subject {
            namespace: None,
            ..subject.clone()
        }),
        SubjectKind::ServiceAccount => {
            let own = subject.namespace.clone().filter(|name| !name.is_empty());
            let namespace = own.or_else(|| binding.meta.namespace.clone())?;
            Some(Subject {
                namespace: Some(namespace),
                ..subject.clone()
            })
        }
        SubjectKind::Other(_) => None,
    }
}

/// Made by the server's own bootstrap (it labels what it makes), for parts of the system, or by people.
fn origin_of(binding: &RoleBinding) -> GrantOrigin {
    let label = binding.meta.labels.get("kubernetes.io/bootstrapping");
    if label.is_some_and(|value| value == "rbac-defaults") {
        GrantOrigin::Bootstrap
    } else if binding.meta.name.starts_with("system:") {
        GrantOrigin::System
    } else {
        GrantOrigin::Human
    }
}

/// A name that no node can have, to see what every node may do.
const ANY_NODE: &str = "(any)";

fn add_nodes(index: &AccessIndex<'_>, question: &Question<'_>, found: &mut Found) {
    let decide = |name: &str| node::decide(index, &Identity::node(name), question);
    if let Ok(through) = decide(ANY_NODE) {
        let evidence = Evidence::NodeAuthorizer(through);
        found.add(entry(group("system:nodes"), evidence, GrantOrigin::System));
        return;
    }
    for name in index.node_graph.nodes() {
        if let Ok(through) = decide(name) {
            let subject = Subject {
                kind: SubjectKind::User,
                name: format!("system:node:{name}"),
                namespace: None,
            };
            let evidence = Evidence::NodeAuthorizer(through);
            found.add(entry(subject, evidence, GrantOrigin::System));
        }
    }
}

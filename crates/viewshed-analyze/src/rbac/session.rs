//! One identity's view of the index: its grants, and answers to its questions.

use viewshed_model::{Decision, Evidence, Identity, Role, RoleBinding, Subject};

use super::matching::rule_allows;
use super::node;
use super::spread::Spread;
use super::{AccessIndex, Question, chain};

/// Yes, no, or not decidable from the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Certainly allowed.
    Yes,
    /// Certainly forbidden.
    No,
    /// A fact is missing, such as what a webhook answers; [`Session::decide`] names it.
    Unknown,
}

/// One identity's grants, looked up once.
#[derive(Debug)]
pub struct Session<'a> {
    index: &'a AccessIndex<'a>,
    identity: Identity,
    is_masters: bool,
    /// Cluster-wide first, then by namespace.
    entries: Vec<Entry>,
    /// How many of them are cluster-wide.
    cluster_wide: usize,
    /// Whether RBAC's roles alone decide; else the chain is asked.
    is_rbac_only: bool,
    /// Numbers of cluster-wide roles that have rules for resources, each once.
    cluster_roles: Vec<u32>,
    /// The roles of RoleBindings that have rules for resources.
    namespaced_roles: Spread,
    /// Numbers of cluster-wide roles that have rules for paths, each once.
    path_roles: Vec<u32>,
}

/// A binding that names the identity, with what is looked at for every question: a search among many stays
/// in one run of memory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Position of the binding in the index, and of the subject in it.
    binding: u32,
    subject: u32,
    /// Number of the binding's namespace; 0 is cluster-wide.
    namespace: u32,
    /// The role's number in the compiled table; `None` when the role does not exist.
    role: Option<u32>,
}

/// An answer whose evidence, where it is a grant, is borrowed from the cluster.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Allowed by a rule of this grant.
    Granted(Grant<'a>),
    /// Anything else.
    Other(Decision),
}

/// A binding that names the identity.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The binding.
    pub binding: &'a RoleBinding,
    /// The first of its subjects that matches the identity.
    pub subject: &'a Subject,
    /// The role it gives; `None` when that role does not exist, then it grants nothing.
    pub role: Option<&'a Role>,
}

impl<'a> Grant<'a> {
    /// Namespace of a RoleBinding; `None` for a ClusterRoleBinding.
    pub fn namespace(&self) -> Option<&'a str> {
        self.binding.meta.namespace.as_deref()
    }

    /// The number of its first rule that allows.
    fn allowing_rule(&self, question: &Question<'_>) -> Option<usize> {
        let mut rules = self.role.iter().flat_map(|role| &role.rules);
        rules.position(|rule| rule_allows(rule, question))
    }

    /// The evidence that names rule number `rule` of this grant.
    pub fn evidence(&self, rule: usize) -> Evidence {
        Evidence::Grant {
            binding_namespace: self.binding.meta.namespace.clone(),
            binding: self.binding.meta.name.clone(),
            role: self.binding.role.clone(),
            rule,
            subject: self.subject.clone(),
        }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(index: &'a AccessIndex<'_>, identity: &Identity) -> Self {
        let index: &'a AccessIndex<'a> = index;
        let named = index.entries_of(identity).into_iter();
        let entries: Vec<Entry> = named
            .filter_map(|named| {
                let indexed = index.bindings.get(named.binding as usize)?;
                Some(Entry {
                    binding: named.binding,
                    subject: named.subject,
                    namespace: indexed.namespace,
                    role: indexed.role_number,
                })
            })
            .collect();
        let mut numbers: Vec<(u32, u32)> = entries
            .iter()
            .filter_map(|entry| Some((entry.namespace, entry.role?)))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let cluster_wide = numbers.iter().take_while(|(namespace, _)| *namespace == 0);
        let cluster_wide = cluster_wide.map(|(_, role)| *role);
        let path_roles = cluster_wide
            .clone()
            .filter(|role| index.roles.has_paths(*role))
            .collect();
        let cluster_roles = cluster_wide
            .filter(|role| index.roles.has_resources(*role))
            .collect();
        numbers.retain(|(_, role)| index.roles.has_resources(*role));
        Self {
            index,
            is_masters: AccessIndex::is_masters(identity),
            is_rbac_only: index.is_plain_chain && node::node_of(identity).is_none(),
            identity: identity.clone(),
            cluster_wide: entries.partition_point(|entry| entry.namespace == 0),
            entries,
            cluster_roles,
            namespaced_roles: Spread::new(&numbers),
            path_roles,
        }
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the identity is in `system:masters`, which may do everything whatever the bindings say.
    pub fn is_masters(&self) -> bool {
        self.is_masters
    }

    /// Every binding that names the identity: cluster-wide ones first, then by namespace and name.
    pub fn grants(&self) -> impl Iterator<Item = Grant<'a>> {
        self.entries.iter().filter_map(|entry| self.grant(*entry))
    }

    /// The ClusterRoleBindings that name the identity.
    pub fn cluster_grants(&self) -> impl Iterator<Item = Grant<'a>> {
        self.entries
            .iter()
            .take(self.cluster_wide)
            .filter_map(|entry| self.grant(*entry))
    }

    /// The RoleBindings of one namespace that name the identity.
    pub fn namespace_grants(&self, namespace: &str) -> impl Iterator<Item = Grant<'a>> {
        self.namespaced_entries(namespace)
            .iter()
            .filter_map(|entry| self.grant(*entry))
    }

    /// The positions in the index of the bindings that name the identity: unless more than RBAC counts, whoever is
    /// named by the same may do the same.
    pub(super) fn bindings(&self) -> Vec<u32> {
        self.entries.iter().map(|entry| entry.binding).collect()
    }

    /// How many rules the roles of these bindings have together.
    pub(super) fn rules_count(&self) -> usize {
        let roles = self.grants().filter_map(|grant| grant.role);
        roles.map(|role| role.rules.len()).sum()
    }

    /// The namespaces in which a RoleBinding names the identity, sorted, each once.
    pub fn namespaces(&self) -> Vec<&'a str> {
        let mut namespaces: Vec<&str> = self
            .entries
            .iter()
            .skip(self.cluster_wide)
            .filter_map(|entry| self.grant(*entry)?.namespace())
            .collect();
        namespaces.dedup();
        namespaces
    }

    /// Yes, no or unknown, without evidence: the fast way for many questions.
    #[inline]
    pub fn verdict<'q>(&self, question: impl Into<Question<'q>>) -> Verdict {
        let question = question.into();
        if self.is_masters {
            return Verdict::Yes;
        }
        if self.is_rbac_only {
            return if self.rbac_allows(&question) {
                Verdict::Yes
            } else {
                Verdict::No
            };
        }
        match self.decide(question) {
            Decision::Allowed(_) => Verdict::Yes,
            Decision::Denied(_) => Verdict::No,
            Decision::DependsOn(_) => Verdict::Unknown,
        }
    }

    fn rbac_allows(&self, question: &Question<'_>) -> bool {
        let roles = &self.index.roles;
        let Question::Resource(asked) = question else {
            return self
                .path_roles
                .iter()
                .any(|role| roles.allows_path(*role, question));
        };
        if self.cluster_roles.is_empty() && self.namespaced_roles.is_empty() {
            return false;
        }
        let numbered = roles.numbered(asked);
        let allows = |role: u32| roles.allows(role, asked, &numbered);
        if self.cluster_roles.iter().any(|role| allows(*role)) {
            return true;
        }
        if self.namespaced_roles.is_empty() || asked.namespace.is_empty() {
            return false;
        }
        self.index
            .namespace_number(asked.namespace)
            .is_some_and(|number| self.namespaced_roles.roles_in(number).any(allows))
    }

    /// The answer with its evidence: the first authorizer of the chain that allows, the first
    /// binding in the order of [`Session::grants`] whose role has an allowing rule.
    pub fn decide<'q>(&self, question: impl Into<Question<'q>>) -> Decision {
        let question = question.into();
        match self.answer(question) {
            Answer::Granted(grant) => {
                let rule = grant.allowing_rule(&question).unwrap_or_default();
                Decision::Allowed(grant.evidence(rule))
            }
            Answer::Other(decision) => decision,
        }
    }

    /// The answer of [`Session::decide`], with nothing copied where a grant allows.
    pub fn answer<'q>(&self, question: impl Into<Question<'q>>) -> Answer<'a> {
        chain::decide(self, &question.into())
    }

    /// Whether RBAC's roles alone decide.
    pub(super) fn is_rbac_only(&self) -> bool {
        self.is_rbac_only
    }

    pub(super) fn index(&self) -> &'a AccessIndex<'a> {
        self.index
    }

    /// What RBAC alone says: the grant, or the server's words about roles that do not exist.
    pub(super) fn rbac(&self, question: &Question<'_>) -> Result<Grant<'a>, String> {
        let compiled = &self.index.roles;
        let numbered = match question {
            Question::Resource(asked) => Some((asked, compiled.numbered(asked))),
            Question::NonResource { .. } => None,
        };
        let mut missing = Vec::new();
        let cluster_wide = self.entries.iter().take(self.cluster_wide);
        for entry in cluster_wide.chain(self.namespaced_entries(question.namespace())) {
            let Some(number) = entry.role else {
                let indexed = self.index.bindings.get(entry.binding as usize);
                missing.extend(indexed.map(|indexed| missing_role(indexed.binding)));
                continue;
            };
            // The numbers of a role decide about resources; none of its words is read.
            if numbered.is_some_and(|(asked, numbered)| !compiled.allows(number, asked, &numbered))
            {
                continue;
            }
            let Some(grant) = self.grant(*entry) else {
                continue;
            };
            if numbered.is_some() || grant.allowing_rule(question).is_some() {
                return Ok(grant);
            }
        }
        Err(match missing.as_slice() {
            [] => String::new(),
            errors => format!("RBAC: {}", aggregate_texts(errors)),
        })
    }

    fn grant(&self, entry: Entry) -> Option<Grant<'a>> {
        let indexed = self.index.bindings.get(entry.binding as usize)?;
        Some(Grant {
            binding: indexed.binding,
            subject: indexed.binding.subjects.get(entry.subject as usize)?,
            role: indexed.role,
        })
    }

    fn namespaced_entries(&self, namespace: &str) -> &[Entry] {
        if self.cluster_wide == self.entries.len() {
            return &[];
        }
        let Some(number) = self.index.namespace_number(namespace) else {
            return &[];
        };
        let entries = &self.entries;
        let start = entries.partition_point(|entry| entry.namespace < number);
        let end = entries.partition_point(|entry| entry.namespace <= number);
        entries.get(start..end).unwrap_or_default()
    }
}

/// What the server says about a binding whose role it cannot use.
pub(super) fn missing_role(binding: &RoleBinding) -> String {
    let role = &binding.role;
    match role.kind.as_str() {
        "Role" => format!("role.rbac.authorization.k8s.io \"{}\" not found", role.name),
        "ClusterRole" => format!(
            "clusterrole.rbac.authorization.k8s.io \"{}\" not found",
            role.name
        ),
        kind => format!("unsupported role reference kind: {kind:?}"),
    }
}

/// How Kubernetes writes several errors as one (apimachinery `util/errors`: each text once).
pub(super) fn aggregate_texts(errors: &[String]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for error in errors {
        if !seen.contains(&error.as_str()) {
            seen.push(error);
        }
    }
    match seen.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

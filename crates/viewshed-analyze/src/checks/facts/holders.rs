//! Who holds certain rules: grouped under the object at which the grant is to be mended.
//!
//! A role that people wrote is mended in the role, once, however often it is bound: once for those who hold it in
//! the whole cluster, and once for those to whom only RoleBindings grant it, each in their namespaces. One of the
//! server's own roles cannot be mended: there each binding of it stands on its own.

use std::collections::BTreeMap;

use viewshed_model::{Chain, Finding, Link, PolicyRule, Role, Severity, Subject, SubjectKind};

use super::{
    ClusterFacts, HumanGrant, Place, Scope, count, is_everyone, list, role_location, role_object,
    rule_text,
};

/// Bindings whose link stands in a chain before the rest is counted.
const BINDINGS_MAX: usize = 5;

/// Certain rules of one role, and those who hold them.
#[derive(Debug)]
pub(in crate::checks) struct Holding<'a> {
    pub(in crate::checks) role: &'a Role,
    /// Positions of the rules in the role, and the rules.
    pub(in crate::checks) rules: Vec<(usize, &'a PolicyRule)>,
    /// Never empty; all of them hold in the whole cluster, or none.
    pub(in crate::checks) grants: Vec<HumanGrant<'a>>,
    /// Everybody whom the grants name, sorted, each once.
    pub(in crate::checks) subjects: Vec<Subject>,
}

/// The kinds of holders, by how many there may be and how easily one takes their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::checks) enum Holders {
    /// Users and groups that an administrator filled.
    People,
    /// At least one service account: whoever enters one of its pods holds it.
    Workloads,
    /// Everybody, with any credential or without.
    Everyone,
}

/// Every human-made grant of rules that `matches` accepts.
pub(in crate::checks) fn holdings<'a>(
    facts: &ClusterFacts<'a>,
    matches: impl Fn(&PolicyRule) -> bool,
) -> Vec<Holding<'a>> {
    let mut by_role: BTreeMap<(&str, &str, Reach), Holding<'_>> = BTreeMap::new();
    let mut single = Vec::new();
    for grant in &facts.access.human_grants {
        let role = grant.role;
        let reach = Reach::of(grant);
        let key = (role.meta.namespace_or_empty(), &*role.meta.name, reach);
        if let Some(known) = by_role.get_mut(&key) {
            known.grants.push(grant.clone());
            continue;
        }
        // What others aggregate into the server's own roles is theirs to mend, not the binding's.
        let is_foreign = !grant.has_human_role && role.aggregation.is_some();
        let rules: Vec<(usize, &PolicyRule)> = grant
            .rules()
            .filter(|(_, rule)| !is_foreign && matches(rule))
            // A RoleBinding grants no paths.
            .filter(|(_, rule)| reach == Reach::Cluster || !rule.resources.is_empty())
            .collect();
        if rules.is_empty() {
            continue;
        }
        let holding = Holding {
            role,
            rules,
            grants: vec![grant.clone()],
            subjects: Vec::new(),
        };
        if grant.has_human_role {
            by_role.insert(key, holding);
        } else {
            single.push(holding);
        }
    }
    leave_out_repeated(&mut by_role);
    let mut holdings: Vec<Holding<'_>> = by_role.into_values().chain(single).collect();
    for holding in &mut holdings {
        holding.subjects = subjects_of(&holding.grants);
    }
    holdings
}

/// Where a grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Cluster,
    Namespaces,
}

impl Reach {
    fn of(grant: &HumanGrant<'_>) -> Self {
        if grant.is_cluster_wide() {
            Self::Cluster
        } else {
            Self::Namespaces
        }
    }
}

/// Whoever holds the rules of a role in the whole cluster gains nothing by a RoleBinding of it.
fn leave_out_repeated(by_role: &mut BTreeMap<(&str, &str, Reach), Holding<'_>>) {
    let everywhere: BTreeMap<(&str, &str), Vec<Subject>> = by_role
        .iter()
        .filter(|((.., reach), _)| *reach == Reach::Cluster)
        .map(|((namespace, name, _), holding)| ((*namespace, *name), subjects_of(&holding.grants)))
        .collect();
    by_role.retain(|(namespace, name, reach), holding| {
        let known = everywhere.get(&(*namespace, *name));
        if let (Reach::Namespaces, Some(known)) = (reach, known) {
            for grant in &mut holding.grants {
                grant
                    .subjects
                    .retain(|subject| known.binary_search(subject).is_err());
            }
            holding.grants.retain(|grant| !grant.subjects.is_empty());
        }
        !holding.grants.is_empty()
    });
}

fn subjects_of(grants: &[HumanGrant<'_>]) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = grants
        .iter()
        .flat_map(|grant| grant.subjects.clone())
        .collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

impl Holding<'_> {
    /// Whether the grants hold in the whole cluster.
    pub(in crate::checks) fn is_cluster_wide(&self) -> bool {
        self.grants.iter().any(HumanGrant::is_cluster_wide)
    }

    /// The widest kind of holder.
    pub(in crate::checks) fn holders(&self) -> Holders {
        if self.subjects.iter().any(is_everyone) {
            return Holders::Everyone;
        }
        let is_account = |subject: &Subject| {
            subject.kind == SubjectKind::ServiceAccount
                || subject.name.starts_with("system:serviceaccount")
        };
        if self.subjects.iter().any(is_account) {
            Holders::Workloads
        } else {
            Holders::People
        }
    }

    /// How many objects the rules show to the holders, in all scopes together.
    pub(in crate::checks) fn shown(&self, facts: &ClusterFacts<'_>) -> u64 {
        let rules = || self.rules.iter().map(|(_, rule)| *rule);
        if self.is_cluster_wide() {
            return facts.objects.shown_by(rules(), Scope::Cluster);
        }
        let mut namespaces: Vec<&str> = self
            .grants
            .iter()
            .filter_map(|grant| grant.binding.meta.namespace.as_deref())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
            .into_iter()
            .map(|namespace| facts.objects.shown_by(rules(), Scope::Namespace(namespace)))
            .sum()
    }

    /// `in the whole cluster`, `in shop`, `in 12 namespaces`.
    pub(in crate::checks) fn scope_text(&self) -> String {
        if self.is_cluster_wide() {
            return "in the whole cluster".to_owned();
        }
        let mut namespaces: Vec<&str> = self
            .grants
            .iter()
            .filter_map(|grant| grant.binding.meta.namespace.as_deref())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        match namespaces.as_slice() {
            [one] => format!("in `{one}`"),
            many => format!("in {} namespaces", many.len()),
        }
    }

    /// Names of the first holders, for a title.
    pub(in crate::checks) fn who(&self) -> String {
        match self.subjects.as_slice() {
            [one] => one.to_string(),
            [one, other] => format!("{one} and {other}"),
            [first, rest @ ..] => format!("{first} and {} others", rest.len()),
            [] => "nobody".to_owned(),
        }
    }

    /// Fills subjects, count and chain of a finding.
    pub(in crate::checks) fn describe(&self, facts: &ClusterFacts<'_>, finding: &mut Finding) {
        finding.subjects.clone_from(&self.subjects);
        finding.exposed_count = self.shown(facts);
        finding.evidence = self.chain(facts, finding.exposed_count);
    }

    /// The role, or the binding of a role that is the server's own.
    pub(in crate::checks) fn place(&self, facts: &ClusterFacts<'_>) -> Place {
        let estate = facts.cluster.name.clone();
        match self.grants.first() {
            Some(grant) if !grant.has_human_role => grant.place(estate),
            _ => Place {
                estate,
                object: role_object(self.role),
                namespace: self.role.meta.namespace_or_empty().to_owned(),
                location: role_location(self.role),
            },
        }
    }

    fn chain(&self, facts: &ClusterFacts<'_>, shown: u64) -> Chain {
        let first_rule = self.rules.first().map_or(0, |(position, _)| *position);
        let mut links: Vec<Link> = self
            .grants
            .iter()
            .take(BINDINGS_MAX)
            .map(|grant| grant.link(first_rule, &grant.subjects))
            .collect();
        let more = self.grants.len().saturating_sub(BINDINGS_MAX);
        if more > 0 {
            links.push(plain(format!(
                "{} do the same",
                count(more, "more binding")
            )));
        }
        for (position, rule) in &self.rules {
            links.push(plain(format!(
                "rule {} of {} `{}` allows {}",
                position + 1,
                self.grants
                    .first()
                    .map_or("Role", |grant| &grant.binding.role.kind),
                self.role.meta.name,
                rule_text(rule)
            )));
        }
        links.extend(self.pods_text(facts).map(plain));
        if shown > 0 {
            let number = usize::try_from(shown).unwrap_or(usize::MAX);
            links.push(plain(format!(
                "of what exists now, that shows {} {}",
                count(number, "object"),
                self.scope_text()
            )));
        }
        Chain { links }
    }

    /// Which workloads act as the service accounts among the holders.
    fn pods_text(&self, facts: &ClusterFacts<'_>) -> Option<String> {
        let mut names = Vec::new();
        let mut pods = 0;
        for subject in &self.subjects {
            let (SubjectKind::ServiceAccount, Some(namespace)) =
                (&subject.kind, &subject.namespace)
            else {
                continue;
            };
            for runner in facts.runners_as(namespace, &subject.name) {
                names.push(runner.full_name());
                pods += runner.pods.len();
            }
        }
        if names.is_empty() {
            return None;
        }
        let number = if pods > 0 {
            format!(" ({})", count(pods, "pod"))
        } else {
            String::new()
        };
        Some(format!("pods of {} run with it{number}", list(&names)))
    }
}

fn plain(text: String) -> Link {
    Link {
        text,
        evidence: None,
    }
}

/// Raises or lowers what a grant is worth by who holds it.
pub(in crate::checks) fn weighed(base: Severity, holders: Holders) -> Severity {
    match holders {
        Holders::Workloads => base,
        Holders::Everyone => match base {
            Severity::Info => Severity::Low,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        },
        Holders::People => match base {
            Severity::Critical => Severity::Medium,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low | Severity::Info => Severity::Info,
        },
    }
}

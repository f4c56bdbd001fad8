//! One row of the table: an identity, its grants, and what they add up to.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Chain, Evidence, GrantOrigin, IdentityRank, Link, Subject, SubjectKind};

use super::CHAINS_MAX;
use super::count::Tables;
use super::subjects::Row;
use super::sum::{Counted, Sum};
use crate::bootstrap::{GrantedTo, Origins};
use crate::pivot::{HeldParts, RoleParts, gives_a_part};
use crate::rbac::Grant;
use crate::see::{Takes, of_grant, opens_kubelets, sees_everything};
use crate::sight::{Coverage, Shown, SightIndex, grant_text, sentence};

/// What every row needs.
pub(super) struct Ranker<'a, 'c> {
    pub(super) index: &'a SightIndex<'c>,
    pub(super) tables: &'a Tables,
    pub(super) origins: &'a Origins<'c>,
    /// What each role shows, by its address in the cluster.
    pub(super) coverages: &'a FxHashMap<usize, Coverage<'c>>,
    /// The roles that let impersonate somebody, by the same.
    pub(super) masking: &'a FxHashSet<usize>,
    /// The roles whose holders get further by what they may change, by the same.
    pub(super) parts: &'a FxHashMap<usize, RoleParts>,
    /// The roles that open parts of kubelets, by the same.
    pub(super) kubelets: &'a FxHashSet<usize>,
}

/// Rights on parts of nodes: what they show depends on whether the ports of kubelets are reached.
const ASKS_KUBELETS: &str = "kubelets that it reaches tell it their pods";

fn of_one_link(text: String, evidence: Option<Evidence>) -> Chain {
    Chain {
        links: vec![Link { text, evidence }],
    }
}

impl Ranker<'_, '_> {
    /// The row; `None` when it sees no object, may impersonate nobody and gets no further.
    pub(super) fn rank(&self, row: &Row) -> Option<IdentityRank> {
        let session = self.index.access.session(&row.identity);
        let mut sum = Sum::new(self.index, self.tables);
        let mut story = Story::default();
        let mut held = HeldParts::default();
        let mut parted = Vec::new();
        let mut asks_kubelets = false;
        let mut told: Vec<(Grant<'_>, &Coverage<'_>)> = Vec::new();
        if let Some(evidence) = sees_everything(&session) {
            sum.add_everything();
            let text = sentence(&evidence);
            story.chains.push(of_one_link(text, Some(evidence)));
        } else if self.index.trust.grants_count {
            for grant in session.grants() {
                let Some(role) = grant.role else { continue };
                let address = std::ptr::from_ref(role).addr();
                if self.masking.contains(&address) {
                    self.unmask(row, &grant, &mut story);
                }
                if let Some(coverage) = self.coverages.get(&address) {
                    sum.add(&grant, coverage);
                    self.weigh_shown(row, (&grant, coverage), &mut story);
                    told.push((grant, coverage));
                }
                let parts = self.parts.get(&address);
                held.add_some(parts, grant.namespace());
                let asks = self.opens_kubelets(&grant, address);
                asks_kubelets |= asks;
                if parts.is_some() || asks {
                    parted.push(grant);
                }
            }
        }
        if let Some(node) = row.identity.user.strip_prefix("system:node:")
            && sum.add_node(node, &session)
        {
            let text =
                format!("the Node authorizer shows node {node} its own pods and what they use");
            story.chains.push(of_one_link(text, None));
        }
        if !story.takes_a_name {
            story.masks.clear();
        }
        // The grant that shows most comes first.
        told.sort_by_key(|(grant, coverage)| std::cmp::Reverse(self.weight(grant, coverage)));
        for (grant, coverage) in told {
            self.tell((&grant, coverage), &mut story);
        }
        let result = sum.finish();
        let mut further = held.effects();
        let is_told = asks_kubelets && !self.sees_all_pods(&result);
        further.extend(is_told.then(|| ASKS_KUBELETS.to_owned()));
        if !further.is_empty() {
            self.name_grants(row, &parted, &mut story);
        }
        let is_anybody = result.visible > 0 || !story.masks.is_empty() || !further.is_empty();
        is_anybody.then(|| IdentityRank {
            subject: row.subject.clone(),
            visible: result.visible,
            total: self.tables.objects_total(),
            by_resource: self.tables.by_name(&result.counts),
            namespaces: result.namespaces,
            origin: match story.origin {
                // Only a binding that grants nothing names this user: people wrote it.
                _ if !story.is_named && is_of_people(&row.subject) => GrantOrigin::Human,
                origin => origin.unwrap_or(GrantOrigin::System),
            },
            bindings: story.bindings,
            unknown_members: has_unknown_members(&row.subject),
            impersonates: story.masks.into_iter().collect(),
            further,
            chains: story.chains,
        })
    }

    /// Nodes are in no namespace.
    fn opens_kubelets(&self, grant: &Grant<'_>, role: usize) -> bool {
        grant.namespace().is_none() && self.kubelets.contains(&role)
    }

    fn sees_all_pods(&self, counted: &Counted) -> bool {
        let of_pods = |counts: &[u64]| counts.get(self.tables.pods?).copied();
        of_pods(&counted.counts) == of_pods(&self.tables.totals)
    }

    /// What a grant of such a role shows, where it holds.
    fn shown<'s>(
        &'s self,
        grant: &'s Grant<'_>,
        coverage: &'s Coverage<'_>,
    ) -> impl Iterator<Item = &'s Shown> + Clone {
        let named = coverage.named.iter().map(|named| &named.shown);
        let shown = coverage.whole.iter().chain(named);
        shown.filter(|shown| self.counts_here(grant, shown.target))
    }

    /// Counts the rules that show something for the origin of the row.
    fn weigh_shown(
        &self,
        row: &Row,
        (grant, coverage): (&Grant<'_>, &Coverage<'_>),
        story: &mut Story,
    ) {
        let mut rules: Vec<usize> = self
            .shown(grant, coverage)
            .map(|shown| shown.rule)
            .collect();
        rules.dedup();
        for rule in &rules {
            if self.weigh(row, (grant, *rule), story) == Some(GrantOrigin::Human) {
                break;
            }
        }
    }

    /// About how many objects a grant shows: of what single names open, one each.
    fn weight(&self, grant: &Grant<'_>, coverage: &Coverage<'_>) -> u64 {
        let namespace = grant.namespace();
        let at = namespace.and_then(|name| self.index.inventory.namespace_index(name));
        let mut targets: Vec<usize> = coverage.whole.iter().map(|shown| shown.target).collect();
        targets.sort_unstable();
        targets.dedup();
        let is_object = |target: &usize| self.tables.is_object.get(*target) == Some(&true);
        let counted = targets.into_iter().filter(is_object);
        let counted = counted.map(|target| match (namespace, at) {
            (None, _) => self.tables.totals.get(target).copied().unwrap_or_default(),
            (Some(_), Some(at)) => self.tables.count(target, at),
            (Some(_), None) => 0,
        });
        counted.sum::<u64>() + coverage.named.len() as u64
    }

    fn tell(&self, (grant, coverage): (&Grant<'_>, &Coverage<'_>), story: &mut Story) {
        let shown = self.shown(grant, coverage);
        let mut rules = shown.clone().map(|shown| shown.rule);
        let Some(rule) = rules.next() else { return };
        story.bindings.push(binding_name(grant));
        if story.chains.len() < CHAINS_MAX {
            let mut targets: Vec<usize> = shown.map(|shown| shown.target).collect();
            targets.dedup();
            story.chains.push(Chain {
                links: vec![
                    Link {
                        text: grant_text(grant),
                        evidence: Some(grant.evidence(rule)),
                    },
                    Link {
                        text: self.summary(&targets, grant.namespace()),
                        evidence: None,
                    },
                ],
            });
        }
    }

    /// Whom the grant lets impersonate: what they see is told in their own row.
    fn unmask(&self, row: &Row, grant: &Grant<'_>, story: &mut Story) {
        for mask in of_grant(grant) {
            self.weigh(row, (grant, mask.rule), story);
            story.takes_a_name |= mask.takes == Takes::Name;
            story.masks.insert(mask.who);
        }
    }

    /// The grants by which it gets further, beside those that show something.
    fn name_grants(&self, row: &Row, grants: &[Grant<'_>], story: &mut Story) {
        for grant in grants {
            let rules = grant.role.iter().flat_map(|role| &role.rules);
            for (rule, _) in (0..)
                .zip(rules)
                .filter(|(_, rule)| gives_a_part(rule) || opens_kubelets(rule))
            {
                if self.weigh(row, (grant, rule), story) == Some(GrantOrigin::Human) {
                    break;
                }
            }
            let name = binding_name(grant);
            if !story.bindings.contains(&name) {
                story.bindings.push(name);
            }
        }
    }

    /// Counts one rule for the origin of the row; `None` where it does not count.
    fn weigh(
        &self,
        row: &Row,
        (grant, rule): (&Grant<'_>, usize),
        story: &mut Story,
    ) -> Option<GrantOrigin> {
        let origin = self.origins.of(GrantedTo {
            namespace: grant.binding.meta.namespace_or_empty(),
            binding: &grant.binding.meta.name,
            role: &grant.binding.role,
            rule: grant.role.and_then(|role| role.rules.get(rule)),
            subject: grant.subject,
        });
        // What people give to everybody is told of the group: else all of the cluster's own parts would
        // stand among those whom people gave something.
        let is_of_group = is_of_everybody(grant.subject) && *grant.subject != row.subject;
        if origin == GrantOrigin::Human && is_of_group {
            return None;
        }
        story.is_named |= *grant.subject == row.subject;
        story.origin = Some(story.origin.map_or(origin, |known| known.min(origin)));
        Some(origin)
    }

    /// A RoleBinding shows nothing that lives outside namespaces, but its own namespace.
    fn counts_here(&self, grant: &Grant<'_>, target: usize) -> bool {
        grant.namespace().is_none()
            || Some(target) == self.tables.namespaces
            || self.tables.namespaced.get(target) == Some(&true)
    }

    fn summary(&self, targets: &[usize], namespace: Option<&str>) -> String {
        /// Names that fit on a line.
        const NAMES_MAX: usize = 4;
        let names: Vec<&str> = targets
            .iter()
            .filter_map(|target| self.tables.names.get(*target))
            .map(String::as_str)
            .collect();
        let mut text = format!(
            "see {}",
            names
                .iter()
                .take(NAMES_MAX)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        );
        if names.len() > NAMES_MAX {
            text = format!("{text} and {} more kinds", names.len() - NAMES_MAX);
        }
        match namespace {
            Some(namespace) => format!("{text} in {namespace}"),
            None => format!("{text} in the whole cluster"),
        }
    }
}

fn binding_name(grant: &Grant<'_>) -> String {
    let kind = match grant.namespace() {
        Some(_) => "RoleBinding",
        None => "ClusterRoleBinding",
    };
    format!("{kind} {}", grant.binding.meta.full_name())
}

/// How a row came about.
#[derive(Default)]
struct Story {
    origin: Option<GrantOrigin>,
    /// Something was granted to the identity itself, not only to its groups.
    is_named: bool,
    masks: BTreeSet<String>,
    /// Without a name no group can be taken on.
    takes_a_name: bool,
    bindings: Vec<String>,
    chains: Vec<Chain>,
}

/// Groups that Kubernetes itself puts identities into, its own parts among them.
pub(super) fn is_of_everybody(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && (matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:nodes"
        ) || subject.name.starts_with("system:serviceaccounts"))
}

/// Users that are none of Kubernetes' own; those have the prefix (`pkg/apis/rbac` of the API reference).
fn is_of_people(subject: &Subject) -> bool {
    subject.kind == SubjectKind::User && !subject.name.starts_with("system:")
}

/// Groups whose members stand outside the estate. Kubernetes fills its own; certificates and tokens
/// from anywhere fill `system:masters`.
fn has_unknown_members(subject: &Subject) -> bool {
    subject.kind == SubjectKind::Group
        && !matches!(
            subject.name.as_str(),
            "system:authenticated" | "system:unauthenticated" | "system:nodes"
        )
        && !subject.name.starts_with("system:serviceaccounts")
}

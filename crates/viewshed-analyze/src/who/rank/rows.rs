//! One row of the table: an identity, its grants, and what they add up to.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Chain, Evidence, GrantOrigin, IdentityRank, Link, Subject, SubjectKind};

use super::CHAINS_MAX;
use super::count::Tables;
use super::given::Given;
use super::subjects::Row;
use super::sum::{Counted, Sum};
use crate::bootstrap::{GrantedTo, Origins};
use crate::pivot::RoleParts;
use crate::rbac::{Alike, Grant};
use crate::see::{Takes, of_grant, sees_everything};
use crate::sight::{Coverage, SightIndex, grant_text, sentence};

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
    pub(super) given: Alike<Given>,
}

fn of_one_link(text: String, evidence: Option<Evidence>) -> Chain {
    Chain {
        links: vec![Link { text, evidence }],
    }
}

impl Ranker<'_, '_> {
    /// The row; `None` when it sees no object, may impersonate nobody and gets no further.
    pub(super) fn rank(&self, row: &Row) -> Option<IdentityRank> {
        let session = self.index.access.session(&row.identity);
        let mut story = Story::default();
        let mut sum = Sum::new(self.index, self.tables);
        let everything = sees_everything(&session);
        let is_by_grants = everything.is_none() && self.index.trust.grants_count;
        if let Some(evidence) = everything {
            sum.add_everything();
            let text = sentence(&evidence);
            story.chains.push(of_one_link(text, Some(evidence)));
        }
        if let Some(node) = row.identity.user.strip_prefix("system:node:")
            && sum.add_node(node, &session)
        {
            let text =
                format!("the Node authorizer shows node {node} its own pods and what they use");
            story.chains.push(of_one_link(text, None));
        }
        if !is_by_grants {
            return self.row(row, &Given::whole(sum), story);
        }
        let grants: Vec<Grant<'_>> = session.grants().collect();
        for grant in &grants {
            let Some(role) = grant.role else { continue };
            let address = std::ptr::from_ref(role).addr();
            if self.masking.contains(&address) {
                self.unmask(row, grant, &mut story);
            }
            if let Some(coverage) = self.coverages.get(&address) {
                self.weigh_shown(row, (grant, coverage), &mut story);
            }
        }
        if !story.takes_a_name {
            story.masks.clear();
        }
        let add_up = || self.add_up(&session, sum);
        self.given.of(&session, add_up, |given| {
            self.tell(row, given, &grants, &mut story);
            self.row(row, given, story)
        })
    }

    fn row(&self, row: &Row, given: &Given, story: Story) -> Option<IdentityRank> {
        let Counted {
            visible,
            counts,
            namespaces,
        } = &given.counted;
        let is_anybody = *visible > 0 || !story.masks.is_empty() || !given.further.is_empty();
        is_anybody.then(|| IdentityRank {
            subject: row.subject.clone(),
            visible: *visible,
            total: self.tables.objects_total(),
            by_resource: self.tables.by_name(counts),
            namespaces: *namespaces,
            origin: match story.origin {
                // Only a binding that grants nothing names this user: people wrote it.
                _ if !story.is_named && is_of_people(&row.subject) => GrantOrigin::Human,
                origin => origin.unwrap_or(GrantOrigin::System),
            },
            bindings: story.bindings,
            unknown_members: has_unknown_members(&row.subject),
            impersonates: story.masks.into_iter().collect(),
            further: given.further.clone(),
            chains: story.chains,
        })
    }

    /// Names the grants that show something or let get further, and tells the first.
    fn tell(&self, row: &Row, given: &Given, grants: &[Grant<'_>], story: &mut Story) {
        for told in &given.told {
            let Some(grant) = grants.get(told.grant) else {
                continue;
            };
            story.bindings.push(binding_name(grant));
            if story.chains.len() < CHAINS_MAX {
                story.chains.push(Chain {
                    links: vec![
                        Link {
                            text: grant_text(grant),
                            evidence: Some(grant.evidence(told.rule)),
                        },
                        Link {
                            text: told.summary.clone(),
                            evidence: None,
                        },
                    ],
                });
            }
        }
        let acting = given.acting.iter().filter(|_| !given.further.is_empty());
        for one in acting {
            let Some(grant) = grants.get(one.grant) else {
                continue;
            };
            self.weigh_until_human(row, grant, one.rules.iter().copied(), story);
            if !one.is_told {
                story.bindings.push(binding_name(grant));
            }
        }
    }

    /// Counts the rules that show something for the origin of the row.
    fn weigh_shown(
        &self,
        row: &Row,
        (grant, coverage): (&Grant<'_>, &Coverage<'_>),
        story: &mut Story,
    ) {
        let rules = self.shown(grant, coverage).map(|shown| shown.rule);
        self.weigh_until_human(row, grant, rules, story);
    }

    /// Counts rules, in their order, up to the first that people granted: nothing outweighs it.
    fn weigh_until_human(
        &self,
        row: &Row,
        grant: &Grant<'_>,
        rules: impl Iterator<Item = usize>,
        story: &mut Story,
    ) {
        let mut last = None;
        for rule in rules {
            let is_new = last.replace(rule) != Some(rule);
            if is_new && self.weigh(row, (grant, rule), story) == Some(GrantOrigin::Human) {
                break;
            }
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

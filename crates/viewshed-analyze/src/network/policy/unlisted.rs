//! Policies that the server did not give: whatever they may be about depends on them.

use viewshed_model::{Gap, GapReason, Meta, NetworkPolicy, UnreadPolicies};

use super::reader::Reader;
use super::{Policy, Translator};
use crate::network::cni::Ternary;
use crate::network::vocabulary::Term;

impl Translator<'_> {
    /// What stands for the policies of kinds that could not be listed, as far as the plugin enforces them.
    pub(in crate::network) fn unlisted(&mut self, unread: &[UnreadPolicies]) -> Vec<Policy> {
        let mut found = Vec::new();
        for kind in unread {
            let enforced = self.enforced(&kind.group, &kind.kind);
            if enforced == Ternary::No {
                continue;
            }
            self.gaps.add(Some(Gap {
                source: self.gaps.cluster.clone(),
                what: format!("what `{}` ({}) says about connections", kind.kind, kind.group),
                reason: GapReason::NotCollected,
                detail: "not every object of this kind could be listed".to_owned(),
                hint: "collect the estate with a credential that may list it; answers depend on it until then"
                    .to_owned(),
                count: 1,
            }));
            let policy = NetworkPolicy {
                meta: Meta {
                    name: "(unlisted)".to_owned(),
                    ..Meta::default()
                },
                api_group: kind.group.clone(),
                kind: kind.kind.clone(),
                ..NetworkPolicy::default()
            };
            let mut reader = Reader::new(self, 0, &policy);
            let fact = format!(
                "what objects of kind `{}` say, which could not be listed",
                kind.kind
            );
            let unsure = reader.unsure(&fact);
            let mut policies = reader.undecided(unsure);
            let read: Vec<_> = kind
                .read_namespaces
                .iter()
                .map(|namespace| reader.term(Term::Namespace(namespace.clone())))
                .collect();
            let read = reader.or(read);
            let others = reader.not(read);
            for policy in &mut policies {
                policy.subject = reader.and([policy.subject, others]);
            }
            let sure = reader.finish(enforced);
            for policy in &mut policies {
                policy.subject = self.vocabulary.and([policy.subject, sure]);
                policy.source = None;
            }
            found.extend(policies);
        }
        found
    }
}

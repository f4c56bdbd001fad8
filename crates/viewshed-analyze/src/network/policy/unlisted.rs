//! Policies, and what they lean on, that the server did not give: whatever they may be about depends on them.

use viewshed_model::{Gap, GapReason, Meta, NetworkPolicy, UnreadKind};

use super::reader::Reader;
use super::{Policy, Translator};
use crate::network::cni::Ternary;
use crate::network::vocabulary::Term;

impl Translator<'_> {
    /// What stands for the policies of kinds that could not be listed, as far as the plugin enforces them.
    pub(in crate::network) fn unlisted(&mut self, unread: &[UnreadKind]) -> Vec<Policy> {
        let mut found = Vec::new();
        for kind in unread {
            let enforced = self.enforced(&kind.group, &kind.kind);
            let is_told = matches!(kind.group.as_str(), "" | "gateway.networking.k8s.io")
                || kind.kind == "Ingress";
            if enforced == Ternary::No || is_told {
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
            // Policies that refer to the others are unsure by themselves.
            let is_policy = kind.kind.ends_with("Policy");
            let is_of_nodes = matches!(kind.kind.as_str(), "GlobalNetworkPolicy" | "HostEndpoint");
            if !is_policy && !is_of_nodes {
                continue;
            }
            let mut reader = Reader::new(self, 0, &policy);
            let fact = format!(
                "what objects of kind `{}` say, which could not be listed",
                kind.kind
            );
            let unsure = reader.unsure(&fact);
            let mut policies = reader.undecided(unsure);
            if is_of_nodes {
                add_nodes(&mut reader, &mut policies, is_policy);
            }
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

/// Global policies also apply to nodes by their host endpoints, and host endpoints to nothing else.
fn add_nodes(reader: &mut Reader<'_, '_>, policies: &mut [Policy], is_policy: bool) {
    let nodes = reader.term(if is_policy {
        Term::Protected
    } else {
        Term::Node
    });
    for policy in policies {
        policy.subject = if is_policy {
            reader.or([policy.subject, nodes])
        } else {
            nodes
        };
    }
}

//! Whether an identity holds a power, and by which evidence.

use viewshed_model::{Decision, Evidence};

use super::powers::{IN_NO_NAMESPACE, Power, Right};
use crate::rbac::{Question, ResourceQuestion, Session, Verdict};

impl Power {
    fn question<'q>(&self, right: &Right, namespace: &'q str) -> Question<'q> {
        let (verb, api_group, resource, subresource, name) = *right;
        Question::Resource(ResourceQuestion {
            verb,
            api_group,
            resource,
            subresource,
            name,
            namespace: if self.is_cluster_wide || IN_NO_NAMESPACE.contains(&resource) {
                ""
            } else {
                namespace
            },
            ..ResourceQuestion::default()
        })
    }

    /// Whether the session certainly holds it in a namespace; everywhere, where that is empty.
    pub(super) fn is_held(&self, session: &Session<'_>, namespace: &str) -> bool {
        self.all.iter().all(|any| {
            any.iter()
                .any(|right| session.verdict(self.question(right, namespace)) == Verdict::Yes)
        })
    }

    /// The evidence of its last part, and the rights in words.
    pub(super) fn evidence(
        &self,
        session: &Session<'_>,
        namespace: &str,
    ) -> Option<(Evidence, String)> {
        let mut words = Vec::new();
        let mut last = None;
        for any in self.all {
            let held = any.iter().find_map(|right| {
                match session.decide(self.question(right, namespace)) {
                    Decision::Allowed(evidence) => Some((right, evidence)),
                    Decision::Denied(_) | Decision::DependsOn(_) => None,
                }
            });
            let ((verb, _, resource, subresource, _), evidence) = held?;
            words.push(match *subresource {
                "" => format!("{verb} {resource}"),
                subresource => format!("{verb} {resource}/{subresource}"),
            });
            last = Some(evidence);
        }
        Some((last?, words.join(" and ")))
    }
}

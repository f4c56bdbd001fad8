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
        let parts = self.parts(session, namespace)?;
        let words = parts.iter().map(
            |((verb, _, resource, subresource, _), _)| match *subresource {
                "" => format!("{verb} {resource}"),
                subresource => format!("{verb} {resource}/{subresource}"),
            },
        );
        let words: Vec<String> = words.collect();
        let (_, evidence) = parts.into_iter().next_back()?;
        Some((evidence, words.join(" and ")))
    }

    /// The first right of each part that the session holds, with what allows it; `None` where one is missing.
    fn parts(
        &self,
        session: &Session<'_>,
        namespace: &str,
    ) -> Option<Vec<(&'static Right, Evidence)>> {
        let parts = self.all.iter().map(|any| {
            any.iter().find_map(
                |right| match session.decide(self.question(right, namespace)) {
                    Decision::Allowed(evidence) => Some((right, evidence)),
                    Decision::Denied(_) | Decision::DependsOn(_) => None,
                },
            )
        });
        parts.collect()
    }

    /// What allows each part that `before` did not hold; none where the power was held, or is not.
    pub(super) fn new_parts(
        &self,
        before: &Session<'_>,
        after: &Session<'_>,
        namespace: &str,
    ) -> Vec<Evidence> {
        let parts = self.parts(after, namespace).unwrap_or_default().into_iter();
        let is_new = |any: &[Right]| {
            !any.iter()
                .any(|right| before.verdict(self.question(right, namespace)) == Verdict::Yes)
        };
        parts
            .zip(self.all)
            .filter(|(_, any)| is_new(any))
            .map(|((_, evidence), _)| evidence)
            .collect()
    }
}

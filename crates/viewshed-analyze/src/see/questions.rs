//! The questions behind a view, in the form that a live server is asked.

use viewshed_model::{Action, Identity};

use super::paths::PATHS;
use crate::rbac::{Question, Session, Verdict};
use crate::sight::{SightIndex, Target};

/// How many questions are put at most. A server answers some hundred reviews per second, so this is
/// about a minute; what goes over it is counted in [`Questions::left_out`].
pub const QUESTIONS_MAX: usize = 20_000;

/// Questions with the answers that Viewshed computes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Each question once: first about the whole cluster, then namespace by namespace, those with
    /// grants to the identity first.
    pub asked: Vec<(Action, Verdict)>,
    /// How many more there would be.
    pub left_out: u64,
}

/// Whether `identity` may list, watch and get each resource in each scope, read logs, reach kubelets
/// through the node proxy, and read the paths that tell of the cluster.
///
/// What is allowed for the whole cluster is not asked again for each namespace.
pub fn questions(index: &SightIndex<'_>, identity: &Identity) -> Questions {
    let session = index.access.session(identity);
    let mut found = Questions::default();
    for (path, _) in PATHS {
        found.ask(&session, Question::NonResource { verb: "get", path });
    }
    let mut open: Vec<(&Target, &str, &'static str)> = Vec::new();
    for target in &index.targets.all {
        for (_, word) in target.served() {
            for group in &target.groups {
                let asked = target.question(group, word, "", "");
                if found.ask(&session, asked.into()) != Verdict::Yes && target.namespaced {
                    open.push((target, group, word));
                }
            }
        }
    }
    for namespace in namespaces(index, &session) {
        for (target, group, word) in &open {
            found.ask(&session, target.question(group, word, namespace, "").into());
        }
    }
    found
}

impl Questions {
    fn ask(&mut self, session: &Session<'_>, question: Question<'_>) -> Verdict {
        let verdict = session.verdict(question);
        if self.asked.len() < QUESTIONS_MAX {
            self.asked.push((question.to_action(), verdict));
        } else {
            self.left_out += 1;
        }
        verdict
    }
}

fn namespaces<'a>(index: &'a SightIndex<'_>, session: &Session<'a>) -> Vec<&'a str> {
    let granted = session.namespaces();
    let rest = index.inventory.namespaces.iter().copied();
    let rest = rest.filter(|namespace| granted.binary_search(namespace).is_err());
    granted.iter().copied().chain(rest).collect()
}

//! The questions behind a view, in the form that a live server is asked.

use viewshed_model::{Action, Identity};

use super::kubelet_rights::{Asker, parts_of};
use super::paths::PATHS;
use crate::rbac::{Question, ResourceQuestion, Session, Verdict};
use crate::sight::{SightIndex, Target, pod_objects};

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
/// through the node proxy, ask them for their parts, and read the paths that tell of the cluster.
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
    for part in parts_of(index.cluster.version.as_ref()) {
        let subresource = part.subresource;
        // The API server's own proxy stands among the targets.
        if subresource != "proxy" {
            let asked = ResourceQuestion {
                verb: "get",
                resource: "nodes",
                subresource,
                ..ResourceQuestion::default()
            };
            found.ask(&session, asked.into());
        }
    }
    for namespace in namespaces(index, &session) {
        for (target, group, word) in &open {
            found.ask(&session, target.question(group, word, namespace, "").into());
        }
    }
    found
}

/// The nodes whose kubelets `identity` may ask for pods by rights of their own, each with the namespaces and names of the
/// pods that are known there, sorted.
pub fn asked_kubelets<'i>(
    index: &'i SightIndex<'_>,
    identity: &Identity,
) -> Vec<(&'i str, Vec<(&'i str, &'i str)>)> {
    let asker = Asker::new(index, identity);
    let pods = pod_objects(&index.inventory);
    let nodes = index
        .cluster
        .nodes
        .iter()
        .map(|node| node.meta.name.as_str());
    nodes
        .filter(|node| asker.has_parts_on(node))
        .map(|node| {
            let known = index.pods.on_node(node).iter();
            let known = known.filter_map(|at| pods.get(*at));
            let mut known: Vec<(&str, &str)> = known.map(|pod| (pod.namespace, pod.name)).collect();
            known.sort_unstable();
            (node, known)
        })
        .collect()
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

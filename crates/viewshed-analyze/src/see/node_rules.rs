//! What the Node authorizer shows to a kubelet's identity.

use viewshed_model::{Decision, Evidence, Link};

use super::board::{Board, Place, extended, link, link_with};
use super::identity::Held;
use super::ways::Ways;
use crate::inventory::Kind;
use crate::rbac::{ResourceQuestion, Session};
use crate::sight::{Target, Verbs, near_node, resource_name, scope_text, sentence};

/// A name that no object can have: what is allowed for it is allowed for every name.
const ANY_NAME: &str = "(any)";

/// Marks what the Node authorizer allows; nothing for identities that are not nodes.
pub(super) fn mark(board: &mut Board<'_, '_>, held: &Held, session: &Session<'_>) {
    let Some(node) = held.identity.user.strip_prefix("system:node:") else {
        return;
    };
    let reader = Reader {
        held,
        session,
        node,
    };
    let index = board.index;
    for target in &index.targets.all {
        if target.subresource.is_empty() {
            reader.mark_fixed_rules(board, target);
        }
    }
    for (kind, object) in near_node(index, node) {
        reader.mark_near(board, kind, object);
    }
}

struct Reader<'a> {
    held: &'a Held,
    session: &'a Session<'a>,
    node: &'a str,
}

impl Reader<'_> {
    /// Rules that hold for every node and every object of a resource.
    fn mark_fixed_rules(&self, board: &mut Board<'_, '_>, target: &Target) {
        let Some(kind) = board.index.inventory.kinds.get(target.kind) else {
            return;
        };
        let probe_namespace = if target.namespaced { ANY_NAME } else { "" };
        for (verb, word) in target.served() {
            let (namespace, name) = match verb {
                Verbs::GET => (probe_namespace, ANY_NAME),
                _ => ("", ""),
            };
            for group in &target.groups {
                let asked = target.question(group, word, namespace, name);
                if let Some(evidence) = self.node_evidence(asked) {
                    let text = format!(
                        "{word} {}{}",
                        resource_name(target),
                        scope_text(target, None)
                    );
                    let chain = board.chain(self.links(evidence, text));
                    let ways = match verb {
                        Verbs::GET => Ways::GET_IF_KNOWN,
                        _ => Ways::spanning(verb),
                    };
                    board.mark(Place::Kind(target.kind), 0..kind.objects.len(), ways, chain);
                }
            }
        }
    }

    /// One object that may lead to the node.
    fn mark_near(&self, board: &mut Board<'_, '_>, kind_at: usize, object_at: usize) {
        let index = board.index;
        let (Some(kind), Some(target)) = (
            index.inventory.kinds.get(kind_at),
            index.targets.all.get(kind_at),
        ) else {
            return;
        };
        let Some(object) = kind.objects.get(object_at) else {
            return;
        };
        let own_pods = format!("spec.nodeName={}", self.node);
        for (verb, word) in target.served() {
            let mut asked = target.question(&kind.group, word, object.namespace, object.name);
            let is_pod_list = is_pods(kind) && verb != Verbs::GET;
            if is_pod_list {
                asked = ResourceQuestion {
                    namespace: "",
                    name: "",
                    field_selector: &own_pods,
                    ..asked
                };
            }
            if let Some(evidence) = self.node_evidence(asked) {
                let text = if is_pod_list {
                    format!("{word} pods with field selector {own_pods}")
                } else {
                    format!("{word} {} by name", resource_name(target))
                };
                let ways = if is_pod_list {
                    Ways::spanning(verb)
                } else {
                    Ways::of_named(verb)
                };
                let chain = board.chain(self.links(evidence, text));
                board.mark(Place::Kind(kind_at), [object_at], ways, chain);
            }
        }
    }

    /// The evidence, when it is the Node authorizer that allows; grants are marked elsewhere.
    fn node_evidence(&self, asked: ResourceQuestion<'_>) -> Option<Evidence> {
        match self.session.decide(asked) {
            Decision::Allowed(evidence @ Evidence::NodeAuthorizer(_)) => Some(evidence),
            Decision::Allowed(_) | Decision::Denied(_) | Decision::DependsOn(_) => None,
        }
    }

    fn links(&self, evidence: Evidence, text: String) -> Vec<Link> {
        let reason = link_with(sentence(&evidence), evidence);
        extended(&self.held.links, [reason, link(text)])
    }
}

fn is_pods(kind: &Kind<'_>) -> bool {
    kind.group.is_empty() && kind.resource == "pods"
}

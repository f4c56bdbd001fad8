//! The view from inside a pod: what it holds, and what each of these opens.

use viewshed_model::{
    Gap, GapReason, HeldIdentity, Identity, Link, MissingFact, PodSpec, VolumeSource,
};

use super::board::{Board, extended, link};
use super::host::{Foothold, hold, token_text};
use super::host_paths::{Opening, normalized, openings};
use super::identity::Held;
use super::kubelet;
use super::tokens::{Audience, TokenHolder};
use super::ways::Ways;
use crate::sight::{environment_names, volume_names};

/// A pod that exists, or the pods that a workload's template will make.
pub(super) struct Inside<'a> {
    /// "pod shop/cart-7d", or "a pod of Deployment shop/cart".
    pub(super) title: String,
    /// Name of the pod; empty for a template.
    pub(super) pod: &'a str,
    /// Name of its node; empty when unknown.
    pub(super) node: &'a str,
    pub(super) holder: TokenHolder<'a>,
}

impl Inside<'_> {
    /// Marks what the pod sees without any credential, and collects the identities that it holds.
    pub(super) fn mark(&self, board: &mut Board<'_, '_>) -> Vec<Held> {
        let mut held = Vec::new();
        self.hold_tokens(board, &mut held);
        self.mark_itself(board);
        self.mark_mounts(board, &mut held);
        if self.spec().host.network {
            self.mark_host_network(board);
        }
        // Anybody who reaches the API server can ask without a credential.
        let links = vec![link(format!("{} asks without a credential", self.title))];
        hold(&mut held, Identity::anonymous(), links);
        held
    }

    fn spec(&self) -> &PodSpec {
        self.holder.spec
    }

    fn hold_tokens(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>) {
        let namespace = self.holder.namespace;
        for token in self.holder.tokens() {
            let text = format!("{} mounts {}", self.title, token_text(&token, namespace));
            let Some(account) = &token.service_account else {
                board.gaps.push(Gap {
                    source: board.index.cluster.name.clone(),
                    what: format!("whose {}", token_text(&token, namespace)),
                    reason: GapReason::NotCollected,
                    detail: String::new(),
                    hint: String::new(),
                    count: 1,
                });
                continue;
            };
            let identity = Identity::service_account(namespace, account);
            match token.audience {
                Audience::ApiServer => hold(held, identity, vec![link(text)]),
                Audience::Likely(audience) => {
                    board.depends_on.insert(MissingFact {
                        fact: format!("whether the API server accepts the audience `{audience}`"),
                    });
                    hold(held, identity, vec![link(text)]);
                }
                Audience::Other(audience) => board.identities.push(HeldIdentity {
                    identity,
                    how: format!(
                        "{text}, for the audience `{audience}`: useless at the API server"
                    ),
                    is_accepted: false,
                }),
            }
        }
    }

    /// Its own name and namespace, and the configuration that it was given.
    fn mark_itself(&self, board: &mut Board<'_, '_>) {
        let namespace = self.holder.namespace;
        let own = board.chain(vec![link(format!("{} knows itself", self.title))]);
        board.mark_object(("", "namespaces"), ("", namespace), Ways::OWN, own);
        let position = board
            .index
            .inventory
            .kind("", "pods")
            .and_then(|kind| board.index.inventory.find(kind, namespace, self.pod));
        if let (Some(pod), Some(place)) = (position, board.place("", "pods")) {
            board.mark(place, [pod], Ways::OWN, own);
            let range = board.index.pods.containers_of_pod.get(pod).cloned();
            let containers = super::board::Place::Containers;
            board.mark(containers, range.unwrap_or_default(), Ways::OWN, own);
        }
        for (names, ways, how) in [
            (
                volume_names(self.spec()).collect::<Vec<_>>(),
                Ways::MOUNTED,
                "mounts",
            ),
            (
                environment_names(self.spec()).collect(),
                Ways::ENVIRONMENT,
                "has in its environment",
            ),
        ] {
            for (resource, name) in names {
                let text = format!("{} {how} {resource}/{name}", self.title);
                let chain = board.chain(vec![link(text)]);
                board.mark_object(("", resource), (namespace, name), ways, chain);
            }
        }
    }

    fn mark_mounts(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>) {
        let mut openings = openings_of(self.spec(), &self.title);
        // What is in doubt comes last: another mount may settle it.
        openings.sort_by_key(|(opening, _)| *opening == Opening::KubeletConfiguration);
        for (opening, text) in openings {
            let links = [link(text)];
            self.foothold(&links).mark_opening(board, opening, held);
        }
    }

    /// The kubelet on the node's own addresses, loopback included.
    fn mark_host_network(&self, board: &mut Board<'_, '_>) {
        let links = extended(
            &[],
            [link(format!(
                "{} shares the network of its node",
                self.title
            ))],
        );
        let nodes = &board.index.cluster.nodes;
        match nodes.iter().find(|node| node.meta.name == self.node) {
            Some(node) => {
                kubelet::mark_without_credentials(board, node, &links);
                let chain = board.chain(links);
                board.mark_object(("", "nodes"), ("", self.node), Ways::OWN, chain);
            }
            None => {
                board.depends_on.insert(MissingFact {
                    fact: "the kubelet settings of its node, which is not in the estate".to_owned(),
                });
            }
        }
        board.depends_on.insert(MissingFact {
            fact: "what else listens on the loopback address of its node".to_owned(),
        });
    }

    fn foothold<'l>(&'l self, links: &'l [Link]) -> Foothold<'l> {
        Foothold {
            node: self.node,
            links,
        }
    }
}

/// Everything of its node that a pod opens, each with the step in plain words: mounted folders that
/// some container has, privileged containers, the shared process table.
pub(crate) fn openings_of(spec: &PodSpec, title: &str) -> Vec<(Opening, String)> {
    let mut found = Vec::new();
    let host_paths = spec.volumes.iter().flat_map(|volume| {
        let sources = volume.sources.iter();
        sources.filter_map(move |source| match source {
            VolumeSource::HostPath(path) => Some((volume, path)),
            _ => None,
        })
    });
    for (volume, path) in host_paths {
        for container in &spec.containers {
            let mounts = container.mounts.iter();
            for mount in mounts.filter(|mount| mount.source == volume.name) {
                let path = format!("{path}/{}", mount.sub_path);
                let mounted = normalized(&path);
                let what = format!(
                    "{title} mounts {mounted} of its node into container {}",
                    container.name
                );
                found.extend(openings(&path).into_iter().map(|(opening, place)| {
                    if mounted == place {
                        (opening, what.clone())
                    } else {
                        (opening, format!("{what}, with {place} in it"))
                    }
                }));
            }
        }
    }
    let containers = &spec.containers;
    if let Some(container) = containers.iter().find(|container| container.privileged) {
        let text = format!(
            "container {} of {title} is privileged: it is root on its node",
            container.name
        );
        found.push((Opening::Root, text));
    }
    if spec.host.pid {
        let text = format!("{title} shares the process table of its node");
        found.push((Opening::Processes, text));
    }
    found
}

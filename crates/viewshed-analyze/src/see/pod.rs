//! The view from inside a pod: what it holds, and what each of these opens.

use std::collections::BTreeSet;

use viewshed_model::{
    Container, Gap, GapReason, HeldIdentity, Identity, MissingFact, Pod, PodSpec, ServerVersion,
    Service,
};

use super::board::{Board, Place, extended, link};
use super::host::{Foothold, hold, node_runtime};
use super::host_paths::Opening;
use super::identity::Held;
use super::kubelet;
use super::on_node::{By, has_no_openings, openings_on};
use super::own::{AUTHORITIES, host_name_fact};
use super::own_names::{Knows, Nameless, holds_authorities, names_its_pod, values_at_hand};
use super::tokens::{Audience, TokenHolder, place_text, token_text};
use super::ways::Ways;
use crate::sight::{SightIndex, pod_of};

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
        // First: the chain that says so stays where a token names the node too.
        if self.spec().host.network {
            self.mark_host_network(board);
        }
        self.hold_tokens(board, &mut held);
        if board.looks_at(&["configmaps", "namespaces", "pods"]) {
            self.mark_itself(board);
        }
        if board.looks_at(&["services"]) {
            self.mark_service_links(board);
        }
        self.mark_mounts(board, &mut held);
        if board.is_whole() {
            board.depends_on.extend(self.differing_containers());
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
                let secret = token.secret.as_deref().unwrap_or_default();
                board.gaps.push(Gap {
                    source: board.index.cluster.name.clone(),
                    what: format!(
                        "what the token in Secret {namespace}/{secret} sees, which {} has {}",
                        self.title,
                        place_text(&token)
                    ),
                    reason: GapReason::NotCollected,
                    detail: "only an annotation of the Secret names its service account, and annotations \
                             of Secrets are not asked for: they may hold values"
                        .to_owned(),
                    hint: "look from the account: `viewshed see --serviceaccount NAMESPACE/NAME`"
                        .to_owned(),
                    count: 1,
                });
                continue;
            };
            let identity = Identity::service_account(namespace, account);
            if let Some(container) = &token.ended_with {
                board.identities.push(HeldIdentity {
                    identity,
                    how: format!(
                        "{text}, but only into its container {container}, which has ended"
                    ),
                    is_accepted: false,
                });
                continue;
            }
            if token.secret.is_none() && board.looks_at(&["nodes"]) {
                self.mark_node_of_token(board, &text);
            }
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

    /// A token that is bound to its pod names the pod's node too, since 1.30 by default
    /// (`ServiceAccountTokenPodNodeInfo` in `pkg/features/kube_features.go`).
    fn mark_node_of_token(&self, board: &mut Board<'_, '_>, mounts: &str) {
        let minor = board
            .index
            .cluster
            .version
            .as_ref()
            .and_then(ServerVersion::minor_number);
        if self.node.is_empty() || minor.is_some_and(|minor| minor < TOKENS_NAME_NODES_MINOR) {
            return;
        }
        let names = link("the token names the node of its pod".to_owned());
        let chain = board.chain(vec![link(mounts.to_owned()), names]);
        board.mark_object(("", "nodes"), ("", self.node), Ways::OWN, chain);
    }

    /// Its own name and namespace, and the authorities of the API server.
    fn mark_itself(&self, board: &mut Board<'_, '_>) {
        let namespace = self.holder.namespace;
        let own = board.chain(vec![link(format!("{} knows itself", self.title))]);
        let knows = Knows::of(&self.holder, self.pod);
        let pod = if knows.pod || knows.host_name {
            self.pod
        } else {
            ""
        };
        let ways = if knows.host_name && !board.knows_names {
            board.depends_on.insert(host_name_fact());
            Ways::UNCERTAIN
        } else {
            Ways::OWN
        };
        if knows.namespace {
            board.mark_object(("", "namespaces"), ("", namespace), Ways::OWN, own);
        } else {
            board.nameless = Some(Nameless {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                own,
            });
        }
        let index = board.index;
        let position = index
            .inventory
            .kind("", "pods")
            .and_then(|kind| index.inventory.find(kind, namespace, pod));
        if let (Some(pod), Some(place)) = (position, board.place("", "pods")) {
            board.mark(place, [pod], ways, own);
            let range = index.pods.containers_of_pod.get(pod).cloned();
            let standing = |at: &usize| {
                let container = index.pods.containers.get(*at);
                container.is_some_and(|one| {
                    let mut names = self.spec().standing().map(|container| &container.name);
                    names.any(|name| name == one.name)
                })
            };
            let containers = range.unwrap_or_default().filter(standing);
            for at in containers {
                let name = index.pods.containers.get(at).map_or("", |one| one.name);
                let ways = if board.knows_names || names_its_pod(&self.holder, name) {
                    ways
                } else {
                    Ways::UNCERTAIN
                };
                board.mark(Place::Containers, [at], ways, own);
            }
        }
        if holds_authorities(&self.holder) {
            let text = format!("{} mounts configmaps/{AUTHORITIES}", self.title);
            let chain = board.chain(vec![link(text)]);
            let object = (namespace, AUTHORITIES);
            board.mark_object(("", "configmaps"), object, Ways::MOUNTED, chain);
        }
        if board.is_whole() {
            let values = values_at_hand(self.holder.spec, self.holder.namespace, &self.title);
            board.unnamed.extend(values.map(|held| held.text));
        }
    }

    /// The services that the kubelet writes into the environment of each container that it starts: those of
    /// the pod's namespace, unless it is told not to, and the API server's (`getServiceEnvVarMap` in
    /// `pkg/kubelet/kubelet_pods.go`).
    fn mark_service_links(&self, board: &mut Board<'_, '_>) {
        let namespace = self.holder.namespace;
        let links = self.spec().service_links != Some(false);
        let index = board.index;
        let made =
            pod_named(index, namespace, self.pod).and_then(|pod| pod.meta.created_at.as_deref());
        let mut chain = None;
        for (place, service) in services_in(index, &[namespace, API_SERVER.0]) {
            if !has_address(service) {
                continue;
            }
            let name = service.meta.name.as_str();
            let of_server = (place, name) == API_SERVER;
            let is_linked = links && place == namespace;
            if !(of_server || is_linked) {
                continue;
            }
            // Of the same form, so that texts compare as times do (RFC 3339 in UTC, to the second).
            let since = service.meta.created_at.as_deref();
            if made.zip(since).is_some_and(|(made, since)| since > made) {
                board.depends_on.insert(MissingFact {
                    fact: format!(
                        "whether a container of {} started after Service {} was made",
                        self.title,
                        service.meta.full_name()
                    ),
                });
                continue;
            }
            let chain = *chain.get_or_insert_with(|| {
                board.chain(vec![link(format!(
                    "the kubelet writes services into the environment of {}",
                    self.title
                ))])
            });
            board.mark_object(("", "services"), (place, name), Ways::ENVIRONMENT, chain);
        }
    }

    /// Said where one container of the pod holds what another does not.
    fn differing_containers(&self) -> Option<MissingFact> {
        let holds = |container: &Container| {
            let mut holds = container.clone();
            holds.name.clear();
            holds.image.clear();
            holds.ports.clear();
            holds.program.clear();
            holds.flags.clear();
            holds.role.clear();
            holds.runtime_id.clear();
            holds
        };
        let mut containers = self.spec().standing();
        let first = holds(containers.next()?);
        if !containers.any(|other| holds(other) != first) {
            return None;
        }
        let names = self.spec().standing();
        let names: Vec<&str> = names.map(|container| container.name.as_str()).collect();
        Some(MissingFact {
            fact: format!(
                "in which container somebody stands: told is what {} hold together, and each of them knows no other's \
                 name by itself",
                names.join(", ")
            ),
        })
    }

    fn mark_mounts(&self, board: &mut Board<'_, '_>, held: &mut Vec<Held>) {
        if has_no_openings(self.spec()) {
            return;
        }
        let cluster = board.index.cluster;
        let runtime = node_runtime(cluster, self.node);
        let place = (cluster, self.holder.namespace, self.pod);
        let mut openings = openings_on(place, self.spec(), &self.title, runtime);
        openings.retain(|one| one.by == By::Looking);
        // What is in doubt comes last: another mount may settle it.
        openings.sort_by_key(|one| {
            (
                one.doubt.is_some(),
                one.opening == Opening::KubeletConfiguration,
            )
        });
        for one in openings {
            let links = [link(one.text)];
            let assumed = one.assumed.map(|fact| MissingFact { fact });
            board.depends_on.extend(assumed);
            match one.doubt {
                None => {
                    let foothold = Foothold {
                        node: self.node,
                        links: &links,
                        pod: (!self.pod.is_empty()).then_some((self.holder.namespace, self.pod)),
                    };
                    foothold.mark_opening(board, one.opening, held);
                }
                Some(fact) => {
                    board.depends_on.insert(MissingFact { fact });
                }
            }
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
}

/// Minor version since which tokens name nodes.
const TOKENS_NAME_NODES_MINOR: u32 = 30;

/// The service that stands in every environment (`kubernetes` of the kubelet's master service namespace).
const API_SERVER: (&str, &str) = ("default", "kubernetes");

fn pod_named<'c>(index: &SightIndex<'c>, namespace: &str, name: &str) -> Option<&'c Pod> {
    let kind = index.inventory.kind("", "pods")?;
    let object = kind
        .objects
        .get(index.inventory.find(kind, namespace, name)?)?;
    pod_of(index.cluster, object)
}

/// The services of some namespaces, each once, with its namespace.
fn services_in<'c>(index: &SightIndex<'c>, namespaces: &[&str]) -> Vec<(&'c str, &'c Service)> {
    let Some(kind) = index.inventory.kind("", "services") else {
        return Vec::new();
    };
    let namespaces: BTreeSet<u32> = namespaces
        .iter()
        .filter_map(|namespace| index.inventory.namespace_index(namespace))
        .collect();
    namespaces
        .into_iter()
        .filter_map(|namespace| kind.objects.get(kind.range(namespace)))
        .flatten()
        .filter_map(|object| {
            let service = index.cluster.services.get(object.source)?;
            Some((object.namespace, service))
        })
        .collect()
}

/// Whether the service has an address of the cluster, or will get one: headless ones and names for
/// elsewhere have none (`IsServiceIPSet` in `pkg/apis/core/v1/helper/helpers.go`).
fn has_address(service: &Service) -> bool {
    let is_headless = service.cluster_ips.iter().any(|address| address == "None");
    !is_headless && service.service_type != "ExternalName"
}

/// The service accounts whose tokens a pod (or the pods of a workload's template) holds for the API
/// server, each with the step in plain words.
pub(crate) fn pod_accounts(
    index: &SightIndex<'_>,
    (namespace, title): (&str, &str),
    (spec, pod): (&PodSpec, Option<&Pod>),
) -> Vec<(String, String)> {
    let holder = TokenHolder {
        accounts: index.accounts(),
        namespace,
        spec,
        is_admitted: pod.is_some_and(|pod| index.cluster.is_live || !pod.phase.is_empty()),
        is_mirror: pod.is_some_and(|pod| pod.is_mirror),
    };
    let tokens = holder.tokens().into_iter();
    let tokens = tokens.filter(|token| {
        token.ended_with.is_none() && !matches!(token.audience, Audience::Other(_))
    });
    tokens
        .filter_map(|token| {
            let text = format!("{title} mounts {}", token_text(&token, namespace));
            Some((token.service_account?, text))
        })
        .collect()
}

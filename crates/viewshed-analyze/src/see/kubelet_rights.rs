//! What rights on parts of a node show at its kubelet, asked directly: `nodes/pods` and the like.
//!
//! The kubelet asks the API server for `get` on `nodes/pods` for `/pods` and `/runningPods`, on `nodes/stats` for
//! `/stats`, on `nodes/metrics` for `/metrics` (cAdvisor's name every pod, container and image), on `nodes/log` for
//! `/logs`, and on `nodes/proxy` for `/pods` and all the rest (`pkg/kubelet/server/auth.go`). `nodes/configz` and
//! `nodes/healthz` tell of no object, and `nodes/checkpoint` is no `get`. The API server's own proxy knows
//! `nodes/proxy` alone, so for the others the kubelet's port has to be reached.

use std::collections::BTreeMap;

use viewshed_model::{
    Decision, Evidence, Identity, KubeletSettings, Link, MissingFact, Node, PolicyRule,
    ReachVerdict, ServerVersion,
};

use super::board::{Board, extended, link, link_with};
use super::identity::Held;
use super::kubelet::{Tells, mark_pods};
use super::kubelet_doubts::{Doubts, shows_all, some_of};
use super::ways::Ways;
use crate::rbac::{ResourceQuestion, Session, rule_allows};
use crate::sight::{SightIndex, sentence};

/// A part of the kubelet's own API that tells of pods.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The subresource of nodes that stands for it.
    pub(crate) subresource: &'static str,
    pub(super) tells: Tells,
    /// Whether answers name the node: in the specifications of its pods, or beside their figures.
    pub(crate) names_node: bool,
}

/// Those that tell most come first.
const PARTS: [Part; 5] = [
    Part {
        subresource: "proxy",
        tells: Tells::EVERYTHING,
        names_node: true,
    },
    Part {
        subresource: "pods",
        tells: Tells::SPECIFICATION,
        names_node: true,
    },
    Part {
        subresource: "metrics",
        tells: Tells::SPECIFICATION,
        names_node: false,
    },
    Part {
        subresource: "log",
        tells: Tells::LOGS,
        names_node: false,
    },
    Part {
        subresource: "stats",
        tells: Tells::NAMES,
        names_node: true,
    },
];

/// Minor version since which `nodes/pods` is asked for by default (`KubeletFineGrainedAuthz`).
const PODS_MINOR: u32 = 33;

/// A name that no node can have: what is allowed for it is allowed for every node.
const ANY_NODE: &str = "(any)";

/// What a kubelet makes of tokens (`kubelet.config.k8s.io/v1beta1`; what is not set is asked of the API server).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// It asks the API server who it is, and what that one may do.
    Asks,
    /// It takes whoever the API server knows.
    TakesAll,
    /// It takes no such credential.
    Shut,
    /// Its settings were not read.
    Unread,
}

impl Door {
    /// How the kubelet of a node takes the credential of an identity: a token, or a certificate.
    pub(crate) fn of(node: &Node, identity: &Identity) -> Self {
        let Some(settings) = &node.kubelet else {
            return Self::Unread;
        };
        let is_taken = if identity.as_service_account().is_some() {
            settings.webhook_authentication
        } else {
            settings.client_ca
        };
        match (is_taken, settings.authorization_mode.as_str()) {
            (Some(false), _) => Self::Shut,
            (_, "AlwaysAllow") => Self::TakesAll,
            (_, "Webhook" | "") => Self::Asks,
            _ => Self::Unread,
        }
    }
}

/// What one identity may ask the kubelets for, as far as the API server decides.
pub(crate) struct Asker<'a> {
    session: Session<'a>,
    parts: Vec<&'static Part>,
    everywhere: Vec<Granted>,
    /// Whether rules name single nodes.
    names_nodes: bool,
}

/// The parts that kubelets of a version ask for, that which tells most first.
pub(crate) fn parts_of(version: Option<&ServerVersion>) -> impl Iterator<Item = &'static Part> {
    let minor = version.and_then(ServerVersion::minor_number);
    let is_old = minor.is_some_and(|minor| minor < PODS_MINOR);
    PARTS
        .iter()
        .filter(move |part| !(is_old && part.subresource == "pods"))
}

/// Whether a rule opens a part of kubelets, other than all of it.
pub(crate) fn opens_kubelets(rule: &PolicyRule) -> bool {
    let parts = PARTS.iter().filter(|part| part.subresource != "proxy");
    let mut questions = parts.map(|part| ResourceQuestion {
        verb: "get",
        resource: "nodes",
        subresource: part.subresource,
        name: rule.resource_names.first().map_or(ANY_NODE, String::as_str),
        ..ResourceQuestion::default()
    });
    questions.any(|asked| rule_allows(rule, &asked.into()))
}

/// A part and why it is open.
pub(crate) type Granted = (&'static Part, Evidence);

impl<'a> Asker<'a> {
    pub(crate) fn new(index: &'a SightIndex<'_>, identity: &'a Identity) -> Self {
        let session = index.access.session(identity);
        let parts: Vec<&Part> = parts_of(index.cluster.version.as_ref()).collect();
        let roles = session.cluster_grants().filter_map(|grant| grant.role);
        let mut rules = roles.flat_map(|role| &role.rules).filter(|rule| {
            !rule.resource_names.is_empty()
                && rule
                    .resources
                    .iter()
                    .any(|resource| resource.starts_with("nodes/") || resource.starts_with('*'))
        });
        let names_nodes = rules.next().is_some();
        drop(rules);
        let everywhere = parts
            .iter()
            .filter_map(|part| Some((*part, allows(&session, part, ANY_NODE)?)))
            .collect();
        Self {
            session,
            parts,
            everywhere,
            names_nodes,
        }
    }

    /// Whether it may ask for nothing of any kubelet.
    pub(crate) fn is_idle(&self) -> bool {
        self.everywhere.is_empty() && !self.names_nodes
    }

    /// Whether it may ask the kubelet of one node for a part that the API server's own proxy does not know.
    pub(crate) fn has_parts_on(&self, node: &str) -> bool {
        let mut granted = self.on(node).into_iter();
        granted.any(|(part, _)| part.subresource != "proxy")
    }

    /// What it may ask the kubelet of one node for, that which tells most first.
    pub(crate) fn on(&self, node: &str) -> Vec<Granted> {
        if !self.names_nodes {
            return self.everywhere.clone();
        }
        let of_node = |part: &&'static Part| Some((*part, allows(&self.session, part, node)?));
        self.parts.iter().filter_map(of_node).collect()
    }
}

fn allows(session: &Session<'_>, part: &Part, node: &str) -> Option<Evidence> {
    let asked = ResourceQuestion {
        verb: "get",
        resource: "nodes",
        subresource: part.subresource,
        name: node,
        ..ResourceQuestion::default()
    };
    match session.decide(asked) {
        Decision::Allowed(evidence) => Some(evidence),
        Decision::Denied(_) | Decision::DependsOn(_) => None,
    }
}

/// What the kubelet of a node shows to an identity that reaches it: that of [`Asker::on`], or everything.
pub(crate) fn shown_by(door: Door, asker: &Asker<'_>, node: &str) -> Vec<Granted> {
    match door {
        Door::TakesAll => PARTS
            .first()
            .map(|all| (all, Evidence::AlwaysAllow))
            .into_iter()
            .collect(),
        Door::Shut => Vec::new(),
        Door::Asks | Door::Unread => asker.on(node),
    }
}

/// The step at a kubelet, in words.
pub(crate) fn step_at(part: &Part, whose: &str) -> String {
    format!("get nodes/{} at {whose}", part.subresource)
}

/// Why a kubelet shows a part to an identity.
fn reason(evidence: &Evidence) -> Link {
    if matches!(evidence, Evidence::AlwaysAllow) {
        return link("the authorization mode of the kubelet is AlwaysAllow");
    }
    link_with(sentence(evidence), evidence.clone())
}

/// Marks what a part of one kubelet tells, for certain or not.
pub(super) fn mark_part(
    board: &mut Board<'_, '_>,
    nodes: &[&str],
    (part, ways): (&Part, Ways),
    links: &[Link],
) {
    let index = board.index;
    for node in nodes {
        let pods = index.pods.on_node(node);
        mark_pods(board, pods, ways, links, part.tells);
    }
    if part.names_node {
        let chain = board.chain(links.to_vec());
        for node in nodes {
            board.mark_object(("", "nodes"), ("", node), ways, chain);
        }
    }
}

/// The same for one kubelet that is certainly reached, in an answer about one object.
pub(super) fn mark_at(
    board: &mut Board<'_, '_>,
    node: &str,
    (title, held): (&str, &Held),
    shown: &[Granted],
) {
    for (part, evidence) in shown {
        let step = step_at(
            part,
            &format!("the kubelet of {node}, which {title} reaches"),
        );
        let links = extended(&held.links, [reason(evidence), link(step)]);
        mark_part(board, &[node], (part, Ways::KUBELET), &links);
    }
}

/// Asks the network for the way to the kubelet of a node.
pub(super) type Way<'w> = dyn Fn(&Node) -> ReachVerdict + 'w;

/// Marks what the identities of a vantage may ask the kubelets for. Where nothing is known of the network, it depends
/// on whether their port is reached.
pub(super) fn mark(board: &mut Board<'_, '_>, held: &[Held], way: Option<(&str, &Way<'_>)>) {
    let index = board.index;
    // Where nothing is known of the network, only what does not show yet could come to show.
    if !index.trust.grants_count || way.is_none() && shows_all(board) {
        return;
    }
    let mut doubts = Doubts::default();
    for held in held {
        // What strangers are shown is told by the settings of each kubelet.
        if held.identity == Identity::anonymous() {
            continue;
        }
        mark_identity(board, held, way, &mut doubts);
    }
    let facts = doubts.facts(way.is_some()).into_iter();
    board
        .depends_on
        .extend(facts.map(|fact| MissingFact { fact }));
}

/// Nodes by what they show to one identity, and whether that is certain.
type Shows<'n> = BTreeMap<(&'static str, bool), (&'static Part, Evidence, Vec<&'n str>)>;

fn mark_identity(
    board: &mut Board<'_, '_>,
    held: &Held,
    way: Option<(&str, &Way<'_>)>,
    doubts: &mut Doubts,
) {
    let index = board.index;
    let asker = Asker::new(index, &held.identity);
    let mut shows = Shows::default();
    for node in &index.cluster.nodes {
        let name = node.meta.name.as_str();
        let door = Door::of(node, &held.identity);
        if asker.is_idle() && door != Door::TakesAll {
            continue;
        }
        let shown = shown_by(door, &asker, name);
        if shown.is_empty() {
            continue;
        }
        let reached = way.map(|(_, way)| way(node));
        if reached == Some(ReachVerdict::Denied) {
            continue;
        }
        let is_certain = reached == Some(ReachVerdict::Allowed) && door != Door::Unread;
        for (part, evidence) in shown {
            // Without a network the API server's own proxy has shown it already.
            if part.subresource == "proxy" && way.is_none() && door != Door::TakesAll {
                continue;
            }
            if !is_certain && !doubts.add((name, part), (reached, door), board) {
                continue;
            }
            let of_part = shows.entry((part.subresource, is_certain));
            let (.., nodes) = of_part.or_insert_with(|| (part, evidence, Vec::new()));
            nodes.push(name);
        }
    }
    // Certain ones first, and those that tell most: their chains are the ones that are told.
    for (part, is_certain) in PARTS.iter().flat_map(|part| [(part, true), (part, false)]) {
        let Some((_, evidence, nodes)) = shows.get(&(part.subresource, is_certain)) else {
            continue;
        };
        let whose = match nodes.as_slice() {
            [one] => format!("the kubelet of {one}"),
            many => format!("the kubelets of {}", some_of(many)),
        };
        let (ways, whose) = match way {
            Some((title, _)) if is_certain => {
                (Ways::KUBELET, format!("{whose}, which {title} reaches"))
            }
            Some(_) | None => (Ways::UNCERTAIN, whose),
        };
        let step = link(step_at(part, &whose));
        let links = extended(&held.links, [reason(evidence), step]);
        mark_part(board, nodes, (part, ways), &links);
    }
}

/// What a kubelet that takes strangers shows to them, where it asks the API server.
pub(super) fn shown_to_strangers(
    index: &SightIndex<'_>,
    settings: &KubeletSettings,
    node: &str,
) -> Vec<Granted> {
    let anonymous = Identity::anonymous();
    let asker = Asker::new(index, &anonymous);
    let door = if settings.authorization_mode == "AlwaysAllow" {
        Door::TakesAll
    } else {
        Door::Asks
    };
    shown_by(door, &asker, node)
}

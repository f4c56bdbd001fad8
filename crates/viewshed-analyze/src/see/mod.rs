//! SEE: what can be discovered from one place.
//!
//! [`see`] answers for an estate; [`see_in`] for one cluster that is indexed already. A view is
//! worked out in four steps: which identities the vantage holds and what it sees without any
//! (`pod`, `host`, `kubelet`, `docker`), what each identity's grants show of what really exists
//! (`identity`, `node_rules`, `anonymous`), what follows from that (`derive`), and the answer with
//! its chains (`finish`). Reading Secrets, executing in pods or becoming somebody else are steps of
//! their own and not taken here.

mod anonymous;
mod around;
mod board;
mod capabilities;
mod container_here;
mod derive;
mod docker;
mod error;
mod explored;
mod finish;
mod from_pods;
mod guesses;
mod here;
mod host;
mod host_paths;
mod host_signs;
mod identity;
mod joined;
mod kubelet;
mod kubelet_doubts;
mod kubelet_here;
mod kubelet_rights;
mod masks;
mod named;
mod node_rules;
mod on_node;
#[cfg(test)]
mod oracle;
mod own;
mod own_names;
mod paths;
mod pod;
mod questions;
mod readers;
#[cfg(test)]
mod tests;
mod tokens;
mod vantage;
mod ways;
mod writes;

use viewshed_model::{
    Cluster, Estate, Gap, GapReason, HeldIdentity, KubeletSettings, MissingFact, Node, Place,
    ReachQuestion, ReachVerdict, Vantage, View,
};

use board::Board;
use identity::Held;

pub(crate) use anonymous::Door;
pub(crate) use docker::{
    Privilege, kept_from, mounted_path, openings_of_container, privileges_of_container,
    socket_of_host,
};
pub(crate) use from_pods::{FromPod, from_pods};
pub(crate) use host_paths::{Opening, is_of_pods};
pub(crate) use identity::sees_everything;
pub(crate) use kubelet_rights::{Door as KubeletDoor, Part, opens_kubelets, parts_of};
pub(crate) use masks::{Takes, may_give, of_grant, takes_a_name};
pub(crate) use on_node::openings_on;
pub(crate) use own_names::{holders_of_values, values_at_hand};
pub(crate) use pod::pod_accounts;

pub use error::{NEAR_NAMES_MAX, SeeError, near_names};
pub use explored::{Visible, is_answered, visible};
pub use here::{HereAnswers, see_here};
pub use joined::{Joined, see_joined};
pub use questions::{QUESTIONS_MAX, Questions, asked_kubelets, questions};

use crate::network::NetworkIndex;
use crate::sight::SightIndex;

/// What can be discovered from `vantage`.
///
/// With several clusters, the first in which the vantage exists is meant, and a gap says so. Fails
/// only when the vantage does not exist.
pub fn see<'e>(estate: &'e Estate, vantage: &Vantage) -> Result<View<'e>, SeeError> {
    if matches!(
        vantage,
        Vantage::Container { .. } | Vantage::DockerApi { .. }
    ) {
        return docker::see(estate, vantage);
    }
    let cluster = vantage::cluster_of(estate, vantage)?;
    let mut view = see_in(&SightIndex::new(cluster), vantage)?;
    view.gaps.extend(gaps_of(estate, cluster));
    Ok(view)
}

/// What can be discovered in one cluster from `vantage`; the gaps of its collection are left to the
/// caller.
pub fn see_in<'c>(index: &SightIndex<'c>, vantage: &Vantage) -> Result<View<'c>, SeeError> {
    see_with(index, vantage, &Standing::anywhere())
}

/// As [`see_in`], for somebody who has the name of every object from elsewhere: what `get` opens counts, also
/// where no list tells its name. So counts `who`, which is asked about objects by their names.
pub(crate) fn see_knowing_names<'c>(
    index: &SightIndex<'c>,
    vantage: &Vantage,
) -> Result<View<'c>, SeeError> {
    let standing = Standing {
        knows_names: true,
        ..Standing::anywhere()
    };
    see_with(index, vantage, &standing)
}

/// Whether the vantage can show its credentials to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    Used,
    /// The network keeps it away.
    CutOff,
}

/// What the network makes of a vantage.
#[derive(Debug)]
struct Standing<'n, 'c> {
    credentials: Credentials,
    /// For sentences: "pod shop/web".
    title: String,
    /// Nodes with those settings of their kubelets that open a door which it certainly reaches.
    kubelets: Vec<(&'c Node, KubeletSettings)>,
    /// Completes "depends on ...".
    facts: Vec<String>,
    /// Whether the names of all objects are known there from elsewhere.
    knows_names: bool,
    /// The network, and where the vantage is in it.
    place: Option<(&'n NetworkIndex<'c>, Place)>,
}

impl Standing<'_, '_> {
    /// As if no network stood between.
    const fn anywhere() -> Self {
        Self {
            credentials: Credentials::Used,
            title: String::new(),
            kubelets: Vec::new(),
            facts: Vec::new(),
            knows_names: false,
            place: None,
        }
    }

    /// Whether the kubelet of a node is reached.
    fn reaches(&self, node: &Node) -> Option<ReachVerdict> {
        let (network, from) = self.place.as_ref()?;
        let question = ReachQuestion {
            from: from.clone(),
            to: Place::Node {
                name: node.meta.name.clone(),
            },
            port: Some(joined::kubelet_port(node)),
            protocol: None,
        };
        let answer = network.answer(&question).ok();
        Some(answer.map_or(ReachVerdict::Denied, |answer| answer.verdict))
    }
}

fn see_with<'c>(
    index: &SightIndex<'c>,
    vantage: &Vantage,
    standing: &Standing<'_, '_>,
) -> Result<View<'c>, SeeError> {
    let mut board = Board::new(index);
    board.knows_names = standing.knows_names;
    let credentials = standing.credentials;
    let held = vantage::enter(&mut board, vantage)?;
    for (node, settings) in &standing.kubelets {
        let name = &node.meta.name;
        let text = format!("{} reaches the kubelet of node {name}", standing.title);
        kubelet::mark_open(&mut board, (name, settings), &[board::link(text)]);
    }
    let facts = standing.facts.iter().cloned();
    board
        .depends_on
        .extend(facts.map(|fact| MissingFact { fact }));
    for held in &held {
        board.identities.push(HeldIdentity {
            identity: held.identity.clone(),
            how: held
                .links
                .last()
                .map_or_else(|| "as asked".to_owned(), |link| link.text.clone()),
            is_accepted: credentials == Credentials::Used,
        });
        if credentials == Credentials::Used {
            mark_identity(&mut board, held);
        }
    }
    // Kubelets are asked for themselves, also by those whom the network keeps from the API server.
    let way = |node: &Node| standing.reaches(node).unwrap_or(ReachVerdict::Depends);
    let way: Option<(&str, &kubelet_rights::Way<'_>)> = match standing.place {
        Some(_) => Some((&standing.title, &way)),
        None => None,
    };
    kubelet_rights::mark(&mut board, &held, way);
    derive::mark(&mut board);
    own_names::settle(&mut board);
    Ok(finish::view(board, vantage.clone()))
}

fn mark_identity(board: &mut Board<'_, '_>, held: &Held) {
    if held.identity.user == "system:anonymous" {
        anonymous::mark(board, held);
    } else {
        identity::mark(board, held);
    }
}

/// The gaps that concern one cluster: its own, and those of no cluster or host in particular.
fn gaps_of(estate: &Estate, cluster: &Cluster) -> Vec<Gap> {
    let elsewhere = |source: &str| {
        let of_cluster = estate.clusters.iter().map(|other| &other.name);
        let of_host = estate.docker_hosts.iter().map(|host| &host.name);
        of_cluster
            .chain(of_host)
            .any(|name| name == source && *name != cluster.name)
    };
    let mut gaps: Vec<Gap> = estate
        .gaps
        .iter()
        .filter(|gap| !elsewhere(&gap.source))
        .cloned()
        .collect();
    if estate.clusters.len() > 1 {
        gaps.push(Gap {
            source: cluster.name.clone(),
            what: format!(
                "the other {} clusters of the estate",
                estate.clusters.len() - 1
            ),
            reason: GapReason::NotCollected,
            detail: "a view is of one cluster".to_owned(),
            hint: "choose another one with `--estate NAME`".to_owned(),
            count: 1,
        });
    }
    gaps
}

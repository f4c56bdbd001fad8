//! A view joined with the network: what the vantage reaches, and what it may become.

use viewshed_model::{
    DockerContainer, DockerHost, Estate, Gap, GapReason, Identity, MissingFact, Node, Pivot, Place,
    Pod, ReachAnswer, ReachQuestion, ReachVerdict, Target, Vantage, View,
};

use super::{
    Credentials, SeeError, Standing, docker, gaps_of, masks, see, see_in, see_with, vantage,
};
use crate::checks::namespace_of;
use crate::network::{Cni, NetworkIndex, docker_answer};
use crate::pivot::{LazyNetwork, PivotIndex, from_api, from_container};
use crate::sight::{SightIndex, has_ended};

/// Where a kubelet listens unless its node tells another port
/// (`pkg/cluster/ports/ports.go`, `KubeletPort`).
const KUBELET_PORT: u16 = 10_250;

/// What the network adds to a view.
#[derive(Debug, Clone, Copy, Default)]
pub struct Joined {
    /// The network plugin to assume; `None` is the one that the estate shows.
    pub cni: Option<Cni>,
    /// Most steps of a pivot; `None` leaves pivots out.
    pub depth: Option<u32>,
    /// Whether whoever stands there has the name of every object from elsewhere: what `get` opens counts then,
    /// also where no list tells its name.
    pub knows_names: bool,
}

/// The view of [`see`], and what somebody at the vantage may become. From a pod it also says which of the
/// places that matter the network lets it reach; what an identity may see at an API server that the pod does
/// not reach is not part of the view.
///
/// # Errors
/// When the vantage does not exist.
pub fn see_joined<'e>(
    estate: &'e Estate,
    vantage: &Vantage,
    joined: Joined,
) -> Result<View<'e>, SeeError> {
    match vantage {
        Vantage::Pod { namespace, name } => from_pod(estate, vantage, (namespace, name), joined),
        Vantage::Identity { identity } => {
            let sight = SightIndex::new(vantage::cluster_of(estate, vantage)?);
            from_identity(estate, (&sight, vantage), identity, joined)
        }
        Vantage::Anonymous => {
            let sight = SightIndex::new(vantage::cluster_of(estate, vantage)?);
            from_identity(estate, (&sight, vantage), &Identity::anonymous(), joined)
        }
        Vantage::Node { name } => {
            let cluster = vantage::cluster_of(estate, vantage)?;
            let sight = SightIndex::new(cluster);
            let mut view = see_in(&sight, vantage)?;
            view.gaps.extend(gaps_of(estate, cluster));
            if let Some(depth) = joined.depth {
                let network = NetworkIndex::new(cluster, joined.cni);
                let found = PivotIndex::new(&sight, &network).from_node(name, depth);
                lead(&mut view, found);
            }
            Ok(view)
        }
        Vantage::Container { host, name } => {
            let mut view = see(estate, vantage)?;
            if let Some(at) = docker::standing(estate, (host, name)) {
                view.paths = docker_paths(estate, at);
                view.pivots = joined
                    .depth
                    .map(|depth| from_container(estate, at, depth))
                    .unwrap_or_default();
            }
            Ok(view)
        }
        Vantage::DockerApi { host } => {
            let mut view = see(estate, vantage)?;
            if joined.depth.is_some_and(|depth| depth > 0) {
                view.pivots
                    .extend(docker::named(estate, host).map(from_api));
            }
            Ok(view)
        }
        Vantage::Kubelet { .. } | Vantage::Here => see(estate, vantage),
    }
}

/// From a credential, or none, at the API server.
fn from_identity<'e>(
    estate: &Estate,
    (sight, vantage): (&SightIndex<'e>, &Vantage),
    identity: &Identity,
    joined: Joined,
) -> Result<View<'e>, SeeError> {
    let mut view = see_with(
        sight,
        vantage,
        &Standing {
            knows_names: joined.knows_names,
            ..Standing::anywhere()
        },
    )?;
    view.may_act_as = masks::told(&sight.access, [identity]);
    view.gaps.extend(gaps_of(estate, sight.cluster));
    if let Some(depth) = joined.depth {
        let network = LazyNetwork::of(sight.cluster, joined.cni);
        let found = PivotIndex::asked_by(sight, network, identity).from_asker(depth);
        lead(&mut view, found);
    }
    Ok(view)
}

/// Adds what the vantage may become.
fn lead(view: &mut View<'_>, (pivots, more): (Vec<Pivot>, u64)) {
    view.pivots = pivots;
    if more > 0 {
        view.gaps.push(Gap {
            source: view.estate.clone(),
            what: "further things that the vantage leads to".to_owned(),
            reason: GapReason::TooLarge,
            detail: String::new(),
            hint: "bound the steps with `--depth`".to_owned(),
            count: more,
        });
    }
}

fn from_pod<'e>(
    estate: &'e Estate,
    vantage: &Vantage,
    (namespace, name): (&str, &str),
    joined: Joined,
) -> Result<View<'e>, SeeError> {
    let cluster = vantage::cluster_of(estate, vantage)?;
    let network = NetworkIndex::new(cluster, joined.cni);
    let from = Place::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let ask = |target: Target| {
        let question = ReachQuestion {
            from: from.clone(),
            to: Place::Target(target),
            port: None,
            protocol: None,
        };
        network.answer(&question).ok()
    };
    let paths: Vec<ReachAnswer> = Target::ALL.into_iter().filter_map(ask).collect();
    let api_server = paths
        .iter()
        .find(|answer| answer.question.to == Place::Target(Target::Apiserver));
    let is_cut_off = api_server.is_some_and(|answer| answer.verdict == ReachVerdict::Denied);
    let credentials = if is_cut_off {
        Credentials::CutOff
    } else {
        Credentials::Used
    };
    let sight = SightIndex::new(cluster);
    let mut standing = Standing {
        credentials,
        title: format!("pod {namespace}/{name}"),
        kubelets: Vec::new(),
        facts: Vec::new(),
        knows_names: joined.knows_names,
        place: Some((&network, from.clone())),
    };
    kubelets(&network, &from, &mut standing);
    let mut view = see_with(&sight, vantage, &standing)?;
    let pods = cluster.pods.iter();
    let pod = pods
        .filter(|pod| namespace_of(&pod.meta) == namespace)
        .find(|pod| pod.meta.name == name);
    let held = view.identities.iter().filter(|held| held.is_accepted);
    view.may_act_as = masks::told(&sight.access, held.map(|held| &held.identity));
    view.gaps.extend(gaps_of(estate, cluster));
    view.gaps.extend(network.gaps());
    if let Some(answer) = api_server {
        tell(&mut view, answer, pod);
    }
    if let Some(depth) = joined.depth {
        let index = PivotIndex::new(&sight, &network);
        lead(&mut view, index.from_pod(namespace, name, depth));
    }
    view.paths = paths;
    Ok(view)
}

/// Which of the places that matter to a container it reaches.
fn docker_paths(
    estate: &Estate,
    (host, container): (&DockerHost, &DockerContainer),
) -> Vec<ReachAnswer> {
    let targets = [Target::Docker, Target::Metadata, Target::World].into_iter();
    let answers = targets.filter_map(|target| {
        let question = ReachQuestion {
            from: Place::Container {
                host: host.name.clone(),
                name: container.name.clone(),
            },
            to: Place::Target(target),
            port: None,
            protocol: None,
        };
        docker_answer(estate, &question).ok()
    });
    answers.collect()
}

/// Where the kubelet of a node listens.
pub(super) const fn kubelet_port(node: &Node) -> u16 {
    match node.kubelet_port {
        0 => KUBELET_PORT,
        port => port,
    }
}

/// Kubelets that may answer without a credential and that the network lets the pod reach.
fn kubelets<'c>(network: &NetworkIndex<'c>, from: &Place, standing: &mut Standing<'_, 'c>) {
    let mut unread = 0_usize;
    for node in &network.cluster().nodes {
        let Some(settings) = &node.kubelet else {
            unread += 1;
            continue;
        };
        let own = kubelet_port(node);
        let verdict = |port: u16| {
            let question = ReachQuestion {
                from: from.clone(),
                to: Place::Node {
                    name: node.meta.name.clone(),
                },
                port: Some(port),
                protocol: None,
            };
            let answer = network.answer(&question).ok();
            answer.map_or(ReachVerdict::Denied, |answer| answer.verdict)
        };
        // Only doors that are open and reached stay in the settings.
        let mut reached = settings.clone();
        let mut is_doubtful = false;
        if settings.anonymous == Some(true) {
            let verdict = verdict(own);
            is_doubtful |= verdict == ReachVerdict::Depends;
            reached.anonymous = Some(verdict == ReachVerdict::Allowed);
        }
        if let Some(port) = settings.read_only_port.filter(|port| *port != 0) {
            let verdict = verdict(port);
            is_doubtful |= verdict == ReachVerdict::Depends;
            reached.read_only_port = Some(port).filter(|_| verdict == ReachVerdict::Allowed);
        }
        standing.kubelets.push((node, reached));
        if is_doubtful {
            let name = &node.meta.name;
            let fact = format!("whether the network lets it reach the kubelet of node `{name}`");
            standing.facts.push(fact);
        }
    }
    if unread > 0 {
        let nodes = if unread == 1 { "node" } else { "nodes" };
        let fact = format!(
            "whether the kubelets of {unread} {nodes}, whose settings were not read, answer without a credential"
        );
        standing.facts.push(fact);
    }
}

/// What the way to the API server means for the view.
fn tell(view: &mut View<'_>, api_server: &ReachAnswer, pod: Option<&Pod>) {
    let is_pending = pod.is_some_and(|pod| pod.phase == "Pending");
    let words = match api_server.verdict {
        _ if pod.is_some_and(has_ended) => {
            "; of no use here: the pod has ended, nothing runs in it"
        }
        ReachVerdict::Denied => "; of no use here: the network keeps it from the API server",
        ReachVerdict::Allowed | ReachVerdict::Depends if is_pending => {
            "; nothing runs in the pod yet (phase Pending)"
        }
        ReachVerdict::Allowed | ReachVerdict::Depends => "",
    };
    for held in &mut view.identities {
        held.how.push_str(words);
    }
    match api_server.verdict {
        ReachVerdict::Allowed | ReachVerdict::Denied => {}
        ReachVerdict::Depends => {
            view.depends_on
                .extend(api_server.depends_on.iter().map(|fact| MissingFact {
                    fact: format!("{}, on the way to the API server", fact.fact),
                }));
        }
    }
}

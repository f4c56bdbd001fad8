//! Where the program itself runs: what the server answered the credentials found there, as a view.

use std::collections::BTreeSet;

use viewshed_model::{
    Action, AnsweredCredential, Cluster, DaemonSight, Evidence, Here, KubeletSight, Link,
    Namespace, Node, ResourceRequest, Sight, Surroundings, Vantage, View,
};

use super::board::{Board, Place, extended, link, link_with};
use super::own::{self, Own};
use super::paths::PATHS;
use super::ways::Ways;
use super::{around, container_here, derive, docker, finish, kubelet, kubelet_here, named};
use crate::inventory::Inventory;
use crate::sight::{SightIndex, Target, Verbs, resource_name, scope_text};

/// Everything that was answered here.
#[derive(Debug, Clone, Default)]
pub struct HereAnswers {
    /// By the API server, credential by credential.
    pub sights: Vec<Sight>,
    /// By container runtimes, each once.
    pub daemons: Vec<DaemonSight>,
    /// By kubelets, credential by credential.
    pub kubelets: Vec<KubeletSight>,
}

/// The view from here: what the place itself holds, and the objects that lists really showed, each with the
/// answer of the server that opens it. Nothing is computed that neither says. What daemons answered stands
/// in the same categories as what the API server did.
pub fn see_here(surroundings: Surroundings, answers: HereAnswers) -> View<'static> {
    let HereAnswers {
        sights,
        daemons,
        kubelets,
    } = answers;
    let mut cluster = together(&sights);
    let own = Own::of(&surroundings, &cluster);
    let is_pod = own.is_pod;
    kubelet_here::add_to(&mut cluster, &kubelets);
    named_by_others(&mut cluster, &sights);
    around::add_to(&mut cluster, &surroundings.logged_pods);
    own.add_to(&mut cluster);
    named::add(&mut cluster, &sights);
    let index = SightIndex::new(&cluster);
    let mut board = Board::new(&index);
    board.gaps.extend(surroundings.gaps.iter().cloned());
    for sight in &sights {
        board
            .identities
            .push(around::identity(sight, &surroundings));
        board.gaps.extend(sight.gaps.iter().cloned());
        mark(&mut board, sight);
        board.depends_on.extend(named::guesses(&index, sight));
    }
    board.gaps.sort();
    board.gaps.dedup();
    board.depends_on.extend(around::unnamed_namespaces(&sights));
    own.mark(&mut board);
    kubelet_here::mark(&mut board, &kubelets);
    around::mark_logged(&mut board, &surroundings.logged_pods);
    let beside = if daemons.is_empty() {
        around::mark_beside(&mut board, &surroundings.beside)
    } else {
        Vec::new()
    };
    derive::mark(&mut board);
    let mut view = finish::view(board, Vantage::Here).into_owned();
    for daemon in &daemons {
        docker::add_answers(&mut view, daemon);
    }
    if daemons.is_empty() {
        if !is_pod {
            container_here::add_itself(&mut view, &surroundings);
        }
        container_here::add_beside(&mut view, &beside);
    }
    let credentials = sights.into_iter().map(|sight| AnsweredCredential {
        credential: sight.credential,
        identity: sight.identity,
        answers: sight.answers,
    });
    view.here = Some(Box::new(Here {
        surroundings,
        credentials: credentials.collect(),
    }));
    view
}

/// What all credentials showed, as one cluster: they are answered by the same server. The index
/// counts an object once that several of them showed.
fn together(sights: &[Sight]) -> Cluster {
    let mut cluster = Cluster::default();
    for sight in sights {
        if cluster.name.is_empty() {
            cluster.name.clone_from(&sight.cluster.name);
            cluster.server.clone_from(&sight.cluster.server);
        }
        cluster.absorb(sight.cluster.clone());
    }
    cluster
}

/// Adds the nodes and namespaces that the shown objects name, so that they can be marked.
fn named_by_others(cluster: &mut Cluster, sights: &[Sight]) {
    let mut nodes: BTreeSet<String> = cluster.pods.iter().map(|pod| pod.node.clone()).collect();
    nodes.remove("");
    let spanning: BTreeSet<(&str, &str)> = sights
        .iter()
        .flat_map(|sight| &sight.answers)
        .filter(|answer| answer.allowed)
        .filter_map(|answer| match &answer.action {
            Action::Resource(request)
                if request.namespace.is_empty()
                    && matches!(request.verb.as_str(), "list" | "watch") =>
            {
                Some((request.api_group.as_str(), request.resource.as_str()))
            }
            _ => None,
        })
        .collect();
    let inventory = Inventory::new(cluster);
    let kinds = inventory.kinds.iter();
    let namespaces: BTreeSet<String> = kinds
        .filter(|kind| spanning.contains(&(kind.group.as_str(), kind.resource.as_str())))
        .flat_map(|kind| &kind.objects)
        .map(|object| object.namespace.to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    for node in nodes {
        add_node(cluster, &node);
    }
    for namespace in namespaces {
        add_namespace(cluster, &namespace);
    }
}

pub(super) fn add_node(cluster: &mut Cluster, name: &str) {
    if cluster.nodes.iter().all(|known| known.meta.name != name) {
        cluster.nodes.push(Node {
            meta: own::named(None, name),
            ..Node::default()
        });
    }
}

pub(super) fn add_namespace(cluster: &mut Cluster, name: &str) {
    if cluster
        .namespaces
        .iter()
        .all(|known| known.meta.name != name)
    {
        cluster.namespaces.push(Namespace {
            meta: own::named(None, name),
        });
    }
}

fn mark(board: &mut Board<'_, '_>, sight: &Sight) {
    let is_stranger = sight.credential.is_empty();
    let first = link(if is_stranger {
        "a request to the API server without a credential".to_owned()
    } else {
        format!(
            "the API server takes the token {} for {}",
            sight.credential, sight.identity
        )
    });
    for answer in sight.answers.iter().filter(|answer| answer.allowed) {
        let said = Evidence::Server(answer.reason.clone());
        match &answer.action {
            Action::Resource(request) => {
                let text = format!(
                    "the API server allows {} {}",
                    request.verb,
                    request.combined_resource()
                );
                mark_resource(board, request, &[first.clone(), link_with(text, said)]);
            }
            Action::NonResource(request) => {
                let known = PATHS.iter().position(|(path, _)| *path == request.path);
                if let Some((position, (path, tells))) =
                    known.and_then(|at| Some((at, PATHS.get(at)?)))
                {
                    let text = format!("get {path}: {tells}");
                    let chain = board.chain(vec![first.clone(), link_with(text, said)]);
                    let ways = if is_stranger {
                        Ways::GET.with(Ways::MEASURED)
                    } else {
                        Ways::GET
                    };
                    board.mark(Place::Paths, [position], ways, chain);
                }
            }
        }
    }
}

fn mark_resource(board: &mut Board<'_, '_>, request: &ResourceRequest, links: &[Link]) {
    let index = board.index;
    let verb = Verbs::EACH
        .iter()
        .find(|(_, word)| *word == request.verb)
        .map(|(verb, _)| *verb);
    let is_asked = |target: &&Target| {
        target.resource == request.resource
            && target.subresource == request.subresource
            && target.groups.contains(&request.api_group)
    };
    let (Some(verb), Some(target)) = (verb, index.targets.all.iter().find(is_asked)) else {
        return;
    };
    let Some(kind) = index.inventory.kinds.get(target.kind) else {
        return;
    };
    let namespace = (!request.namespace.is_empty()).then_some(request.namespace.as_str());
    let range = match namespace {
        None => 0..kind.objects.len(),
        Some(namespace) => index
            .inventory
            .namespace_index(namespace)
            .map_or(0..0, |at| kind.range(at)),
    };
    if target.subresource == "proxy" {
        if target.resource == "nodes" {
            let node = (!request.name.is_empty()).then_some(request.name.as_str());
            kubelet::mark_behind_proxy(board, links, node);
        }
        return;
    }
    let positions: Vec<usize> = if request.name.is_empty() {
        range.collect()
    } else if namespace.is_none() && target.namespaced {
        kind.find_everywhere(&request.name)
    } else if !target.namespaced {
        let found = index.inventory.find(kind, "", &request.name);
        found.into_iter().collect()
    } else {
        let found = index
            .inventory
            .find(kind, &request.namespace, &request.name);
        found.into_iter().collect()
    };
    if positions.is_empty() {
        return;
    }
    let text = format!(
        "{} {}{}",
        request.verb,
        resource_name(target),
        scope_text(target, namespace)
    );
    let chain = board.chain(extended(links, [link(text)]));
    let place = if target.subresource == "log" {
        Place::Logs
    } else {
        Place::Kind(target.kind)
    };
    let ways = if !request.name.is_empty() {
        Ways::of_named(verb)
    } else if namespace.is_none() {
        Ways::spanning(verb)
    } else {
        Ways::of(verb)
    };
    board.mark(place, positions, ways, chain);
}

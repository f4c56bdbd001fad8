//! Inside: what the surroundings tell of other pods and containers, by folders of logs and by processes.

use std::collections::BTreeSet;

use viewshed_model::{
    Action, Cluster, Container, HeldIdentity, LoggedPod, Meta, MissingFact, Pod, PodSpec, Sight,
    Surroundings,
};

use super::board::{Board, Place, link};
use super::own;
use super::ways::Ways;

/// Namespaces that a fact repeats.
const NAMESPACES_TOLD_MAX: usize = 5;

/// Adds the pods and containers that folders of logs name and no list showed.
pub(super) fn add_to(cluster: &mut Cluster, logged: &[LoggedPod]) {
    for pod in logged {
        let is_same =
            |meta: &Meta| meta.namespace_or_empty() == pod.namespace && meta.name == pod.name;
        let at = cluster.pods.iter().position(|known| is_same(&known.meta));
        let at = at.unwrap_or_else(|| {
            cluster.pods.push(Pod {
                meta: own::named(Some(&pod.namespace), &pod.name),
                spec: PodSpec::default(),
                ..Pod::default()
            });
            cluster.pods.len() - 1
        });
        if let Some(known) = cluster.pods.get_mut(at) {
            for name in &pod.containers {
                let containers = &mut known.spec.containers;
                if containers.iter().all(|container| container.name != *name) {
                    containers.push(Container {
                        name: name.clone(),
                        ..Container::default()
                    });
                }
            }
        }
        super::here::add_namespace(cluster, &pod.namespace);
    }
}

/// Marks what folders of logs show.
pub(super) fn mark_logged(board: &mut Board<'_, '_>, logged: &[LoggedPod]) {
    let index = board.index;
    let (Some(kind), Some(place)) = (index.inventory.kind("", "pods"), board.place("", "pods"))
    else {
        return;
    };
    for pod in logged {
        let Some(at) = index.inventory.find(kind, &pod.namespace, &pod.name) else {
            continue;
        };
        let text = format!(
            "the folders of logs in {} name every pod and container of the node",
            pod.folder
        );
        let chain = board.chain(vec![link(text)]);
        let ways = Ways::NODE_FILES;
        board.mark(place, [at], ways.with(Ways::SPANS_NAMESPACES), chain);
        let range = index.pods.containers_of_pod.get(at).cloned();
        let named = range.unwrap_or_default().filter(|at| {
            let container = index.pods.containers.get(*at);
            container.is_some_and(|one| pod.containers.iter().any(|name| name == one.name))
        });
        board.mark(Place::Containers, named, ways, chain);
        if pod.is_readable {
            board.mark(Place::Logs, [at], ways, chain);
        }
    }
}

/// Marks the containers whose processes show and whose ids lists told; gives the ids of the others.
pub(super) fn mark_beside(board: &mut Board<'_, '_>, ids: &[String]) -> Vec<String> {
    let index = board.index;
    let text = "the process table is shared, and control groups name the container of each process";
    let chain = board.chain(vec![link(text)]);
    let mut unknown = Vec::new();
    for id in ids {
        let mut containers = index.pods.containers.iter();
        match containers.position(|container| container.id == id) {
            Some(at) => board.mark(Place::Containers, [at], Ways::PROCESSES, chain),
            None => unknown.push(id.clone()),
        }
    }
    unknown
}

/// Who a credential is taken for, and how it was come by.
pub(super) fn identity(sight: &Sight, surroundings: &Surroundings) -> HeldIdentity {
    let mut how = match sight.credential.as_str() {
        "" => "requests without a credential".to_owned(),
        place => format!("token {place}"),
    };
    if sight.is_refused {
        how.push_str(": the API server refuses it");
        let mut tokens = surroundings.tokens.iter();
        let token = tokens.find(|token| token.place() == sight.credential);
        let audiences = token.map_or(&[][..], |token| &token.audiences);
        if !audiences.is_empty() {
            how = format!("{how} (its audience is `{}`)", audiences.join("`, `"));
        }
    }
    if sight.is_unverified {
        how.push_str(
            "; nothing here vouches for the server, which was asked without checking its certificate",
        );
    }
    HeldIdentity {
        identity: sight.identity.clone(),
        how,
        is_accepted: !sight.is_refused,
    }
}

/// Rights in a namespace are found only by asking for it by name. Where no credential lists namespaces, others than
/// those that are known here were not asked about.
pub(super) fn unnamed_namespaces(sights: &[Sight]) -> Option<MissingFact> {
    let answers = || sights.iter().flat_map(|sight| &sight.answers);
    let lists_namespaces = |action: &Action| {
        matches!(action, Action::Resource(request)
            if request.api_group.is_empty()
                && request.combined_resource() == "namespaces"
                && request.name.is_empty()
                && matches!(request.verb.as_str(), "list" | "watch"))
    };
    let mut allowed = answers().filter(|answer| answer.allowed);
    if allowed.any(|answer| lists_namespaces(&answer.action)) {
        return None;
    }
    let asked: BTreeSet<&str> = answers()
        .filter_map(|answer| match &answer.action {
            Action::Resource(request) => Some(request.namespace.as_str()),
            Action::NonResource(_) => None,
        })
        .filter(|namespace| !namespace.is_empty())
        .collect();
    if asked.is_empty() {
        return None;
    }
    let more = asked.len().saturating_sub(NAMESPACES_TOLD_MAX);
    let told: Vec<&str> = asked.into_iter().take(NAMESPACES_TOLD_MAX).collect();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(MissingFact {
        fact: format!(
            "what namespaces other than `{}`{more} show: they cannot be listed from here; name those that you know \
             with `--namespaces`",
            told.join("`, `")
        ),
    })
}

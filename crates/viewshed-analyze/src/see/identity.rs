//! What one identity sees through the API server: its grants laid over what exists.

use std::collections::BTreeMap;
use std::ops::Range;

use viewshed_model::{Decision, Evidence, Identity, Link};

use super::board::{Board, ChainId, Guess, Place, extended, link, link_with};
use super::paths::PATHS;
use super::ways::Ways;
use super::{kubelet, node_rules};
use crate::rbac::{Grant, Question, ResourceQuestion, Session};
use crate::sight::{
    Coverage, Shown, Target, Verbs, grant_text, resource_name, scope_text, sentence,
};

/// An identity that the vantage holds, and how it came by it.
pub(super) struct Held {
    pub(super) identity: Identity,
    /// The steps from the vantage to the identity; empty when the vantage is the identity.
    pub(super) links: Vec<Link>,
}

/// Marks everything that the identity sees.
pub(super) fn mark(board: &mut Board<'_, '_>, held: &Held) {
    let index = board.index;
    let session = index.access.session(&held.identity);
    let sight = Sight {
        held,
        session: &session,
    };
    if let Some(evidence) = sees_everything(&session) {
        sight.mark_everything(board, &evidence);
        return;
    }
    if index.trust.grants_count {
        sight.mark_grants(board);
    }
    node_rules::mark(board, held, &session);
    sight.mark_paths(board);
    if index.trust.rest_is_unknown {
        let unknown = session.decide(ResourceQuestion {
            verb: "list",
            resource: "pods",
            ..ResourceQuestion::default()
        });
        match unknown {
            Decision::DependsOn(facts) => board.depends_on.extend(facts),
            // Decided for all namespaces; in single ones it may still be open.
            Decision::Allowed(_) | Decision::Denied(_) => {
                board.depends_on.extend(index.access.undecided_by());
            }
        }
        board.mark_rest_uncertain();
    }
}

/// Marks the paths alone.
pub(super) fn mark_paths(board: &mut Board<'_, '_>, held: &Held) {
    let session = board.index.access.session(&held.identity);
    let sight = Sight {
        held,
        session: &session,
    };
    sight.mark_paths(board);
}

/// The evidence, when no rule and no object can make a difference.
pub(crate) fn sees_everything(session: &Session<'_>) -> Option<Evidence> {
    let asked = Question::NonResource {
        verb: "get",
        path: "",
    };
    match session.decide(asked) {
        Decision::Allowed(evidence @ (Evidence::SystemMasters | Evidence::AlwaysAllow)) => {
            Some(evidence)
        }
        Decision::Allowed(_) | Decision::Denied(_) | Decision::DependsOn(_) => None,
    }
}

struct Sight<'a> {
    held: &'a Held,
    session: &'a Session<'a>,
}

impl Sight<'_> {
    fn mark_everything(&self, board: &mut Board<'_, '_>, evidence: &Evidence) {
        let reason = link_with(sentence(evidence), evidence.clone());
        let index = board.index;
        for target in &index.targets.all {
            let text = format!(
                "{} {}{}",
                target.verbs.widest(),
                resource_name(target),
                scope_text(target, None)
            );
            let links = extended(&self.held.links, [reason.clone(), link(text)]);
            if target.subresource == "proxy" {
                kubelet::mark_behind_proxy(board, &links, None);
            } else if let Some(kind) = index.inventory.kinds.get(target.kind) {
                let chain = board.chain(links);
                let ways = Ways::spanning(target.verbs);
                board.mark(place_of(target), 0..kind.objects.len(), ways, chain);
            }
        }
        for (position, (path, tells)) in PATHS.iter().enumerate() {
            let text = format!("get {path}: {tells}");
            let chain = board.chain(extended(&self.held.links, [reason.clone(), link(text)]));
            board.mark(Place::Paths, [position], Ways::GET, chain);
        }
    }

    fn mark_grants(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        // Many bindings grant the same role: its rules are read once.
        let mut coverages: BTreeMap<*const viewshed_model::Role, Coverage<'_>> = BTreeMap::new();
        for grant in self.session.grants() {
            let Some(role) = grant.role else { continue };
            let coverage = coverages
                .entry(std::ptr::from_ref(role))
                .or_insert_with(|| Coverage::of(&role.rules, &index.targets));
            for shown in &coverage.whole {
                self.mark_whole(board, &grant, *shown);
            }
            for named in &coverage.named {
                self.mark_named(board, &grant, named.shown, named.name);
            }
        }
    }

    fn mark_whole(&self, board: &mut Board<'_, '_>, grant: &Grant<'_>, shown: Shown) {
        let index = board.index;
        let Some(target) = index.targets.all.get(shown.target) else {
            return;
        };
        let Some(kind) = index.inventory.kinds.get(target.kind) else {
            return;
        };
        let Some(namespace) = grant.namespace() else {
            let links = self.links(grant, shown, &whole_text(target, shown.verbs, None));
            if target.subresource == "proxy" {
                kubelet::mark_behind_proxy(board, &links, None);
            } else if !kind.objects.is_empty() {
                let chain = board.chain(links);
                let ways = Ways::spanning(shown.verbs);
                let all = (0..kind.objects.len(), None);
                Self::mark_of_whole(board, target, all, (ways, chain));
            }
            return;
        };
        if !target.namespaced {
            self.mark_namespace_itself(board, grant, (shown, false));
            return;
        }
        let range = index
            .inventory
            .namespace_index(namespace)
            .map_or(0..0, |at| kind.range(at));
        if !range.is_empty() {
            let text = whole_text(target, shown.verbs, Some(namespace));
            let chain = board.chain(self.links(grant, shown, &text));
            let ways = Ways::of(shown.verbs);
            Self::mark_of_whole(board, target, (range, Some(namespace)), (ways, chain));
        }
    }

    fn mark_of_whole(
        board: &mut Board<'_, '_>,
        target: &Target,
        (range, namespace): (Range<usize>, Option<&str>),
        (ways, chain): (Ways, ChainId),
    ) {
        let place = place_of(target);
        board.mark(place, range.clone(), ways, chain);
        if ways.is_guessed() {
            board.guesses.push(Guess {
                place,
                range,
                resource: resource_name(target),
                scope: scope_text(target, namespace),
            });
        }
    }

    /// A RoleBinding shows one cluster-scoped object: its own namespace, by `get`, because
    /// `RequestInfo` takes the namespace's name for the namespace of the request.
    fn mark_namespace_itself(
        &self,
        board: &mut Board<'_, '_>,
        grant: &Grant<'_>,
        (shown, is_named): (Shown, bool),
    ) {
        let index = board.index;
        let (Some(target), Some(namespace)) =
            (index.targets.all.get(shown.target), grant.namespace())
        else {
            return;
        };
        let is_namespaces = target.resource == "namespaces"
            && target.groups.iter().any(String::is_empty)
            && shown.verbs.contains(Verbs::GET);
        if is_namespaces {
            let links = self.links(grant, shown, &format!("get namespace {namespace}"));
            let chain = board.chain(links);
            let ways = if is_named {
                Ways::GET
            } else {
                Ways::GET_IF_KNOWN
            };
            board.mark_object(("", "namespaces"), ("", namespace), ways, chain);
        }
    }

    fn mark_named(&self, board: &mut Board<'_, '_>, grant: &Grant<'_>, shown: Shown, name: &str) {
        let index = board.index;
        let Some(target) = index.targets.all.get(shown.target) else {
            return;
        };
        let Some(kind) = index.inventory.kinds.get(target.kind) else {
            return;
        };
        let positions: Vec<usize> = match grant.namespace() {
            Some(namespace) if !target.namespaced => {
                if namespace == name {
                    self.mark_namespace_itself(board, grant, (shown, true));
                }
                return;
            }
            Some(namespace) => index
                .inventory
                .find(kind, namespace, name)
                .into_iter()
                .collect(),
            None => kind.find_everywhere(name),
        };
        if target.subresource == "proxy" {
            let text = format!("get {}: node {name}", resource_name(target));
            kubelet::mark_behind_proxy(board, &self.links(grant, shown, &text), Some(name));
        } else if !positions.is_empty() {
            let text = format!(
                "{} {} {name}{}: the rule tells its name",
                shown.verbs.widest(),
                resource_name(target),
                scope_text(target, grant.namespace()),
            );
            let chain = board.chain(self.links(grant, shown, &text));
            let is_told = grant.namespace().is_some() || !target.namespaced;
            if is_told || shown.verbs.intersects(Verbs::LIST | Verbs::WATCH) {
                let ways = Ways::of_named(shown.verbs);
                board.mark(place_of(target), positions, ways, chain);
                return;
            }
            // The rule tells the name and not the namespace.
            for at in positions {
                let one = (at..at + 1, None);
                Self::mark_of_whole(board, target, one, (Ways::GET_IF_KNOWN, chain));
            }
        }
    }

    fn mark_paths(&self, board: &mut Board<'_, '_>) {
        for (position, (path, tells)) in PATHS.iter().enumerate() {
            let asked = Question::NonResource { verb: "get", path };
            if let Decision::Allowed(evidence) = self.session.decide(asked) {
                let reason = link_with(sentence(&evidence), evidence);
                let text = format!("get {path}: {tells}");
                let chain = board.chain(extended(&self.held.links, [reason, link(text)]));
                board.mark(Place::Paths, [position], Ways::GET, chain);
            }
        }
    }

    fn links(&self, grant: &Grant<'_>, shown: Shown, last: &str) -> Vec<Link> {
        let reason = link_with(grant_text(grant), grant.evidence(shown.rule));
        extended(&self.held.links, [reason, link(last)])
    }
}

fn whole_text(target: &Target, verbs: Verbs, namespace: Option<&str>) -> String {
    let what = resource_name(target);
    let scope = scope_text(target, namespace);
    if verbs.intersects(Verbs::LIST | Verbs::WATCH) || target.subresource == "log" {
        format!("{} {what}{scope}", verbs.widest())
    } else {
        format!("get {what}{scope}, one by one: names must be known")
    }
}

/// Where the objects of a target are marked. The kubelet behind a node has no place of its own.
fn place_of(target: &Target) -> Place {
    match target.subresource {
        "log" => Place::Logs,
        _ => Place::Kind(target.kind),
    }
}

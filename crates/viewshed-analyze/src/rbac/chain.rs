//! The authorizer chain: `system:masters`, then the configured authorizers in their order
//! (`pkg/kubeapiserver/authorizer/reload.go`, apiserver `pkg/authorization/union/union.go`).

use viewshed_model::{Authorizer, AuthorizerKind, Cluster, Decision, Evidence, MissingFact};

use super::node::{self, NoAnswer};
use super::{Question, Session, unread};

/// Node and RBAC, which every distribution that is known to us starts with.
const ASSUMED: [(AuthorizerKind, &str); 2] = [
    (AuthorizerKind::Node, "node"),
    (AuthorizerKind::Rbac, "rbac"),
];

/// What one authorizer answers.
enum Answer {
    Allow(Evidence),
    /// Nothing; the text is what the server would report.
    NoOpinion(String),
    /// It might allow, or have no opinion.
    MayAllow(String),
    /// It might allow, deny, or have no opinion.
    MayDeny(String),
}

/// Asks each authorizer until one allows. An authorizer whose answer is not in the estate makes the
/// result depend on it only where that answer could change the result.
pub(super) fn decide(session: &Session<'_>, question: &Question<'_>) -> Decision {
    if session.is_masters() {
        return Decision::Allowed(Evidence::SystemMasters);
    }
    // The common case, without a look at who asks: the Node authorizer has no opinion about others.
    if session.is_rbac_only() {
        match session.rbac(question) {
            Ok(evidence) => return Decision::Allowed(evidence),
            Err(reason) if reason.is_empty() => return Decision::Denied(reason),
            Err(_) => {}
        }
    }
    let mut reasons = Vec::new();
    let mut facts = Vec::new();
    // Facts after the last authorizer that may deny cannot turn a later allow into anything else.
    let mut facts_before_denial = 0;
    for (kind, authorizer) in links(session) {
        let name = authorizer.map_or_else(|| assumed_name(kind), |entry| entry.name.as_str());
        match ask(session, question, kind, name) {
            Answer::Allow(evidence) if facts_before_denial == 0 => {
                return Decision::Allowed(evidence);
            }
            Answer::Allow(_) => {
                facts.truncate(facts_before_denial);
                return Decision::DependsOn(facts);
            }
            Answer::NoOpinion(reason) if reason.is_empty() => {}
            Answer::NoOpinion(reason) => reasons.push(format!("{name}: {reason}")),
            Answer::MayAllow(fact) => facts.push(MissingFact { fact }),
            Answer::MayDeny(fact) => {
                facts.push(MissingFact { fact });
                facts_before_denial = facts.len();
            }
        }
    }
    if facts.is_empty() {
        Decision::Denied(reasons.join("\n"))
    } else {
        Decision::DependsOn(facts)
    }
}

/// The authorizers in order, with their configuration where it is known.
pub(super) fn links<'a>(
    session: &Session<'a>,
) -> impl Iterator<Item = (AuthorizerKind, Option<&'a Authorizer>)> {
    let configured = session.index().cluster().authorizers.as_deref();
    let assumed = configured
        .is_none()
        .then_some(ASSUMED)
        .into_iter()
        .flatten();
    configured
        .into_iter()
        .flatten()
        .map(|authorizer| (authorizer.kind, Some(authorizer)))
        .chain(assumed.map(|(kind, _)| (kind, None)))
}

/// Whether the chain is made of Node and RBAC only, in any order, and all grants were read: neither
/// denies, so the order changes no answer.
pub(super) fn is_plain(cluster: &Cluster) -> bool {
    cluster.unread_grants.is_none() && has_plain_authorizers(cluster)
}

fn has_plain_authorizers(cluster: &Cluster) -> bool {
    cluster.authorizers.as_ref().is_none_or(|chain| {
        let has_rbac = chain.iter().any(|one| one.kind == AuthorizerKind::Rbac);
        has_rbac
            && chain
                .iter()
                .all(|one| matches!(one.kind, AuthorizerKind::Node | AuthorizerKind::Rbac))
    })
}

/// The authorizers of the chain whose rules are not in the estate, and the grants that were not read.
pub(super) fn unknown_authorizers(cluster: &Cluster) -> Vec<MissingFact> {
    let configured = cluster.authorizers.iter().flatten();
    configured
        .filter_map(|authorizer| unknown_fact(authorizer.kind, &authorizer.name))
        .chain(unread::any(cluster))
        .map(|fact| MissingFact { fact })
        .collect()
}

/// What the answer depends on, for an authorizer whose rules are not in the estate.
fn unknown_fact(kind: AuthorizerKind, name: &str) -> Option<String> {
    match kind {
        AuthorizerKind::Abac => Some("the ABAC policy file".to_owned()),
        AuthorizerKind::Webhook => Some(format!("the authorization webhook `{name}`")),
        AuthorizerKind::Unknown => Some(format!("the authorizer `{name}`")),
        AuthorizerKind::Node
        | AuthorizerKind::Rbac
        | AuthorizerKind::AlwaysAllow
        | AuthorizerKind::AlwaysDeny => None,
    }
}

fn assumed_name(kind: AuthorizerKind) -> &'static str {
    ASSUMED
        .iter()
        .find(|entry| entry.0 == kind)
        .map_or("", |entry| entry.1)
}

fn ask(session: &Session<'_>, question: &Question<'_>, kind: AuthorizerKind, name: &str) -> Answer {
    match kind {
        AuthorizerKind::Node => match node::decide(session.index(), session.identity(), question) {
            Ok(through) => Answer::Allow(Evidence::NodeAuthorizer(through)),
            Err(NoAnswer::NoOpinion(reason)) => Answer::NoOpinion(reason),
            Err(NoAnswer::DependsOn(fact)) => Answer::MayAllow(fact),
        },
        AuthorizerKind::Rbac => match session.rbac(question) {
            Ok(evidence) => Answer::Allow(evidence),
            Err(reason) => match unread::fact(session, question) {
                Some(fact) => Answer::MayAllow(fact),
                None => Answer::NoOpinion(reason),
            },
        },
        AuthorizerKind::AlwaysAllow => Answer::Allow(Evidence::AlwaysAllow),
        // Despite its name it has no opinion, so a later authorizer can still allow
        // (apiserver `authorizerfactory/builtin.go`).
        AuthorizerKind::AlwaysDeny => Answer::NoOpinion("Everything is forbidden.".to_owned()),
        // ABAC allows or has no opinion (`pkg/auth/authorizer/abac/abac.go`).
        AuthorizerKind::Abac => Answer::MayAllow(unknown_fact(kind, name).unwrap_or_default()),
        AuthorizerKind::Webhook | AuthorizerKind::Unknown => {
            Answer::MayDeny(unknown_fact(kind, name).unwrap_or_default())
        }
    }
}

//! The authorizer chain: `system:masters`, then the configured authorizers in their order
//! (`pkg/kubeapiserver/authorizer/reload.go`, apiserver `pkg/authorization/union/union.go`).

use viewshed_model::{Authorizer, AuthorizerKind, Cluster, Decision, Evidence, MissingFact};

use super::node::{self, NoAnswer};
use super::{Answer, Question, Session, unread};

/// Node and RBAC, which every distribution that is known to us starts with.
const ASSUMED: [(AuthorizerKind, &str); 2] = [
    (AuthorizerKind::Node, "node"),
    (AuthorizerKind::Rbac, "rbac"),
];

/// What one authorizer says.
enum Says<'a> {
    Allow(Answer<'a>),
    /// Nothing; the text is what the server would report.
    NoOpinion(String),
    /// It might allow, or have no opinion.
    MayAllow(String),
    /// It might allow, deny, or have no opinion.
    MayDeny(String),
}

/// Asks each authorizer until one allows. An authorizer whose answer is not in the estate makes the
/// result depend on it only where that answer could change the result.
pub(super) fn decide<'a>(session: &Session<'a>, question: &Question<'_>) -> Answer<'a> {
    if session.is_masters() {
        return allowed(Evidence::SystemMasters);
    }
    // The common case, without a look at who asks: the Node authorizer has no opinion about others.
    if session.is_rbac_only() {
        match session.rbac(question) {
            Ok(grant) => return Answer::Granted(grant),
            Err(reason) if reason.is_empty() => return Answer::Other(Decision::Denied(reason)),
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
            Says::Allow(answer) if facts_before_denial == 0 => return answer,
            Says::Allow(_) => {
                facts.truncate(facts_before_denial);
                return Answer::Other(Decision::DependsOn(facts));
            }
            Says::NoOpinion(reason) if reason.is_empty() => {}
            Says::NoOpinion(reason) => reasons.push(format!("{name}: {reason}")),
            Says::MayAllow(fact) => facts.push(MissingFact { fact }),
            Says::MayDeny(fact) => {
                facts.push(MissingFact { fact });
                facts_before_denial = facts.len();
            }
        }
    }
    Answer::Other(if facts.is_empty() {
        Decision::Denied(reasons.join("\n"))
    } else {
        Decision::DependsOn(facts)
    })
}

const fn allowed<'a>(evidence: Evidence) -> Answer<'a> {
    Answer::Other(Decision::Allowed(evidence))
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

fn ask<'a>(
    session: &Session<'a>,
    question: &Question<'_>,
    kind: AuthorizerKind,
    name: &str,
) -> Says<'a> {
    match kind {
        AuthorizerKind::Node => match node::decide(session.index(), session.identity(), question) {
            Ok(through) => Says::Allow(allowed(Evidence::NodeAuthorizer(through))),
            Err(NoAnswer::NoOpinion(reason)) => Says::NoOpinion(reason),
            Err(NoAnswer::DependsOn(fact)) => Says::MayAllow(fact),
        },
        AuthorizerKind::Rbac => match session.rbac(question) {
            Ok(grant) => Says::Allow(Answer::Granted(grant)),
            Err(reason) => match unread::fact(session, question) {
                Some(fact) => Says::MayAllow(fact),
                None => Says::NoOpinion(reason),
            },
        },
        AuthorizerKind::AlwaysAllow => Says::Allow(allowed(Evidence::AlwaysAllow)),
        // Despite its name it has no opinion, so a later authorizer can still allow
        // (apiserver `authorizerfactory/builtin.go`).
        AuthorizerKind::AlwaysDeny => Says::NoOpinion("Everything is forbidden.".to_owned()),
        // ABAC allows or has no opinion (`pkg/auth/authorizer/abac/abac.go`).
        AuthorizerKind::Abac => Says::MayAllow(unknown_fact(kind, name).unwrap_or_default()),
        AuthorizerKind::Webhook | AuthorizerKind::Unknown => {
            Says::MayDeny(unknown_fact(kind, name).unwrap_or_default())
        }
    }
}

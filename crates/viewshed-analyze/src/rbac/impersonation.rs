//! Who may act as whom: the checks behind the `Impersonate-*` headers
//! (apiserver `pkg/endpoints/filters/impersonation`): the constrained modes of KEP-5284 and the
//! legacy one.

mod checks;

use viewshed_model::{AccessRequest, Action, Decision, Identity, MissingFact};

use super::names;
use super::{AccessIndex, Question, Session};
use checks::Check;

/// The ways in which the server allows impersonation, in the order in which it tries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// A service account acts as the node that its pod runs on.
    AssociatedNode,
    /// Any node.
    ArbitraryNode,
    /// A service account.
    ServiceAccount,
    /// Any other user, with groups, uid and extra; never `system:masters`.
    UserInfo,
    /// The verb `impersonate` alone; then every action of the target is open.
    Legacy,
}

impl Mode {
    /// Every mode, in the server's order.
    pub const ALL: [Self; 5] = [
        Self::AssociatedNode,
        Self::ArbitraryNode,
        Self::ServiceAccount,
        Self::UserInfo,
        Self::Legacy,
    ];

    /// The word in the verbs `impersonate:WORD` and `impersonate-on:WORD:VERB`; empty for legacy.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AssociatedNode => "associated-node",
            Self::ArbitraryNode => "arbitrary-node",
            Self::ServiceAccount => "serviceaccount",
            Self::UserInfo => "user-info",
            Self::Legacy => "",
        }
    }
}

/// Whether one identity may act as another for one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonation {
    /// Allowed, with the evidence of the last check that had to pass; denied; or depending on facts.
    pub decision: Decision,
    /// The mode that allows it; `None` when none certainly does.
    pub mode: Option<Mode>,
    /// The identity that the request then has, with the groups that the server adds.
    pub becomes: Option<Identity>,
    /// Each question that the allowing mode asked about the requester, with its answer; empty when
    /// no mode certainly allows.
    pub checks: Vec<(Action, Decision)>,
}

/// Decides whether `requester` may send `action` as `wanted`, which holds the values of the
/// `Impersonate-*` headers as they are sent (no implied groups).
///
/// The server remembers which mode worked last for a requester and tries that first; so where
/// several modes allow, another one than [`Impersonation::mode`] may be used, and
/// [`impersonation_in`] asks about each. Whether the action itself is allowed is a question about
/// [`Impersonation::becomes`].
pub fn impersonation<'q>(
    index: &AccessIndex<'_>,
    requester: &Identity,
    wanted: &Identity,
    action: impl Into<Question<'q>>,
) -> Impersonation {
    let action = action.into();
    let mut missing: Vec<MissingFact> = Vec::new();
    let mut refusal = String::new();
    for mode in Mode::ALL {
        let answer = impersonation_in(index, mode, (requester, wanted), action);
        match answer.decision {
            Decision::Allowed(_) => return answer,
            Decision::Denied(reason) if refusal.is_empty() => refusal = reason,
            Decision::Denied(_) => {}
            Decision::DependsOn(facts) => missing.extend(facts),
        }
    }
    missing.sort_unstable();
    missing.dedup();
    refused(if missing.is_empty() {
        Decision::Denied(refusal)
    } else {
        Decision::DependsOn(missing)
    })
}

/// The same for one mode; `people` are the requester and the wanted identity. A mode that does not
/// apply to them denies.
pub fn impersonation_in<'q>(
    index: &AccessIndex<'_>,
    mode: Mode,
    people: (&Identity, &Identity),
    action: impl Into<Question<'q>>,
) -> Impersonation {
    let (requester, wanted) = people;
    if !applies(mode, index, requester, wanted) {
        return refused(Decision::Denied(String::new()));
    }
    match attempt(&index.session(requester), mode, wanted, &action.into()) {
        Attempt::Passed(checks) => Impersonation {
            decision: checks
                .last()
                .map_or(Decision::Denied(String::new()), |check| check.1.clone()),
            mode: Some(mode),
            becomes: Some(becomes(mode, wanted)),
            checks,
        },
        Attempt::Refused(reason) => refused(Decision::Denied(reason)),
        Attempt::Open(facts) => refused(Decision::DependsOn(facts)),
    }
}

fn refused(decision: Decision) -> Impersonation {
    Impersonation {
        decision,
        mode: None,
        becomes: None,
        checks: Vec::new(),
    }
}

/// The questions that `requester` must be allowed in one mode, in the server's order; `None` when
/// the mode does not apply, or refuses the target whatever the grants are.
///
/// With many groups or extra values, a grant of the name `*` replaces the single ones; that
/// shortcut is not in the list.
pub fn impersonation_questions<'q>(
    index: &AccessIndex<'_>,
    mode: Mode,
    people: (&Identity, &Identity),
    action: impl Into<Question<'q>>,
) -> Option<Vec<AccessRequest>> {
    let (requester, wanted) = people;
    if !applies(mode, index, requester, wanted) {
        return None;
    }
    let action = action.into();
    let checks = checks::of(mode, wanted, &action).ok()?;
    let actions = checks.into_iter().flat_map(|check| match check {
        Check::One(action) => vec![action],
        Check::AnyOf { each, .. } => each,
    });
    Some(
        actions
            .map(|action| AccessRequest {
                identity: requester.clone(),
                action,
            })
            .collect(),
    )
}

fn applies(mode: Mode, index: &AccessIndex<'_>, requester: &Identity, wanted: &Identity) -> bool {
    if mode == Mode::Legacy {
        return true;
    }
    if !index.features.constrained_impersonation {
        return false;
    }
    let only_user = wanted.uid.as_deref().unwrap_or("").is_empty()
        && wanted.groups.is_empty()
        && wanted.extra.is_empty();
    let node = names::node(&wanted.user);
    let service_account = names::service_account(&wanted.user);
    match mode {
        Mode::AssociatedNode => {
            only_user
                && node.is_some()
                && names::service_account(&requester.user).is_some()
                && node == node_of_pod(requester)
        }
        Mode::ArbitraryNode => only_user && node.is_some(),
        Mode::ServiceAccount => only_user && service_account.is_some(),
        Mode::UserInfo => node.is_none() && service_account.is_none(),
        Mode::Legacy => true,
    }
}

/// The node claim of a bound service account token.
fn node_of_pod(requester: &Identity) -> Option<&str> {
    match requester
        .extra
        .get("authentication.kubernetes.io/node-name")?
        .as_slice()
    {
        [node] => Some(node),
        _ => None,
    }
}

enum Attempt {
    Passed(Vec<(Action, Decision)>),
    Refused(String),
    Open(Vec<MissingFact>),
}

fn attempt(session: &Session<'_>, mode: Mode, wanted: &Identity, action: &Question<'_>) -> Attempt {
    let checks = match checks::of(mode, wanted, action) {
        Ok(checks) => checks,
        Err(reason) => return Attempt::Refused(reason),
    };
    let mut passed = Vec::new();
    let mut missing = Vec::new();
    for check in checks {
        match answer(session, check) {
            Attempt::Passed(answers) => passed.extend(answers),
            Attempt::Refused(reason) => return Attempt::Refused(reason),
            Attempt::Open(facts) => missing.extend(facts),
        }
    }
    if missing.is_empty() {
        Attempt::Passed(passed)
    } else {
        Attempt::Open(missing)
    }
}

fn answer(session: &Session<'_>, check: Check) -> Attempt {
    match check {
        Check::One(action) => answer_all(session, vec![action]),
        Check::AnyOf { star, each } => {
            let by_star = answer_all(session, vec![star]);
            if matches!(by_star, Attempt::Passed(_)) {
                return by_star;
            }
            match (by_star, answer_all(session, each)) {
                (Attempt::Open(facts), Attempt::Refused(_)) => Attempt::Open(facts),
                (_, by_each) => by_each,
            }
        }
    }
}

fn answer_all(session: &Session<'_>, actions: Vec<Action>) -> Attempt {
    let mut passed = Vec::new();
    let mut missing = Vec::new();
    for action in actions {
        match session.decide(&action) {
            Decision::Denied(reason) => return Attempt::Refused(reason),
            Decision::DependsOn(facts) => missing.extend(facts),
            allowed @ Decision::Allowed(_) => passed.push((action, allowed)),
        }
    }
    if missing.is_empty() {
        Attempt::Passed(passed)
    } else {
        Attempt::Open(missing)
    }
}

/// The target with the groups that the server gives it (`impersonationModeState.check`).
fn becomes(mode: Mode, wanted: &Identity) -> Identity {
    let mut identity = wanted.clone();
    if let Some((namespace, _)) = names::service_account(&wanted.user)
        && wanted.groups.is_empty()
    {
        identity.groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ];
    }
    // Legacy impersonation of a node gives it no groups, so the Node authorizer does not know it.
    if mode != Mode::Legacy && names::node(&wanted.user).is_some() {
        identity.groups = vec!["system:nodes".to_owned()];
    }
    let has = |group: &str| identity.groups.iter().any(|own| own == group);
    let implied = if identity.user == "system:anonymous" {
        Some("system:unauthenticated")
    } else if !has("system:unauthenticated") {
        Some("system:authenticated")
    } else {
        None
    };
    if let Some(group) = implied.filter(|group| !has(group)) {
        identity.groups.push(group.to_owned());
    }
    identity
}

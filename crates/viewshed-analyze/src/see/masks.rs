//! Whom an identity may impersonate: what it sees with that other name is not in its own view, and the view
//! says so.

use std::collections::BTreeSet;

use viewshed_model::{Identity, PolicyRule, Role};

use crate::rbac::{AccessIndex, Grant};

/// Names of one kind that are told one by one.
const NAMES_MAX: usize = 20;

/// One sentence for each identity, or kind of identities, that one of these may take on
/// (`staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation.go`).
pub(super) fn told<'a>(
    index: &AccessIndex<'_>,
    identities: impl IntoIterator<Item = &'a Identity>,
) -> Vec<String> {
    let of_identity = |identity: &Identity| {
        let session = index.session(identity);
        let masks: Vec<Mask> = session
            .grants()
            .flat_map(|grant| of_grant(&grant))
            .collect();
        if masks.iter().all(|mask| mask.takes == Takes::Group) {
            return Vec::new();
        }
        let masks: BTreeSet<(String, String)> = masks
            .into_iter()
            .map(|mask| (mask.who, mask.next))
            .collect();
        let sentence =
            |(who, next): (String, String)| format!("{identity} may impersonate {who}; {next}");
        masks.into_iter().map(sentence).collect::<Vec<_>>()
    };
    identities.into_iter().flat_map(of_identity).collect()
}

/// An identity, or a kind of identities, that a grant lets impersonate.
pub(crate) struct Mask {
    /// "user jane", "any service account of namespace shop".
    pub(crate) who: String,
    /// How to look on.
    next: String,
    /// Position of the rule in its role.
    pub(crate) rule: usize,
    pub(crate) takes: Takes,
}

/// What of another identity is taken on. Groups are only taken on together with the name of somebody whom one may
/// impersonate: the server refuses a request that impersonates a group and no user ("requested ... without
/// impersonating a user name", `buildImpersonationRequests` of the same file).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Name,
    Group,
}

/// Whether somebody may take on the name of some user or service account.
pub(crate) fn takes_a_name(index: &AccessIndex<'_>, identity: &Identity) -> bool {
    let session = index.session(identity);
    let mut masks = session.grants().flat_map(|grant| of_grant(&grant));
    let takes = masks.any(|mask| mask.takes == Takes::Name);
    takes || super::sees_everything(&session).is_some()
}

/// Whom a grant lets impersonate.
pub(crate) fn of_grant(grant: &Grant<'_>) -> Vec<Mask> {
    let rules = grant.role.map_or(&[][..], |role| &role.rules);
    let masks = rules.iter().enumerate().flat_map(|(position, rule)| {
        let masks = of_rule(grant, rule).into_iter();
        masks.map(move |(who, next, takes)| Mask {
            who,
            next,
            rule: position,
            takes,
        })
    });
    masks.collect()
}

/// Whether granting the role to somebody may let them impersonate somebody.
pub(crate) fn may_give(role: &Role) -> bool {
    role.rules.iter().any(impersonates)
}

fn impersonates(rule: &PolicyRule) -> bool {
    let mut verbs = rule.verbs.iter();
    verbs.any(|verb| verb == "*" || verb == "impersonate" || verb.starts_with("impersonate:"))
}

/// Whom one rule lets impersonate, and how to look on.
fn of_rule(grant: &Grant<'_>, rule: &PolicyRule) -> Vec<(String, String, Takes)> {
    let is_everything = holds(&rule.verbs, "*") && holds(&rule.resources, "*");
    let is_core = ["", "*", "authentication.k8s.io"]
        .iter()
        .any(|group| holds(&rule.api_groups, group));
    // Whoever may do everything sees everything already.
    if is_everything || !impersonates(rule) || !is_core {
        return Vec::new();
    }
    let mut masks = Vec::new();
    for (resource, kind, flag) in [
        ("users", "user", "--as"),
        ("groups", "group", "--as-group"),
        ("serviceaccounts", "service account", "--serviceaccount"),
    ] {
        // Users and groups have no namespace: only a ClusterRoleBinding gives them.
        let reaches = resource == "serviceaccounts" || grant.namespace().is_none();
        let names_it = holds(&rule.resources, resource)
            || (holds(&rule.resources, "*") && holds(&rule.verbs, "impersonate"));
        if !reaches || !names_it {
            continue;
        }
        let takes = match resource {
            "groups" => Takes::Group,
            _ => Takes::Name,
        };
        let place = grant.namespace().map_or_else(String::new, |namespace| {
            format!(" of namespace {namespace}")
        });
        if rule.resource_names.is_empty() || rule.resource_names.len() > NAMES_MAX {
            let next = match takes {
                Takes::Group => {
                    "look from one of them: `viewshed see --as NAME --as-group GROUP`".to_owned()
                }
                Takes::Name => format!("look from one of them: `viewshed see {flag} NAME`"),
            };
            masks.push((format!("any {kind}{place}"), next, takes));
            continue;
        }
        for name in &rule.resource_names {
            let value = match grant.namespace() {
                Some(namespace) if resource == "serviceaccounts" => format!("{namespace}/{name}"),
                _ => name.clone(),
            };
            let next = match resource {
                "groups" => format!("look from there: `viewshed see --as NAME {flag} {value}`"),
                _ => format!("look from there: `viewshed see {flag} {value}`"),
            };
            masks.push((format!("{kind} {value}"), next, takes));
        }
    }
    masks
}

fn holds(list: &[String], word: &str) -> bool {
    list.iter().any(|one| one == word)
}

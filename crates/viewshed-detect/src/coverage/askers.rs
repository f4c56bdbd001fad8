//! Who may be asking: the ordinary identities, and those that a policy makes an exception for.

use std::collections::BTreeSet;

use viewshed_model::AuditPolicy;

/// An identity to try a policy with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    /// For an explanation.
    pub(super) label: String,
    pub(super) user: String,
    pub(super) groups: Vec<String>,
}

/// A name that no rule means.
pub(super) const OTHER: &str = "any-other";

/// A pod's service account, a person, and somebody without a credential.
pub(super) fn ordinary() -> [Asker; 3] {
    [
        asker(
            "a service account",
            &format!("system:serviceaccount:{OTHER}:{OTHER}"),
        ),
        asker("a user", OTHER),
        asker("an anonymous request", "system:anonymous"),
    ]
}

/// Users, groups and namespaces named by rules that are tried, of each. Policies name a dozen; what goes
/// over is not tried, and an exception for it not told.
pub(super) const NAMED_MAX: usize = 40;

/// The users and groups that rules name.
pub(super) fn named(policy: &AuditPolicy) -> Vec<Asker> {
    let users: BTreeSet<&String> = policy.rules.iter().flat_map(|rule| &rule.users).collect();
    let groups: BTreeSet<&String> = policy.rules.iter().flat_map(|rule| &rule.groups).collect();
    let users = users
        .into_iter()
        .take(NAMED_MAX)
        .map(|user| asker(&format!("`{user}`"), user));
    let groups = groups
        .into_iter()
        .filter(|group| {
            !group.starts_with("system:authenticated") && *group != "system:unauthenticated"
        })
        .take(NAMED_MAX)
        .map(|group| {
            let mut member = asker(&format!("group `{group}`"), OTHER);
            member.groups.insert(0, group.clone());
            member
        });
    users.chain(groups).collect()
}

/// Groups as the authenticators give them (kubernetes/apiserver `pkg/authentication/user`,
/// `pkg/authentication/serviceaccount`).
fn asker(label: &str, user: &str) -> Asker {
    let mut groups = Vec::new();
    let account = user.strip_prefix("system:serviceaccount:");
    if let Some((namespace, _)) = account.and_then(|account| account.split_once(':')) {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    } else if user.starts_with("system:node:") {
        groups.push("system:nodes".to_owned());
    }
    groups.push(if user == "system:anonymous" {
        "system:unauthenticated".to_owned()
    } else {
        "system:authenticated".to_owned()
    });
    Asker {
        label: label.to_owned(),
        user: user.to_owned(),
        groups,
    }
}

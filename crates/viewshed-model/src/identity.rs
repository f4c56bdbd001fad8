//! Who asks: the identity of a request, and the subjects that bindings name.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The user information that an authorizer sees (`user.Info`).
///
/// Nothing is implied: a service account's groups must be present, as in a `SubjectAccessReview`
/// (the server adds none). The constructors below fill in what the server's authenticators add.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// User name, for example `system:serviceaccount:shop:cart`.
    pub user: String,
    /// Groups in the order given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Unique id, where known. RBAC never looks at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Extra attributes, such as the pod and node claims of a bound token.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    /// What a request without credentials becomes (`system:anonymous` in `system:unauthenticated`).
    pub fn anonymous() -> Self {
        Self::exactly("system:anonymous", ["system:unauthenticated"])
    }

    /// A user as an authenticator reports it: the given groups plus `system:authenticated`.
    pub fn user<'a>(user: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        let mut identity = Self::exactly(user, groups);
        if !identity
            .groups
            .iter()
            .any(|group| group == "system:authenticated")
        {
            identity.groups.push("system:authenticated".to_owned());
        }
        identity
    }

    /// A service account's token (`serviceaccount.UserInfo`, `MakeGroupNames`).
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::exactly(
            &format!("system:serviceaccount:{namespace}:{name}"),
            [
                "system:serviceaccounts",
                &format!("system:serviceaccounts:{namespace}"),
                "system:authenticated",
            ],
        )
    }

    /// A kubelet's certificate (`CN=system:node:NAME, O=system:nodes`).
    pub fn node(name: &str) -> Self {
        Self::exactly(
            &format!("system:node:{name}"),
            ["system:nodes", "system:authenticated"],
        )
    }

    /// Exactly this user and these groups, nothing added.
    pub fn exactly<'a>(user: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            user: user.to_owned(),
            groups: groups.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// Namespace and name, when the user is a service account.
    pub fn as_service_account(&self) -> Option<(&str, &str)> {
        service_account_of(&self.user)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_service_account() {
            Some((namespace, name)) => write!(formatter, "service account {namespace}/{name}"),
            None => formatter.write_str(&self.user),
        }
    }
}

/// Splits `system:serviceaccount:NAMESPACE:NAME` (apiserver `serviceaccount.SplitUsername`).
pub fn service_account_of(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// One entry of a binding's `subjects`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// User, group or service account.
    pub kind: SubjectKind,
    /// Its name.
    pub name: String,
    /// Only for service accounts; empty means the namespace of the RoleBinding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The kinds that RBAC knows; comparison is case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SubjectKind {
    /// `User`.
    User,
    /// `Group`.
    Group,
    /// `ServiceAccount`.
    ServiceAccount,
    /// Anything else grants nothing; kept so that it can be reported.
    Other(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.namespace) {
            (SubjectKind::User, _) => write!(formatter, "user {}", self.name),
            (SubjectKind::Group, _) => write!(formatter, "group {}", self.name),
            (SubjectKind::ServiceAccount, Some(namespace)) => {
                write!(formatter, "service account {namespace}/{}", self.name)
            }
            (SubjectKind::ServiceAccount, None) => {
                write!(formatter, "service account {}", self.name)
            }
            (SubjectKind::Other(kind), Some(namespace)) => {
                write!(
                    formatter,
                    "{} {namespace}/{}",
                    kind.to_lowercase(),
                    self.name
                )
            }
            (SubjectKind::Other(kind), None) => write!(formatter, "{kind} {}", self.name),
        }
    }
}

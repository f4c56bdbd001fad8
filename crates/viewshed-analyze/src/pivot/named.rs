//! Rights of which a rule may name the objects.

use super::powers::{
    CONTROLLERS, CRON_JOBS, Changeable, DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS,
};
use crate::rbac::{Question, ResourceQuestion};

/// What a right on one named object leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    User,
    Group,
    Account,
    Pod,
    /// The pods of a node.
    Node,
    /// The service account whose token a Secret keeps.
    Secret,
    /// The service accounts of the namespace of such a workload.
    Workload(&'static str),
    /// What a role gives; followed apart.
    Role,
}

/// A right of which a rule may name the objects.
#[derive(Debug)]
pub(super) struct NamedRight {
    pub(super) verb: &'static str,
    pub(super) api_group: &'static str,
    pub(super) resource: &'static str,
    pub(super) subresource: &'static str,
    pub(super) whom: Whom,
}

const fn named(
    verb: &'static str,
    resource: &'static str,
    subresource: &'static str,
    whom: Whom,
) -> NamedRight {
    NamedRight {
        verb,
        api_group: "",
        resource,
        subresource,
        whom,
    }
}

/// A right to change one workload, of kind and resource of an API group.
const fn changed(verb: &'static str, (kind, api_group, resource): Changeable) -> NamedRight {
    NamedRight {
        verb,
        api_group,
        resource,
        subresource: "",
        whom: Whom::Workload(kind),
    }
}

/// Every such right. Groups come last: who acts as a member of one needs a user name too
/// (`staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation`).
pub(super) const NAMED_RIGHTS: [NamedRight; 29] = [
    named("impersonate", "users", "", Whom::User),
    named("impersonate", "serviceaccounts", "", Whom::Account),
    named("create", "serviceaccounts", "token", Whom::Account),
    named("create", "pods", "exec", Whom::Pod),
    named("get", "pods", "exec", Whom::Pod),
    named("create", "pods", "attach", Whom::Pod),
    named("get", "pods", "attach", Whom::Pod),
    named("patch", "pods", "ephemeralcontainers", Whom::Pod),
    named("update", "pods", "ephemeralcontainers", Whom::Pod),
    named("create", "nodes", "proxy", Whom::Node),
    named("get", "nodes", "proxy", Whom::Node),
    named("get", "secrets", "", Whom::Secret),
    named("list", "secrets", "", Whom::Secret),
    named("watch", "secrets", "", Whom::Secret),
    named("update", "pods", "", Whom::Pod),
    named("patch", "pods", "", Whom::Pod),
    changed("update", DEPLOYMENTS),
    changed("patch", DEPLOYMENTS),
    changed("update", DAEMON_SETS),
    changed("patch", DAEMON_SETS),
    changed("update", STATEFUL_SETS),
    changed("patch", STATEFUL_SETS),
    changed("update", REPLICA_SETS),
    changed("patch", REPLICA_SETS),
    changed("update", CONTROLLERS),
    changed("patch", CONTROLLERS),
    changed("update", CRON_JOBS),
    changed("patch", CRON_JOBS),
    named("impersonate", "groups", "", Whom::Group),
];

/// One of them on one object.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) right: &'static NamedRight,
    /// Empty for what is in no namespace.
    pub(super) namespace: String,
    /// Empty for every object.
    pub(super) name: String,
}

impl NamedRight {
    /// Whether it changes a pod itself, which the API server refuses of static ones.
    pub(super) fn changes_pods(&self) -> bool {
        self.resource == "pods" && matches!(self.subresource, "" | "ephemeralcontainers")
    }
}

impl Named {
    pub(super) fn question(&self) -> Question<'_> {
        Question::Resource(ResourceQuestion {
            verb: self.right.verb,
            api_group: self.right.api_group,
            resource: self.right.resource,
            subresource: self.right.subresource,
            namespace: &self.namespace,
            name: &self.name,
            ..ResourceQuestion::default()
        })
    }

    /// Completes "may ...".
    pub(super) fn words(&self) -> String {
        let NamedRight {
            verb,
            resource,
            subresource,
            ..
        } = self.right;
        let resource = match *subresource {
            "" => (*resource).to_owned(),
            subresource => format!("{resource}/{subresource}"),
        };
        let text = match self.name.as_str() {
            "" => format!("{verb} {resource}"),
            name => format!("{verb} {resource} {name}"),
        };
        match self.namespace.as_str() {
            "" => text,
            namespace => format!("{text} in namespace {namespace}"),
        }
    }

    /// What follows, for people.
    pub(super) const fn effect(&self) -> &'static str {
        match self.right.whom {
            Whom::Group if self.name.is_empty() => "it acts as a member of system:masters",
            Whom::Group => "it acts as a member of that group",
            Whom::User => "it acts as that user",
            Whom::Account => "it acts as that service account",
            Whom::Secret => "it reads that secret, which keeps a token",
            Whom::Workload(_) => "it changes the pods of that workload as it likes",
            Whom::Pod if self.right.subresource.is_empty() => {
                "it gives that pod an image of its own"
            }
            Whom::Pod => "it runs commands in that pod",
            Whom::Role => "it holds what that role gives",
            Whom::Node => "the kubelet runs commands in its pods for it",
        }
    }
}

//! Rights that let an identity become something else.
//!
//! Sources: Kubernetes documentation "RBAC Good Practices" (privilege escalation risks) and "Using RBAC
//! Authorization" (escalate, bind); `pkg/kubelet/server` for what `nodes/proxy` gives;
//! `plugin/pkg/admission/certificates` for the signers.

use viewshed_model::{Decision, Evidence};

use crate::rbac::{Question, ResourceQuestion, Session, Verdict};

/// Where a right leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// Everything.
    Administrator,
    /// Any user that is not in `system:masters`.
    AnyUser,
    /// The names and values of all secrets, when held everywhere.
    Secrets,
    /// Into the pods of the namespace.
    Pods,
    /// To the service accounts of the namespace.
    Accounts,
    /// Any user and any group that is not `system:masters`, service accounts among them.
    AnyCertificate,
    /// To the service accounts of which a Secret of the namespace keeps a token.
    Tokens,
    /// To the service accounts of the namespace, and to a node when no admission refuses it.
    AccountsAndNodes,
    /// The same, where there is a workload of that kind.
    Workloads(&'static str),
}

/// A right that must be held: verb, API group, resource, subresource, name.
type Right = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// Rights that together make one step.
#[derive(Debug)]
pub(super) struct Power {
    /// One right of each list must be held.
    all: &'static [&'static [Right]],
    pub(super) leads: Leads,
    /// What follows, for people.
    pub(super) effect: &'static str,
    /// Rights on resources that are in no namespace.
    pub(super) is_cluster_wide: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

const fn right(verb: &'static str, group: &'static str, resource: &'static str) -> Right {
    (verb, group, resource, "", "")
}

const fn sub(verb: &'static str, resource: &'static str, subresource: &'static str) -> Right {
    (verb, "", resource, subresource, "")
}

/// A kind of workload whose template may be changed while it is there, its API group and resource. Of a Job the
/// template stays as it is (`pkg/apis/batch/validation`).
type Changeable = (&'static str, &'static str, &'static str);

const DEPLOYMENTS: Changeable = ("Deployment", "apps", "deployments");
const DAEMON_SETS: Changeable = ("DaemonSet", "apps", "daemonsets");
const STATEFUL_SETS: Changeable = ("StatefulSet", "apps", "statefulsets");
const REPLICA_SETS: Changeable = ("ReplicaSet", "apps", "replicasets");
const CONTROLLERS: Changeable = ("ReplicationController", "", "replicationcontrollers");
const CRON_JOBS: Changeable = ("CronJob", "batch", "cronjobs");

/// Changing the pods of such workloads.
macro_rules! change {
    ($workload:expr) => {
        Power {
            all: &[&[
                right("update", $workload.1, $workload.2),
                right("patch", $workload.1, $workload.2),
            ]],
            leads: Leads::Workloads($workload.0),
            effect: "it changes the pods of workloads as it likes",
            is_cluster_wide: false,
        }
    };
}

/// Every such right, the most powerful first.
pub(super) const POWERS: [Power; 22] = [
    Power {
        all: &[&[right("*", "*", "*")]],
        leads: Leads::Administrator,
        effect: "it may do everything",
        is_cluster_wide: true,
    },
    Power {
        all: &[
            &[
                right("create", RBAC, "clusterrolebindings"),
                right("update", RBAC, "clusterrolebindings"),
                right("patch", RBAC, "clusterrolebindings"),
            ],
            &[right("bind", RBAC, "clusterroles")],
        ],
        leads: Leads::Administrator,
        effect: "it gives itself any role",
        is_cluster_wide: true,
    },
    Power {
        all: &[
            &[
                right("update", RBAC, "clusterroles"),
                right("patch", RBAC, "clusterroles"),
            ],
            &[right("escalate", RBAC, "clusterroles")],
        ],
        leads: Leads::Administrator,
        effect: "it adds any right to a role that it holds",
        is_cluster_wide: true,
    },
    Power {
        all: &[
            &[right("impersonate", "", "groups")],
            &[
                right("impersonate", "", "users"),
                right("impersonate", "", "serviceaccounts"),
            ],
        ],
        leads: Leads::Administrator,
        effect: "it acts as a member of system:masters",
        is_cluster_wide: true,
    },
    Power {
        all: &[&[right("impersonate", "", "users")]],
        leads: Leads::AnyUser,
        effect: "it acts as any user",
        is_cluster_wide: true,
    },
    Power {
        all: &[
            &[right("create", CERTIFICATES, "certificatesigningrequests")],
            &[
                (
                    "update",
                    CERTIFICATES,
                    "certificatesigningrequests",
                    "approval",
                    "",
                ),
                (
                    "patch",
                    CERTIFICATES,
                    "certificatesigningrequests",
                    "approval",
                    "",
                ),
            ],
            &[(
                "approve",
                CERTIFICATES,
                "signers",
                "",
                "kubernetes.io/kube-apiserver-client",
            )],
        ],
        leads: Leads::AnyCertificate,
        effect: "it approves its own certificate for any user",
        is_cluster_wide: true,
    },
    Power {
        all: &[&[
            sub("create", "nodes", "proxy"),
            sub("get", "nodes", "proxy"),
        ]],
        leads: Leads::Pods,
        effect: "the kubelets run commands in their pods for it",
        is_cluster_wide: true,
    },
    Power {
        all: &[&[right("list", "", "secrets"), right("watch", "", "secrets")]],
        leads: Leads::Secrets,
        effect: "it lists all secrets with their values",
        is_cluster_wide: true,
    },
    Power {
        all: &[&[
            sub("create", "pods", "exec"),
            sub("get", "pods", "exec"),
            sub("create", "pods", "attach"),
            sub("get", "pods", "attach"),
            sub("patch", "pods", "ephemeralcontainers"),
            sub("update", "pods", "ephemeralcontainers"),
        ]],
        leads: Leads::Pods,
        effect: "it runs commands in pods",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[
            right("list", "", "secrets"),
            right("watch", "", "secrets"),
            right("get", "", "secrets"),
        ]],
        leads: Leads::Tokens,
        effect: "it reads secrets, and some keep tokens",
        is_cluster_wide: false,
    },
    Power {
        all: &[
            &[right("create", "", "secrets")],
            &[
                right("get", "", "secrets"),
                right("list", "", "secrets"),
                right("watch", "", "secrets"),
            ],
        ],
        leads: Leads::Accounts,
        effect: "it makes a Secret that is filled with the token of any service account",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[right("update", "", "pods"), right("patch", "", "pods")]],
        leads: Leads::Pods,
        effect: "it gives running pods an image of its own",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[sub("create", "serviceaccounts", "token")]],
        leads: Leads::Accounts,
        effect: "it asks for tokens of other service accounts",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[right("impersonate", "", "serviceaccounts")]],
        leads: Leads::Accounts,
        effect: "it acts as other service accounts",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[
            right("create", "", "pods"),
            right("create", "apps", "deployments"),
            right("create", "apps", "daemonsets"),
            right("create", "apps", "statefulsets"),
            right("create", "apps", "replicasets"),
            right("create", "", "replicationcontrollers"),
            right("create", "batch", "jobs"),
            right("create", "batch", "cronjobs"),
        ]],
        leads: Leads::AccountsAndNodes,
        effect: "it starts pods as it likes",
        is_cluster_wide: false,
    },
    change!(DEPLOYMENTS),
    change!(DAEMON_SETS),
    change!(STATEFUL_SETS),
    change!(REPLICA_SETS),
    change!(CONTROLLERS),
    change!(CRON_JOBS),
    Power {
        all: &[
            &[
                right("create", RBAC, "rolebindings"),
                right("update", RBAC, "rolebindings"),
                right("patch", RBAC, "rolebindings"),
            ],
            &[
                right("bind", RBAC, "clusterroles"),
                right("bind", RBAC, "roles"),
            ],
        ],
        leads: Leads::AccountsAndNodes,
        effect: "it gives itself any role there, and with it starts pods as it likes",
        is_cluster_wide: false,
    },
];

impl Power {
    fn question<'q>(&self, right: &Right, namespace: &'q str) -> Question<'q> {
        let (verb, api_group, resource, subresource, name) = *right;
        Question::Resource(ResourceQuestion {
            verb,
            api_group,
            resource,
            subresource,
            name,
            namespace: if self.is_cluster_wide { "" } else { namespace },
            ..ResourceQuestion::default()
        })
    }

    /// Whether the session certainly holds it in a namespace; everywhere, where that is empty.
    pub(super) fn is_held(&self, session: &Session<'_>, namespace: &str) -> bool {
        self.all.iter().all(|any| {
            any.iter()
                .any(|right| session.verdict(self.question(right, namespace)) == Verdict::Yes)
        })
    }

    /// The evidence of its last part, and the rights in words.
    pub(super) fn evidence(
        &self,
        session: &Session<'_>,
        namespace: &str,
    ) -> Option<(Evidence, String)> {
        let mut words = Vec::new();
        let mut last = None;
        for any in self.all {
            let held = any.iter().find_map(|right| {
                match session.decide(self.question(right, namespace)) {
                    Decision::Allowed(evidence) => Some((right, evidence)),
                    Decision::Denied(_) | Decision::DependsOn(_) => None,
                }
            });
            let ((verb, _, resource, subresource, _), evidence) = held?;
            words.push(match *subresource {
                "" => format!("{verb} {resource}"),
                subresource => format!("{verb} {resource}/{subresource}"),
            });
            last = Some(evidence);
        }
        Some((last?, words.join(" and ")))
    }
}

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
            Whom::Node => "the kubelet runs commands in its pods for it",
        }
    }
}

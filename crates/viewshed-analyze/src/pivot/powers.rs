//! Rights that let a service account become something else.
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
    /// To the service accounts of the namespace, and to a node when no admission refuses it.
    AccountsAndNodes,
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

/// Every such right, the most powerful first.
pub(super) const POWERS: [Power; 13] = [
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
        leads: Leads::AnyUser,
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

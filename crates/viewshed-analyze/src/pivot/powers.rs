//! Rights that let an identity become something else.
//!
//! Sources: Kubernetes documentation "RBAC Good Practices" (privilege escalation risks) and "Using RBAC
//! Authorization" (escalate, bind); `pkg/kubelet/server` for what `nodes/proxy` gives;
//! `plugin/pkg/admission/certificates` for the signers.

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
    /// Into those of them that are no static pods.
    Changeable,
    /// To the service accounts of the namespace.
    Accounts,
    /// The identities of all kubelets.
    Kubelets,
    /// Any user and any group that is not `system:masters`, service accounts among them.
    AnyCertificate,
    /// To the service accounts of which a Secret of the namespace keeps a token.
    Tokens,
    /// To the service accounts of the namespace, and to a node when no admission refuses it.
    AccountsAndNodes,
    /// To a node.
    Nodes,
    /// To a node, from a namespace whose label keeps pods from it.
    Unguarded,
    /// To the service accounts of pods that are made meanwhile.
    Webhook,
    /// The same as [`Self::AccountsAndNodes`], where there is a workload of that kind.
    Workloads(&'static str),
}

/// A right that must be held: verb, API group, resource, subresource, name.
pub(super) type Right = (
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
    pub(super) all: &'static [&'static [Right]],
    pub(super) leads: Leads,
    /// What follows, for people.
    pub(super) effect: &'static str,
    /// Rights on resources that are in no namespace.
    pub(super) is_cluster_wide: bool,
}

/// The effect of the right to everything.
pub(super) const DOES_EVERYTHING: &str = "it may do everything";

pub(super) const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
/// Resources of rights here that are in no namespace, beside those of powers that are cluster-wide. (A request for a
/// namespace has its name as namespace.)
pub(super) const IN_NO_NAMESPACE: [&str; 1] = ["persistentvolumes"];
const CERTIFICATES: &str = "certificates.k8s.io";

const fn right(verb: &'static str, group: &'static str, resource: &'static str) -> Right {
    (verb, group, resource, "", "")
}

const fn sub(verb: &'static str, resource: &'static str, subresource: &'static str) -> Right {
    (verb, "", resource, subresource, "")
}

const fn approval(verb: &'static str) -> Right {
    (
        verb,
        CERTIFICATES,
        "certificatesigningrequests",
        "approval",
        "",
    )
}

const fn signer(name: &'static str) -> Right {
    ("approve", CERTIFICATES, "signers", "", name)
}

/// Every signer of the domain (Kubernetes documentation, "Certificates and Certificate Signing Requests",
/// authorization; `plugin/pkg/admission/certificates/util.go`).
const EVERY_SIGNER: &str = "kubernetes.io/*";

/// A kind of workload whose template may be changed while it is there, its API group and resource. Of a Job the
/// template stays as it is (`pkg/apis/batch/validation`).
pub(super) type Changeable = (&'static str, &'static str, &'static str);

pub(super) const DEPLOYMENTS: Changeable = ("Deployment", "apps", "deployments");
pub(super) const DAEMON_SETS: Changeable = ("DaemonSet", "apps", "daemonsets");
pub(super) const STATEFUL_SETS: Changeable = ("StatefulSet", "apps", "statefulsets");
pub(super) const REPLICA_SETS: Changeable = ("ReplicaSet", "apps", "replicasets");
pub(super) const CONTROLLERS: Changeable = ("ReplicationController", "", "replicationcontrollers");
pub(super) const CRON_JOBS: Changeable = ("CronJob", "batch", "cronjobs");

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

/// Starting pods, by themselves or through a workload.
const STARTS: &[Right] = &[
    right("create", "", "pods"),
    right("create", "apps", "deployments"),
    right("create", "apps", "daemonsets"),
    right("create", "apps", "statefulsets"),
    right("create", "apps", "replicasets"),
    right("create", "", "replicationcontrollers"),
    right("create", "batch", "jobs"),
    right("create", "batch", "cronjobs"),
];

/// Every such right, the most powerful first.
pub(super) const POWERS: [Power; 29] = [
    Power {
        all: &[&[right("*", "*", "*")]],
        leads: Leads::Administrator,
        effect: DOES_EVERYTHING,
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
            &[approval("update"), approval("patch")],
            &[
                signer("kubernetes.io/kube-apiserver-client"),
                signer(EVERY_SIGNER),
            ],
        ],
        leads: Leads::AnyCertificate,
        effect: "it approves its own certificate for any user",
        is_cluster_wide: true,
    },
    Power {
        all: &[
            &[right("create", CERTIFICATES, "certificatesigningrequests")],
            &[approval("update"), approval("patch")],
            &[
                signer("kubernetes.io/kube-apiserver-client-kubelet"),
                signer(EVERY_SIGNER),
            ],
        ],
        leads: Leads::Kubelets,
        effect: "it approves its own certificate for any kubelet",
        is_cluster_wide: true,
    },
    // `pkg/controller/certificates/approver/sarapprove.go`: the controller manager approves by itself.
    Power {
        all: &[
            &[right("create", CERTIFICATES, "certificatesigningrequests")],
            &[(
                "create",
                CERTIFICATES,
                "certificatesigningrequests",
                "nodeclient",
                "",
            )],
        ],
        leads: Leads::Kubelets,
        effect: "the controller manager approves its certificate for any kubelet",
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
        ]],
        leads: Leads::Pods,
        effect: "it runs commands in pods",
        is_cluster_wide: false,
    },
    Power {
        all: &[&[
            sub("patch", "pods", "ephemeralcontainers"),
            sub("update", "pods", "ephemeralcontainers"),
        ]],
        leads: Leads::Changeable,
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
        leads: Leads::Changeable,
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
        all: &[STARTS],
        leads: Leads::AccountsAndNodes,
        effect: "it starts pods as it likes",
        is_cluster_wide: false,
    },
    // Kubernetes documentation, "RBAC Good Practices", "Persistent volume creation": a volume may be any path of a
    // node, and Pod Security looks at the claim alone.
    Power {
        all: &[
            &[right("create", "", "persistentvolumes")],
            &[right("create", "", "persistentvolumeclaims")],
            STARTS,
        ],
        leads: Leads::Nodes,
        effect: "it starts pods on a persistent volume that is a path of the node",
        is_cluster_wide: false,
    },
    // The same, "Namespace modification": whoever sets its labels lifts what Pod Security enforces.
    Power {
        all: &[
            &[
                right("patch", "", "namespaces"),
                right("update", "", "namespaces"),
            ],
            STARTS,
        ],
        leads: Leads::Unguarded,
        effect: "it lifts the Pod Security label of the namespace, and starts pods as it likes",
        is_cluster_wide: false,
    },
    // The same, "Control admission webhooks".
    Power {
        all: &[&[
            right("create", ADMISSION, "mutatingwebhookconfigurations"),
            right("update", ADMISSION, "mutatingwebhookconfigurations"),
            right("patch", ADMISSION, "mutatingwebhookconfigurations"),
        ]],
        leads: Leads::Webhook,
        effect: "its webhook changes pods that others make as it likes",
        is_cluster_wide: true,
    },
    // Kubernetes documentation, "Mutating Admission Policy": one counts by its binding.
    Power {
        all: &[
            &[
                right("create", ADMISSION, "mutatingadmissionpolicies"),
                right("update", ADMISSION, "mutatingadmissionpolicies"),
                right("patch", ADMISSION, "mutatingadmissionpolicies"),
            ],
            &[
                right("create", ADMISSION, "mutatingadmissionpolicybindings"),
                right("update", ADMISSION, "mutatingadmissionpolicybindings"),
                right("patch", ADMISSION, "mutatingadmissionpolicybindings"),
            ],
        ],
        leads: Leads::Webhook,
        effect: "its admission policy changes pods that others make as it likes",
        is_cluster_wide: true,
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
            &[right("bind", RBAC, "clusterroles")],
        ],
        leads: Leads::AccountsAndNodes,
        effect: "it gives itself any role there, and with it starts pods as it likes",
        is_cluster_wide: false,
    },
];

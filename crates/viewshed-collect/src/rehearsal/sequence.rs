//! The sequence: every step, and every request that it may send. docs/reference/rehearsal.md explains them.
//!
//! The order is that of an intruder who has just found a credential: who am I, what may I, what is there.

use viewshed_model::{ApiResource, AskedFor, Surface};

use crate::kubernetes::{
    Document, Guess, List, NodeName, Path, PodName, Request, Review, Scope, Watch,
};

/// One step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Stable name, for `--steps`.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// The action of `viewshed coverage` that it is an example of.
    pub action: &'static str,
    pub(super) way: Way,
}

/// Where a step's requests go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// To the API server, with the credential.
    Credential(&'static [Ask]),
    /// To the API server, without any credential.
    Stranger(&'static [Ask]),
    /// To the API server's proxy of one kubelet, where that is allowed.
    NodeProxy(&'static [Ask]),
    /// To the API server, where the user wants log bodies to be touched.
    Logs(&'static [Ask]),
    /// Straight to a kubelet.
    Kubelet(Bearer),
    /// To Docker's API.
    Docker(&'static [DockerAsk]),
}

/// Whether a request to a kubelet carries the pod's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    Token,
    Nobody,
}

/// One request to an API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    WhoAmI,
    Path(&'static str),
    /// `SelfSubjectRulesReview` of the own namespace.
    MyRules,
    /// `SelfSubjectAccessReview`: verb, kind, subresource.
    May(&'static str, Kind, &'static str),
    List(Kind, Place, Form),
    Watch(Kind, Place),
    /// A name that the step makes up.
    Guess(Kind, Place, &'static str),
    NodePods,
    NodeSettings,
    LogByte,
}

/// Group and plural resource; everything that is asked for is served as `v1`.
pub(super) type Kind = (&'static str, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Everywhere,
    /// The context's, or the pod's own.
    Own,
    Named(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the client reads that kind: whole objects for pods, workloads, RBAC; table rows for secrets.
    Usual,
    /// `PartialObjectMetadataList`.
    Metadata,
    /// A `Table` without objects, as `kubectl get` prints.
    Table,
}

/// One request to Docker's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DockerAsk {
    Ping,
    Version,
    Info,
    Containers,
    Images,
    Networks,
    Volumes,
}

/// What requests need to know of where they stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub(super) namespace: String,
    pub(super) node: Option<NodeName>,
    pub(super) node_name: String,
    pub(super) pod: Option<(String, String)>,
}

/// Objects of one page, as kubectl asks for (`k8s.io/kubectl` `DefaultChunkSize`).
const PAGE_OBJECTS: u32 = 500;

const RBAC: &str = "rbac.authorization.k8s.io";
const DISCOVERY: &[&str] = &["T1613"];
const PERMISSIONS: &[&str] = &["T1613", "T1069"];

const PODS: Kind = ("", "pods");
const NODES: Kind = ("", "nodes");
const SECRETS: Kind = ("", "secrets");
const NAMESPACES: Kind = ("", "namespaces");
const SERVICES: Kind = ("", "services");
const DEPLOYMENTS: Kind = ("apps", "deployments");

const fn step(
    (name, title): (&'static str, &'static str),
    techniques: &'static [&'static str],
    action: &'static str,
    way: Way,
) -> Step {
    Step {
        name,
        title,
        techniques,
        action,
        way,
    }
}

const fn list(kind: Kind) -> Ask {
    Ask::List(kind, Place::Everywhere, Form::Usual)
}

const fn may(verb: &'static str, kind: Kind) -> Ask {
    Ask::May(verb, kind, "")
}

/// Every step, in the order in which they are taken.
pub const STEPS: [Step; 25] = [
    step(
        ("own-identity", "ask who one is"),
        DISCOVERY,
        "ask-own-identity",
        Way::Credential(&[Ask::WhoAmI]),
    ),
    step(
        ("server-version", "read the server's version"),
        DISCOVERY,
        "read-version",
        Way::Credential(&[Ask::Path("/version")]),
    ),
    step(
        ("api-discovery", "crawl the API groups and their kinds"),
        DISCOVERY,
        "discovery-crawl",
        Way::Credential(&[
            Ask::Path("/api"),
            Ask::Path("/apis"),
            Ask::Path("/api/v1"),
            Ask::Path("/apis/apps/v1"),
            Ask::Path("/apis/rbac.authorization.k8s.io/v1"),
        ]),
    ),
    step(
        ("openapi", "read OpenAPI documents"),
        DISCOVERY,
        "read-openapi",
        Way::Credential(&[
            Ask::Path("/openapi/v3"),
            Ask::Path("/openapi/v3/version"),
            Ask::Path("/openapi/v3/apis"),
        ]),
    ),
    step(
        ("own-rules", "ask for the list of what one may do"),
        PERMISSIONS,
        "ask-own-access",
        Way::Credential(&[Ask::MyRules]),
    ),
    step(
        ("own-access", "ask one by one what one may do"),
        PERMISSIONS,
        "ask-own-access",
        Way::Credential(&[
            may("list", PODS),
            may("list", SECRETS),
            may("list", NODES),
            Ask::May("create", PODS, "exec"),
            may("create", PODS),
            may("impersonate", ("", "users")),
        ]),
    ),
    step(
        ("namespaces", "list namespaces"),
        DISCOVERY,
        "list-namespaces",
        Way::Credential(&[list(NAMESPACES)]),
    ),
    step(
        (
            "pods",
            "list pods of all namespaces, whole, as a table and as metadata, and those of one namespace",
        ),
        DISCOVERY,
        "list-pods",
        Way::Credential(&[
            list(PODS),
            Ask::List(PODS, Place::Everywhere, Form::Table),
            Ask::List(PODS, Place::Everywhere, Form::Metadata),
            Ask::List(PODS, Place::Own, Form::Metadata),
        ]),
    ),
    step(
        ("watch-pods", "watch pods, which lists them without a list"),
        DISCOVERY,
        "list-pods",
        Way::Credential(&[Ask::Watch(PODS, Place::Everywhere)]),
    ),
    step(
        ("nodes", "list nodes"),
        DISCOVERY,
        "list-nodes",
        Way::Credential(&[Ask::List(NODES, Place::Everywhere, Form::Metadata)]),
    ),
    step(
        ("services", "list services, endpoint slices and ingresses"),
        DISCOVERY,
        "list-services",
        Way::Credential(&[
            list(SERVICES),
            list(("discovery.k8s.io", "endpointslices")),
            list(("networking.k8s.io", "ingresses")),
        ]),
    ),
    step(
        (
            "workloads",
            "list deployments, daemon sets, stateful sets and jobs",
        ),
        DISCOVERY,
        "list-workloads",
        Way::Credential(&[
            list(DEPLOYMENTS),
            list(("apps", "daemonsets")),
            list(("apps", "statefulsets")),
            list(("batch", "jobs")),
        ]),
    ),
    step(
        ("rbac", "list roles, bindings and service accounts"),
        &["T1613", "T1069", "T1087"],
        "list-rbac",
        Way::Credential(&[
            list((RBAC, "clusterroles")),
            list((RBAC, "clusterrolebindings")),
            list((RBAC, "roles")),
            list((RBAC, "rolebindings")),
            list(("", "serviceaccounts")),
        ]),
    ),
    step(
        ("secret-names", "list names of secrets, never a value"),
        &["T1613", "T1552.007"],
        "list-secrets",
        Way::Credential(&[
            list(SECRETS),
            Ask::List(SECRETS, Place::Own, Form::Usual),
            Ask::List(SECRETS, Place::Named("kube-system"), Form::Usual),
        ]),
    ),
    step(
        ("config-map-names", "list names of config maps"),
        DISCOVERY,
        "list-configmaps",
        Way::Credential(&[Ask::List(
            ("", "configmaps"),
            Place::Everywhere,
            Form::Table,
        )]),
    ),
    step(
        ("events", "list events"),
        DISCOVERY,
        "list-events",
        Way::Credential(&[Ask::List(("", "events"), Place::Everywhere, Form::Metadata)]),
    ),
    step(
        (
            "guessed-names",
            "get objects by names that clusters often have",
        ),
        DISCOVERY,
        "get-by-name",
        Way::Credential(&[
            Ask::Guess(PODS, KUBE_SYSTEM, "etcd-control-plane"),
            Ask::Guess(PODS, KUBE_SYSTEM, "kube-apiserver-control-plane"),
            Ask::Guess(DEPLOYMENTS, KUBE_SYSTEM, "tiller-deploy"),
            Ask::Guess(
                DEPLOYMENTS,
                Place::Named("kubernetes-dashboard"),
                "kubernetes-dashboard",
            ),
            Ask::Guess(NODES, Place::Everywhere, "control-plane"),
        ]),
    ),
    step(
        (
            "node-proxy",
            "ask whether `nodes/proxy` is allowed, and where it is, read a kubelet through it",
        ),
        &["T1613", "T1046"],
        "node-proxy",
        Way::NodeProxy(&[Ask::NodePods, Ask::NodeSettings]),
    ),
    step(
        ("pod-log", "read at most one byte of one pod's log"),
        &["T1613", "T1552"],
        "read-pod-logs",
        Way::Logs(&[Ask::LogByte]),
    ),
    step(
        ("anonymous", "ask the same without any credential"),
        DISCOVERY,
        "list-pods",
        Way::Stranger(&[
            Ask::Path("/version"),
            Ask::Path("/api"),
            list(NAMESPACES),
            list(PODS),
            list(SECRETS),
        ]),
    ),
    step(
        (
            "kubelet-anonymous",
            "ask a kubelet for its pods without any credential",
        ),
        DISCOVERY,
        "kubelet-api",
        Way::Kubelet(Bearer::Nobody),
    ),
    step(
        (
            "kubelet-token",
            "ask a kubelet for its pods with the pod's token",
        ),
        DISCOVERY,
        "kubelet-api",
        Way::Kubelet(Bearer::Token),
    ),
    step(
        ("docker-info", "`docker version` and `docker info`"),
        DISCOVERY,
        "docker-info",
        Way::Docker(&[DockerAsk::Ping, DockerAsk::Version, DockerAsk::Info]),
    ),
    step(
        ("docker-containers", "`docker ps --all` and `docker images`"),
        DISCOVERY,
        "docker-ps",
        Way::Docker(&[DockerAsk::Containers, DockerAsk::Images]),
    ),
    step(
        ("docker-networks", "list networks and volumes"),
        DISCOVERY,
        "docker-networks",
        Way::Docker(&[DockerAsk::Networks, DockerAsk::Volumes]),
    ),
];

const KUBE_SYSTEM: Place = Place::Named("kube-system");

/// Paths of a kubelet that are asked for (kubernetes `pkg/kubelet/server/server.go`).
pub(super) const KUBELET_PATHS: [&str; 2] = ["/pods", "/runningpods/"];

impl Step {
    /// Where it shows: a kubelet asks the API server about its caller, and that question is all a log has.
    pub const fn surface(&self) -> Surface {
        match self.way {
            Way::Credential(_) | Way::Stranger(_) | Way::NodeProxy(_) | Way::Logs(_) => {
                Surface::KubernetesApi
            }
            Way::Kubelet(_) => Surface::DelegatedReview,
            Way::Docker(_) => Surface::DockerApi,
        }
    }
}

/// Whether one may read a kubelet through the API server.
pub(super) const MAY_PROXY: Ask = Ask::May("get", NODES, "proxy");

impl Ask {
    /// The request; `None` where the context lacks a name that it needs.
    pub(super) fn request(self, context: &Context) -> Option<Request> {
        Some(match self {
            Self::WhoAmI => Request::Review(Review::WhoAmI),
            Self::Path(path) => Request::Document(Document::Path(Path::new(path)?)),
            Self::MyRules => Request::Review(Review::MyRules {
                namespace: context.namespace.clone(),
            }),
            Self::May(verb, kind, subresource) => Request::Review(Review::MayI(Box::new(
                super::asked::action(verb, kind, subresource),
            ))),
            Self::List(kind, place, form) => {
                let list = place_of(kind, place, context)?;
                Request::List(match form {
                    Form::Usual => list,
                    Form::Metadata => list.without_bodies(),
                    Form::Table => list.as_names(),
                })
            }
            Self::Watch(kind, place) => {
                Request::Watch(Watch::new(place_of(kind, place, context)?)?)
            }
            Self::Guess(kind, place, name) => {
                Request::Guess(Guess::new(place_of(kind, place, context)?, name)?)
            }
            Self::NodePods => Request::Document(Document::KubeletPods(context.node.clone()?)),
            Self::NodeSettings => {
                Request::Document(Document::KubeletSettings(context.node.clone()?))
            }
            Self::LogByte => {
                let (namespace, name) = context.pod.as_ref()?;
                Request::Document(Document::LogByte(PodName::new(namespace, name)?))
            }
        })
    }

    /// What an audit log names it by.
    pub(super) fn asked(self, context: &Context) -> AskedFor {
        super::asked::asked(self, context)
    }
}

fn place_of((group, resource): Kind, place: Place, context: &Context) -> Option<List> {
    let api = ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        ..ApiResource::default()
    };
    let scope = match namespace_of(place, context) {
        "" => Scope::Everywhere,
        namespace => Scope::Namespace(namespace.to_owned()),
    };
    List::new(&api, scope, PAGE_OBJECTS)
}

pub(super) fn namespace_of(place: Place, context: &Context) -> &str {
    match place {
        Place::Everywhere => "",
        Place::Own => &context.namespace,
        Place::Named(name) => name,
    }
}

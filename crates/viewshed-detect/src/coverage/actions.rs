//! The fixed list of discovery actions.
//!
//! Sources: MITRE ATT&CK T1613 and analytic AN1352 (objects and interfaces), the Kubernetes API reference,
//! kubernetes `pkg/kubelet/server/server.go` (kubelet paths), Docker Engine API reference (read requests).

use viewshed_model::Surface;

use super::action::{
    Action, Ask, DockerTrace, Scope, Way, api, ask, cluster, constant, delegated, direct, docker,
    host, path, question,
};

const LIST: &[&str] = &["list", "watch"];
const GET: &[&str] = &["get"];
const RBAC: &str = "rbac.authorization.k8s.io";
const REVIEWS: &str = "authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Every action, in the order of reports.
pub(super) const ACTIONS: &[Action] = &[
    api(
        "list-pods",
        "list or watch pods",
        constant(ask(LIST, &[("", "pods", "")])),
    ),
    api(
        "list-nodes",
        "list or watch nodes",
        constant(cluster(ask(LIST, &[("", "nodes", "")]))),
    ),
    api(
        "list-namespaces",
        "list or watch namespaces",
        constant(cluster(ask(LIST, &[("", "namespaces", "")]))),
    ),
    api(
        "list-workloads",
        "list or watch deployments, replica sets, stateful sets, daemon sets, jobs",
        ask(
            LIST,
            &[
                ("apps", "deployments", ""),
                ("apps", "replicasets", ""),
                ("apps", "statefulsets", ""),
                ("apps", "daemonsets", ""),
                ("batch", "jobs", ""),
                ("batch", "cronjobs", ""),
            ],
        ),
    ),
    api(
        "list-services",
        "list or watch services, endpoints and ingresses",
        ask(
            LIST,
            &[
                ("", "services", ""),
                ("", "endpoints", ""),
                ("discovery.k8s.io", "endpointslices", ""),
                ("networking.k8s.io", "ingresses", ""),
            ],
        ),
    ),
    api(
        "list-configmaps",
        "list or watch config maps",
        ask(LIST, &[("", "configmaps", "")]),
    ),
    api(
        "list-secrets",
        "list or watch secrets",
        ask(LIST, &[("", "secrets", "")]),
    ),
    api(
        "list-events",
        "list or watch events",
        ask(LIST, &[("", "events", ""), ("events.k8s.io", "events", "")]),
    ),
    api(
        "list-rbac",
        "list roles, bindings and service accounts",
        ask(
            LIST,
            &[
                (RBAC, "roles", ""),
                (RBAC, "rolebindings", ""),
                (RBAC, "clusterroles", ""),
                (RBAC, "clusterrolebindings", ""),
                ("", "serviceaccounts", ""),
            ],
        ),
    ),
    api(
        "list-resource-definitions",
        "list custom resource definitions and API services",
        cluster(ask(
            LIST,
            &[
                ("apiextensions.k8s.io", "customresourcedefinitions", ""),
                ("apiregistration.k8s.io", "apiservices", ""),
            ],
        )),
    ),
    api(
        "list-policies",
        "list network policies, disruption budgets, quotas and volume claims",
        ask(
            LIST,
            &[
                ("networking.k8s.io", "networkpolicies", ""),
                ("policy", "poddisruptionbudgets", ""),
                ("", "resourcequotas", ""),
                ("", "limitranges", ""),
                ("", "persistentvolumeclaims", ""),
            ],
        ),
    ),
    api(
        "list-cluster-objects",
        "list volumes, storage classes, signing requests and admission webhooks",
        cluster(ask(
            LIST,
            &[
                ("", "persistentvolumes", ""),
                ("storage.k8s.io", "storageclasses", ""),
                ("certificates.k8s.io", "certificatesigningrequests", ""),
                (ADMISSION, "validatingwebhookconfigurations", ""),
                (ADMISSION, "mutatingwebhookconfigurations", ""),
            ],
        )),
    ),
    api(
        "get-by-name",
        "get pods, nodes, workloads, services, accounts and roles by guessed names",
        ask(
            GET,
            &[
                ("", "pods", ""),
                ("", "nodes", ""),
                ("", "namespaces", ""),
                ("", "services", ""),
                ("", "serviceaccounts", ""),
                ("apps", "deployments", ""),
                ("apps", "statefulsets", ""),
                ("apps", "daemonsets", ""),
                (RBAC, "roles", ""),
                (RBAC, "rolebindings", ""),
                (RBAC, "clusterroles", ""),
                (RBAC, "clusterrolebindings", ""),
            ],
        ),
    ),
    api(
        "get-configuration-by-name",
        "get secrets and config maps by name",
        ask(GET, &[("", "secrets", ""), ("", "configmaps", "")]),
    ),
    api(
        "read-by-writes",
        "read secrets and config maps by writes that change nothing (dry run, empty patch)",
        ask(
            &["create", "update", "patch", "delete", "deletecollection"],
            &[("", "secrets", ""), ("", "configmaps", "")],
        ),
    ),
    api(
        "read-pod-logs",
        "read logs of pods through the API server",
        ask(GET, &[("", "pods", "log")]),
    ),
    api(
        "exec-into-pods",
        "exec or attach into pods through the API server",
        ask(
            &["get", "create"],
            &[("", "pods", "exec"), ("", "pods", "attach")],
        ),
    ),
    api(
        "node-proxy",
        "read a kubelet through `nodes/proxy` of the API server",
        cluster(ask(&["get", "create"], &[("", "nodes", "proxy")])),
    ),
    api(
        "service-proxy",
        "reach pods and services through the API server's proxy",
        ask(
            &["get", "create"],
            &[("", "services", "proxy"), ("", "pods", "proxy")],
        ),
    ),
    api(
        "read-metrics-api",
        "list pods and nodes through `metrics.k8s.io`",
        ask(
            &["list", "get"],
            &[
                ("metrics.k8s.io", "pods", ""),
                ("metrics.k8s.io", "nodes", ""),
            ],
        ),
    ),
    api(
        "discovery-crawl",
        "crawl the API groups (`/api`, `/apis`)",
        constant(path(
            &["/api", "/apis", "/apis/apps/v1"],
            &["/api", "/api/*", "/apis", "/apis/*"],
        )),
    ),
    api(
        "read-openapi",
        "read the OpenAPI documents",
        path(&["/openapi/v2", "/openapi/v3"], &["/openapi/*"]),
    ),
    api(
        "read-version",
        "read `/version`",
        path(&["/version"], &["/version", "/version/"]),
    ),
    api(
        "read-server-metrics",
        "read `/metrics` of the API server",
        path(&["/metrics"], &["/metrics", "/metrics/*"]),
    ),
    api(
        "ask-own-access",
        "ask what one may do (`auth can-i`, `auth can-i --list`)",
        question(&[
            (REVIEWS, "selfsubjectaccessreviews", ""),
            (REVIEWS, "selfsubjectrulesreviews", ""),
        ]),
    ),
    api(
        "ask-others-access",
        "ask what others may do (`auth can-i --as`, access reviews)",
        Ask {
            scope: Scope::Namespaced,
            ..question(&[
                (REVIEWS, "subjectaccessreviews", ""),
                (REVIEWS, "localsubjectaccessreviews", ""),
            ])
        },
    ),
    api(
        "ask-own-identity",
        "ask who one is (`auth whoami`)",
        cluster(ask(
            &["create"],
            &[("authentication.k8s.io", "selfsubjectreviews", "")],
        )),
    ),
    delegated(
        "kubelet-api",
        "ask a kubelet's authenticated port 10250: pods, logs, exec, configuration",
    ),
    delegated(
        "metrics-endpoints",
        "read metrics endpoints behind delegated authorization, for example kube-rbac-proxy",
    ),
    direct(
        "kubelet-unauthenticated",
        "ask a kubelet that allows anonymous requests, or its read-only port 10255",
        (
            "it asks the API server nothing and keeps no log of requests",
            "set `authentication.anonymous.enabled: false`, `authorization.mode: Webhook` and `readOnlyPort: 0` in the kubelet's configuration: then it asks",
        ),
    ),
    direct(
        "plain-metrics",
        "read metrics that anybody may read (kube-state-metrics, Prometheus, cAdvisor)",
        (
            "no request reaches the API server",
            "put a proxy with delegated authorization in front (kube-rbac-proxy)",
        ),
    ),
    direct(
        "etcd-direct",
        "read etcd",
        (
            "etcd keeps no log of who reads what",
            "close its ports to all but the API servers",
        ),
    ),
    Action {
        name: "dashboards",
        title: "look at a web dashboard",
        surface: Surface::KubernetesApi,
        way: Way::Behind(ask(LIST, &[("", "pods", "")])),
    },
    docker("docker-ps", "`docker ps`", DockerTrace::Read),
    docker("docker-inspect", "`docker inspect`", DockerTrace::Read),
    docker("docker-images", "`docker images`", DockerTrace::Read),
    docker("docker-logs", "`docker logs`", DockerTrace::Read),
    docker(
        "docker-info",
        "`docker info` and `docker version`",
        DockerTrace::Read,
    ),
    docker(
        "docker-networks",
        "list networks, volumes and plugins",
        DockerTrace::Read,
    ),
    docker("docker-stats", "`docker stats`", DockerTrace::Read),
    docker("docker-top", "`docker top`", DockerTrace::Event("top")),
    docker(
        "docker-exec",
        "`docker exec`",
        DockerTrace::Event("exec_create"),
    ),
    docker(
        "docker-copy",
        "copy files out of a container (`docker cp`, `docker export`)",
        DockerTrace::Event("archive-path"),
    ),
    host(
        "runtime-socket",
        "open the socket of a container runtime (`crictl`, `ctr`, `curl --unix-socket`)",
    ),
    host(
        "read-token-files",
        "read service account tokens, kubeconfig files and environments of processes",
    ),
    host(
        "run-client-tools",
        "run `kubectl`, `docker` or `crictl` on a watched host or in a container",
    ),
    direct(
        "cloud-metadata",
        "ask the cloud's metadata address",
        (
            "the request leaves the node without touching any of these logs",
            "close it to pods, or read network flows or process events of the nodes",
        ),
    ),
    direct(
        "port-scan",
        "scan the network for kubelets, etcd, Docker and dashboards",
        (
            "only the network's own flow logs show it",
            "read network flows or process events of the nodes",
        ),
    ),
    Action {
        name: "dns-enumeration",
        title: "enumerate services through DNS",
        surface: Surface::Dns,
        way: Way::Dns,
    },
];

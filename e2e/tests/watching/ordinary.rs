//! What happens in a cluster on ordinary days, by the requests that it makes.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Open};
use crate::people;
use crate::recording::{Recorder, Session};

/// What a monitoring server finds its targets with.
const TARGETS: [&str; 6] = [
    "/api/v1/nodes",
    "/api/v1/services",
    "/api/v1/endpoints",
    "/api/v1/pods",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/networking.k8s.io/v1/ingresses",
];

/// What an exporter of object states follows.
pub(crate) const STATES: [&str; 20] = [
    "/api/v1/configmaps",
    "/api/v1/endpoints",
    "/api/v1/limitranges",
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
    "/api/v1/pods",
    "/api/v1/replicationcontrollers",
    "/api/v1/resourcequotas",
    "/api/v1/secrets",
    "/api/v1/services",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets",
    "/apis/batch/v1/cronjobs",
    "/apis/batch/v1/jobs",
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/networking.k8s.io/v1/networkpolicies",
];

/// Kinds that a tool which keeps a cluster as a repository has it follows besides those of [`STATES`].
pub(crate) const FURTHER: [&str; 12] = [
    "/api/v1/serviceaccounts",
    "/api/v1/podtemplates",
    "/apis/apps/v1/controllerrevisions",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiregistration.k8s.io/v1/apiservices",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/policy/v1/poddisruptionbudgets",
];

type Script = fn(&ControlPlane);

/// All of them, in the order of a day. The first is what happens before anybody does anything.
const SCRIPTS: [(&str, Script); 22] = [
    ("the first start of a control plane", |_| {}),
    ("an administrator sets a cluster up", crate::estate::furnish),
    ("a monitoring server starts, and starts again", monitoring),
    ("an exporter of object states starts", exporter),
    ("a GitOps tool lists in pages and follows", argo),
    ("a GitOps tool applies what is missing", flux),
    ("a kubelet starts", kubelet),
    ("a scheduler starts", scheduler),
    ("an operator without rights tries again and again", refused),
    ("a new operator streams, and elects a leader", operator),
    ("every client discovers the API anew", rediscovery),
    ("a developer works with kubectl", people::developer),
    (
        "a person leaves a terminal dashboard open",
        people::dashboard,
    ),
    ("a pipeline applies and waits", people::pipeline),
    ("a pipeline installs a chart", people::chart),
    ("an administrator looks for a fault", people::administrator),
    ("controllers start again", controllers),
    ("programs share the network of their node", neighbours),
    (
        "two people and two pipelines share an address",
        people::colleagues,
    ),
    (
        "a namespace and what belongs together is deleted",
        people::deletion,
    ),
    ("an administrator reads everything", people::curious),
    (
        "pipelines run on the control plane's own host",
        people::pipelines_at_home,
    ),
];

/// Records all of them.
pub(crate) fn record(plane: &ControlPlane, recorder: &mut Recorder<'_>) -> Vec<Session> {
    let record_one =
        |(name, script): (&'static str, Script)| recorder.session(name, || script(plane));
    SCRIPTS.into_iter().map(record_one).collect()
}

/// Their names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SCRIPTS.into_iter().map(|(name, _)| name)
}

fn monitoring(plane: &ControlPlane) {
    let client = Client::service_account(
        plane,
        "monitoring/prometheus",
        "127.0.2.1",
        "Prometheus/3.5.0",
    );
    for _ in 0..2 {
        let watches: Vec<Option<Open>> =
            TARGETS.iter().map(|path| client.follow(path, "")).collect();
        assert!(watches.iter().all(Option::is_some));
    }
}

fn exporter(plane: &ControlPlane) {
    let agent = "kube-state-metrics/v2.17.0 (linux/amd64) kube-state-metrics/abc1234";
    let client =
        Client::service_account(plane, "monitoring/kube-state-metrics", "127.0.2.2", agent);
    client.get("/version");
    let watches: Vec<Option<Open>> = STATES.iter().map(|path| client.follow(path, "")).collect();
    assert!(watches.iter().all(Option::is_some));
}

fn argo(plane: &ControlPlane) {
    let agent = "argocd-application-controller/v0.0.0 (linux/amd64) kubernetes/$Format";
    let client =
        Client::service_account(plane, "argocd/application-controller", "127.0.2.3", agent);
    for path in ["/version", "/api", "/apis", "/openapi/v2"] {
        client.get(path);
    }
    let paths = STATES.iter().chain(&FURTHER);
    let versions: Vec<_> = paths
        .clone()
        .map(|path| (path, client.get(&format!("{path}?limit=500"))))
        .collect();
    let mut watches = Vec::new();
    for (path, list) in versions {
        assert_eq!(list.code, 200, "{path}");
        watches.push(client.watch(&format!(
            "{path}?allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=600&watch=true"
        )));
    }
}

fn flux(plane: &ControlPlane) {
    let agent = "kustomize-controller/v0.0.0 (linux/amd64) kubernetes/$Format";
    let client = Client::service_account(
        plane,
        "flux-system/kustomize-controller",
        "127.0.2.4",
        agent,
    );
    for path in ["/api", "/apis", "/openapi/v3"] {
        client.get(path);
    }
    let _watches: Vec<Open> = [
        "/api/v1/secrets",
        "/api/v1/configmaps",
        "/api/v1/namespaces",
    ]
    .iter()
    .map(|path| client.stream(path))
    .collect();
    for name in ["front", "back", "queue", "cache", "mail"] {
        let path = format!("/api/v1/namespaces/blog/configmaps/{name}");
        assert_eq!(client.get(&path).code, 404);
        let body =
            format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
        let query = "fieldManager=kustomize-controller&force=true";
        client.send("PATCH", &format!("{path}?dryRun=All&{query}"), &body);
        assert_eq!(
            client.send("PATCH", &format!("{path}?{query}"), &body).code,
            201
        );
    }
}

fn kubelet(plane: &ControlPlane) {
    let client = Client::certified(
        plane,
        ("system:node:worker-7", &["system:nodes"]),
        "127.0.2.5",
        "kubelet/v1.37.2 (linux/amd64) kubernetes/8adc0f0",
    );
    let _watches: Vec<Option<Open>> = [
        ("/api/v1/nodes", "fieldSelector=metadata.name%3Dworker-7&"),
        ("/api/v1/pods", "fieldSelector=spec.nodeName%3Dworker-7&"),
        ("/api/v1/services", ""),
        ("/apis/storage.k8s.io/v1/csidrivers", ""),
        ("/apis/node.k8s.io/v1/runtimeclasses", ""),
    ]
    .iter()
    .map(|(path, query)| client.follow(path, query))
    .collect();
    for name in ["gone", "lost", "old", "late", "away"] {
        client.get(&format!("/api/v1/namespaces/shop/pods/{name}"));
        client.get(&format!("/api/v1/namespaces/shop/secrets/{name}"));
        client.get(&format!("/api/v1/namespaces/shop/configmaps/{name}"));
        let path =
            format!("/api/v1/namespaces/shop/configmaps?fieldSelector=metadata.name%3D{name}");
        client.get(&path);
    }
    client.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-7");
}

fn scheduler(plane: &ControlPlane) {
    let client = Client::certified(
        plane,
        ("system:kube-scheduler", &[]),
        "127.0.0.1",
        "kube-scheduler/v1.37.2 (linux/amd64) kubernetes/8adc0f0/scheduler",
    );
    let _watches: Vec<Option<Open>> = [
        "/api/v1/nodes",
        "/api/v1/pods",
        "/api/v1/namespaces",
        "/api/v1/services",
        "/api/v1/persistentvolumes",
        "/api/v1/persistentvolumeclaims",
        "/apis/apps/v1/statefulsets",
        "/apis/apps/v1/replicasets",
        "/apis/storage.k8s.io/v1/storageclasses",
        "/apis/storage.k8s.io/v1/csinodes",
        "/apis/policy/v1/poddisruptionbudgets",
        "/api/v1/namespaces/kube-system/configmaps",
    ]
    .iter()
    .map(|path| client.follow(path, ""))
    .collect();
    client.get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication");
}

fn refused(plane: &ControlPlane) {
    let client = Client::service_account(plane, "blog/operator", "127.0.2.6", "operator/v1.4.0");
    for _ in 0..12 {
        for kind in ["secrets", "configmaps", "pods", "nodes"] {
            assert!(client.follow(&format!("/api/v1/{kind}"), "").is_none());
        }
    }
}

fn operator(plane: &ControlPlane) {
    let agent = "helm-controller/v0.0.0 (linux/amd64) kubernetes/$Format";
    let client = Client::service_account(plane, "flux-system/helm-controller", "127.0.2.7", agent);
    let leases = "/apis/coordination.k8s.io/v1/namespaces/flux-system/leases";
    client.get("/api");
    client.get("/apis");
    assert_eq!(client.get(&format!("{leases}/helm-controller")).code, 404);
    let body = r#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"helm-controller"}}"#;
    assert_eq!(client.send("POST", leases, body).code, 201);
    let _watches: Vec<Open> = STATES
        .iter()
        .chain(&FURTHER)
        .map(|path| client.stream(path))
        .collect();
}

fn rediscovery(plane: &ControlPlane) {
    let clients = [
        Client::service_account(
            plane,
            "argocd/application-controller",
            "127.0.2.3",
            "argocd/v0.0.0",
        ),
        Client::service_account(
            plane,
            "flux-system/helm-controller",
            "127.0.2.7",
            "helm/v0.0.0",
        ),
        Client::service_account(plane, "blog/operator", "127.0.2.6", "operator/v1.4.0"),
    ];
    for client in &clients {
        let groups = client.get("/apis").body;
        let versions = groups
            .split("\"groupVersion\":\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        for version in versions {
            client.get(&format!("/apis/{version}"));
        }
        client.get("/api/v1");
        client.get("/openapi/v3");
        client.get("/version");
    }
}

fn controllers(plane: &ControlPlane) {
    let agent = "kube-controller-manager/v1.37.2 (linux/amd64) kubernetes/8adc0f0";
    let manager = Client::certified(
        plane,
        ("system:kube-controller-manager", &[]),
        "127.0.0.1",
        &format!("{agent}/kube-controller-manager"),
    );
    manager.get("/api");
    manager.get("/apis");
    let mut watches: Vec<Option<Open>> = Vec::new();
    for path in STATES.iter().chain(&FURTHER) {
        watches.push(manager.follow(path, ""));
    }
    for (name, paths) in [
        ("generic-garbage-collector", STATES.as_slice()),
        (
            "deployment-controller",
            &[
                "/apis/apps/v1/deployments",
                "/apis/apps/v1/replicasets",
                "/api/v1/pods",
            ],
        ),
        (
            "endpoint-controller",
            &["/api/v1/services", "/api/v1/endpoints", "/api/v1/pods"],
        ),
        ("namespace-controller", &["/api/v1/namespaces"]),
    ] {
        let agent = format!("{agent}/system:serviceaccount:kube-system:{name}");
        let account = format!("kube-system/{name}");
        let client = Client::service_account(plane, &account, "127.0.0.1", &agent);
        client.get("/api");
        for path in paths {
            watches.push(client.follow(path, ""));
        }
    }
}

fn neighbours(plane: &ControlPlane) {
    let node = "127.0.2.5";
    for (account, agent) in [
        ("monitoring/prometheus", "node-agent/v1.0.0"),
        ("monitoring/kube-state-metrics", "kube-proxy/v1.37.2"),
        ("argocd/application-controller", "network-agent/v3.30.0"),
    ] {
        let client = Client::service_account(plane, account, node, agent);
        client.get("/version");
        for path in ["/api/v1/nodes", "/api/v1/services", "/api/v1/pods"] {
            let _watch = client.follow(path, "");
        }
    }
}

//! What happens in a cluster on ordinary days, by the requests that it makes.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Open, Tool};
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
const STATES: [&str; 20] = [
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
const FURTHER: [&str; 12] = [
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
    ("a developer works with kubectl", developer),
    ("a person leaves a terminal dashboard open", dashboard),
    ("a pipeline applies and waits", pipeline),
    ("a pipeline installs a chart", chart),
    ("an administrator looks for a fault", administrator),
    ("controllers start again", controllers),
    ("programs share the network of their node", neighbours),
    ("two people and two pipelines share an address", colleagues),
    ("a namespace and what belongs together is deleted", deletion),
    ("an administrator reads everything", curious),
    (
        "pipelines run on the control plane's own host",
        pipelines_at_home,
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

const DEVELOPERS: &[&str] = &["developers"];

fn developer(plane: &ControlPlane) {
    let alice = Tool::person(plane, "alice", DEVELOPERS, "127.0.2.8");
    for line in [
        "get pods -n shop",
        "create deployment web --image=nginx -n shop",
        "get pods -n shop -o wide",
        "describe deployment web -n shop",
        "logs deployment/web -n shop",
        "get pods -n shop -w --request-timeout=1s",
        "get all -n shop",
        "get pods -A",
        "get nodes",
        "get events -n shop",
        "get secrets -n shop",
        "get configmap nothing -n shop",
        "auth can-i create deployments -n shop",
        "auth whoami",
        "api-resources",
        "explain pods.spec",
        "top pods -n shop",
        "get ns",
        "delete deployment web -n shop",
    ] {
        alice.run(line);
    }
}

fn dashboard(plane: &ControlPlane) {
    let agent = "k9s/v0.50.9 (linux/amd64) kubernetes/$Format";
    let bob = Client::certified(plane, ("bob", DEVELOPERS), "127.0.2.9", agent);
    for path in ["/version", "/api", "/apis"] {
        bob.get(path);
    }
    for kind in [
        "namespaces",
        "pods",
        "nodes",
        "services",
        "configmaps",
        "secrets",
        "events",
    ] {
        for verb in ["get", "list", "watch", "delete", "patch"] {
            bob.may(verb, kind, "");
        }
        let path = format!("/api/v1/{kind}");
        let _watch = bob.follow(&path, "");
        for _ in 0..5 {
            bob.get(&format!("{path}?includeObject=Object"));
        }
    }
    for path in STATES.iter().chain(&FURTHER) {
        let _watch = bob.follow(path, "");
    }
}

const WEB: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: back, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: shop}
spec:
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: front, image: nginx}]}
";

fn pipeline(plane: &ControlPlane) {
    let token = plane.token("ci", "deployer").unwrap();
    let file = plane.machine().folder().join("web.yaml");
    std::fs::write(&file, WEB).unwrap();
    let deployer = Tool::with_token(plane, &token, "127.0.2.10");
    let file = file.display();
    for line in [
        format!("apply -f {file}"),
        "rollout status deployment/front -n shop --timeout=1s".to_owned(),
        "get pods -n shop".to_owned(),
        "get deployment front -n shop -o yaml".to_owned(),
        "logs deployment/front -n shop".to_owned(),
        format!("diff -f {file}"),
        format!("apply -f {file}"),
    ] {
        deployer.run(&line);
    }
}

/// Looks for everything first, and creates it afterwards.
///
/// Source: helm `pkg/action/install.go`, `existingResourceConflict`.
fn chart(plane: &ControlPlane) {
    let client = Client::service_account(plane, "ci/helm", "127.0.2.11", "Helm/4.0.0");
    client.get("/version");
    client.get("/api");
    client.get("/apis");
    let secrets = "/api/v1/namespaces/shop/secrets";
    client.get(&format!(
        "{secrets}?labelSelector=name%3Dstore%2Cowner%3Dhelm"
    ));
    let parts = [
        (
            "/api/v1/namespaces/shop/serviceaccounts",
            "v1",
            "ServiceAccount",
            "store",
        ),
        (secrets, "v1", "Secret", "store-database"),
        (secrets, "v1", "Secret", "store-mail"),
        (secrets, "v1", "Secret", "store-payment"),
        (secrets, "v1", "Secret", "store-search"),
        (
            "/api/v1/namespaces/shop/configmaps",
            "v1",
            "ConfigMap",
            "store",
        ),
        (
            "/api/v1/namespaces/shop/configmaps",
            "v1",
            "ConfigMap",
            "store-nginx",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "store",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles",
            "rbac.authorization.k8s.io/v1",
            "Role",
            "store",
        ),
    ];
    for (path, _, _, name) in parts {
        assert_eq!(client.get(&format!("{path}/{name}")).code, 404);
    }
    for (path, version, kind, name) in [(secrets, "v1", "Secret", "sh.helm.release.v1.store.v1")]
        .into_iter()
        .chain(parts)
    {
        let body = format!(
            r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"{name}"}}}}"#
        );
        assert_eq!(client.send("POST", path, &body).code, 201, "{path}");
    }
}

fn administrator(plane: &ControlPlane) {
    let root = Tool::person(plane, "root@example.com", &["system:masters"], "127.0.2.12");
    for line in [
        "get nodes -o wide",
        "get pods -A",
        "get pods -A -o wide",
        "describe node worker-7",
        "get events -A",
        "get clusterroles",
        "get clusterrolebindings",
        "get serviceaccounts -n kube-system",
        "auth can-i --list",
        "get secrets -A",
        "get crd",
        "get pods -n kube-system -w --request-timeout=1s",
        "cluster-info",
    ] {
        root.run(line);
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

fn colleagues(plane: &ControlPlane) {
    let office = "127.0.2.13";
    for user in ["carol", "dave"] {
        let person = Tool::person(plane, user, DEVELOPERS, office);
        for line in [
            "get pods -A",
            "get nodes",
            "get deployments -n shop",
            "get secrets -n shop",
        ] {
            person.run(line);
        }
    }
    for account in ["ci/deployer", "ci/helm"] {
        let pipeline = Tool::service_account(plane, account, office);
        pipeline.run("get deployment front -n shop");
        pipeline.run("get pods -n shop");
        pipeline.run("annotate deployment front -n shop built=now --overwrite");
    }
}

/// The garbage collector looks for every owner before it deletes what depends on it.
fn deletion(plane: &ControlPlane) {
    let root = Tool::person(plane, "root@example.com", &["system:masters"], "127.0.2.12");
    root.run("create namespace old");
    for number in 0..12 {
        root.run(&format!(
            "create deployment web-{number} --image=nginx -n old"
        ));
    }
    root.run("delete deployments --all -n old --wait=false");
    root.run("delete namespace old --timeout=20s");
}

fn curious(plane: &ControlPlane) {
    let root = Tool::person(plane, "root@example.com", &["system:masters"], "127.0.2.12");
    for path in STATES.iter().chain(&FURTHER) {
        root.run(&format!("get --raw {path}"));
    }
    root.run("get pods,services,secrets,configmaps,roles,rolebindings -A");
    root.run("auth can-i --list");
    root.run("cluster-info dump -n shop");
}

fn pipelines_at_home(plane: &ControlPlane) {
    for account in ["deployer", "helm", "runner-1", "runner-2", "runner-3"] {
        let kubectl = Tool::service_account(plane, &format!("ci/{account}"), "127.0.0.1");
        kubectl.run("get deployment front -n shop");
        kubectl.run("get deployment front -n shop");
        kubectl.run("get pods -n shop");
    }
}

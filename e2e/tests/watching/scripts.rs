//! The requests of intruders and their tools.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Open, Tool};

const CURL: &str = "curl/8.14.1";
const GO: &str = "Go-http-client/1.1";
const PYTHON: &str = "python-requests/2.32.5";
const KUBECTL: &str = "kubectl/v1.37.2 (linux/amd64) kubernetes/8adc0f0";
/// client-go without build information.
const EMBEDDED: &str = "kubectl/v0.0.0 (linux/amd64) kubernetes/$Format";

fn legacy<'p>(plane: &'p ControlPlane, at: &str, agent: &str) -> Client<'p> {
    Client::service_account(plane, "blog/legacy", at, agent)
}

fn cart<'p>(plane: &'p ControlPlane, at: &str, agent: &str) -> Client<'p> {
    Client::service_account(plane, "shop/cart", at, agent)
}

pub(crate) fn sweep(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "blog/legacy", at);
    for kind in [
        "pods",
        "nodes",
        "secrets",
        "clusterrolebindings",
        "namespaces",
        "services",
    ] {
        kubectl.run(&format!("get {kind} -A"));
    }
}

pub(crate) fn refusals(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "shop/cart", at);
    for kind in [
        "nodes",
        "secrets",
        "pods",
        "namespaces",
        "deployments",
        "clusterroles",
    ] {
        kubectl.run(&format!("get {kind} -A"));
    }
}

pub(crate) fn rights(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "blog/legacy", at);
    kubectl.run("auth can-i --list");
    kubectl.run("get secrets -n shop");
    kubectl.run("get nodes");
    kubectl.run("get pods -A");
}

/// Source: inguardians/peirates, `kubectl_interactive.go` and `kubectl_wrappers.go`.
pub(crate) fn peirates(plane: &ControlPlane, at: &str) {
    let asks = cart(plane, at, GO);
    let lists = asks.named(EMBEDDED);
    for (kind, namespace) in [("pods", "shop"), ("secrets", "shop"), ("namespaces", "")] {
        asks.may("get", kind, namespace);
        if kind == "pods" {
            lists.get("/api?timeout=32s");
            lists.get("/apis?timeout=32s");
        }
        let within = if namespace.is_empty() {
            String::new()
        } else {
            format!("namespaces/{namespace}/")
        };
        lists.get(&format!("/api/v1/{within}{kind}?limit=500"));
    }
    asks.may("exec", "pods", "shop");
    asks.may("create", "pod", "shop");
}

/// Source: quarkslab/kdigger, buckets `apiresources`, `authorization` and `version`.
pub(crate) fn kdigger(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, "kdigger/v0.0.0 (linux/amd64) kubernetes/$Format");
    client.get("/api?timeout=32s");
    client.get("/apis?timeout=32s");
    client.rules("shop");
    client.rules("kube-system");
    client.get("/version");
    client.get("/api/v1/namespaces/shop/pods?limit=500");
}

/// Source: aquasecurity/kube-hunter, `modules/hunting/apiserver.py`.
pub(crate) fn kube_hunter(plane: &ControlPlane, at: &str) {
    const PATHS: [&str; 5] = [
        "/api",
        "/api/v1/namespaces",
        "/apis/rbac.authorization.k8s.io/v1/roles",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/api/v1/pods",
    ];
    let nobody = Client::anonymous(plane, at, PYTHON);
    let stolen = nobody.with_token(&plane.token("shop", "cart").unwrap());
    nobody.get("/");
    nobody.get("/version");
    for client in [nobody, stolen] {
        for path in PATHS {
            client.get(path);
        }
    }
}

/// Source: the requests of cyberark/kubeletctl, here through `nodes/proxy`.
pub(crate) fn kubelets(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, GO);
    for path in [
        "pods",
        "runningpods/",
        "configz",
        "metrics",
        "containerLogs/shop/web/web",
    ] {
        client.get(&format!("/api/v1/nodes/worker-7/proxy/{path}"));
    }
}

pub(crate) fn names(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    for name in [
        "admin", "aws", "postgres", "registry", "root", "tls", "vault", "mysql",
    ] {
        let answer = client.get(&format!("/api/v1/namespaces/shop/secrets/{name}"));
        assert_eq!(answer.code, 404);
    }
}

pub(crate) fn disguised_lists(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    client.get("/api/v1/secrets?as=Table&includeObject=Metadata");
    client.get("/api/v1/nodes?as=PartialObjectMetadataList&limit=1");
    client.get("/api/v1/pods?fieldSelector=status.phase%3DRunning");
    client.get("/api/v1/serviceaccounts?labelSelector=a%21%3Db");
    client.get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
    client.get("/api/v1/configmaps");
}

pub(crate) fn watches(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let paths = [
        "secrets",
        "nodes",
        "pods",
        "serviceaccounts",
        "configmaps",
        "namespaces",
    ];
    let _watches: Vec<Open> = paths
        .iter()
        .map(|path| client.watch(&format!("/api/v1/{path}?watch=true&timeoutSeconds=1")))
        .collect();
}

pub(crate) fn reflectors(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    for path in [
        "secrets",
        "nodes",
        "pods",
        "serviceaccounts",
        "configmaps",
        "namespaces",
    ] {
        client.get(&format!("/api/v1/{path}?limit=500&resourceVersion=0"));
    }
}

pub(crate) fn crawl(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    for path in [
        "/",
        "/api",
        "/apis",
        "/openapi/v2",
        "/openapi/v3",
        "/version",
    ] {
        client.get(path);
    }
    client.rules("shop");
    client.get("/api/v1/namespaces");
    client.get("/api/v1/nodes");
    client.get("/api/v1/pods");
}

pub(crate) fn dump(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "blog/legacy", at);
    kubectl.run("cluster-info dump -A");
}

pub(crate) fn logs(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let pods = client.get("/api/v1/namespaces/shop/pods").body;
    let names: Vec<&str> = pods
        .split("\"metadata\":{\"name\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!names.is_empty());
    for name in names.iter().chain(&[
        "front-0", "front-1", "back-0", "back-1", "queue-0", "queue-1",
    ]) {
        client.get(&format!("/api/v1/namespaces/shop/pods/{name}/log"));
    }
    client.get("/api/v1/namespaces/kube-system/pods");
    client.get("/api/v1/namespaces/blog/pods");
    client.get("/api/v1/secrets");
}

pub(crate) fn services(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, CURL);
    client.get("/api/v1/services");
    for name in ["front", "back", "front:80", "back:80", "kubernetes"] {
        client.get(&format!("/api/v1/namespaces/shop/services/{name}/proxy/"));
    }
}

pub(crate) fn masks(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "shop/cart", at);
    for mask in ["admin", "system:admin", "kubernetes-admin"] {
        kubectl.run(&format!("get pods -A --as={mask}"));
    }
    kubectl.run("get secrets -A --as=root --as-group=system:masters");
    kubectl.run("get nodes");
}

pub(crate) fn tokens(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    let as_account = |namespace, name| client.with_token(&plane.token(namespace, name).unwrap());
    client.get("/api/v1/namespaces/shop/pods");
    as_account("shop", "basket").get("/api/v1/namespaces/shop/secrets");
    as_account("shop", "search").get("/api/v1/namespaces");
    as_account("blog", "legacy").get("/api/v1/pods");
    as_account("blog", "legacy").get("/api/v1/secrets");
    as_account("blog", "operator").get("/api/v1/nodes");
}

pub(crate) fn tokens_at_home(plane: &ControlPlane, at: &str) {
    tokens(plane, at);
}

pub(crate) fn places(plane: &ControlPlane, at: &str) {
    let token = plane.token("blog", "legacy").unwrap();
    let agent = "legacy/v1.0.0";
    let home = Client::anonymous(plane, at, agent).with_token(&token);
    for _ in 0..5 {
        home.get("/api/v1/namespaces/blog/configmaps/front");
    }
    for (address, path) in [
        ("127.0.3.19", "/api/v1/namespaces/shop/pods"),
        ("127.0.3.20", "/api/v1/nodes"),
        ("127.0.3.19", "/api/v1/namespaces"),
        ("127.0.3.20", "/api/v1/secrets"),
    ] {
        Client::anonymous(plane, address, agent)
            .with_token(&token)
            .get(path);
    }
}

pub(crate) fn namespaces(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "legacy/v1.0.0");
    for namespace in [
        "shop",
        "kube-system",
        "monitoring",
        "argocd",
        "flux-system",
        "ci",
    ] {
        client.get(&format!("/api/v1/namespaces/{namespace}/secrets"));
    }
}

pub(crate) fn released(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, KUBECTL);
    client.get("/api?timeout=32s");
    client.get("/apis?timeout=32s");
    for path in [
        "pods",
        "namespaces",
        "nodes",
        "services",
        "configmaps",
        "secrets",
    ] {
        client.get(&format!("/api/v1/{path}?limit=500"));
    }
}

pub(crate) fn released_refused(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, KUBECTL);
    client.get("/api?timeout=32s");
    client.get("/apis?timeout=32s");
    for path in [
        "pods",
        "namespaces",
        "nodes",
        "services",
        "configmaps",
        "secrets",
    ] {
        client.get(&format!("/api/v1/{path}?limit=500"));
    }
}

pub(crate) fn sudden(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, GO);
    for _ in 0..10 {
        for path in [
            "pods",
            "nodes",
            "secrets",
            "services",
            "configmaps",
            "events",
            "endpoints",
        ] {
            client.get(&format!("/api/v1/{path}"));
        }
    }
}

pub(crate) fn tokens_disguised(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let query = "limit=500&resourceVersion=0";
    client.get(&format!("/api/v1/secrets?{query}"));
    for (namespace, name, path) in [
        ("shop", "cart", "pods"),
        ("shop", "basket", "nodes"),
        ("monitoring", "prometheus", "pods"),
        ("argocd", "application-controller", "secrets"),
        ("flux-system", "kustomize-controller", "serviceaccounts"),
    ] {
        let stolen = client.with_token(&plane.token(namespace, name).unwrap());
        stolen.get(&format!("/api/v1/{path}?{query}"));
    }
}

pub(crate) fn own_namespace(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    for kind in [
        "pods",
        "secrets",
        "configmaps",
        "serviceaccounts",
        "nodes",
        "namespaces",
    ] {
        client.may("list", kind, "shop");
    }
    client.get("/api/v1/namespaces/shop/pods");
    client.get("/api/v1/namespaces/shop/secrets");
}

pub(crate) fn tokens_with_kubectl(plane: &ControlPlane, at: &str) {
    for (account, arguments) in [
        ("shop/cart", "get pods -A"),
        ("shop/basket", "get secrets -n shop"),
        ("shop/search", "get nodes"),
        ("blog/legacy", "get pods -A"),
        ("blog/legacy", "get secrets -A"),
    ] {
        Tool::service_account(plane, account, at).run(arguments);
    }
}

pub(crate) fn stolen_kubelet(plane: &ControlPlane, at: &str) {
    let user = ("system:node:worker-7", ["system:nodes"].as_slice());
    let client = Client::certified(plane, user, at, KUBECTL);
    client.rules("default");
    for path in [
        "pods",
        "nodes",
        "secrets",
        "configmaps",
        "namespaces",
        "services",
    ] {
        client.get(&format!("/api/v1/{path}?limit=500"));
    }
}

pub(crate) fn glimpses(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    for path in ["/api/v1/secrets", "/api/v1/nodes", bindings, "/api/v1/pods"] {
        client.get(&format!("{path}?limit=500&resourceVersion=0"));
        client.get(&format!(
            "{path}?watch=true&resourceVersion=0&timeoutSeconds=1"
        ));
    }
}

pub(crate) fn informers(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    for path in ["/api/v1/secrets", "/api/v1/nodes", bindings, "/api/v1/pods"] {
        client.follow(path, "").unwrap().give_up();
    }
}

//! What intruders do, by the requests that their tools make: with the rights of what they broke into.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Open, Tool};
use crate::recording::{Recorder, Session};

/// An intrusion, and what its one incident has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    run: fn(&ControlPlane, &str),
    /// Where all of its requests come from.
    pub(crate) addresses: &'static [&'static str],
    /// Who has to be in the incident.
    pub(crate) actors: &'static [&'static str],
    /// With how many requests it begins that the identity always makes.
    pub(crate) ordinary: usize,
}

/// An intrusion that was recorded.
pub(crate) struct Intrusion {
    pub(crate) script: Script,
    pub(crate) session: Session,
}

const CURL: &str = "curl/8.14.1";
const GO: &str = "Go-http-client/1.1";
const PYTHON: &str = "python-requests/2.32.5";
/// client-go without build information.
const EMBEDDED: &str = "kubectl/v0.0.0 (linux/amd64) kubernetes/$Format";
const KUBECTL: &str = "kubectl/v1.37.2 (linux/amd64) kubernetes/8adc0f0";
const CART: &str = "system:serviceaccount:shop:cart";
const LEGACY: &str = "system:serviceaccount:blog:legacy";

const SCRIPTS: [Script; 28] = [
    script(
        sweep,
        "kubectl looks around with a mighty token",
        &["127.0.3.1"],
        &[LEGACY],
        0,
    ),
    script(
        refusals,
        "kubectl is refused everywhere",
        &["127.0.3.2"],
        &[CART],
        0,
    ),
    script(
        rights,
        "a token's rights are listed, then used",
        &["127.0.3.3"],
        &[LEGACY],
        0,
    ),
    script(peirates, "peirates", &["127.0.3.4"], &[CART], 0),
    script(kdigger, "kdigger", &["127.0.3.5"], &[CART], 0),
    script(
        kube_hunter,
        "kube-hunter",
        &["127.0.3.6"],
        &["system:anonymous", CART],
        0,
    ),
    script(
        kubelets,
        "kubelets through the server",
        &["127.0.3.7"],
        &[LEGACY],
        0,
    ),
    script(names, "names are guessed", &["127.0.3.8"], &[CART], 0),
    script(
        disguised_lists,
        "lists that ask for tables and metadata",
        &["127.0.3.9"],
        &[LEGACY],
        0,
    ),
    script(
        watches,
        "watches instead of lists",
        &["127.0.3.10"],
        &[LEGACY],
        0,
    ),
    script(
        reflectors,
        "lists in the manner of controllers",
        &["127.0.3.11"],
        &[LEGACY],
        0,
    ),
    script(
        crawl,
        "the API's own description",
        &["127.0.3.12"],
        &[CART],
        0,
    ),
    script(dump, "a dump of the cluster", &["127.0.3.13"], &[LEGACY], 0),
    script(logs, "logs of all pods", &["127.0.3.14"], &[LEGACY], 0),
    script(
        services,
        "services through the server",
        &["127.0.3.15"],
        &[LEGACY],
        0,
    ),
    script(masks, "masks", &["127.0.3.16"], &[CART], 0),
    script(
        tokens,
        "several tokens, one place",
        &["127.0.3.17"],
        &[CART, LEGACY],
        0,
    ),
    script(
        tokens_at_home,
        "several tokens behind the control plane's own address",
        &["127.0.0.1"],
        &[CART, LEGACY],
        0,
    ),
    script(
        places,
        "one token, several places",
        &["127.0.3.18", "127.0.3.19", "127.0.3.20"],
        &[LEGACY],
        5,
    ),
    script(
        namespaces,
        "secrets, one namespace after the other",
        &["127.0.3.21"],
        &[LEGACY],
        0,
    ),
    script(
        released,
        "a released kubectl with a mighty token",
        &["127.0.3.22"],
        &[LEGACY],
        0,
    ),
    script(
        released_refused,
        "a released kubectl is refused",
        &["127.0.3.23"],
        &[CART],
        0,
    ),
    script(
        sudden,
        "a hundred requests in a second",
        &["127.0.3.24"],
        &[LEGACY],
        0,
    ),
    script(
        tokens_disguised,
        "several tokens in the manner of controllers",
        &["127.0.3.25"],
        &[LEGACY],
        0,
    ),
    script(
        own_namespace,
        "questions about every right",
        &["127.0.3.26"],
        &[CART],
        0,
    ),
    script(
        tokens_with_kubectl,
        "several tokens, with the tool and the address that all others have",
        &["127.0.0.1"],
        &[CART, LEGACY],
        0,
    ),
    script(
        stolen_kubelet,
        "the certificate of a kubelet",
        &["127.0.3.27"],
        &["system:node:worker-7"],
        0,
    ),
    script(
        glimpses,
        "watches of a moment after every list",
        &["127.0.3.28"],
        &[LEGACY],
        0,
    ),
];

const fn script(
    run: fn(&ControlPlane, &str),
    name: &'static str,
    addresses: &'static [&'static str],
    actors: &'static [&'static str],
    ordinary: usize,
) -> Script {
    Script {
        name,
        run,
        addresses,
        actors,
        ordinary,
    }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Script> {
    SCRIPTS.into_iter()
}

/// Records all of them.
pub(crate) fn record(plane: &ControlPlane, recorder: &mut Recorder<'_>) -> Vec<Intrusion> {
    let record_one = |script: Script| {
        let at = script.addresses.first().copied().unwrap_or_default();
        script.recorded(recorder.session(script.name, || (script.run)(plane, at)))
    };
    all().map(record_one).collect()
}

impl Script {
    /// One with the token of a pod, used on its node. A kubelet's questions about it name no address.
    pub(crate) fn of_node(name: &'static str) -> Self {
        script(|_, _| {}, name, &["192.0.2.1", ""], &[CART], 0)
    }

    /// What was recorded of it.
    pub(crate) fn recorded(self, session: Session) -> Intrusion {
        Intrusion {
            script: self,
            session,
        }
    }
}

fn legacy<'p>(plane: &'p ControlPlane, at: &str, agent: &str) -> Client<'p> {
    Client::service_account(plane, "blog/legacy", at, agent)
}

fn cart<'p>(plane: &'p ControlPlane, at: &str, agent: &str) -> Client<'p> {
    Client::service_account(plane, "shop/cart", at, agent)
}

fn sweep(plane: &ControlPlane, at: &str) {
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

fn refusals(plane: &ControlPlane, at: &str) {
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

fn rights(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "blog/legacy", at);
    kubectl.run("auth can-i --list");
    kubectl.run("get secrets -n shop");
    kubectl.run("get nodes");
    kubectl.run("get pods -A");
}

/// Source: inguardians/peirates, `kubectl_interactive.go` and `kubectl_wrappers.go`.
fn peirates(plane: &ControlPlane, at: &str) {
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
fn kdigger(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, "kdigger/v0.0.0 (linux/amd64) kubernetes/$Format");
    client.get("/api?timeout=32s");
    client.get("/apis?timeout=32s");
    client.rules("shop");
    client.rules("kube-system");
    client.get("/version");
    client.get("/api/v1/namespaces/shop/pods?limit=500");
}

/// Source: aquasecurity/kube-hunter, `modules/hunting/apiserver.py`.
fn kube_hunter(plane: &ControlPlane, at: &str) {
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
fn kubelets(plane: &ControlPlane, at: &str) {
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

fn names(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    for name in [
        "admin", "aws", "postgres", "registry", "root", "tls", "vault", "mysql",
    ] {
        let answer = client.get(&format!("/api/v1/namespaces/shop/secrets/{name}"));
        assert_eq!(answer.code, 404);
    }
}

fn disguised_lists(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    client.get("/api/v1/secrets?as=Table&includeObject=Metadata");
    client.get("/api/v1/nodes?as=PartialObjectMetadataList&limit=1");
    client.get("/api/v1/pods?fieldSelector=status.phase%3DRunning");
    client.get("/api/v1/serviceaccounts?labelSelector=a%21%3Db");
    client.get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
    client.get("/api/v1/configmaps");
}

fn watches(plane: &ControlPlane, at: &str) {
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

fn reflectors(plane: &ControlPlane, at: &str) {
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

fn crawl(plane: &ControlPlane, at: &str) {
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

fn dump(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "blog/legacy", at);
    kubectl.run("cluster-info dump -A");
}

fn logs(plane: &ControlPlane, at: &str) {
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

fn services(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, CURL);
    client.get("/api/v1/services");
    for name in ["front", "back", "front:80", "back:80", "kubernetes"] {
        client.get(&format!("/api/v1/namespaces/shop/services/{name}/proxy/"));
    }
}

fn masks(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "shop/cart", at);
    for mask in ["admin", "system:admin", "kubernetes-admin"] {
        kubectl.run(&format!("get pods -A --as={mask}"));
    }
    kubectl.run("get secrets -A --as=root --as-group=system:masters");
    kubectl.run("get nodes");
}

fn tokens(plane: &ControlPlane, at: &str) {
    let client = cart(plane, at, CURL);
    let as_account = |namespace, name| client.with_token(&plane.token(namespace, name).unwrap());
    client.get("/api/v1/namespaces/shop/pods");
    as_account("shop", "basket").get("/api/v1/namespaces/shop/secrets");
    as_account("shop", "search").get("/api/v1/namespaces");
    as_account("blog", "legacy").get("/api/v1/pods");
    as_account("blog", "legacy").get("/api/v1/secrets");
    as_account("blog", "operator").get("/api/v1/nodes");
}

fn tokens_at_home(plane: &ControlPlane, at: &str) {
    tokens(plane, at);
}

fn places(plane: &ControlPlane, at: &str) {
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

fn namespaces(plane: &ControlPlane, at: &str) {
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

fn released(plane: &ControlPlane, at: &str) {
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

fn released_refused(plane: &ControlPlane, at: &str) {
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

fn sudden(plane: &ControlPlane, at: &str) {
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

fn tokens_disguised(plane: &ControlPlane, at: &str) {
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

fn own_namespace(plane: &ControlPlane, at: &str) {
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

fn tokens_with_kubectl(plane: &ControlPlane, at: &str) {
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

fn stolen_kubelet(plane: &ControlPlane, at: &str) {
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

fn glimpses(plane: &ControlPlane, at: &str) {
    let client = legacy(plane, at, "metrics-agent/1.2");
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    for path in ["/api/v1/secrets", "/api/v1/nodes", bindings, "/api/v1/pods"] {
        client.get(&format!("{path}?limit=500&resourceVersion=0"));
        client.get(&format!(
            "{path}?watch=true&resourceVersion=0&timeoutSeconds=1"
        ));
    }
}

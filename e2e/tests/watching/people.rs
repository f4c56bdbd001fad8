//! What people and their pipelines do on ordinary days.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Tool};
use crate::ordinary::{FURTHER, STATES};

const DEVELOPERS: &[&str] = &["developers"];

pub(crate) fn developer(plane: &ControlPlane) {
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

pub(crate) fn dashboard(plane: &ControlPlane) {
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

pub(crate) fn pipeline(plane: &ControlPlane) {
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
pub(crate) fn chart(plane: &ControlPlane) {
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

pub(crate) fn administrator(plane: &ControlPlane) {
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

pub(crate) fn colleagues(plane: &ControlPlane) {
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
pub(crate) fn deletion(plane: &ControlPlane) {
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

pub(crate) fn curious(plane: &ControlPlane) {
    let root = Tool::person(plane, "root@example.com", &["system:masters"], "127.0.2.12");
    for path in STATES.iter().chain(&FURTHER) {
        root.run(&format!("get --raw {path}"));
    }
    root.run("get pods,services,secrets,configmaps,roles,rolebindings -A");
    root.run("auth can-i --list");
    root.run("cluster-info dump -n shop");
}

pub(crate) fn pipelines_at_home(plane: &ControlPlane) {
    for account in ["deployer", "helm", "runner-1", "runner-2", "runner-3"] {
        let kubectl = Tool::service_account(plane, &format!("ci/{account}"), "127.0.0.1");
        kubectl.run("get deployment front -n shop");
        kubectl.run("get deployment front -n shop");
        kubectl.run("get pods -n shop");
    }
}

//! A real node: its kubelet, its pods, and what is done with the token of one of them.

use std::time::Duration;

use viewshed_bench::kubernetes::Endpoint;
use viewshed_bench::{ControlPlaneOptions, Node, NodeOptions, run};

use crate::estate;
use crate::intrusions::{Intrusion, Script};
use crate::recording::{Recorder, Session};

const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: cart, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cart, namespace: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: cart, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      serviceAccountName: cart
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: IMAGE
        imagePullPolicy: Never
        command: [sleep, '100000']
        envFrom: [{configMapRef: {name: cart}}, {secretRef: {name: cart}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      hostNetwork: true
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: IMAGE, imagePullPolicy: Never, command: [sleep, '100000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: broken-into, namespace: shop}
spec:
  serviceAccountName: cart
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: IMAGE, imagePullPolicy: Never, command: [sleep, '100000']}]
";
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const POD_LIMIT: Duration = Duration::from_secs(60);

/// The ordinary sessions of a node, and intrusions that begin with the token of a pod.
pub(crate) fn record() -> (Vec<Session>, Vec<Intrusion>) {
    let options = NodeOptions {
        control_plane: ControlPlaneOptions {
            audit: estate::audit(),
            ..ControlPlaneOptions::default()
        },
        ..NodeOptions::default()
    };
    let node = Node::start(&options).unwrap();
    let mut recorder = Recorder::new(node.control_plane());
    let ordinary = vec![
        recorder.session("a cluster with a node starts", || {}),
        recorder.session("pods start, are looked at and are replaced", || pods(&node)),
    ];
    let token = node
        .kubectl()
        .exec("shop", "broken-into", &["cat", TOKEN])
        .unwrap();
    let kubelet = recorder.session("a kubelet is asked with the token of a pod", || {
        ask_kubelet(&node, &token);
    });
    let server = recorder.session("the API server is asked with the token of a pod", || {
        ask_server(&node, &token);
    });
    let intrusion = |name, session| Intrusion {
        script: Script::of_node(name),
        session,
    };
    let intrusions = vec![
        intrusion("a kubelet is asked", kubelet),
        intrusion("the API server is asked", server),
    ];
    (ordinary, intrusions)
}

fn pods(node: &Node) {
    let kubectl = node.kubectl();
    let pods = PODS.replace("IMAGE", viewshed_bench::Image::BASE);
    kubectl.apply(&pods).unwrap();
    kubectl
        .wait_pod_ready("shop", "broken-into", POD_LIMIT)
        .unwrap();
    for line in [
        "rollout status deployment/cart -n shop --timeout=60s",
        "rollout status daemonset/agent -n shop --timeout=60s",
        "get pods -n shop -o wide",
        "logs deployment/cart -n shop",
        "exec -n shop broken-into -- hostname",
        "rollout restart deployment/cart -n shop",
        "rollout status deployment/cart -n shop --timeout=60s",
        "delete daemonset agent -n shop",
        "get events -n shop",
        "describe node",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        kubectl.run(&arguments).unwrap();
    }
}

fn ask_kubelet(node: &Node, token: &str) {
    for path in ["pods", "runningpods/", "configz", "logs/"] {
        let mut curl = node.machine().network_command("curl");
        curl.args(["--silent", "--insecure", "--header"])
            .arg(format!("Authorization: Bearer {token}"))
            .arg(format!("{}/{path}", node.kubelet_server()));
        run(&mut curl).unwrap();
    }
}

fn ask_server(node: &Node, token: &str) {
    let server = node.control_plane().server(Endpoint::Inside);
    for path in ["pods", "nodes", "secrets", "namespaces", "services"] {
        let mut curl = node.machine().network_command("curl");
        curl.args(["--silent", "--insecure", "--header"])
            .arg(format!("Authorization: Bearer {token}"))
            .arg(format!("{server}/api/v1/{path}"));
        run(&mut curl).unwrap();
    }
}

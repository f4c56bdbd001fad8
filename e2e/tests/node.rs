//! A node with real pods, shared by the tests of this file: it ends with this process.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use viewshed_bench::{Availability, Image, Needs, Node, NodeOptions, availability, run};

use support::processes_that_mention;

const POD_LIMIT: Duration = Duration::from_secs(60);
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The shared node, or nothing where the bench may be skipped.
fn node() -> Option<&'static Node> {
    static NODE: OnceLock<Option<Node>> = OnceLock::new();
    NODE.get_or_init(start).as_ref()
}

fn start() -> Option<Node> {
    match availability(Needs::Node).unwrap() {
        Availability::Ready => Some(Node::start(&NodeOptions::default()).unwrap()),
        Availability::Skip => None,
    }
}

/// Makes a pod and waits until it is ready.
fn run_pod(node: &Node, name: &str, image: &str, seconds: &str) {
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0, \
         containers: [{{name: main, image: '{image}', imagePullPolicy: Never, command: [sleep, '{seconds}']}}]}}}}"
    );
    node.kubectl().apply(&pod).unwrap();
    node.kubectl()
        .wait_pod_ready("default", name, POD_LIMIT)
        .unwrap();
}

fn pod(node: &Node) -> &'static str {
    static POD: OnceLock<()> = OnceLock::new();
    POD.get_or_init(|| run_pod(node, "shared", Image::BASE, "100000"));
    "shared"
}

#[test]
fn runs_a_pod_with_the_token_of_its_service_account() {
    let Some(node) = node() else { return };
    let token = node
        .kubectl()
        .exec("default", pod(node), &["cat", TOKEN])
        .unwrap();
    let me = node
        .control_plane()
        .kubectl_with_token(&token)
        .unwrap()
        .json(&["auth", "whoami"])
        .unwrap();
    assert_eq!(
        me["status"]["userInfo"]["username"],
        "system:serviceaccount:default:default"
    );
    let on_pod = &me["status"]["userInfo"]["extra"]["authentication.kubernetes.io/pod-name"][0];
    assert_eq!(on_pod, "shared");
}

#[test]
fn lets_a_pod_reach_the_api_server_by_its_service() {
    let Some(node) = node() else { return };
    let command =
        "nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null && echo reached";
    let answer = node
        .kubectl()
        .exec("default", pod(node), &["sh", "-c", command])
        .unwrap();
    assert_eq!(answer, "reached\n");
}

#[test]
fn refuses_other_service_addresses_at_once() {
    let Some(node) = node() else { return };
    let command = "time -f %e nc -w 30 10.96.0.10 53 </dev/null || echo refused";
    let start = std::time::Instant::now();
    let answer = node
        .kubectl()
        .exec("default", pod(node), &["sh", "-c", command])
        .unwrap();
    assert_eq!(answer, "refused\n");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn runs_a_static_binary_from_an_image_made_here() {
    let Some(node) = node() else { return };
    let image = Image::new("bench.test/echo:1")
        .with_file("/opt/echo", "/bin/busybox")
        .with_variable("COLOR", "red");
    node.add_image(&image).unwrap();
    run_pod(node, "echo", image.name(), "100001");
    let answer = node
        .kubectl()
        .exec("default", "echo", &["sh", "-c", "/opt/echo $COLOR"])
        .unwrap();
    assert_eq!(answer, "red\n");
}

#[test]
fn answers_the_kubelets_api_to_a_client_certificate_only() {
    let Some(node) = node() else { return };
    pod(node);
    let keyed = node
        .control_plane()
        .authority()
        .client("kubelet-reader", &["system:masters"])
        .unwrap();
    let (certificate, key) = keyed
        .write(node.machine().folder(), "kubelet-reader")
        .unwrap();
    let url = format!("{}/pods", node.kubelet_server());
    let mut curl = node.machine().network_command("curl");
    curl.args(["--silent", "--show-error", "--cacert"])
        .arg(node.machine().folder().join("pki/ca.crt"));
    let anonymous = run(curl.args([&url])).unwrap();
    assert_eq!(anonymous, "Unauthorized");
    let pods = run(curl.arg("--cert").arg(certificate).arg("--key").arg(key)).unwrap();
    let pods: Value = serde_json::from_str(&pods).unwrap();
    assert!(
        pods["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|pod| pod["metadata"]["name"] == "shared")
    );
}

#[test]
fn stands_on_the_node() {
    let Some(node) = node() else { return };
    pod(node);
    let mut command = node.machine().command("sh");
    let script = "hostname; cat /proc/1/comm; ls /var/lib/kubelet/pods/*/volumes/kubernetes.io~projected/*/token | head -n 1";
    let answer = run(command.args(["-c", script])).unwrap();
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines[..2], ["worker-1", "sleep"]);
    assert!(lines[2].ends_with("/token"), "{answer}");
}

#[test]
fn leaves_the_kernel_parameters_of_the_machine_around_it() {
    let Some(node) = node() else { return };
    let inside = run(node
        .machine()
        .command("cat")
        .arg("/proc/sys/kernel/panic_on_oops"))
    .unwrap();
    assert_eq!(inside, "1\n");
    assert!(
        !std::fs::read_to_string("/proc/self/mounts")
            .unwrap()
            .contains(&node.machine().id())
    );
}

#[test]
fn ends_pods_and_all_when_dropped() {
    let Some(node) = start() else { return };
    run_pod(&node, "short", Image::BASE, "2147001");
    assert_eq!(processes_that_mention(&["2147001"]).len(), 1);
    let folder = node.machine().folder().to_owned();
    drop(node);
    assert!(!folder.exists());
    assert_eq!(
        processes_that_mention(&["2147001", &folder.display().to_string()]),
        Vec::<String>::new()
    );
}

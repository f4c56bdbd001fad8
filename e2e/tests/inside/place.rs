//! The node with its pods, and the program outside and inside of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use tempfile::TempDir;
use viewshed_bench::{
    Availability, Image, Needs, Node, NodeOptions, availability, static_binary, wait_until,
};

const POD_LIMIT: Duration = Duration::from_secs(120);

/// Pods that are looked from at once: inside the program mostly waits for the API server.
const AT_ONCE: usize = 4;

/// What the program sees in each container of a pod.
pub(crate) type Inside = BTreeMap<String, Value>;

/// One pod from both sides.
#[derive(Debug)]
pub(crate) struct Views {
    /// `see --pod`, from the estate that an administrator collected.
    pub(crate) outside: Value,
    pub(crate) inside: Inside,
}

pub(crate) struct Place {
    pub(crate) node: Node,
    pub(crate) kubeconfig: String,
    /// Namespace and name of every pod.
    pub(crate) pods: Vec<String>,
    /// Every namespace, for questions inside: what the intruder would have to guess.
    pub(crate) namespaces: String,
    pub(crate) folder: TempDir,
    viewshed: PathBuf,
    estate: PathBuf,
    views: OnceLock<Vec<(String, Views)>>,
}

/// The shared place, or nothing where the bench may be skipped.
pub(crate) fn place() -> Option<&'static Place> {
    static PLACE: OnceLock<Option<Place>> = OnceLock::new();
    let start = || match availability(Needs::Node).unwrap() {
        Availability::Ready => Some(start()),
        Availability::Skip => None,
    };
    PLACE.get_or_init(start).as_ref()
}

fn start() -> Place {
    let viewshed = static_binary("viewshed", "viewshed").unwrap();
    let node = Node::start(&NodeOptions::default()).unwrap();
    let image = Image::new("bench.test/viewshed:1").with_file("/viewshed", &viewshed);
    node.add_image(&image).unwrap();
    let kubectl = node.kubectl();
    let static_pod = include_str!("static.yaml");
    kubectl.apply(include_str!("estate.yaml")).unwrap();
    node.machine()
        .write("/etc/kubernetes/manifests/static.yaml", static_pod)
        .unwrap();
    kubectl.apply(include_str!("pods.yaml")).unwrap();
    kubectl.apply(include_str!("signs.yaml")).unwrap();
    let mut place = Place {
        kubeconfig: kubectl.kubeconfig().display().to_string(),
        pods: Vec::new(),
        namespaces: String::new(),
        folder: tempfile::tempdir().unwrap(),
        estate: PathBuf::new(),
        views: OnceLock::new(),
        viewshed,
        node,
    };
    place.wait_for_pods(42);
    let kubectl = place.node.kubectl();
    kubectl.apply(include_str!("root.yaml")).unwrap();
    place.pods = place.wait_for_pods(50);
    // The kubelet makes it some seconds after its node: the estate is read when it is there.
    wait_until("the node's lease", POD_LIMIT, || {
        let lease = ["get", "lease", "worker-1", "-n", "kube-node-lease"];
        kubectl.run(&lease).map(Some)
    })
    .unwrap();
    let names = "jsonpath={.items[*].metadata.name}";
    let namespaces = kubectl.run(&["get", "namespaces", "-o", names]).unwrap();
    place.namespaces = namespaces.split(' ').collect::<Vec<_>>().join(",");
    place.estate = place.folder.path().join("estate.vshed");
    let estate = place.estate.display().to_string();
    let words = ["collect", "--kubeconfig", &place.kubeconfig, "-o", &estate];
    let collected = place.program().args(words).output().unwrap();
    assert!(collected.status.success(), "{collected:?}");
    place
}

impl Place {
    /// Waits until so many pods run; their namespaces and names.
    fn wait_for_pods(&self, count: usize) -> Vec<String> {
        wait_until("the pods", POD_LIMIT, || {
            let list = self.node.kubectl().json(&["get", "pods", "-A"])?;
            let items = list["items"].as_array().unwrap();
            let running: Vec<String> = items
                .iter()
                .filter(|pod| {
                    let statuses = pod["status"]["containerStatuses"].as_array();
                    statuses.is_some_and(|all| all.iter().all(|one| one["ready"] == true))
                })
                .map(|pod| {
                    let meta = &pod["metadata"];
                    format!(
                        "{}/{}",
                        meta["namespace"].as_str().unwrap(),
                        meta["name"].as_str().unwrap()
                    )
                })
                .collect();
            Ok((running.len() == count).then_some(running))
        })
        .unwrap()
    }

    /// The program on this machine, which sees no cluster by itself.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(&self.viewshed);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin");
        command
    }

    /// The document that the program gives out here.
    pub(crate) fn outside(&self, words: &[&str]) -> Value {
        let mut command = self.program();
        command.args(words).args(["--output", "json"]);
        document(&command.output().unwrap(), words)
    }

    /// The view from a pod, computed from the estate that an administrator collected.
    pub(crate) fn see_pod(&self, pod: &str) -> Value {
        let estate = self.estate.display().to_string();
        self.outside(&["see", "--pod", pod, "--from", &estate])
    }

    /// Every pod from both sides, looked at once and kept.
    pub(crate) fn views(&self) -> &[(String, Views)] {
        self.views.get_or_init(|| {
            let share = self.pods.len().div_ceil(AT_ONCE);
            thread::scope(|scope| {
                let shares: Vec<_> = self
                    .pods
                    .chunks(share)
                    .map(|pods| {
                        let look = |pod: &String| (pod.clone(), self.views_of(pod));
                        scope.spawn(move || pods.iter().map(look).collect::<Vec<_>>())
                    })
                    .collect();
                let shares = shares.into_iter().map(|share| share.join().unwrap());
                shares.flatten().collect()
            })
        })
    }

    fn views_of(&self, pod: &str) -> Views {
        // Whoever stands inside sends a token anyhow, also where no authority lies beside it.
        let words = [
            "see",
            "--here",
            "--insecure-skip-tls-verify",
            "--all",
            "--namespaces",
            &self.namespaces,
        ];
        let look = |container: String| {
            let view = self.inside(pod, &container, &words);
            (container, view)
        };
        Views {
            outside: self.see_pod(pod),
            inside: self.containers(pod).into_iter().map(look).collect(),
        }
    }

    /// What the estate says of access reviews, one per line.
    pub(crate) fn decide(&self, questions: &str) -> Vec<Value> {
        let file = self.folder.path().join("questions.jsonl");
        fs::write(&file, questions).unwrap();
        let mut command = self.program();
        command.args(["can-i", "--from"]).arg(&self.estate);
        let output = command.arg("--questions").arg(&file).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The document that the program gives inside a container.
    pub(crate) fn inside(&self, pod: &str, container: &str, words: &[&str]) -> Value {
        let program = ["/viewshed"];
        let words = [&program[..], words, &["--output", "json"]].concat();
        document(&self.exec(pod, container, &words), &words)
    }

    /// Standard output of a shell in a pod, whatever its status.
    pub(crate) fn shell(&self, pod: &str, script: &str) -> String {
        let output = self.exec(pod, "main", &["sh", "-c", script]);
        String::from_utf8(output.stdout).unwrap()
    }

    fn exec(&self, pod: &str, container: &str, words: &[&str]) -> Output {
        let (namespace, name) = pod.split_once('/').unwrap();
        let mut arguments = vec!["exec", "-n", namespace, name, "-c", container, "--"];
        arguments.extend(words);
        self.node.kubectl().output(&arguments).unwrap()
    }

    /// Names of a pod's containers.
    pub(crate) fn containers(&self, pod: &str) -> Vec<String> {
        let (namespace, name) = pod.split_once('/').unwrap();
        let names = "jsonpath={.spec.containers[*].name}";
        let words = ["get", "pod", "-n", namespace, name, "-o", names];
        let names = self.node.kubectl().run(&words).unwrap();
        names.split(' ').map(str::to_owned).collect()
    }
}

/// A view may have gaps (4) or differences (1); anything else is no answer.
fn document(output: &Output, words: &[&str]) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("{words:?}: {error}: {:?}: {said}", output.status)
    })
}

/// The subjects of tokens that the API server accepts, from their parts, one a line.
pub(crate) fn subjects(parts: &str) -> BTreeSet<String> {
    let payloads = parts
        .lines()
        .filter_map(|part| Base64UrlUnpadded::decode_vec(part).ok())
        .filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    payloads
        .filter(|claims| !claims["aud"].to_string().contains("vault"))
        .filter_map(|claims| claims["sub"].as_str().map(str::to_owned))
        .collect()
}

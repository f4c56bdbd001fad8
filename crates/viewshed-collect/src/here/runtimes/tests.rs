use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::{TcpStream, UnixListener};
use viewshed_model::{DaemonSight, Gap, GapReason};

use super::daemons;
use crate::docker::tests::daemon;
use crate::environment::Environment;
use crate::fake_server::{FakeServer, Reply};
use crate::here::look_around;
use crate::progress::Quiet;

/// A container with its own root folder.
struct Place {
    root: TempDir,
    variables: BTreeMap<String, String>,
}

impl Place {
    fn new() -> Self {
        Self {
            root: TempDir::new().unwrap(),
            variables: BTreeMap::new(),
        }
    }

    fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn with_file(self, path: &str, text: &str) -> Self {
        std::fs::write(self.below(path), text).unwrap();
        self
    }

    fn below(&self, path: &str) -> PathBuf {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    async fn ask(&self) -> (Vec<DaemonSight>, Vec<Gap>) {
        let environment = Environment {
            variables: self.variables.clone(),
            root: self.root.path().to_owned(),
        };
        let around = look_around(&environment);
        let time_max = Some(Duration::from_secs(1));
        daemons(&environment, &around, "viewshed/test", time_max, &Quiet).await
    }
}

/// A socket that leads to a server.
fn socket(path: &Path, server: SocketAddr) {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(server).await.unwrap();
            tokio::spawn(async move {
                let both = tokio::io::copy_bidirectional(&mut near, &mut far);
                both.await.ok();
            });
        }
    });
}

fn names(found: &[DaemonSight]) -> Vec<(&str, Vec<&str>)> {
    let containers = |sight: &'_ DaemonSight| -> Vec<String> {
        let containers = sight.host.containers.iter();
        containers.map(|container| container.name.clone()).collect()
    };
    assert!(found.iter().all(|sight| containers(sight) == ["db", "web"]));
    found
        .iter()
        .map(|sight| (sight.way.as_str(), vec!["db", "web"]))
        .collect()
}

#[tokio::test]
async fn a_mounted_socket_is_asked_once_and_only_read() {
    let server = FakeServer::start(daemon).await;
    let place = Place::new().with_variable("DOCKER_HOST", "unix:///var/run/docker.sock");
    socket(&place.below("var/run/docker.sock"), server.address);
    let (found, gaps) = place.ask().await;
    assert_eq!(gaps, []);
    assert_eq!(
        names(&found),
        [(
            "the socket /var/run/docker.sock is at hand",
            vec!["db", "web"]
        )]
    );
    assert_eq!(found[0].host.name, "unix:///var/run/docker.sock");
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.method == "GET"));
    let lists = asked
        .iter()
        .filter(|asked| asked.path().ends_with("/containers/json"));
    assert_eq!(lists.count(), 1);
    assert_eq!(asked[0].header("user-agent"), "viewshed/test");
}

#[tokio::test]
async fn a_socket_that_is_mounted_under_another_name_is_asked() {
    let server = FakeServer::start(daemon).await;
    let mountinfo = "5 1 0:24 /docker.sock /tmp/d rw - tmpfs tmpfs rw\n";
    let place = Place::new().with_file("proc/self/mountinfo", mountinfo);
    socket(&place.below("tmp/d"), server.address);
    let (found, _) = place.ask().await;
    assert_eq!(
        names(&found),
        [("the socket /tmp/d is at hand", vec!["db", "web"])]
    );
}

#[tokio::test]
async fn one_daemon_behind_two_sockets_counts_once() {
    let server = FakeServer::start(daemon).await;
    let place = Place::new();
    socket(&place.below("run/docker.sock"), server.address);
    socket(&place.below("run/podman/podman.sock"), server.address);
    assert_eq!(place.ask().await.0.len(), 1);
}

#[tokio::test]
async fn sockets_that_speak_something_else_are_named_and_not_asked() {
    let server = FakeServer::start(|_| Reply::Hang).await;
    let place = Place::new();
    for path in ["run/containerd/containerd.sock", "run/crio/crio.sock"] {
        socket(&place.below(path), server.address);
    }
    let (found, gaps) = place.ask().await;
    assert_eq!(found, []);
    let words: Vec<(&str, GapReason, &str)> = gaps
        .iter()
        .map(|gap| (gap.what.as_str(), gap.reason, gap.detail.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (
                "ask the runtime socket `/run/containerd/containerd.sock`",
                GapReason::NotCollected,
                "containerd speaks gRPC, not the Docker API"
            ),
            (
                "ask the runtime socket `/run/crio/crio.sock`",
                GapReason::NotCollected,
                "CRI-O speaks gRPC, not the Docker API"
            ),
        ]
    );
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_address_in_the_environment_is_asked_too() {
    let server = FakeServer::start(daemon).await;
    let address = format!("tcp://{}", server.address);
    let place = Place::new().with_variable("DOCKER_HOST", &address);
    let (found, gaps) = place.ask().await;
    assert_eq!(gaps, []);
    let way = format!("DOCKER_HOST names {address}");
    assert_eq!(names(&found), [(way.as_str(), vec!["db", "web"])]);
}

#[tokio::test]
async fn addresses_that_want_a_key_are_named_and_not_asked() {
    let place = Place::new().with_variable("DOCKER_HOST", "ssh://root@build.example");
    let (found, gaps) = place.ask().await;
    assert_eq!(found, []);
    assert!(
        gaps[0].what.contains("ssh://root@build.example"),
        "{gaps:?}"
    );
    assert!(gaps[0].detail.contains("keys are not used"), "{gaps:?}");

    let server = FakeServer::start(daemon).await;
    let place = Place::new()
        .with_file("certificates/key.pem", "k")
        .with_variable("DOCKER_HOST", &format!("tcp://{}", server.address))
        .with_variable("DOCKER_TLS_VERIFY", "1")
        .with_variable("DOCKER_CERT_PATH", "/certificates");
    let (found, gaps) = place.ask().await;
    assert_eq!(found, []);
    assert!(gaps[0].detail.contains("keys are not used"), "{gaps:?}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_socket_that_does_not_answer_is_left_after_a_short_time() {
    let server = FakeServer::start(|_| Reply::Hang).await;
    let place = Place::new();
    socket(&place.below("var/run/docker.sock"), server.address);
    let started = Instant::now();
    let (found, gaps) = place.ask().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(found, []);
    assert_eq!(gaps[0].reason, GapReason::TimedOut);
    assert_eq!(
        gaps[0].what,
        "ask the Docker API at `unix:///var/run/docker.sock`"
    );
}

#[test]
fn kubeconfigs_are_gaps_with_the_next_command() {
    let place = Place::new().with_file("etc/kubernetes/admin.conf", "x");
    let environment = Environment {
        variables: BTreeMap::new(),
        root: place.root.path().to_owned(),
    };
    let around = look_around(&environment);
    let gap = around
        .gaps
        .iter()
        .find(|gap| gap.what.contains("kubeconfig"))
        .unwrap();
    assert_eq!(gap.what, "use the kubeconfig `/etc/kubernetes/admin.conf`");
    assert_eq!(gap.reason, GapReason::NotCollected);
    assert!(
        gap.hint
            .contains("can-i --list --kubeconfig /etc/kubernetes/admin.conf")
    );
}

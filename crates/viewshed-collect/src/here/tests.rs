mod kubelets;
mod neighbours;
mod own;
mod signs;

use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use viewshed_model::{Action, Surroundings, Tell};

use super::{SightOptions, Unchecked, look_around, sights};
use crate::environment::Environment;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::kubernetes::Limits;
use crate::kubernetes::testing_certificates::authority;
use crate::progress::Quiet;

const FOLDER: &str = "var/run/secrets/kubernetes.io/serviceaccount";

/// A root folder with these files, and these variables.
fn inside(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (TempDir, Environment) {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let environment = Environment {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        root: root.path().to_owned(),
    };
    (root, environment)
}

fn look(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Surroundings {
    let (_root, environment) = inside(files, variables);
    look_around(&environment)
}

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(&json!({"alg": "RS256"})),
        part(claims)
    )
}

fn bound_token() -> String {
    jwt(&json!({
        "iss": "https://kubernetes.default.svc",
        "sub": "system:serviceaccount:shop:cart",
        "aud": ["https://kubernetes.default.svc"],
        "exp": 1_800_000_000,
        "kubernetes.io": {"namespace": "shop", "pod": {"name": "cart-7d"}, "node": {"name": "worker-1"}},
    }))
}

#[test]
fn variables_keep_their_names_and_lose_their_values() {
    let found = look(&[], &[("AWS_REGION", "eu-central-1"), ("LANG", "C")]);
    assert_eq!(found.variables[0].name, "AWS_REGION");
    assert!(found.variables[0].tells.contains(&Tell::Cloud));
    assert_eq!(found.variables[1].tells, []);
    assert!(
        !serde_json::to_string(&found)
            .unwrap()
            .contains("eu-central-1")
    );
}

#[test]
fn the_token_on_the_usual_path_is_read_without_being_kept() {
    let token = bound_token();
    let found = look(&[(&format!("{FOLDER}/token"), &token)], &[]);
    let [mounted] = &found.tokens[..] else {
        panic!("{found:?}");
    };
    assert_eq!(mounted.path, format!("/{FOLDER}/token"));
    assert_eq!(mounted.subject, "system:serviceaccount:shop:cart");
    assert_eq!(mounted.audiences, ["https://kubernetes.default.svc"]);
    assert_eq!(
        (mounted.pod.as_str(), mounted.node.as_str()),
        ("cart-7d", "worker-1")
    );
    assert_eq!(mounted.expires_at_seconds, Some(1_800_000_000));
    assert!(!format!("{found:?}").contains(&token));
}

#[test]
fn a_projected_token_is_found_through_the_mounts() {
    let mountinfo = "40 30 0:50 / /tokens rw,relatime - tmpfs tmpfs rw\n";
    let token = jwt(&json!({"sub": "system:serviceaccount:a:b", "aud": "vault"}));
    let found = look(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("tokens/vault-token", &token),
            ("tokens/other", "x"),
        ],
        &[],
    );
    assert_eq!(found.tokens.len(), 1);
    assert_eq!(found.tokens[0].path, "/tokens/vault-token");
    assert_eq!(found.tokens[0].audiences, ["vault"]);
}

#[test]
fn one_file_on_two_paths_is_one_token() {
    let mountinfo = "40 30 0:50 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs ro\n";
    let (root, environment) = inside(
        &[
            ("proc/self/mountinfo", mountinfo),
            (
                "run/secrets/kubernetes.io/serviceaccount/token",
                &bound_token(),
            ),
        ],
        &[],
    );
    std::fs::create_dir(root.path().join("var")).unwrap();
    std::os::unix::fs::symlink("../run", root.path().join("var/run")).unwrap();
    let found = look_around(&environment);
    assert_eq!(found.tokens.len(), 1);
    assert_eq!(found.tokens[0].path, format!("/{FOLDER}/token"));
}

#[test]
fn what_is_not_a_token_of_a_service_account_is_left_alone() {
    for text in [
        "",
        "a.b.c",
        "....",
        &jwt(&json!({"sub": "ann"})),
        &"x".repeat(100_000),
    ] {
        assert_eq!(look(&[(&format!("{FOLDER}/token"), text)], &[]).tokens, []);
    }
}

#[test]
fn a_mounted_socket_is_found_once() {
    let mountinfo = "41 30 0:22 /docker.sock /host/docker.sock rw - tmpfs tmpfs rw\n";
    let (root, environment) = inside(&[("proc/self/mountinfo", mountinfo), ("host/x", "")], &[]);
    let listener = UnixListener::bind(root.path().join("host/docker.sock")).unwrap();
    std::fs::create_dir_all(root.path().join("run")).unwrap();
    std::fs::hard_link(
        root.path().join("host/docker.sock"),
        root.path().join("run/docker.sock"),
    )
    .unwrap();
    // A plain file of that name is no socket.
    std::fs::write(root.path().join("run/podman.sock"), "").unwrap();
    let found = look_around(&environment);
    assert_eq!(found.sockets, ["/host/docker.sock"]);
    assert_eq!(found.mounts.len(), 1);
    drop(listener);
}

#[test]
fn only_mounts_from_outside_are_named() {
    let mountinfo = "\
        1 0 0:1 / / rw - overlay overlay rw\n\
        2 1 0:2 / /proc rw - proc proc rw\n\
        3 1 0:3 / /dev/shm rw - tmpfs shm rw\n\
        4 1 8:1 /var/lib/kubelet/pods/u/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n\
        5 1 8:1 /var/lib/kubelet/pods/u/volumes/kubernetes.io~empty-dir/x /cache rw - ext4 /dev/sda1 rw\n\
        6 1 8:1 / /my\\040host ro,noatime - ext4 /dev/sda1 rw\n\
        garbage\n";
    let found = look(&[("proc/self/mountinfo", mountinfo)], &[]);
    let [mount] = &found.mounts[..] else {
        panic!("{:?}", found.mounts);
    };
    assert_eq!(
        (mount.path.as_str(), mount.root.as_str()),
        ("/my host", "/")
    );
    assert!(mount.is_read_only);
}

#[test]
fn capabilities_are_named() {
    let found = look(
        &[("proc/self/status", "Name:\tx\nCapEff:\t0000000000201000\n")],
        &[],
    );
    assert_eq!(found.capabilities, ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]);
}

#[test]
fn signs_of_the_host_are_told() {
    let devices = "Inter-| Receive\n    lo: 1\ndocker0: 2\n";
    let (root, environment) = inside(&[("proc/net/dev", devices), ("proc/self/ns/x", "")], &[]);
    std::os::unix::fs::symlink("pid:[4026531836]", root.path().join("proc/self/ns/pid")).unwrap();
    let found = look_around(&environment);
    assert!(found.host.network && found.host.pid);
    assert!(look(&[("proc/77/comm", "kubelet\n")], &[]).host.pid);
    let plain = look(
        &[
            ("proc/net/dev", "lo: 1\neth0: 2\n"),
            ("proc/1/comm", "app\n"),
        ],
        &[],
    );
    assert!(!plain.host.network && !plain.host.pid);
}

#[test]
fn kubeconfigs_are_named_wherever_the_host_is_mounted() {
    let mountinfo = "6 1 8:1 / /host rw - ext4 /dev/sda1 rw\n";
    let found = look(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("host/etc/kubernetes/admin.conf", "x"),
            ("home/app/.kube/config", "x"),
        ],
        &[("HOME", "/home/app")],
    );
    assert_eq!(
        found.kubeconfigs,
        ["/home/app/.kube/config", "/host/etc/kubernetes/admin.conf"]
    );
}

#[test]
fn kubeconfigs_are_named_in_any_part_of_the_hosts_folders() {
    let mountinfo = "\
        6 1 8:1 /etc /mnt/etc rw - ext4 /dev/sda1 rw\n\
        7 1 8:1 /var/lib/kubelet /data rw - ext4 /dev/sda1 rw\n\
        8 1 8:1 /etc/rancher/k3s/k3s.yaml /k3s.yaml rw - ext4 /dev/sda1 rw\n";
    let found = look(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("mnt/etc/kubernetes/kubelet.conf", "x"),
            ("data/kubeconfig", "x"),
            ("k3s.yaml", "x"),
        ],
        &[],
    );
    assert_eq!(
        found.kubeconfigs,
        [
            "/data/kubeconfig",
            "/k3s.yaml",
            "/mnt/etc/kubernetes/kubelet.conf"
        ]
    );
}

#[test]
fn an_empty_root_gives_gaps_and_no_failure() {
    let found = look(&[], &[]);
    assert_eq!(found.gaps.len(), 2);
    assert!(
        found
            .metadata_addresses
            .iter()
            .all(|address| address.status.is_none())
    );
}

fn pod_answers(asked: &Asked) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let list = |kind: &str, items: Value| {
        Reply::Json(
            200,
            json!({"kind": kind, "apiVersion": "v1", "items": items}).to_string(),
        )
    };
    match asked.path() {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Reply::Json(
            201,
            json!({"status": {"userInfo": {"username": "system:serviceaccount:shop:cart"}}}).to_string(),
        ),
        "/api" => Reply::Json(200, json!({
            "kind": "APIGroupDiscoveryList",
            "items": [{"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": [
                {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced",
                 "verbs": ["get", "list"],
                 "subresources": [{"subresource": "log", "responseKind": {"kind": "Pod"}, "verbs": ["get"]},
                                  {"subresource": "exec", "responseKind": {"kind": "Pod"}, "verbs": ["get"]}]},
            ]}]}],
        }).to_string()),
        "/apis" => Reply::Json(200, json!({"kind": "APIGroupDiscoveryList", "items": []}).to_string()),
        "/api/v1/namespaces/shop/pods" => {
            list("PodList", json!([{"metadata": {"namespace": "shop", "name": "cart-7d"}}]))
        }
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
            let everywhere = json!({
                "verbs": ["get"], "apiGroups": [""], "resources": ["nodes"], "resourceNames": ["n1"],
            });
            let rules = if body["spec"]["namespace"] == "shop" {
                json!([
                    {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
                    {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["settings"]},
                    everywhere,
                ])
            } else {
                json!([everywhere])
            };
            Reply::Json(201, json!({"status": {"resourceRules": rules}}).to_string())
        }
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            let request = &body["spec"]["resourceAttributes"];
            let allowed = request["namespace"] == "shop" && request["verb"] == "list";
            Reply::Json(201, json!({"status": {"allowed": allowed}}).to_string())
        }
        _ => Reply::Json(403, json!({"message": "no"}).to_string()),
    }
}

async fn sights_of(
    answer: fn(&Asked) -> Reply,
) -> (Vec<viewshed_model::Sight>, Vec<viewshed_model::Gap>) {
    let (ca, acceptor) = authority("127.0.0.1");
    let server = FakeServer::start_tls(answer, acceptor).await;
    let (_root, environment) = inside(
        &[
            (&format!("{FOLDER}/token"), &bound_token()),
            (&format!("{FOLDER}/ca.crt"), &ca),
            (&format!("{FOLDER}/namespace"), "shop"),
        ],
        &[
            ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
            (
                "KUBERNETES_SERVICE_PORT",
                &server.address.port().to_string(),
            ),
        ],
    );
    let surroundings = look_around(&environment);
    let options = SightOptions {
        namespaces: Vec::new(),
        user_agent: "viewshed/test".to_owned(),
        unchecked: Unchecked::Refused,
        limits: Limits {
            answer_time_max: Duration::from_secs(5),
            ..Limits::default()
        },
    };
    sights(&environment, &surroundings, &options, &Quiet).await
}

#[tokio::test]
async fn a_token_is_asked_what_it_shows() {
    let (found, gaps) = sights_of(pod_answers).await;
    assert_eq!(gaps, []);
    let sight = &found[0];
    assert_eq!(sight.identity.user, "system:serviceaccount:shop:cart");
    assert_eq!(sight.gaps, []);
    assert_eq!(sight.cluster.pods[0].meta.full_name(), "shop/cart-7d");
    let allowed: Vec<String> = sight
        .answers
        .iter()
        .filter(|answer| answer.allowed)
        .map(words)
        .collect();
    assert_eq!(allowed, ["list pods in `shop`"]);
    let asked: Vec<String> = sight.answers.iter().map(words).collect();
    assert!(
        asked.contains(&"get configmaps in `shop` named settings".to_owned()),
        "{asked:?}"
    );
    // A rule that holds everywhere is asked about once, without a namespace.
    let nodes: Vec<&String> = asked
        .iter()
        .filter(|words| words.contains("nodes"))
        .collect();
    let of_kubelets = ["log", "metrics", "pods", "stats"];
    let mut wanted = of_kubelets
        .map(|part| format!("get nodes/{part} in ``"))
        .to_vec();
    wanted.push("get nodes in `` named n1".to_owned());
    assert_eq!(nodes, wanted.iter().collect::<Vec<_>>());
    assert!(
        asked.contains(&"get pods/log in ``".to_owned()),
        "{asked:?}"
    );
    assert!(
        !asked.iter().any(|words| words.contains("exec")),
        "{asked:?}"
    );
}

fn words(answer: &viewshed_model::OwnAnswer) -> String {
    match &answer.action {
        Action::Resource(request) => {
            let name = if request.name.is_empty() {
                String::new()
            } else {
                format!(" named {}", request.name)
            };
            format!(
                "{} {} in `{}`{name}",
                request.verb,
                request.combined_resource(),
                request.namespace
            )
        }
        Action::NonResource(request) => format!("{} {}", request.verb, request.path),
    }
}

#[tokio::test]
async fn a_token_that_is_not_accepted_says_so_and_is_not_shown() {
    let (found, gaps) =
        sights_of(|_| Reply::Json(401, r#"{"message":"Unauthorized"}"#.to_owned())).await;
    assert_eq!(gaps, []);
    let [refused, stranger] = &found[..] else {
        panic!("{} sights", found.len());
    };
    assert_eq!(stranger.identity.user, "system:anonymous");
    assert!(stranger.answers.iter().all(|answer| !answer.allowed));
    assert!(refused.is_refused);
    assert_eq!(refused.identity.user, "system:serviceaccount:shop:cart");
    assert_eq!(refused.credential, format!("/{FOLDER}/token"));
    assert_eq!(refused.answers, []);
    assert!(!format!("{found:?}").contains(&bound_token()));
}

/// Strangers may list services of one namespace and read one path.
fn open_answers(asked: &Asked) -> Reply {
    match asked.path() {
        "/version" => Reply::Json(200, r#"{"gitVersion":"v1.37.2"}"#.to_owned()),
        "/api/v1/namespaces/default/services" => Reply::Json(
            200,
            json!({"kind": "ServiceList", "items": [{"metadata": {"namespace": "default", "name": "web"}}]})
                .to_string(),
        ),
        "/api/v1/namespaces/default/pods" | "/api/v1/pods" => Reply::Json(
            200,
            json!({"kind": "PodList", "items": [
                {"metadata": {"namespace": "default", "name": "web"}},
                {"metadata": {"namespace": "shop", "name": "cart"}},
            ]})
            .to_string(),
        ),
        // The pod has two containers, and none was chosen: it may be read.
        "/api/v1/namespaces/default/pods/web/log" => Reply::Json(
            400,
            r#"{"message":"a container name must be specified"}"#.to_owned(),
        ),
        _ => Reply::Json(403, r#"{"message":"no"}"#.to_owned()),
    }
}

#[tokio::test]
async fn without_a_token_everything_is_asked_as_a_stranger() {
    let (_, acceptor) = authority("127.0.0.1");
    let server = FakeServer::start_tls(open_answers, acceptor).await;
    let port = server.address.port().to_string();
    let (_root, environment) = inside(
        &[("etc/hostname", "web")],
        &[
            ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
            ("KUBERNETES_SERVICE_PORT", &port),
        ],
    );
    let surroundings = look_around(&environment);
    let options = SightOptions {
        namespaces: Vec::new(),
        user_agent: "viewshed/test".to_owned(),
        unchecked: Unchecked::Refused,
        limits: Limits::default(),
    };
    let (found, gaps) = sights(&environment, &surroundings, &options, &Quiet).await;
    assert_eq!(gaps, []);
    let [sight] = &found[..] else {
        panic!("{} sights", found.len());
    };
    assert_eq!(sight.identity, viewshed_model::Identity::anonymous());
    assert_eq!(sight.cluster.services[0].meta.full_name(), "default/web");
    let allowed: Vec<String> = sight
        .answers
        .iter()
        .filter(|answer| answer.allowed)
        .map(words)
        .collect();
    assert_eq!(
        allowed,
        [
            "get /version",
            "list pods in ``",
            "list pods in `default`",
            "list services in `default`",
            "get pods/log in `default`"
        ]
    );
    let denied: Vec<String> = sight
        .answers
        .iter()
        .filter(|answer| !answer.allowed)
        .map(words)
        .collect();
    for asked in ["list endpoints in `default`", "get pods/log in `shop`"] {
        assert!(denied.iter().any(|words| words == asked), "{denied:?}");
    }
    assert_eq!(sight.gaps, []);
    assert!(sight.answers.len() > 40, "{}", sight.answers.len());
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.header("authorization").is_empty()),
    );
}

#[tokio::test]
async fn outside_of_clusters_nothing_is_asked() {
    let (_root, environment) = inside(&[], &[]);
    let surroundings = look_around(&environment);
    let options = SightOptions {
        namespaces: Vec::new(),
        user_agent: "viewshed/test".to_owned(),
        unchecked: Unchecked::Refused,
        limits: Limits::default(),
    };
    let (found, gaps) = sights(&environment, &surroundings, &options, &Quiet).await;
    assert_eq!((found, gaps), (Vec::new(), Vec::new()));
}

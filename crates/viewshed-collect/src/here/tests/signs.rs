//! Signs of the node, and credentials in unusual places.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use viewshed_model::{Action, Gap, Sight};

use super::{FOLDER, SightOptions, Unchecked, bound_token, inside, jwt, look, look_around, sights};
use crate::environment::Environment;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::kubernetes::Limits;
use crate::kubernetes::testing_certificates::authority;
use crate::progress::Quiet;

/// A container's id that ends with a digit.
fn id(digit: u8) -> String {
    format!("{}{digit}", "a".repeat(63))
}

#[test]
fn a_mounted_process_table_tells_containers_and_no_sandboxes() {
    let cgroup = |digit: u8| format!("0::/../../pod5c2d/{}\n", id(digit));
    let cgroups: Vec<String> = (0..4).map(cgroup).collect();
    let found = look(
        &[
            (
                "proc/self/mountinfo",
                "50 40 0:5 / /proc rw - proc proc rw\n51 40 0:5 / /hp rw - proc proc rw\n\
                 52 40 0:5 /sys /proc/sys ro - proc proc ro\n",
            ),
            ("proc/1/cgroup", "0::/\n"),
            ("hp/1/comm", "systemd\n"),
            ("hp/1/cgroup", "0::/init.scope\n"),
            ("hp/20/comm", "pause\n"),
            ("hp/20/cgroup", &cgroups[0]),
            // What the sandbox itself started.
            ("hp/21/comm", "sleep\n"),
            ("hp/21/cgroup", &cgroups[0]),
            ("hp/22/comm", "infra\n"),
            ("hp/22/oom_score_adj", "-998\n"),
            ("hp/22/cgroup", &cgroups[1]),
            ("hp/23/comm", "web\n"),
            ("hp/23/oom_score_adj", "-997\n"),
            ("hp/23/cgroup", &cgroups[2]),
            ("hp/24/comm", "web\n"),
            ("hp/24/cgroup", &cgroups[3]),
        ],
        &[],
    );
    assert_eq!(found.beside, [id(2), id(3)]);
}

/// The gap about the host of a place with these effective capabilities, as bits.
fn host_gap(bits: u64, files: &[(&str, &str)]) -> Option<String> {
    let status = format!("CapEff:\t{bits:016x}\n");
    let mut inputs = vec![("proc/self/status", status.as_str())];
    inputs.extend(files);
    let mut gaps = look(&inputs, &[]).gaps.into_iter();
    let gap = gaps.find(|gap| gap.what == "look at the host as root");
    gap.map(|gap| gap.detail)
}

/// Bits of include/uapi/linux/capability.h.
#[test]
fn capabilities_that_open_the_host_are_a_gap() {
    const DAC_READ_SEARCH: u64 = 1 << 2;
    const SYS_PTRACE: u64 = 1 << 19;
    const SYS_ADMIN: u64 = 1 << 21;
    // What Docker and containerd give every container.
    const USUAL: u64 = 0xa804_25fb;
    let host_processes = [("proc/2/comm", "kubelet\n")];
    let own_users = [("proc/self/uid_map", "         0     165536      65536\n")];
    let same_users = [("proc/self/uid_map", "         0          0 4294967295\n")];
    assert_eq!(host_gap(USUAL, &host_processes), None);
    assert_eq!(host_gap(USUAL | SYS_PTRACE, &[]), None);
    let traced = host_gap(USUAL | SYS_PTRACE, &host_processes).unwrap();
    assert!(traced.contains("/proc/PID/root"), "{traced}");
    for bits in [SYS_ADMIN, DAC_READ_SEARCH] {
        assert!(host_gap(USUAL | bits, &same_users).is_some(), "{bits}");
        assert_eq!(host_gap(USUAL | bits, &own_users), None);
    }
}

#[test]
fn tokens_are_found_at_any_path_and_in_variables() {
    let mountinfo = "40 30 0:50 / /t ro - tmpfs tmpfs rw\n\
                     41 30 0:51 /null /proc/keys rw - tmpfs tmpfs rw\n";
    let legacy = jwt(&json!({"sub": "system:serviceaccount:shop:legacy"}));
    let (root, environment) = inside(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("t/..2026_01_01/my/tk", &bound_token()),
        ],
        &[("TOKEN", &legacy), ("OTHER", "a.b.c")],
    );
    // As the kubelet writes a volume (`pkg/volume/util/atomic_writer.go`).
    symlink("..2026_01_01", root.path().join("t/..data")).unwrap();
    symlink("..data/my", root.path().join("t/my")).unwrap();
    let found = look_around(&environment);
    let places: Vec<String> = found
        .tokens
        .iter()
        .map(viewshed_model::MountedToken::place)
        .collect();
    assert_eq!(places, ["/t/my/tk", "$TOKEN"]);
    assert_eq!(found.tokens[1].subject, "system:serviceaccount:shop:legacy");
    assert!(!format!("{found:?}").contains(&legacy));
    // What the runtime hides is no mount from outside.
    assert_eq!(found.mounts, []);
}

async fn sights_in(files: &[(&str, &str)], answer: fn(&Asked) -> Reply) -> Vec<Sight> {
    let (found, gaps) = all_in(files, answer, Unchecked::Refused).await;
    assert_eq!(gaps, []);
    found
}

async fn all_in(
    files: &[(&str, &str)],
    answer: fn(&Asked) -> Reply,
    unchecked: Unchecked,
) -> (Vec<Sight>, Vec<Gap>) {
    let (ca, acceptor) = authority("127.0.0.1");
    let server = FakeServer::start_tls(answer, acceptor).await;
    let port = server.address.port().to_string();
    // `CA` stands for the authority of the server.
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, if *text == "CA" { ca.as_str() } else { *text }))
        .collect();
    let variables = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", port.as_str()),
    ];
    let (_root, environment): (_, Environment) = inside(&files, &variables);
    let options = SightOptions {
        namespaces: Vec::new(),
        user_agent: "viewshed/test".to_owned(),
        unchecked,
        limits: Limits::default(),
    };
    let surroundings = look_around(&environment);
    sights(&environment, &surroundings, &options, &Quiet).await
}

fn cart_answers(asked: &Asked) -> Reply {
    match asked.path() {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Reply::Json(
            201,
            json!({"status": {"userInfo": {"username": "system:serviceaccount:shop:cart"}}})
                .to_string(),
        ),
        "/api" | "/apis" => Reply::Json(
            200,
            json!({"kind": "APIGroupDiscoveryList", "items": []}).to_string(),
        ),
        _ => Reply::Json(403, r#"{"message":"no"}"#.to_owned()),
    }
}

/// Whoever answers at the address would have the token: only the user's word sends it.
#[tokio::test]
async fn a_token_is_kept_back_where_nothing_vouches_for_the_server() {
    let mounts = "40 30 0:50 / /t ro - tmpfs tmpfs rw\n";
    let token = bound_token();
    let (other, _) = authority("127.0.0.1");
    let lone = [("proc/self/mountinfo", mounts), ("t/token", token.as_str())];
    let beside = [lone[0], lone[1], ("t/ca.crt", other.as_str())];
    for files in [&lone[..], &beside] {
        let (found, gaps) = all_in(files, cart_answers, Unchecked::Refused).await;
        let users = found.iter().map(|sight| &*sight.credential);
        assert_eq!(users.collect::<Vec<_>>(), [""]);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0].what, "use the token `/t/token`");
        assert!(
            gaps[0].hint.contains("--insecure-skip-tls-verify"),
            "{gaps:?}"
        );
        assert!(gaps[0].withholds());
        let (found, gaps) = all_in(files, cart_answers, Unchecked::Allowed).await;
        assert_eq!(gaps, []);
        assert_eq!(found[0].identity.user, "system:serviceaccount:shop:cart");
        assert!(found[0].is_unverified);
    }
}

#[tokio::test]
async fn the_authority_may_lie_elsewhere() {
    let mounts = "40 30 0:50 / /t ro - tmpfs tmpfs rw\n\
                  41 30 8:1 /var/lib/kubelet/pods/1/volumes/kubernetes.io~configmap/x /x ro - ext4 /dev/sda1 rw\n";
    let token = bound_token();
    let (other, _) = authority("127.0.0.1");
    let apart = [
        ("proc/self/mountinfo", mounts),
        ("t/token", token.as_str()),
        // Another cluster's lies nearer.
        ("t/ca.crt", &other),
        ("x/ca.crt", "CA"),
    ];
    let found = sights_in(&apart, cart_answers).await;
    assert_eq!(found[0].identity.user, "system:serviceaccount:shop:cart");
    assert!(!found[0].is_unverified);
}

/// Everybody may watch the pods of `shop`, and list nothing.
fn watch_answers(asked: &Asked) -> Reply {
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "cart"}});
    let event: Value = json!({"type": "ADDED", "object": pod});
    match (asked.path(), asked.query("watch")) {
        ("/api/v1/namespaces/shop/pods", Some("true")) => Reply::Json(200, event.to_string()),
        _ => Reply::Json(403, r#"{"message":"no"}"#.to_owned()),
    }
}

#[tokio::test]
async fn strangers_ask_in_the_own_namespace_and_watch() {
    let resolver = "search shop.svc.cluster.local svc.cluster.local cluster.local\n";
    let found = sights_in(&[("etc/resolv.conf", resolver)], watch_answers).await;
    let [stranger] = &found[..] else {
        panic!("{} sights", found.len());
    };
    assert_eq!(stranger.cluster.pods[0].meta.full_name(), "shop/cart");
    let allowed = stranger.answers.iter().filter(|answer| answer.allowed);
    let allowed: Vec<_> = allowed
        .filter_map(|answer| match &answer.action {
            Action::Resource(asked) if asked.subresource.is_empty() => Some((
                asked.verb.as_str(),
                asked.resource.as_str(),
                asked.namespace.as_str(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(allowed, [("watch", "pods", "shop")]);
}

/// The same account's tokens are answered the same.
#[tokio::test]
async fn one_token_of_an_account_is_enough() {
    let mounts = "40 30 0:50 / /t ro - tmpfs tmpfs rw\n";
    let token = bound_token();
    let usual = (format!("{FOLDER}/token"), format!("{FOLDER}/ca.crt"));
    let files = [
        ("proc/self/mountinfo", mounts),
        ("t/token", token.as_str()),
        (usual.0.as_str(), token.as_str()),
        (usual.1.as_str(), "CA"),
    ];
    let found = sights_in(&files, cart_answers).await;
    let places: Vec<&str> = found
        .iter()
        .map(|sight| sight.credential.as_str())
        .collect();
    assert_eq!(places.len(), 2, "{places:?}");
}

/// One rule with two kinds and two names, of which the ConfigMap `db` and the Secret `settings` do not exist.
fn named_answers(asked: &Asked) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let kind = |resource: &str, kind: &str| json!({"resource": resource, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["get", "list"]});
    match asked.path() {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => cart_answers(asked),
        "/api" => Reply::Json(
            200,
            json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": ""}, "versions": [
                {"version": "v1", "resources": [kind("secrets", "Secret"), kind("configmaps", "ConfigMap")]}]}]})
            .to_string(),
        ),
        "/apis" => cart_answers(asked),
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
            let rule = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets", "configmaps"],
                "resourceNames": ["db", "settings"]});
            let is_here = body["spec"]["namespace"] == "shop";
            let rules = if is_here { json!([rule]) } else { json!([]) };
            Reply::Json(201, json!({"status": {"resourceRules": rules}}).to_string())
        }
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            let request = &body["spec"]["resourceAttributes"];
            let allowed = request["namespace"] == "shop" && request["name"].is_string();
            Reply::Json(201, json!({"status": {"allowed": allowed}}).to_string())
        }
        "/api/v1/namespaces/shop/secrets/db" => {
            // Never the object: its row alone.
            let accepted = asked.header("accept").contains("as=Table");
            let is_row = accepted && asked.query("includeObject") == Some("None");
            Reply::Json(if is_row { 200 } else { 500 }, "{}".to_owned())
        }
        "/api/v1/namespaces/shop/configmaps/settings" => {
            let is_metadata = asked.header("accept").contains("as=PartialObjectMetadata;");
            Reply::Json(if is_metadata { 200 } else { 500 }, "{}".to_owned())
        }
        "/api/v1/namespaces/shop/secrets/settings" | "/api/v1/namespaces/shop/configmaps/db" => {
            Reply::Json(404, r#"{"message":"not found"}"#.to_owned())
        }
        _ => Reply::Json(403, r#"{"message":"no"}"#.to_owned()),
    }
}

#[tokio::test]
async fn objects_that_rules_name_are_looked_for() {
    let token = bound_token();
    let [at, authority, namespace] =
        ["token", "ca.crt", "namespace"].map(|name| format!("{FOLDER}/{name}"));
    let files = [
        (at.as_str(), token.as_str()),
        (authority.as_str(), "CA"),
        (namespace.as_str(), "shop"),
    ];
    let found = sights_in(&files, named_answers).await;
    let absent = found[0].absent.iter();
    let absent: Vec<String> = absent
        .map(|one| format!("{} {}/{}", one.resource, one.namespace, one.name))
        .collect();
    assert_eq!(absent, ["secrets shop/settings", "configmaps shop/db"]);
}

#[test]
fn folders_that_are_not_read_are_named() {
    let unread = |mounts: &str, files: &[&str]| -> Vec<String> {
        let mut all = vec![("proc/self/mountinfo", mounts)];
        all.extend(files.iter().map(|path| (*path, "")));
        let (_root, environment) = inside(&all, &[]);
        let gaps = look_around(&environment).gaps.into_iter();
        let unread = gaps
            .map(|gap| gap.what)
            .filter(|what| what.contains("in `"));
        unread.collect()
    };
    let bound =
        |root: &str, path: &str| format!("40 30 8:1 {root} {path} ro - ext4 /dev/sda1 ro\n");
    for (root, path, file, expected) in [
        (
            "/etc",
            "/e",
            "e/kubernetes/manifests/st.yaml",
            "read the manifests of static pods in `/e/kubernetes/manifests`",
        ),
        (
            "/etc/kubernetes/manifests",
            "/m",
            "m/st.yaml",
            "read the manifests of static pods in `/m`",
        ),
        (
            "/var/lib/containerd",
            "/c",
            "c/io.containerd.metadata.v1.bolt/meta.db",
            "read the records of containerd in `/c`",
        ),
    ] {
        assert_eq!(unread(&bound(root, path), &[file]), [expected]);
    }
    // Another folder with files.
    assert_eq!(
        unread(&bound("/srv/www", "/w"), &["w/index.html"]),
        Vec::<String>::new()
    );
}

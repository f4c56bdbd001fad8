//! Credentials that may read little: their own namespace is read, and the server is asked about oneself.

use serde_json::json;

use crate::docker::daemon;
use crate::fake_server::{FakeServer, Reply};
use crate::program::Program;

fn ok(value: &serde_json::Value) -> Reply {
    Reply::Json(200, value.to_string())
}

fn kinds(group: &str, kinds: &[(&str, &str, &str)]) -> serde_json::Value {
    let resources: Vec<_> = kinds
        .iter()
        .map(|(resource, kind, scope)| {
            json!({"resource": resource, "responseKind": {"kind": kind}, "scope": scope,
                   "verbs": ["get", "list", "watch"]})
        })
        .collect();
    json!({"metadata": {"name": group},
           "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]})
}

/// A service account of `shop`, which may list pods there and nothing else; pods of `other` show too, when they
/// are asked for.
fn server(reviews_allow: bool) -> FakeServer {
    FakeServer::start(move |path| {
        let rbac = "rbac.authorization.k8s.io";
        let list = |items: serde_json::Value| kind_list("APIGroupDiscoveryList", &items);
        match path {
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Reply::Json(
                201,
                json!({"status": {"userInfo": {
                    "username": "system:serviceaccount:shop:cart",
                    "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
                }}})
                .to_string(),
            ),
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => Reply::Json(
                201,
                json!({"status": {"allowed": reviews_allow, "reason": "RBAC: as the server knows"}})
                    .to_string(),
            ),
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => Reply::Json(
                201,
                json!({"status": {
                    "resourceRules": [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}],
                    "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/livez"]}],
                    "incomplete": false,
                }})
                .to_string(),
            ),
            "/api" => ok(&list(json!([kinds(
                "",
                &[
                    ("limitranges", "LimitRange", "Namespaced"),
                    ("namespaces", "Namespace", "Cluster"),
                    ("pods", "Pod", "Namespaced"),
                ],
            )]))),
            "/apis" => ok(&list(json!([kinds(
                rbac,
                &[
                    ("clusterrolebindings", "ClusterRoleBinding", "Cluster"),
                    ("clusterroles", "ClusterRole", "Cluster"),
                    ("rolebindings", "RoleBinding", "Namespaced"),
                    ("roles", "Role", "Namespaced"),
                ],
            )]))),
            "/version" => ok(&json!({"gitVersion": "v1.37.2", "major": "1", "minor": "37"})),
            "/livez" | "/readyz" => Reply::Json(200, "[+]ping ok\n".to_owned()),
            "/api/v1/namespaces/shop/pods" => ok(&kind_list("PodList", &pod("shop"))),
            "/api/v1/namespaces/other/pods" => ok(&kind_list("PodList", &pod("other"))),
            _ => Reply::Json(403, r#"{"kind":"Status","message":"no"}"#.to_owned()),
        }
    })
}

fn pod(namespace: &str) -> serde_json::Value {
    json!([{"metadata": {"namespace": namespace, "name": "cart"}}])
}

fn kind_list(kind: &str, items: &serde_json::Value) -> serde_json::Value {
    json!({"kind": kind, "apiVersion": "v1", "items": items})
}

fn program(reviews_allow: bool) -> Program {
    Program::new().with_file("config", server(reviews_allow).kubeconfig())
}

const CONFIG: [&str; 2] = ["--kubeconfig", "config"];

/// The context names no namespace, and the first answer of the server tells whose credential it is.
#[test]
fn the_namespace_of_a_service_account_is_read() {
    let program = program(true);
    let sees = |namespace: &str, further: &[&str]| {
        let target = format!("pod/{namespace}/cart");
        program.run(&[&["who", "sees", &target], &CONFIG[..], further].concat())
    };
    sees("shop", &[]).check(4, &[]);
    sees("other", &[]).check(2, &["there is no `pod/other/cart`"]);
    sees("other", &["--namespaces", "more,other"]).check(4, &[]);
    sees("shop", &["--namespaces", "more,other"]).check(4, &[]);
    let files = ["collect", "--from", "config", "--namespaces", "shop"];
    program
        .run(&[&files[..], &["-o", "x.vshed"]].concat())
        .check(2, &["cannot be used with"]);
}

#[test]
fn the_server_answers_for_oneself_where_bindings_cannot_be_read() {
    let asked = ["can-i", "list", "pods", "-n", "shop"];
    for (allows, code, word, words) in [
        (true, 0, "yes", "the server says: RBAC: as the server knows"),
        (
            false,
            1,
            "no",
            "the server says no: RBAC: as the server knows",
        ),
    ] {
        let program = program(allows);
        let run = program.run(&[&asked[..], &CONFIG].concat());
        run.check(code, &[]);
        assert!(run.out.starts_with(&format!("{word}\n")), "{run:?}");
        assert!(run.out.contains(words), "{run:?}");
        assert!(!run.out.contains("NOT SEEN"), "{run:?}");
    }
    let program = program(true);
    let run = program.run(&[&["can-i", "--list", "-n", "shop"], &CONFIG[..]].concat());
    run.check(0, &[]);
    assert!(run.out.contains("the server itself answered"), "{run:?}");
    assert!(run.out.contains("pods"), "{run:?}");
    assert!(run.out.contains("[/livez]"), "{run:?}");
    let json = ["can-i", "--list", "-n", "shop", "-o", "json"];
    let document = program.run(&[&json[..], &CONFIG].concat()).json();
    assert_eq!(document["is_of_server"], true);
    assert_eq!(
        document["identity"]["user"],
        "system:serviceaccount:shop:cart"
    );
    assert_eq!(document["resource_rules"][0]["resources"][0], "pods");
}

/// Of others the server is not asked: the answer names the bindings, and the lists of other kinds that are
/// missing do not hide that.
#[test]
fn of_others_only_the_gaps_that_matter_are_told() {
    let asked = ["can-i", "list", "pods", "-n", "shop", "--as", "jane"];
    let run = program(true).run(&[&asked[..], &CONFIG].concat());
    run.check(4, &[]);
    assert!(run.out.starts_with("unknown\n"), "{run:?}");
    let gaps = run.out.split("NOT SEEN").nth(1).expect("there are gaps");
    assert!(gaps.contains("clusterrolebindings"), "{gaps}");
    assert!(gaps.contains("rolebindings"), "{gaps}");
    assert!(!gaps.contains("limitranges"), "{gaps}");
    // Where all of them are told, those come first.
    let run = program(true).run(&[&["who", "can", "list", "pods"], &CONFIG[..]].concat());
    let gaps = run.out.split("NOT SEEN").nth(1).expect("there are gaps");
    let place = |word: &str| gaps.find(word).expect("it is a gap");
    assert!(place("rolebindings") < place("limitranges"), "{gaps}");
}

/// A typo in KUBECONFIG must not end as a report of the Docker host alone that looks whole.
#[test]
fn a_kubeconfig_variable_that_names_no_file_is_told() {
    let host = FakeServer::start(daemon("1.41", "1.12"));
    let address = format!("tcp://{}", host.address);
    let named = |program: Program| program.with_variable("KUBECONFIG", "/nonexist/config");
    let beside = named(Program::new()).with_variable("DOCKER_HOST", &address);
    let words = ["scan", "--fail-on", "never", "-o", "json"];
    beside
        .run(&words)
        .check_gap(4, "KUBECONFIG names `/nonexist/config`");
    for words in [&["scan"][..], &["who"]] {
        named(Program::new())
            .run(words)
            .check(3, &["KUBECONFIG", "`/nonexist/config`", "hint:"]);
    }
}

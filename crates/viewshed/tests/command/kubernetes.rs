//! API servers that are not there, not trusted, or that answer badly.

use serde_json::json;

use crate::fake_server::{FakeServer, Reply, kubeconfig};
use crate::program::{Program, Run};

const KINDS: [(&str, &str); 5] = [
    ("pods", "Pod"),
    ("services", "Service"),
    ("configmaps", "ConfigMap"),
    ("serviceaccounts", "ServiceAccount"),
    ("replicationcontrollers", "ReplicationController"),
];

fn ok(value: &serde_json::Value) -> Reply {
    Reply::Json(200, value.to_string())
}

/// A small server: five kinds, one object of each.
pub(crate) fn cluster(path: &str) -> Reply {
    let resource = path.rsplit('/').next().unwrap_or_default();
    match path {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Reply::Json(
            201,
            json!({"status": {"userInfo": {"username": "jane", "groups": ["system:authenticated"]}}})
                .to_string(),
        ),
        "/api" => {
            let resources: Vec<_> = KINDS
                .iter()
                .map(|(resource, kind)| {
                    json!({"resource": resource, "responseKind": {"kind": kind}, "scope": "Namespaced",
                           "verbs": ["get", "list", "watch"]})
                })
                .collect();
            ok(&json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": ""},
                "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]}]}))
        }
        "/apis" => ok(&json!({"kind": "APIGroupDiscoveryList", "items": []})),
        "/version" => ok(&json!({"gitVersion": "v1.37.2", "major": "1", "minor": "37"})),
        "/livez" | "/readyz" => Reply::Json(200, "[+]ping ok\n".to_owned()),
        _ if path.starts_with("/api/v1/") && KINDS.iter().any(|(name, _)| *name == resource) => {
            let kind = KINDS.iter().find(|(name, _)| *name == resource).map(|(_, kind)| *kind);
            let kind = match resource {
                "configmaps" => "PartialObjectMetadataList".to_owned(),
                _ => format!("{}List", kind.unwrap_or_default()),
            };
            ok(&json!({"kind": kind, "apiVersion": "v1",
                       "items": [{"metadata": {"namespace": "shop", "name": format!("a-{resource}")}}]}))
        }
        _ => Reply::Json(403, r#"{"kind":"Status","message":"no"}"#.to_owned()),
    }
}

fn who(kubeconfig: &str, further: &[&str]) -> Run {
    let program = Program::new().with_file("config", kubeconfig);
    let words = ["who", "--kubeconfig", "config", "-o", "json"];
    program.run(&[&words[..], further].concat())
}

#[test]
fn a_kubeconfig_that_leads_nowhere_is_an_error_with_a_hint() {
    // A port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nowhere = kubeconfig(
        &format!("https://{closed}"),
        "insecure-skip-tls-verify: true",
    );
    who(&nowhere, &[]).check(
        3,
        &[
            "cannot reach",
            &closed.to_string(),
            "hint: check the address",
        ],
    );
    who(
        &kubeconfig("https://host.invalid", "insecure-skip-tls-verify: true"),
        &["--timeout", "20"],
    )
    .check(3, &["cannot reach `https://host.invalid"]);
    who("current-context: gone\n", &[]).check(3, &["no context `gone`", "hint:"]);
    who("just text", &[]).check(3, &["is not a kubeconfig", "hint:"]);
    who(&kubeconfig("", ""), &[]).check(3, &["hint:"]);
    Program::new()
        .run(&["who", "--kubeconfig", "absent"])
        .check(3, &["cannot read kubeconfig `absent`", "hint:"]);
    Program::new()
        .run(&["who", "--context", "prod"])
        .check(3, &["error:", "hint:"]);
    Program::new()
        .run(&["scan"])
        .check(3, &["no estate could be read", "scan --demo"]);
}

#[test]
fn a_kubeconfig_never_shows_what_it_holds() {
    let secret = "users: [{name: u, user: {token: hunter2hunter2, \n]]";
    let run = who(secret, &[]);
    run.check(3, &["is not a kubeconfig"]);
    assert!(!run.err.contains("hunter2"), "{run:?}");
}

#[test]
fn a_wrong_certificate_is_not_trusted() {
    let server = FakeServer::start_tls("127.0.0.1", cluster);
    let other = FakeServer::start_tls("127.0.0.1", cluster);
    let named = FakeServer::start_tls("other.example", cluster);
    let run = |server: &FakeServer, authority: &str| {
        Program::new()
            .with_file("ca.pem", authority)
            .with_file(
                "config",
                kubeconfig(&server.url(), "certificate-authority: ca.pem"),
            )
            .run(&["who", "--kubeconfig", "config", "-o", "json"])
    };
    assert!(matches!(run(&server, &server.certificate).code, 0 | 4));
    run(&server, &other.certificate).check(3, &["no trusted connection", "hint:"]);
    run(&named, &named.certificate).check(3, &["no trusted connection", "not valid for"]);
    let plain = FakeServer::start(cluster);
    let url = plain.url().replace("http:", "https:");
    who(&kubeconfig(&url, "insecure-skip-tls-verify: true"), &[]).check(3, &["does not speak TLS"]);
}

#[test]
fn a_server_that_answers_garbage_is_not_the_api() {
    for reply in [
        Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        Reply::Raw(b""),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half"),
        Reply::Json(500, "<html>\u{1b}[31mboom</html>".to_owned()),
        Reply::Json(200, "<html>welcome</html>".to_owned()),
        Reply::Json(200, "{}".to_owned()),
        Reply::Json(200, "[[[[".to_owned()),
        Reply::Json(302, String::new()),
    ] {
        let server = FakeServer::start(move |_| reply.clone());
        let run = who(&server.kubeconfig(), &["--timeout", "5"]);
        run.check(3, &["error:", "hint:"]);
        assert!(!run.err.contains('\u{1b}'), "{run:?}");
    }
    let refused = FakeServer::start(|_| {
        Reply::Json(
            401,
            r#"{"kind":"Status","message":"Unauthorized"}"#.to_owned(),
        )
    });
    who(&refused.kubeconfig(), &[]).check(3, &["does not accept the credential", "log in again"]);
}

#[test]
fn a_server_that_hangs_or_drips_is_left() {
    for reply in [Reply::Hang, Reply::Drip] {
        let server = FakeServer::start(move |_| reply.clone());
        who(&server.kubeconfig(), &["--timeout", "1"])
            .check(3, &["gave no complete answer within 1 s", "hint:"]);
    }
}

#[test]
fn one_bad_answer_costs_only_itself() {
    for (reply, gap) in [
        (Reply::Hang, "timed-out list `services`"),
        (Reply::Drip, "timed-out list `services`"),
        (Reply::Flood, "too-large list `services`"),
        (Reply::Raw(b"garbage"), "truncated list `services`"),
        (
            Reply::Json(200, "<html>".to_owned()),
            "malformed list `services`",
        ),
        (
            Reply::Json(500, "boom".to_owned()),
            "unreachable list `services`",
        ),
        (
            Reply::Json(
                403,
                r#"{"kind":"Status","message":"no such permission"}"#.to_owned(),
            ),
            "forbidden list `services`",
        ),
    ] {
        let timeout_s = reply.timeout_s();
        let server = FakeServer::start(move |path| {
            if path.ends_with("/services") {
                reply.clone()
            } else {
                cluster(path)
            }
        });
        let program = Program::new().with_file("config", server.kubeconfig());
        let words = [
            "collect",
            "--kubeconfig",
            "config",
            "--timeout",
            timeout_s,
            "-o",
            "x.vshed",
        ];
        program.run(&words).check(4, &["services"]);
        let see = ["see", "--as", "root", "--as-group", "system:masters"];
        let run = program.run(&[&see[..], &["--from", "x.vshed", "-o", "json"]].concat());
        run.check_gap(4, gap);
        for (resource, _) in KINDS {
            let is_there = run.out.contains(&format!("a-{resource}"));
            assert_eq!(is_there, resource != "services", "{resource} with {gap}");
        }
    }
}

#[test]
fn a_server_that_stops_answering_costs_one_wait() {
    let server = FakeServer::start(|path| {
        if path.starts_with("/api/v1/") {
            Reply::Hang
        } else {
            cluster(path)
        }
    });
    let run = who(&server.kubeconfig(), &["--timeout", "1"]);
    run.check_gap(4, "timed-out list `pods`");
}

#[test]
fn a_server_that_stays_busy_is_said_to_be_busy_within_the_time() {
    let server = FakeServer::start(|_| {
        let forever = "86400".to_owned();
        Reply::Header(429, "retry-after", forever, "{}".to_owned())
    });
    let started = std::time::Instant::now();
    let run = who(&server.kubeconfig(), &["--timeout", "4"]);
    run.check(3, &["is too busy to answer", "429", "try again later"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn a_credential_plugin_that_never_ends_is_ended_in_time() {
    let config = "current-context: here\n\
         contexts: [{name: here, context: {cluster: c, user: u}}]\n\
         clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
         users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ['1000']}}}]\n";
    let started = std::time::Instant::now();
    let run = who(config, &["--timeout", "2"]);
    run.check(
        3,
        &["the credential plugin `sleep`", "within 2 s", "--timeout"],
    );
    assert!(started.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn several_clusters_are_chosen_from_by_name() {
    let (one, other) = (FakeServer::start(cluster), FakeServer::start(cluster));
    let config = format!(
        "contexts: [{{name: one, context: {{cluster: one, user: u}}}}, {{name: other, context: {{cluster: other, user: u}}}}]\n\
         clusters: [{{name: one, cluster: {{server: '{}'}}}}, {{name: other, cluster: {{server: '{}'}}}}]\n\
         users: [{{name: u, user: {{token: abc}}}}]\n",
        one.url(),
        other.url()
    );
    let program = Program::new().with_file("config", config);
    let both = [
        "--kubeconfig",
        "config",
        "--context",
        "one",
        "--context",
        "other",
    ];
    let see = [&["see", "--as", "eve", "-o", "json"][..], &both].concat();
    program.run(&see).check(
        2,
        &[
            "the estate has several clusters",
            "choose one with --estate: one, other",
        ],
    );
    let chosen = program.run(&[&see[..], &["--estate", "other"]].concat());
    assert_eq!(chosen.json()["estate"], "other");
}

#[test]
fn what_could_not_be_asked_is_neither_nothing_nor_verified() {
    let server = FakeServer::start(cluster);
    let program = Program::new().with_file("config", server.kubeconfig());
    let words = ["see", "--serviceaccount", "shop/a-serviceaccounts"];
    let live = ["--kubeconfig", "config", "--verify"];
    let run = program.run(&[&words[..], &live].concat());
    run.check(4, &[]);
    let out = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("Nothing is certain from here"), "{out}");
    assert!(!out.contains("Nothing can be discovered"), "{out}");
    assert!(out.contains("NOT VERIFIED"), "{out}");
    assert!(!out.contains("no difference"), "{out}");
}

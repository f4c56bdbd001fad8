//! A rehearsal as a person runs it: what it says beforehand, what it makes of a log, and its exit codes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::fake_server::{FakeServer, Reply};
use crate::program::{Program, Run};

/// A server that answers every request and counts them.
fn server() -> (FakeServer, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = FakeServer::start(move |path| {
        counted.fetch_add(1, Ordering::Relaxed);
        let identity = json!({"status": {"userInfo": {"username": "jane", "groups": []}}});
        let body = if path.ends_with("selfsubjectreviews") {
            identity
        } else {
            json!({"items": []})
        };
        Reply::Json(200, body.to_string())
    });
    (server, count)
}

fn program(server: &FakeServer) -> Program {
    Program::new().with_file("config", server.kubeconfig())
}

const SHORT: [&str; 7] = [
    "rehearse",
    "--kubeconfig",
    "config",
    "--pace",
    "0",
    "--steps",
    "nodes,namespaces",
];

fn sent(program: &Program) -> (Run, Value) {
    let run = program.run(&[&SHORT[..], &["--output", "json"]].concat());
    let document = serde_json::from_str(&run.out).unwrap();
    (run, document)
}

/// The audit log that a server would write of a run, without the requests whose path holds `dropped`.
fn audit_log(document: &Value, dropped: &str) -> String {
    let mut log = String::new();
    let agent = &document["run"]["user_agent"];
    let steps = document["run"]["steps"].as_array().unwrap().iter();
    let requests = steps.flat_map(|step| step["requests"].as_array().unwrap());
    for (index, request) in requests.enumerate() {
        if request["path"].as_str().unwrap().contains(dropped) {
            continue;
        }
        let asked = &request["asked"];
        let event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
            "auditID": format!("a-{index}"), "stage": "ResponseComplete",
            "requestURI": request["path"], "verb": asked["verb"],
            "user": {"username": "jane"}, "sourceIPs": ["192.0.2.7"], "userAgent": agent,
            "objectRef": {"resource": asked["resource"], "apiGroup": asked["api_group"], "apiVersion": "v1"},
            "responseStatus": {"code": 200},
            "requestReceivedTimestamp": request["sent_at"], "stageTimestamp": request["sent_at"],
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        });
        log += &event.to_string();
        log.push('\n');
    }
    log
}

#[test]
fn it_says_whom_it_asks_under_which_name_before_it_does() {
    let (server, count) = server();
    let (run, document) = sent(&program(&server));
    run.check(0, &[]);
    let agent = document["run"]["user_agent"].as_str().unwrap();
    let id = document["run"]["id"].as_str().unwrap();
    assert!(
        agent.starts_with("viewshed-rehearsal/") && agent.contains(id),
        "{agent}"
    );
    assert!(run.err.contains(agent), "{}", run.err);
    assert!(
        run.err.contains("at most 3 read-only requests"),
        "{}",
        run.err
    );
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(document["judged"], false);
}

#[test]
fn a_dry_run_sends_nothing() {
    let (server, count) = server();
    let run = program(&server).run(&["rehearse", "--kubeconfig", "config", "--dry-run"]);
    run.check(0, &[]);
    assert!(
        run.out.contains("GET /api/v1/pods?limit=500\n"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("GET /api/v1/nodes/{node}/proxy/configz\n"),
        "{}",
        run.out
    );
    assert_eq!(count.load(Ordering::Relaxed), 0);
    let words = [
        "rehearse",
        "--kubeconfig",
        "config",
        "--dry-run",
        "-o",
        "json",
    ];
    program(&server).run(&words).check(2, &["--dry-run"]);
}

#[test]
fn a_record_is_judged_by_a_log() {
    let (server, _) = server();
    let (_, document) = sent(&program(&server));
    for (dropped, code, verdicts) in [
        ("no such path", 1, ["shown", "shown"]),
        ("/nodes", 1, ["shown", "not-shown"]),
        ("/", 1, ["not-shown", "not-shown"]),
    ] {
        let judge = Program::new()
            .with_file("run.json", document.to_string())
            .with_file("audit.log", audit_log(&document, dropped));
        let words = [
            "rehearse",
            "report",
            "--run",
            "run.json",
            "--log",
            "audit.log",
            "-o",
            "json",
        ];
        let run = judge.run(&words);
        let judged: Value = serde_json::from_str(&run.out).unwrap();
        let found = ["namespaces", "nodes"].map(|name| {
            let mut steps = judged["steps"].as_array().unwrap().iter();
            let step = steps.find(|step| step["step"] == name).unwrap();
            step["verdict"].as_str().unwrap().to_owned()
        });
        // Three ordinary requests of a person are no incident: the rehearsal is shown and missed.
        assert_eq!(
            (run.code, found.each_ref().map(String::as_str)),
            (code, verdicts),
            "{dropped}"
        );
        assert_eq!(judged["incidents"], json!([]));
        assert_eq!(judged["run"], document["run"]);
    }
}

#[test]
fn what_is_no_record_is_wrong_usage() {
    let judge = Program::new()
        .with_file("run.json", "{\"run\": {\"id\": 7}}")
        .with_file("audit.log", "");
    let words = ["rehearse", "report", "--run", "run.json"];
    judge.run(&words).check(2, &["no log is named"]);
    judge
        .run(&[&words[..], &["--log", "audit.log"]].concat())
        .check(2, &["`run.json` holds no rehearsal", "hint:"]);
    judge
        .run(&[
            "rehearse",
            "report",
            "--run",
            "none.json",
            "--log",
            "audit.log",
        ])
        .check(3, &["none.json"]);
    judge
        .run(&["rehearse", "--steps", "everything"])
        .check(2, &["everything"]);
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_no_rehearsal() {
    let nobody = Program::new();
    nobody.run(&["rehearse"]).check(3, &["no cluster"]);
    let refusing = FakeServer::start(|_| Reply::Json(401, "{}".to_owned()));
    program(&refusing).run(&SHORT).check(3, &["credential"]);
}

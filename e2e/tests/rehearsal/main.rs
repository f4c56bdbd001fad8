//! A rehearsal on real servers: all of it stands in their logs, and WATCH catches it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(clippy::panic, reason = "helpers of tests fail the test")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values are indexed")]

mod program;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use program::{Report, binary, rehearse};
use viewshed_bench::docker::Version;
use viewshed_bench::kubernetes::{Audit, Endpoint};
use viewshed_bench::{
    Availability, ControlPlane, ControlPlaneOptions, DockerHost, DockerOptions, Image, Needs, Node,
    NodeOptions, availability,
};

const CART: &str = "system:serviceaccount:shop:cart";

/// As `viewshed coverage` advises: everything, and the bodies of access reviews.
const RECORDS_ALL: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources: [{group: authorization.k8s.io}]
- level: Metadata
";

/// As many guides advise, to save space.
const DROPS_READS: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ['/version', '/api*', '/openapi*', '/livez*', '/readyz*', '/healthz*']
- level: None
  verbs: [get, list, watch]
- level: Metadata
";

fn recording(policy: &str) -> ControlPlaneOptions {
    ControlPlaneOptions {
        audit: Audit::Policy(policy.to_owned()),
        ..ControlPlaneOptions::default()
    }
}

/// A control plane where cart may see some things, and cart's kubeconfig.
fn plane(policy: &str) -> Option<(ControlPlane, String)> {
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return None;
    }
    let plane = ControlPlane::start(&recording(policy)).unwrap();
    plane.kubectl().apply(include_str!("estate.yaml")).unwrap();
    let token = plane.token("shop", "cart").unwrap();
    let kubeconfig = plane
        .kubeconfig_with_token(&token, Endpoint::Outside)
        .unwrap();
    Some((plane, kubeconfig.display().to_string()))
}

fn log_of(plane: &ControlPlane) -> String {
    plane.audit_log().unwrap().display().to_string()
}

/// The steps that need a node or Docker, and the one that nobody asked for.
const ELSEWHERE: [&str; 6] = [
    "pod-log",
    "kubelet-anonymous",
    "kubelet-token",
    "docker-info",
    "docker-containers",
    "docker-networks",
];

#[test]
fn from_outside_all_of_it_shows_and_is_caught() {
    let Some((plane, kubeconfig)) = plane(RECORDS_ALL) else {
        return;
    };
    let log = log_of(&plane);
    let (code, report) = rehearse(&["--kubeconfig", &kubeconfig, "--log", &log, "--pace", "50"]);
    let text = format!("{:#}", report.0);
    assert_eq!(report.with("not-sent"), ELSEWHERE, "{text}");
    let (sent, shown) = report.totals();
    assert_eq!(sent, shown, "{text}");
    assert_eq!(report.with("not-shown"), Vec::<&str>::new(), "{text}");
    assert_eq!(report.with("in-part"), Vec::<&str>::new(), "{text}");
    assert_eq!(code, 0, "{text}");
    assert_eq!(report.0["unexplained_events"], 0);
    // The record is what the server logged, request by request.
    let id = report.0["run"]["id"].as_str().unwrap();
    let logged: BTreeSet<String> = plane
        .audit_events()
        .unwrap()
        .iter()
        .filter(|event| {
            event["userAgent"]
                .as_str()
                .is_some_and(|agent| agent.contains(id))
        })
        .map(|event| event["auditID"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(u64::try_from(logged.len()).unwrap(), sent);
    // One intruder is one incident, whether he shows his token or not.
    let incidents = report.0["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "{text}");
    assert_eq!(incidents[0]["actor"], CART);
    assert_eq!(report.step("pods")["verdict"], "caught", "{text}");
    assert_eq!(report.step("pods")["level"], "Metadata");
    assert_eq!(report.step("own-rules")["level"], "RequestResponse");
}

#[test]
fn what_a_policy_drops_is_told_with_the_rule_that_drops_it() {
    let Some((plane, kubeconfig)) = plane(DROPS_READS) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(&policy, DROPS_READS).unwrap();
    let policy = policy.display().to_string();
    let log = log_of(&plane);
    let words = ["--kubeconfig", &kubeconfig, "--log", &log, "--pace", "20"];
    let (code, report) = rehearse(&[&words[..], &["--policy", &policy]].concat());
    let text = format!("{:#}", report.0);
    assert_eq!(code, 1, "{text}");
    for (step, rule) in [
        ("pods", "rules[1]"),
        ("secret-names", "rules[1]"),
        ("api-discovery", "rules[0]"),
    ] {
        let step = report.step(step);
        assert_eq!(
            (&step["verdict"], &step["shown"]),
            (&"not-shown".into(), &0.into())
        );
        let why = step["why"].as_str().unwrap();
        assert_eq!(why, format!("the audit policy leaves it out (`{rule}`)"));
        assert!(
            step["fragment"]
                .as_str()
                .unwrap()
                .contains("level: Metadata"),
            "{step}"
        );
    }
    // Questions about oneself are written, so they show; their bodies are not.
    let rules = report.step("own-rules");
    assert_eq!(
        (&rules["shown"], &rules["level"]),
        (&1.into(), &"Metadata".into())
    );
    // Without the policy the log itself tells that reads are not in it.
    let (code, report) = rehearse(&words);
    assert_eq!(code, 1);
    let pods = report.step("pods");
    assert_eq!(pods["verdict"], "not-shown");
    assert_ne!(pods["why"], "");
}

#[test]
fn from_inside_a_pod_it_is_judged_elsewhere() {
    if availability(Needs::Node).unwrap() == Availability::Skip {
        return;
    }
    let node = Node::start(&NodeOptions {
        control_plane: recording(RECORDS_ALL),
        ..NodeOptions::default()
    })
    .unwrap();
    let image = Image::new("bench.test/viewshed:1").with_file("/viewshed", binary());
    node.add_image(&image).unwrap();
    let kubectl = node.kubectl();
    kubectl.apply(include_str!("estate.yaml")).unwrap();
    kubectl.apply(include_str!("pod.yaml")).unwrap();
    kubectl
        .wait_pod_ready("shop", "cart-7d", Duration::from_secs(120))
        .unwrap();
    let program = [
        "exec",
        "-n",
        "shop",
        "cart-7d",
        "--",
        "/viewshed",
        "rehearse",
        "--output",
        "json",
    ];
    let log = log_of(node.control_plane());
    let folder = tempfile::tempdir().unwrap();
    let judge = |words: &[&str]| {
        let output = kubectl
            .output(&[&program[..], &["--pace", "50"], words].concat())
            .unwrap();
        let sent = Report::of(&output);
        let file = folder.path().join("run.json");
        fs::write(&file, &output.stdout).unwrap();
        let file = file.display().to_string();
        // The log is written a moment after the answer.
        std::thread::sleep(Duration::from_secs(1));
        let (code, report) = rehearse(&["report", "--run", &file, "--log", &log]);
        assert_eq!(sent.0["run"], report.0["run"]);
        (code, report)
    };

    let (code, report) = judge(&[]);
    let text = format!("{:#}", report.0);
    assert_eq!(report.0["run"]["identity"]["user"], CART);
    // The kubelet's certificate is its own, and it lets nobody in without a credential.
    let token = report.step("kubelet-token");
    assert_eq!(token["verdict"], "not-sent", "{text}");
    assert!(
        token["why"].as_str().unwrap().contains("--trust-kubelet"),
        "{token}"
    );
    assert_eq!(report.with("closed"), ["kubelet-anonymous"], "{text}");
    assert_eq!(report.with("not-shown"), Vec::<&str>::new(), "{text}");
    assert_eq!(report.with("in-part"), Vec::<&str>::new(), "{text}");
    assert_eq!(report.0["incidents"].as_array().unwrap().len(), 1, "{text}");
    assert_eq!(code, 0, "{text}");

    let (_, report) = judge(&["--trust-kubelet", "--steps", "kubelet-token"]);
    let text = format!("{:#}", report.0);
    let token = report.step("kubelet-token");
    assert_eq!(
        (&token["sent"], &token["shown"]),
        (&2.into(), &2.into()),
        "{text}"
    );
    let requests = report.0["run"]["steps"].as_array().unwrap();
    let sent = requests
        .iter()
        .find(|step| step["name"] == "kubelet-token")
        .unwrap();
    assert_eq!(sent["requests"][0]["status"], 403, "{text}");
}

#[test]
fn dockers_own_log_shows_it() {
    if availability(Needs::DockerDebian).unwrap() == Availability::Skip {
        return;
    }
    let options = DockerOptions {
        flags: vec!["--debug".to_owned()],
        ..DockerOptions::default()
    };
    let host = DockerHost::start(Version::Debian, &options).unwrap();
    let socket = format!("unix://{}", host.socket().display());
    let log = host.daemon().log().display().to_string();
    let (_, report) = rehearse(&[
        "--docker-host",
        &socket,
        "--log",
        &log,
        "--format",
        "docker-daemon",
    ]);
    let text = format!("{:#}", report.0);
    for step in ["docker-info", "docker-containers", "docker-networks"] {
        let step = report.step(step);
        assert_eq!(step["sent"], step["shown"], "{text}");
        assert_ne!(step["sent"], 0, "{text}");
    }
    assert_eq!(report.step("pods")["why"], "no API server is named");
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use viewshed_model::{RehearsalRun, Surface};

use super::sequence::Way;
use super::{Foothold, Kubelet, KubeletTrust, LogReading, Rehearsal, STEPS, plan, rehearse};
use crate::docker;
use crate::environment::Environment;
use crate::error::Error;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::kubernetes::Client;
use crate::kubernetes::testing::{client_of, forbidden, limits, list, ok};
use crate::kubernetes::testing_certificates::authority;
use crate::progress::Quiet;

const AGENT: &str = "viewshed-rehearsal/test (id 00c0ffee)";

/// Everything but Docker and the kubelet, without waiting.
fn rehearsal(client: Option<&Client>) -> Rehearsal<'_> {
    Rehearsal {
        id: "00c0ffee".to_owned(),
        user_agent: AGENT.to_owned(),
        program_version: "test".to_owned(),
        cluster: client,
        kubelet: None,
        docker: Vec::new(),
        foothold: Foothold::default(),
        steps: STEPS.iter().map(|step| step.name).collect(),
        logs: LogReading::Never,
        pace: Duration::ZERO,
    }
}

/// A server that shows everything to a credential, and lets it read kubelets where `proxy` says so.
async fn server(proxy: bool) -> FakeServer {
    FakeServer::start(move |asked| {
        if asked.header("authorization").is_empty() {
            return forbidden();
        }
        let path = asked.path();
        if path.ends_with("/selfsubjectreviews") {
            let user = json!({"username": "system:serviceaccount:shop:cart"});
            return ok(&json!({"status": {"userInfo": user}}));
        }
        if path.ends_with("/selfsubjectaccessreviews") {
            let is_of_proxy = asked.body.contains("\"subresource\":\"proxy\"");
            return ok(&json!({"status": {"allowed": proxy && is_of_proxy}}));
        }
        match path {
            "/api/v1/nodes" => list(asked, "Node", &["worker-1"], &json!({})),
            "/api/v1/namespaces/default/pods" => list(asked, "Pod", &["default/web"], &json!({})),
            _ => ok(&json!({})),
        }
    })
    .await
}

/// What left, and the record of it.
async fn taken(
    server: &FakeServer,
    change: impl FnOnce(&mut Rehearsal<'_>),
) -> (Vec<Asked>, RehearsalRun) {
    let mut client = client_of(server, limits()).await;
    AGENT.clone_into(&mut client.user_agent);
    let mut rehearsal = rehearsal(Some(&client));
    change(&mut rehearsal);
    let run = rehearse(&rehearsal, &Quiet).await.unwrap();
    (server.asked(), run)
}

fn lines(asked: &[Asked]) -> Vec<String> {
    let line = |one: &Asked| format!("{} {}", one.method, one.target);
    asked.iter().map(line).collect()
}

fn recorded(run: &RehearsalRun) -> Vec<String> {
    run.steps
        .iter()
        .flat_map(|step| &step.requests)
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

#[tokio::test]
async fn nothing_but_reads_and_questions_about_oneself_leaves() {
    let server = server(true).await;
    let (asked, _) = taken(&server, |rehearsal| rehearsal.logs = LogReading::OneByte).await;
    assert!(asked.len() > 40, "{}", asked.len());
    for one in &asked {
        match one.method.as_str() {
            "GET" => assert_eq!(one.body, "", "{}", one.target),
            "POST" => {
                let end = one.path().rsplit('/').next().unwrap();
                let reviews = [
                    "selfsubjectreviews",
                    "selfsubjectaccessreviews",
                    "selfsubjectrulesreviews",
                ];
                assert!(reviews.contains(&end), "{}", one.target);
            }
            other => panic!("{other} {}", one.target),
        }
        assert_eq!(one.header("user-agent"), AGENT, "{}", one.target);
    }
}

#[tokio::test]
async fn no_request_can_bring_a_value_of_a_secret() {
    let server = server(true).await;
    let (asked, _) = taken(&server, |_| {}).await;
    let of_secrets: Vec<&Asked> = asked
        .iter()
        .filter(|one| one.path().contains("secrets"))
        .collect();
    assert_eq!(of_secrets.len(), 4, "{:?}", lines(&asked));
    for one in of_secrets {
        assert!(one.path().ends_with("/secrets"), "{}", one.target);
        assert_eq!(one.query("includeObject"), Some("None"), "{}", one.target);
        assert!(one.header("accept").contains("as=Table"), "{}", one.target);
    }
}

#[tokio::test]
async fn what_is_recorded_and_what_was_planned_is_what_left() {
    let server = server(true).await;
    let (asked, run) = taken(&server, |rehearsal| rehearsal.logs = LogReading::OneByte).await;
    assert_eq!(lines(&asked), recorded(&run));
    let client = client_of(&server, limits()).await;
    let mut rehearsal = rehearsal(Some(&client));
    rehearsal.logs = LogReading::OneByte;
    let planned: Vec<String> = plan(&rehearsal)
        .into_iter()
        .flat_map(|step| step.requests)
        .map(|line| {
            let line = line.replace("{node}", "worker-1");
            line.replace("{namespace}/pods/{pod}/", "default/pods/web/")
        })
        .collect();
    assert_eq!(planned, lines(&asked));
    assert_eq!(server.asked().len(), asked.len(), "planning sends nothing");
}

#[tokio::test]
async fn strangers_requests_carry_no_credential_and_all_others_do() {
    let server = server(true).await;
    let (asked, run) = taken(&server, |_| {}).await;
    let requests = run.steps.iter().flat_map(|step| &step.requests);
    for (one, request) in asked.iter().zip(requests) {
        let expected = if request.is_anonymous {
            ""
        } else {
            "Bearer abc"
        };
        assert_eq!(one.header("authorization"), expected, "{}", one.target);
    }
    let anonymous = run
        .steps
        .iter()
        .find(|step| step.name == "anonymous")
        .unwrap();
    let statuses: Vec<_> = anonymous.requests.iter().map(|one| one.status).collect();
    assert_eq!(statuses, vec![Some(403); anonymous.requests.len()]);
}

#[tokio::test]
async fn kubelets_are_read_through_the_server_only_where_it_says_so() {
    for (allows, expected) in [(true, 2), (false, 0)] {
        let server = server(allows).await;
        let (asked, _) = taken(&server, |_| {}).await;
        let proxied = asked
            .iter()
            .filter(|one| one.path().starts_with("/api/v1/nodes/worker-1/proxy/"));
        assert_eq!(proxied.count(), expected);
    }
}

#[tokio::test]
async fn logs_are_read_only_when_asked_for_and_then_one_byte() {
    let server = server(true).await;
    let (asked, run) = taken(&server, |_| {}).await;
    assert!(!lines(&asked).iter().any(|line| line.contains("/log")));
    let step = run
        .steps
        .iter()
        .find(|step| step.name == "pod-log")
        .unwrap();
    assert!(step.not_sent.contains("--read-logs"), "{}", step.not_sent);
    let (asked, _) = taken(&server, |rehearsal| rehearsal.logs = LogReading::OneByte).await;
    let logs: Vec<String> = lines(&asked)
        .into_iter()
        .filter(|line| line.contains("/log"))
        .collect();
    assert_eq!(
        logs,
        ["GET /api/v1/namespaces/default/pods/web/log?limitBytes=1&tailLines=1"]
    );
}

#[tokio::test]
async fn only_the_wanted_steps_are_taken_and_the_first() {
    let server = server(true).await;
    let (asked, run) = taken(&server, |rehearsal| {
        rehearsal.steps = BTreeSet::from(["nodes"]);
    })
    .await;
    assert_eq!(
        lines(&asked),
        [
            "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
            "GET /api/v1/nodes?limit=500"
        ]
    );
    assert_eq!(run.steps.len(), STEPS.len());
    let identity = run.identity.unwrap();
    assert_eq!(identity.user, "system:serviceaccount:shop:cart");
}

#[tokio::test]
async fn requests_keep_the_pace() {
    let server = server(true).await;
    let pace = Duration::from_millis(30);
    let (_, run) = taken(&server, |rehearsal| {
        rehearsal.pace = pace;
        rehearsal.steps = BTreeSet::from(["api-discovery", "namespaces"]);
    })
    .await;
    let requests = run.steps.iter().flat_map(|step| &step.requests);
    let times: Vec<_> = requests.map(|one| one.sent_at).collect();
    assert_eq!(times.len(), 7);
    for pair in times.windows(2) {
        assert!(pair[1].duration_since(pair[0]).unsigned_abs() >= pace);
    }
}

#[tokio::test]
async fn a_busy_or_broken_server_is_asked_once() {
    let server = FakeServer::start(|asked| match asked.path() {
        "/version" => Reply::Headers(429, vec![("retry-after", "1".to_owned())], String::new()),
        "/api" => Reply::Raw(Vec::new()),
        _ => ok(&json!({})),
    })
    .await;
    let (asked, run) = taken(&server, |rehearsal| {
        rehearsal.steps = BTreeSet::from(["server-version", "api-discovery"]);
    })
    .await;
    let count = |path: &str| asked.iter().filter(|one| one.path() == path).count();
    assert_eq!((count("/version"), count("/api")), (1, 1));
    let step = |name: &str| run.steps.iter().find(|step| step.name == name).unwrap();
    assert_eq!(step("server-version").requests[0].status, Some(429));
    assert_eq!(step("api-discovery").requests[0].status, None);
    assert_ne!(step("api-discovery").requests[0].failure, "");
}

#[tokio::test]
async fn a_credential_that_is_not_accepted_ends_the_run() {
    let server = FakeServer::start(|_| Reply::Json(401, "{}".to_owned())).await;
    let client = client_of(&server, limits()).await;
    let error = rehearse(&rehearsal(Some(&client)), &Quiet).await;
    assert!(
        matches!(error, Err(Error::Unauthenticated { .. })),
        "{error:?}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn without_anybody_to_ask_there_is_no_run() {
    let error = rehearse(&rehearsal(None), &Quiet).await;
    assert!(matches!(error, Err(Error::NoCluster)), "{error:?}");
}

fn environment() -> Environment {
    Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    }
}

#[tokio::test]
async fn docker_is_asked_by_get_in_the_version_that_it_speaks() {
    let server = FakeServer::start(|asked| match asked.path() {
        "/_ping" => Reply::Headers(200, vec![("api-version", "1.41".to_owned())], String::new()),
        _ => ok(&json!([])),
    })
    .await;
    let mut endpoint =
        docker::resolve(&environment(), Some(&format!("tcp://{}", server.address))).unwrap();
    AGENT.clone_into(&mut endpoint.user_agent);
    let mut rehearsal = rehearsal(None);
    rehearsal.docker = vec![endpoint];
    let run = rehearse(&rehearsal, &Quiet).await.unwrap();
    assert_eq!(
        lines(&server.asked()),
        [
            "GET /_ping",
            "GET /version",
            "GET /v1.41/info",
            "GET /v1.41/containers/json?all=1",
            "GET /v1.41/images/json",
            "GET /v1.41/networks",
            "GET /v1.41/volumes",
        ]
    );
    assert_eq!(lines(&server.asked()), recorded(&run));
    for one in server.asked() {
        assert_eq!(one.header("user-agent"), AGENT);
    }
}

#[tokio::test]
async fn a_daemon_that_is_not_there_was_not_asked() {
    let endpoint = docker::resolve(&environment(), Some("unix:///no/such.sock")).unwrap();
    let mut rehearsal = rehearsal(None);
    rehearsal.docker = vec![endpoint];
    let run = rehearse(&rehearsal, &Quiet).await.unwrap();
    for step in run
        .steps
        .iter()
        .filter(|step| step.surface == Surface::DockerApi)
    {
        assert!(step.requests.is_empty());
        assert!(
            step.not_sent.starts_with("not reachable"),
            "{}",
            step.not_sent
        );
    }
}

/// What a kubelet is asked that answers everybody; `signer` is its authority, or another one.
async fn kubelet(
    token: Option<&str>,
    trust: KubeletTrust,
    signer: Signer,
) -> (Vec<Asked>, RehearsalRun) {
    let (own, acceptor) = authority("127.0.0.1");
    let (other, _) = authority("127.0.0.1");
    let server = FakeServer::start_tls(|_| ok(&json!({})), acceptor).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let known = match signer {
        Signer::Known => &own,
        Signer::Stranger => &other,
    };
    let mut rehearsal = rehearsal(None);
    rehearsal.kubelet = Some(Kubelet {
        address: server.address.to_string(),
        token: token.map(|text| file("token", text)),
        authority: Some(file("ca.crt", known)),
        trust,
    });
    let run = rehearse(&rehearsal, &Quiet).await.unwrap();
    (server.asked(), run)
}

/// Who signed a kubelet's certificate.
#[derive(Clone, Copy)]
enum Signer {
    Known,
    Stranger,
}

#[tokio::test]
async fn a_kubelet_that_nobody_vouches_for_is_not_shown_the_token() {
    let (asked, run) = kubelet(Some("abc\n"), KubeletTrust::Vouched, Signer::Stranger).await;
    assert_eq!(lines(&asked), ["GET /pods", "GET /runningpods/"]);
    assert!(
        asked
            .iter()
            .all(|one| one.header("authorization").is_empty())
    );
    let step = run
        .steps
        .iter()
        .find(|step| step.name == "kubelet-token")
        .unwrap();
    assert!(
        step.not_sent.contains("--trust-kubelet"),
        "{}",
        step.not_sent
    );
    for (trust, signer) in [
        (KubeletTrust::Anybody, Signer::Stranger),
        (KubeletTrust::Vouched, Signer::Known),
    ] {
        let (asked, _) = kubelet(Some("abc\n"), trust, signer).await;
        let shown: Vec<&str> = asked
            .iter()
            .map(|one| one.header("authorization"))
            .collect();
        assert_eq!(shown, ["", "", "Bearer abc", "Bearer abc"]);
    }
}

#[tokio::test]
async fn without_a_token_a_kubelet_is_asked_without() {
    let (asked, _) = kubelet(None, KubeletTrust::Anybody, Signer::Known).await;
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|one| one.header("user-agent") == AGENT));
}

#[test]
fn every_step_is_documented_with_every_request() {
    let page = include_str!("../../../../docs/reference/rehearsal.md");
    let mut rehearsal = rehearsal(None);
    rehearsal.kubelet = Some(Kubelet::default());
    for step in &STEPS {
        let heading = format!("### `{}`", step.name);
        let (_, section) = page
            .split_once(&heading)
            .unwrap_or_else(|| panic!("{heading}"));
        let section = section.split("\n### ").next().unwrap();
        for id in step.techniques {
            assert!(section.contains(id), "{}: {id}", step.name);
        }
        assert!(
            section.contains(step.action),
            "{}: {}",
            step.name,
            step.action
        );
        for request in super::targets::documented(step) {
            assert!(
                section.contains(&format!("`{request}`")),
                "{}: {request}",
                step.name
            );
        }
        let is_kubelet = matches!(step.way, Way::Kubelet(_));
        assert_eq!(is_kubelet, section.contains("10250"), "{}", step.name);
    }
}

#[test]
fn every_step_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    assert_eq!(names.len(), STEPS.len());
    let value: Value = json!(names);
    assert!(!value.to_string().contains(' '));
}

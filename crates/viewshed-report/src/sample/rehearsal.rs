//! A rehearsal of which most was caught, and one that was not judged.

use jiff::Timestamp;
use viewshed_model::{
    AskedFor, Identity, JudgedStep, Level, RehearsalIncident, RehearsalLog, RehearsalReport,
    RehearsalRun, RehearsedStep, SentRequest, Severity, StepReason, StepVerdict, Surface,
};

use super::gap;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_764_050_400 + seconds).expect("a time of our days")
}

fn request(verb: &str, resource: &str, path: &str, status: Option<u16>) -> SentRequest {
    SentRequest {
        sent_at: time(1),
        method: "GET".to_owned(),
        path: path.to_owned(),
        asked: AskedFor {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            ..AskedFor::default()
        },
        is_anonymous: false,
        status,
        failure: match status {
            Some(_) => String::new(),
            None => "no complete answer within 60 s".to_owned(),
        },
    }
}

fn step(name: &str, title: &str, surface: Surface, requests: Vec<SentRequest>) -> RehearsedStep {
    RehearsedStep {
        name: name.to_owned(),
        title: title.to_owned(),
        techniques: vec!["T1613".to_owned()],
        surface,
        action: name.to_owned(),
        not_sent: String::new(),
        requests,
    }
}

fn judged(step: &RehearsedStep, verdict: StepVerdict, shown: u64) -> JudgedStep {
    JudgedStep {
        step: step.name.clone(),
        verdict,
        sent: step.requests.len() as u64,
        shown,
        level: (shown > 0).then_some(Level::Metadata),
        incidents: Vec::new(),
        reasons: Vec::new(),
        why: String::new(),
        change: String::new(),
        fragment: String::new(),
    }
}

fn run() -> RehearsalRun {
    let api = Surface::KubernetesApi;
    let mut docker = step("docker-info", "`docker info`", Surface::DockerApi, vec![]);
    docker.not_sent = "no Docker host is within reach".to_owned();
    let mut anonymous = request("list", "pods", "/api/v1/pods?limit=500", Some(403));
    anonymous.is_anonymous = true;
    RehearsalRun {
        id: "7d1f04c2b9a83e55".to_owned(),
        user_agent: "viewshed-rehearsal/0.1.0 (id 7d1f04c2b9a83e55)".to_owned(),
        program_version: "0.1.0".to_owned(),
        started_at: time(0),
        ended_at: time(12),
        cluster: "prod".to_owned(),
        server: "https://10.0.0.1:6443".to_owned(),
        identity: Some(Identity::service_account("shop", "cart")),
        steps: vec![
            step(
                "pods",
                "list pods",
                api,
                vec![
                    request("list", "pods", "/api/v1/pods?limit=500", Some(200)),
                    anonymous,
                ],
            ),
            step(
                "server-version",
                "read the server's version",
                api,
                vec![request("get", "", "/version", Some(200))],
            ),
            step(
                "nodes",
                "list nodes",
                api,
                vec![request(
                    "list",
                    "nodes",
                    "/api/v1/nodes?limit=500",
                    Some(200),
                )],
            ),
            step(
                "events",
                "list events",
                api,
                vec![request("list", "events", "/api/v1/events?limit=500", None)],
            ),
            step(
                "kubelet-anonymous",
                "ask a kubelet for its pods",
                Surface::DelegatedReview,
                vec![request("get", "nodes", "/pods", Some(401))],
            ),
            docker,
        ],
    }
}

/// Pods were caught; the version does not show.
pub(crate) fn rehearsal_report() -> RehearsalReport {
    let run = run();
    let verdicts = [
        (StepVerdict::Caught, 2),
        (StepVerdict::NotShown, 0),
        (StepVerdict::Shown, 1),
        (StepVerdict::Failed, 0),
        (StepVerdict::Closed, 0),
        (StepVerdict::NotSent, 0),
    ];
    let mut steps: Vec<JudgedStep> = run
        .steps
        .iter()
        .zip(verdicts)
        .map(|(step, (verdict, shown))| judged(step, verdict, shown))
        .collect();
    let id = "vs-7d1f04c2b9a83e55";
    steps[0].incidents = vec![id.to_owned()];
    steps[0].reasons = vec![StepReason {
        detection: "unwatched-list".to_owned(),
        text: "shop/cart lists pods in all namespaces".to_owned(),
    }];
    steps[1].why = "the audit policy leaves it out (`rules[3]`)".to_owned();
    steps[1].change = "put these rules first in the audit policy".to_owned();
    steps[1].fragment = "- level: Metadata\n  nonResourceURLs: [/version]\n".to_owned();
    steps[2].why = "no detection made an incident of it".to_owned();
    steps[3].why = "no complete answer within 60 s".to_owned();
    steps[4].why =
        "it was refused before anybody was asked about it, and disclosed nothing".to_owned();
    steps[5].why.clone_from(&run.steps[5].not_sent);
    RehearsalReport {
        generated_at: "2025-11-25T06:01:00Z".to_owned(),
        program_version: "0.1.0".to_owned(),
        run,
        logs: vec![RehearsalLog {
            name: "audit.log".to_owned(),
            format: "Kubernetes audit log".to_owned(),
            event_count: 1204,
        }],
        steps,
        incidents: vec![RehearsalIncident {
            id: id.to_owned(),
            severity: Severity::High,
            actor: "system:serviceaccount:shop:cart".to_owned(),
            opened_at: time(2),
            request_count: 2,
            detections: vec!["unwatched-list".to_owned()],
        }],
        unexplained_events: 1,
        gaps: vec![gap()],
    }
}

/// The same run before any log was read.
pub(crate) fn unjudged_rehearsal() -> RehearsalReport {
    let run = run();
    let steps = run.steps.iter().map(|step| {
        let verdict = if step.requests.is_empty() {
            StepVerdict::NotSent
        } else {
            StepVerdict::NotJudged
        };
        let mut judged = judged(step, verdict, 0);
        judged.why.clone_from(&step.not_sent);
        judged
    });
    RehearsalReport {
        steps: steps.collect(),
        logs: Vec::new(),
        incidents: Vec::new(),
        unexplained_events: 0,
        gaps: Vec::new(),
        run,
        ..rehearsal_report()
    }
}

use jiff::Timestamp;
use viewshed_model::{
    Activity, ActivityObject, Actor, AskedFor, AuditPolicy, AuditRule, CoverageReport, CoverageRow,
    Identity, Incident, JudgedStep, Level, RehearsalRun, RehearsedStep, SentRequest, Stage,
    StepVerdict, Surface, Visibility,
};

use super::{Finder, Sources, unjudged};

const START: i64 = 1_764_050_400;
const CART: &str = "system:serviceaccount:shop:cart";
const AGENT: &str = "viewshed-rehearsal/0.1.0 (id 00c0ffee)";

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

fn request(seconds: i64, verb: &str, resource: &str, path: &str) -> SentRequest {
    SentRequest {
        sent_at: time(seconds),
        method: "GET".to_owned(),
        path: path.to_owned(),
        asked: AskedFor {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            ..AskedFor::default()
        },
        is_anonymous: false,
        status: Some(200),
        failure: String::new(),
    }
}

fn list(seconds: i64, resource: &str) -> SentRequest {
    let path = format!("/api/v1/{resource}?limit=500");
    request(seconds, "list", resource, &path)
}

fn step(name: &str, surface: Surface, requests: Vec<SentRequest>) -> RehearsedStep {
    RehearsedStep {
        name: name.to_owned(),
        surface,
        action: format!("list-{name}"),
        requests,
        ..RehearsedStep::default()
    }
}

fn run(steps: Vec<RehearsedStep>) -> RehearsalRun {
    RehearsalRun {
        id: "00c0ffee".to_owned(),
        user_agent: AGENT.to_owned(),
        program_version: String::new(),
        started_at: time(0),
        ended_at: time(20),
        cluster: String::new(),
        server: String::new(),
        identity: Some(Identity::service_account("shop", "cart")),
        steps,
    }
}

fn pods() -> RehearsalRun {
    run(vec![step(
        "pods",
        Surface::KubernetesApi,
        vec![list(1, "pods"), list(3, "pods")],
    )])
}

fn event(
    seconds: i64,
    id: &'static str,
    verb: &'static str,
    resource: &'static str,
) -> Activity<'static> {
    Activity {
        at_us: time(seconds).as_microsecond(),
        level: Level::Metadata,
        id: id.into(),
        actor: Actor {
            user: CART.into(),
            user_agent: AGENT.into(),
            ..Actor::default()
        },
        verb: verb.into(),
        object: ActivityObject {
            resource: resource.into(),
            ..ActivityObject::default()
        },
        ..Activity::default()
    }
}

fn incident(ids: &[&str]) -> Incident {
    let moment = serde_json::json!({ "time": time(1), "audit_id": ids.first().unwrap_or(&"") });
    serde_json::from_value(serde_json::json!({
        "id": "vs-1", "revision": 1, "state": "open", "cluster": "", "actor": { "name": CART },
        "event_count": ids.len(), "source_addresses": [], "audit_ids": ids, "requests": [],
        "disclosed": [], "opened_at": time(1), "first_event": moment, "last_event": moment,
        "severity": "low", "confidence": "low", "techniques": [], "allowed_by": {},
        "reasons": ids.iter().take(1).map(|id| serde_json::json!({
            "detection": "unwatched-list", "text": "lists pods", "weight": 40, "at": time(1),
            "audit_id": id,
        })).collect::<Vec<_>>(),
    }))
    .unwrap()
}

fn judge(
    run: &RehearsalRun,
    events: &[Activity<'_>],
    incidents: &[Incident],
    policy: Option<&AuditPolicy>,
) -> Vec<JudgedStep> {
    let mut finder = Finder::new(run);
    finder.take(events);
    let coverage = CoverageReport::default();
    finder.steps(
        incidents,
        Sources {
            coverage: &coverage,
            policy,
        },
    )
}

#[track_caller]
fn check(
    run: &RehearsalRun,
    events: &[Activity<'_>],
    incidents: &[Incident],
    expected: (StepVerdict, u64),
) {
    let judged = judge(run, events, incidents, None);
    assert_eq!((judged[0].verdict, judged[0].shown), expected, "{judged:?}");
}

#[test]
fn a_step_is_caught_when_all_of_it_shows_and_some_of_it_became_an_incident() {
    let events = [event(1, "a", "list", "pods"), event(3, "b", "list", "pods")];
    check(
        &pods(),
        &events,
        &[incident(&["a"])],
        (StepVerdict::Caught, 2),
    );
    check(
        &pods(),
        &events,
        &[incident(&["z"])],
        (StepVerdict::Shown, 2),
    );
    check(&pods(), &events, &[], (StepVerdict::Shown, 2));
    check(
        &pods(),
        &events[..1],
        &[incident(&["a"])],
        (StepVerdict::InPart, 1),
    );
    check(
        &pods(),
        &[],
        &[incident(&["a"])],
        (StepVerdict::NotShown, 0),
    );
    let judged = judge(&pods(), &events, &[incident(&["b"])], None);
    assert_eq!(judged[0].incidents, ["vs-1"]);
    assert_eq!(judged[0].reasons[0].detection, "unwatched-list");
    assert_eq!(judged[0].level, Some(Level::Metadata));
}

#[test]
fn two_stages_of_one_request_are_one_request() {
    let mut started = event(1, "a", "list", "pods");
    started.stage = Stage::ResponseStarted;
    let events = [started, event(1, "a", "list", "pods")];
    check(&pods(), &events, &[], (StepVerdict::InPart, 1));
}

#[test]
fn only_events_with_the_runs_id_count() {
    let mut other = event(1, "a", "list", "pods");
    other.actor.user_agent = "kubectl/v1.37.2".into();
    let mut of_another_run = event(3, "b", "list", "pods");
    of_another_run.actor.user_agent = "viewshed-rehearsal/0.1.0 (id 00c0ffe0)".into();
    check(
        &pods(),
        &[other, of_another_run],
        &[],
        (StepVerdict::NotShown, 0),
    );
}

#[test]
fn a_request_without_credential_is_not_taken_for_one_with() {
    let mut anonymous = event(1, "a", "list", "pods");
    anonymous.actor.user = "system:anonymous".into();
    check(&pods(), &[anonymous], &[], (StepVerdict::NotShown, 0));
}

#[test]
fn events_beyond_the_record_are_counted() {
    let run = pods();
    let mut finder = Finder::new(&run);
    finder.take(&[
        event(1, "a", "list", "pods"),
        event(2, "b", "list", "pods"),
        event(3, "c", "list", "pods"),
        event(4, "d", "list", "secrets"),
        event(4, "d", "list", "secrets"),
    ]);
    assert_eq!(finder.unexplained_events(), 2);
}

#[test]
fn requests_named_alike_are_told_apart_by_time() {
    let run = run(vec![
        step("pods", Surface::KubernetesApi, vec![list(1, "pods")]),
        step("again", Surface::KubernetesApi, vec![list(9, "pods")]),
    ]);
    let judged = judge(&run, &[event(9, "a", "list", "pods")], &[], None);
    let verdicts: Vec<_> = judged.iter().map(|step| step.verdict).collect();
    assert_eq!(verdicts, [StepVerdict::NotShown, StepVerdict::Shown]);
}

#[test]
fn paths_are_compared_without_their_query() {
    let run = run(vec![step(
        "version",
        Surface::KubernetesApi,
        vec![request(1, "get", "", "/version?timeout=32s")],
    )]);
    let mut version = event(1, "a", "get", "");
    version.uri = "/version".into();
    check(
        &run,
        std::slice::from_ref(&version),
        &[],
        (StepVerdict::Shown, 1),
    );
    version.uri = "/versions".into();
    check(&run, &[version], &[], (StepVerdict::NotShown, 0));
}

fn kubelet(status: u16) -> RehearsalRun {
    let mut requests = vec![
        request(1, "get", "nodes", "/pods"),
        request(2, "get", "nodes", "/runningpods/"),
    ];
    for request in &mut requests {
        request.status = Some(status);
    }
    run(vec![step("kubelet", Surface::DelegatedReview, requests)])
}

fn review(seconds: i64, user: &'static str) -> Activity<'static> {
    let mut review = event(seconds, "r", "get", "nodes");
    review.surface = Surface::DelegatedReview;
    review.object.subresource = "proxy".into();
    review.actor.user = user.into();
    review.actor.user_agent = "".into();
    review
}

#[test]
fn one_review_of_a_kubelet_stands_for_all_requests_alike() {
    check(
        &kubelet(403),
        &[review(1, CART)],
        &[],
        (StepVerdict::Shown, 2),
    );
    check(
        &kubelet(403),
        &[review(1, "jane")],
        &[],
        (StepVerdict::NotShown, 0),
    );
    check(
        &kubelet(403),
        &[review(900, CART)],
        &[],
        (StepVerdict::NotShown, 0),
    );
}

#[test]
fn what_a_kubelet_refuses_unasked_is_no_miss() {
    check(&kubelet(401), &[], &[], (StepVerdict::Closed, 0));
    check(&kubelet(200), &[], &[], (StepVerdict::NotShown, 0));
    assert!(!StepVerdict::Closed.is_miss());
}

#[test]
fn dockers_log_is_searched_by_path_and_time() {
    let run = run(vec![step(
        "docker",
        Surface::DockerApi,
        vec![request(1, "get", "", "/v1.41/containers/json?all=1")],
    )]);
    let mut call = event(1, "", "get", "containers");
    call.surface = Surface::DockerApi;
    call.actor = Actor::default();
    call.uri = "/v1.47/containers/json".into();
    check(
        &run,
        std::slice::from_ref(&call),
        &[],
        (StepVerdict::Shown, 1),
    );
    // A log with user agents decides by them.
    call.actor.user_agent = "Docker-Client/28.0 (linux)".into();
    check(
        &run,
        std::slice::from_ref(&call),
        &[],
        (StepVerdict::NotShown, 0),
    );
    call.actor = Actor::default();
    call.at_us += 3_600_000_000;
    check(&run, &[call], &[], (StepVerdict::NotShown, 0));
}

#[test]
fn the_rule_of_the_policy_that_leaves_it_out_is_named() {
    let rule = |level, verb: &str| AuditRule {
        level,
        verbs: vec![verb.to_owned()],
        ..AuditRule::default()
    };
    let drops = AuditPolicy {
        rules: vec![rule(Level::Metadata, "create"), rule(Level::None, "list")],
        ..AuditPolicy::default()
    };
    let why = judge(&pods(), &[], &[], Some(&drops)).remove(0).why;
    assert_eq!(why, "the audit policy leaves it out (`rules[1]`)");
    let silent = AuditPolicy {
        rules: vec![rule(Level::Metadata, "create")],
        ..AuditPolicy::default()
    };
    let why = judge(&pods(), &[], &[], Some(&silent)).remove(0).why;
    assert!(
        why.starts_with("no rule of the audit policy fits it"),
        "{why}"
    );
    let records = AuditPolicy {
        rules: vec![rule(Level::Request, "list")],
        ..AuditPolicy::default()
    };
    let why = judge(&pods(), &[], &[], Some(&records)).remove(0).why;
    assert!(why.contains("records it at level `Request`"), "{why}");
}

#[test]
fn without_a_policy_the_reason_is_what_the_log_can_show_at_all() {
    let run = pods();
    let finder = Finder::new(&run);
    let row = |source: &str, visibility| CoverageRow {
        action: "list-pods".to_owned(),
        title: String::new(),
        surface: Surface::KubernetesApi,
        source: source.to_owned(),
        visibility,
        why: format!("because of {source}"),
        change: "change it".to_owned(),
        fragment: "- level: Metadata\n".to_owned(),
        cited: String::new(),
    };
    let coverage = CoverageReport {
        rows: vec![
            row("dns", Visibility::Invisible),
            row("audit", Visibility::Unknown),
        ],
        ..CoverageReport::default()
    };
    let sources = Sources {
        coverage: &coverage,
        policy: None,
    };
    let judged = finder.steps(&[], sources).remove(0);
    assert_eq!(judged.why, "because of audit");
    assert_eq!(
        (judged.change.as_str(), judged.fragment.as_str()),
        ("change it", "- level: Metadata\n")
    );
    let none = judge(&run, &[], &[], None).remove(0);
    assert_eq!(none.why, "no log was read that could show it");
}

#[test]
fn what_was_not_sent_or_not_answered_is_no_miss() {
    let mut left_out = step("docker", Surface::DockerApi, Vec::new());
    left_out.not_sent = "no Docker host".to_owned();
    let mut lost = list(1, "pods");
    lost.status = None;
    lost.failure = "no complete answer within 15 s".to_owned();
    let failed = step("pods", Surface::KubernetesApi, vec![lost]);
    let run = run(vec![left_out, failed]);
    let judged = judge(&run, &[], &[], None);
    let verdicts: Vec<_> = judged.iter().map(|step| step.verdict).collect();
    assert_eq!(verdicts, [StepVerdict::NotSent, StepVerdict::Failed]);
    assert!(verdicts.iter().all(|verdict| !verdict.is_miss()));
    assert_eq!(judged[0].why, "no Docker host");
    assert_eq!(judged[1].why, "no complete answer within 15 s");
    // An answer that was lost may stand in the log all the same.
    let shown = judge(&run, &[event(1, "a", "list", "pods")], &[], None);
    assert_eq!(shown[1].verdict, StepVerdict::InPart);
}

#[test]
fn without_logs_nothing_is_judged() {
    let run = pods();
    assert_eq!(unjudged(&run.steps[0]).verdict, StepVerdict::NotJudged);
}

#[test]
fn an_incident_that_lists_only_its_first_events_holds_later_ones_of_its_actor() {
    let mut long = incident(&["z"]);
    long.event_count = 1_000;
    long.last_event.time = time(100);
    let events = [event(1, "a", "list", "pods"), event(3, "b", "list", "pods")];
    check(&pods(), &events, &[long.clone()], (StepVerdict::Caught, 2));
    long.actor.name = "jane".to_owned();
    check(&pods(), &events, &[long], (StepVerdict::Shown, 2));
    let run = pods();
    let mut finder = Finder::new(&run);
    finder.take(&events);
    let own = finder.incidents(&[incident(&["q"]), incident(&["a", "b"])]);
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].request_count, 2);
    assert_eq!(own[0].detections, ["unwatched-list"]);
}

#[test]
fn what_was_sent_before_the_log_begins_blames_no_policy() {
    let leaves_out = AuditPolicy {
        rules: Vec::new(),
        ..AuditPolicy::default()
    };
    let other = event(2, "x", "get", "services");
    let why = |events: &[Activity<'_>]| {
        let judged = judge(&pods(), events, &[], Some(&leaves_out));
        (judged[0].verdict, judged[0].why.clone())
    };
    let not_recorded = "no rule of the audit policy fits it, so it is left out".to_owned();
    let begins = format!(
        "the log that was read begins at {}, and this was sent before: name the folder of its rotated files",
        time(2)
    );
    // Both requests, at 1 and 3 seconds, are lost: the second would stand in a log that begins at 2.
    assert_eq!(
        why(std::slice::from_ref(&other)),
        (StepVerdict::NotShown, not_recorded)
    );
    // Only the first is lost.
    let second = event(3, "b", "list", "pods");
    assert_eq!(why(&[other, second]), (StepVerdict::InPart, begins));
}

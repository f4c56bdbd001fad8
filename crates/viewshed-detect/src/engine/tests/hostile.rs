//! Logs that clients wrote to break the engine, to blind it, or to have others accused.

use serde_json::{Value, json};
use viewshed_decode::logs::{Arena, LogFormat, decode};
use viewshed_model::{Incident, Skips};

use super::world::{after_a_month, after_an_hour, latest, wall};
use crate::script::BASE_S;
use crate::{Baseline, Engine, Settings};

const CART: &str = "system:serviceaccount:shop:cart";
/// Longest text that a client puts into a field here. Bytes.
const LONG: usize = 300_000;

/// What an API server writes about one request.
fn event(number: usize, user: &str, verb: &str, path: &str) -> Value {
    let at = jiff::Timestamp::from_second(BASE_S + i64::try_from(number).unwrap()).unwrap();
    let mut parts = path.trim_start_matches("/api/v1/").split('/');
    let first = parts.next().unwrap();
    let (namespace, resource) = match first {
        "namespaces" => (parts.next().unwrap(), parts.next().unwrap()),
        resource => ("", resource),
    };
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
        "auditID": format!("id-{number}"), "stage": "ResponseComplete", "requestURI": path, "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "sourceIPs": ["10.1.2.3"], "userAgent": "app/v1",
        "objectRef": {"resource": resource, "namespace": namespace, "name": parts.next(), "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": at.to_string(), "stageTimestamp": at.to_string(),
        "annotations": {"authorization.k8s.io/decision": "allow"},
    })
}

/// Reads all kinds that tell most.
fn intrusion(from: usize) -> Vec<Value> {
    ["secrets", "nodes", "pods", "serviceaccounts", "configmaps"]
        .into_iter()
        .enumerate()
        .map(|(at, kind)| event(from + at * 90, CART, "list", &format!("/api/v1/{kind}")))
        .collect()
}

fn judge(events: &[Value]) -> Vec<Incident> {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    let log = lines.join("\n");
    let arena = Arena::new();
    let (mut activities, mut skips) = (Vec::new(), Skips::default());
    decode(
        LogFormat::KubernetesAudit,
        log.as_bytes(),
        &arena,
        &mut activities,
        &mut skips,
    );
    assert_eq!(skips.total(), 0);
    let mut engine = Engine::new(Settings::default(), Baseline::default());
    let mut told = Vec::new();
    engine.step(wall(), &activities, &mut told);
    engine.finish(wall(), &mut told);
    latest(told)
}

#[test]
fn forged_events_inside_bodies_accuse_nobody() {
    let forged = intrusion(0);
    let lines: Vec<String> = forged.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let mut events = Vec::new();
    for number in 0..40 {
        let path = format!("/api/v1/namespaces/blog/configmaps/forged-{number}");
        let mut one = event(number, "mallory", "update", &path);
        one["requestObject"] = json!({
            "data": {"audit.log": lines, "event": forged[number % 5].to_string()},
            "kind": "EventList", "items": forged, "user": {"username": CART},
        });
        one["responseObject"] = forged[number % 5].clone();
        one["userAgent"] =
            format!("x\",\"user\":{{\"username\":\"{CART}\"}},\"y\":\"{lines}").into();
        one["annotations"]["requestReceivedTimestamp"] = "2001-01-01T00:00:00Z".into();
        events.push(one);
    }
    assert_eq!(judge(&events), Vec::new());
}

#[test]
fn texts_of_clients_neither_break_nor_blind() {
    let long = "\u{1b}[2J\u{202e}<script>".repeat(LONG / 16);
    let texts = [
        "\u{1b}[31mroot\u{1b}[0m\r\n",
        "<img src=x onerror=alert(1)>",
        "\u{0}\u{7f}\u{9b}2J",
        "",
        "../../../../etc/passwd",
        "system:serviceaccount:",
        "system:serviceaccount:shop:cart\u{1f}",
        "system:node:",
        &long,
    ];
    let mut events = Vec::new();
    for (number, text) in texts.iter().cycle().take(90).enumerate() {
        let mut one = event(number, text, "list", "/api/v1/pods");
        one["userAgent"] = json!(text);
        one["requestURI"] = json!(text);
        one["sourceIPs"] = json!([text, text]);
        one["objectRef"]["resource"] = json!(text);
        one["objectRef"]["namespace"] = json!(text);
        one["responseStatus"] = json!({"code": 403, "message": text, "reason": text});
        events.push(one);
    }
    events.extend(intrusion(200));
    let incidents = judge(&events);
    let accused: Vec<&Incident> = incidents
        .iter()
        .filter(|one| one.actor.name == CART)
        .collect();
    assert_eq!(accused.len(), 1);
    for incident in &incidents {
        let bytes = serde_json::to_vec(incident).unwrap().len();
        assert!(bytes < 100_000, "{bytes} bytes of {}", incident.event_count);
    }
}

#[test]
fn nobody_hides_behind_what_he_did_before() {
    for verb in ["get", "list", "create"] {
        let mut events: Vec<Value> = (0..3_000)
            .map(|number| {
                let path = format!("/api/v1/namespaces/ns-{number}/events/name-{number}");
                event(number, CART, verb, &path)
            })
            .collect();
        events.extend((3_000..6_000).map(|number| {
            let mut one = event(number, CART, "create", "/api/v1/selfsubjectaccessreviews");
            one["objectRef"]["apiGroup"] = "authorization.k8s.io".into();
            one["requestObject"] =
                json!({"spec": {"resourceAttributes": {"verb": "get", "resource": format!("kind-{number}")}}});
            one
        }));
        events.extend(intrusion(6_000));
        let incidents = judge(&events);
        assert_eq!(incidents.len(), 1, "{verb}");
        let shown: Vec<&str> = incidents[0]
            .disclosed
            .iter()
            .map(|one| &*one.kind)
            .collect();
        assert!(shown.contains(&"secrets"), "{verb}: {shown:?}");
    }
}

#[test]
fn clocks_that_jump_neither_break_nor_blind() {
    let mut events = Vec::new();
    for (at, one) in intrusion(0).into_iter().enumerate() {
        events.push(one);
        for (number, time) in [
            "1970-01-01T00:00:01Z",
            "2999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ]
        .into_iter()
        .enumerate()
        {
            let mut other = event(
                10_000 + at * 10 + number,
                "alice",
                "get",
                "/api/v1/namespaces/a/pods/a",
            );
            other["requestReceivedTimestamp"] = time.into();
            other["stageTimestamp"] = time.into();
            events.push(other);
        }
    }
    let incidents = judge(&events);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert_eq!(incidents[0].actor.name, CART);
}

#[test]
fn long_requests_that_end_together_do_not_turn_the_clock_back() {
    let kinds = [
        "pods",
        "secrets",
        "nodes",
        "namespaces",
        "services",
        "endpoints",
    ];
    // Only the end of a watch is in the log, where `omitStages` leaves `ResponseStarted` out.
    for lasted_s in [3_500, 4_000, 7_200, 259_200] {
        let lists = kinds.map(|kind| {
            format!(
                "+9m shop/cart list {kind} -A 200
                 +1m shop/cart watch configmaps -n shop rv=7 200 lasted={lasted_s} x40"
            )
        });
        let script = format!(
            "10:00:00 shop/cart get configmaps cart -n shop 200\n{}",
            lists.join("\n")
        );
        for incidents in [after_an_hour(&script), after_a_month(&script)] {
            assert_eq!(incidents.len(), 1, "{lasted_s}");
            let of_pods = &incidents[0].requests;
            let listed = of_pods.iter().filter(|one| one.verb == "list").count();
            assert_eq!(listed, kinds.len(), "{lasted_s}: {of_pods:?}");
        }
    }
}

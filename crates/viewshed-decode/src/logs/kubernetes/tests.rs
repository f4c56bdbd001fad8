use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use super::*;
use crate::logs::LogFormat;
use crate::logs::shape::{Breaks, container_length};
use crate::logs::tests::{check, shown};

const LINE: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"0b9c9d3a-1111-4222-8333-123456789012","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500\u0026watch=0","verb":"list","user":{"username":"system:serviceaccount:shop:cart","uid":"c2a1f6de-8f0f-4a5c-9d3b-000000000016","groups":["system:serviceaccounts","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=x"],"authentication.kubernetes.io/node-name":["worker-1"],"authentication.kubernetes.io/node-uid":["1f53c2a8-5a2e-4b43-8a36-000000000016"],"authentication.kubernetes.io/pod-name":["cart-7d"],"authentication.kubernetes.io/pod-uid":["aa0f7f30-12fb-4a2a-bd27-000000000016"]}},"sourceIPs":["1.2.3.4","10.0.0.9"],"userAgent":"kubectl/v1.33.2","objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"1970-01-01T00:00:01.000002Z","stageTimestamp":"1970-01-01T00:00:01.000003Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"a/shop\""}}"#;

#[test]
fn a_line_of_the_log_backend_gives_all_its_fields() {
    check(
        LogFormat::KubernetesAudit,
        LINE,
        "list version=v1 resource=pods ns=shop uri=/api/v1/namespaces/shop/pods?limit=500&watch=0 user=system:serviceaccount:shop:cart uid=c2a1f6de-8f0f-4a5c-9d3b-000000000016 groups=system:serviceaccounts,system:authenticated pod=cart-7d node=worker-1 credential=JTI=x from=10.0.0.9 claimed=some agent=kubectl/v1.33.2 id=0b9c9d3a-1111-4222-8333-123456789012 at=1000002 code=200 verdict=Allowed reason=RBAC: allowed by RoleBinding \"a/shop\"",
    );
}

#[test]
fn lines_may_be_prefixed_cut_broken_or_of_another_kind() {
    let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","level":"Request","timestamp":"1970-01-01T00:00:02Z","auditID":"a","stage":"RequestReceived","requestURI":"/","verb":"get","user":{}}"#;
    let shown = "RequestReceived: get uri=/ id=a at=2000000 level=Request";
    check(
        LogFormat::KubernetesAudit,
        &format!(
            "\n{event}\r\nmaster-0 {event}\n{event}{event}\n[kube-apiserver] {event}\n[{event},{event}]\n\
             {{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{{}}}}\n{{\"kind\": 0}}\ntext\n\
             {{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a\"}}\n\
             {{\"log\":\"{}\\n\",\"stream\":\"stdout\"}}\n{}",
            event.replace('"', "\\\""),
            LINE.get(..300).unwrap()
        ),
        &format!(
            "{shown}\n{shown}\n{shown}\n{shown}\n{shown}\n{shown}\n{shown}\n{shown}
            3 Malformed from line 8
            1 Truncated from line 12
            1 OtherKind from line 7"
        ),
    );
}

#[test]
fn one_bad_item_of_a_list_loses_no_other() {
    let item = r#"{"level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/","verb":"get","user":{"username":"u"}}"#;
    let list = format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{item},{{"verb":5}},null,{{"a": tru}},{item}]}}"#
    );
    let expected = "get uri=/ user=u id=a\nget uri=/ user=u id=a\n3 Malformed from line 1";
    check(LogFormat::KubernetesEventList, &list, expected);
    let printed = list.replace(",\"", ",\n \"").replace("[{", "[\n{");
    check(
        LogFormat::KubernetesEventList,
        &format!("{printed}\n{printed}"),
        "
        get uri=/ user=u id=a\nget uri=/ user=u id=a\nget uri=/ user=u id=a\nget uri=/ user=u id=a
        6 Malformed from line 1",
    );
}

#[test]
fn a_login_of_openshift_names_who_logs_in() {
    let event = |decision: &str| {
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/oauth/authorize","verb":"get","user":{{"username":"system:anonymous","groups":["system:unauthenticated"]}},"responseStatus":{{"metadata":{{}},"code":302}},"requestReceivedTimestamp":"1970-01-01T00:00:01.000000Z","stageTimestamp":"1970-01-01T00:00:01.000000Z","annotations":{{"authentication.openshift.io/decision":"{decision}","authentication.openshift.io/username":"alice","authorization.k8s.io/decision":"allow"}}}}"#
        )
    };
    check(
        LogFormat::KubernetesAudit,
        &format!("{}\n{}", event("allow"), event("deny")),
        "get uri=/oauth/authorize user=alice groups=system:unauthenticated id=a at=1000000 code=302 verdict=Allowed
        get uri=/oauth/authorize user=system:anonymous groups=system:unauthenticated id=a at=1000000 code=302 verdict=Refused message=login of `alice`: deny",
    );
}

fn with_bodies(user: &str, resource: &str, verb: &str, bodies: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a","stage":"ResponseComplete","requestURI":"/","verb":"{verb}","user":{{"username":"{user}"}},"objectRef":{{"resource":"{resource}"}},"responseStatus":{{"metadata":{{}},"code":201}},{bodies},"requestReceivedTimestamp":"1970-01-01T00:00:01.000000Z","stageTimestamp":"1970-01-01T00:00:01.000000Z"}}"#
    )
}

#[test]
fn a_review_of_a_kubelet_stands_for_an_access() {
    let spec = r#""spec":{"resourceAttributes":{"verb":"get","version":"v1","resource":"nodes","subresource":"pods","name":"worker-1"},"user":"system:serviceaccount:shop:cart","groups":["system:serviceaccounts","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=x"],"authentication.kubernetes.io/pod-name":["cart-7d"]}}"#;
    let review = "review(get /nodes/pods  worker-1  by system:serviceaccount:shop:cart [\"system:serviceaccounts\", \"system:authenticated\"] JTI=x cart-7d -> ";
    let head = |user: &str| {
        format!(
            "create resource=subjectaccessreviews uri=/ user={user} id=a at=1000000 level=RequestResponse code=201 {review}"
        )
    };
    let access = "DelegatedReview: get version=v1 resource=nodes sub=pods name=worker-1 user=system:serviceaccount:shop:cart groups=system:serviceaccounts,system:authenticated pod=cart-7d credential=JTI=x id=a at=1000000 level=RequestResponse";
    let request = format!(r#""requestObject":{{{spec},"status":{{"allowed":false}}}}"#);
    let response = format!(
        r#"{request},"responseObject":{{{spec},"status":{{"allowed":true,"reason":"RBAC"}}}}"#
    );
    check(
        LogFormat::KubernetesAudit,
        &[
            with_bodies(
                "system:node:worker-1",
                "subjectaccessreviews",
                "create",
                &request,
            ),
            with_bodies(
                "system:node:worker-1",
                "subjectaccessreviews",
                "create",
                &response,
            ),
            with_bodies("alice", "subjectaccessreviews", "create", &request),
        ]
        .join("\n"),
        &format!(
            "{0}None)\n{access}\n{0}Some(true))\n{access} verdict=Allowed reason=RBAC\n{1}None)",
            head("system:node:worker-1"),
            head("alice")
        ),
    );
}

#[test]
fn self_reviews_are_questions() {
    check(
        LogFormat::KubernetesAudit,
        &[
            with_bodies("u", "selfsubjectrulesreviews", "create", r#""requestObject":{"spec":{"namespace":"shop"}}"#),
            with_bodies(
                "u",
                "selfsubjectaccessreviews",
                "create",
                r#""responseObject":{"spec":{"nonResourceAttributes":{"path":"/metrics","verb":"get"}},"status":{"allowed":false}}"#,
            ),
        ]
        .join("\n"),
        "create resource=selfsubjectrulesreviews uri=/ user=u id=a at=1000000 level=RequestResponse code=201 review( // shop   by  []   -> None)
        create resource=selfsubjectaccessreviews uri=/ user=u id=a at=1000000 level=RequestResponse code=201 review(get //   /metrics by  []   -> Some(false))",
    );
}

#[test]
fn no_token_and_no_secret_goes_further() {
    let token = r#""requestObject":{"spec":{"token":"eyJhbGciOi"}},"responseObject":{"spec":{"token":"eyJhbGciOi"},"status":{"authenticated":true,"user":{"username":"bob"}}}"#;
    let secret = r#""responseObject":{"items":[{"data":{"p":"eyJhbGciOi"}},{}]}"#;
    for line in [
        with_bodies("u", "tokenreviews", "create", token),
        with_bodies("u", "secrets", "list", secret),
        with_bodies("u", "tokenreviews", "create", token).replacen(':', ": ", 1),
    ] {
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), viewshed_model::Skips::default());
        decode(&line, &mut Sink::new(&arena, &mut activities, &mut skips));
        assert!(!format!("{activities:?}").contains("eyJ"), "{activities:?}");
        assert!(serde_json::from_str::<Value>(activities[0].raw).is_ok());
        let is_list = activities[0].verb == "list";
        assert_eq!(activities[0].disclosed_count, is_list.then_some(2));
        assert_eq!(activities[0].review.is_some(), !is_list);
    }
}

#[test]
fn of_changes_of_secrets_is_kept_whether_they_change_anything() {
    let options = r#"{"kind":"DeleteOptions","preconditions":{"uid":"eyJ\"dryRun\":[\"All\"]"}}"#;
    let tried = r#"{"kind":"DeleteOptions", "dryRun": [ "All" ], "preconditions":{"uid":"eyJ"}}"#;
    for (verb, body, kept) in [
        ("deletecollection", tried, r#"{"dryRun":["All"]}"#),
        ("delete", options, ""),
        ("patch", "{}", "{}"),
        ("patch", "[]", "{}"),
        ("patch", r#"{"data":{"p":"eyJ"}}"#, ""),
        ("update", r#"{"data":{"p":"eyJ"},"dryRun":["All"]}"#, ""),
    ] {
        let bodies = format!(r#""requestObject":{body},"responseObject":{{"data":{{"p":"eyJ"}}}}"#);
        let line = with_bodies("u", "secrets", verb, &bodies);
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), viewshed_model::Skips::default());
        decode(&line, &mut Sink::new(&arena, &mut activities, &mut skips));
        assert_eq!(activities[0].request_body, kept, "{verb} {body}");
        assert!(!format!("{activities:?}").contains("eyJ"), "{activities:?}");
    }
}

#[test]
fn answers_are_counted_as_lists_and_as_tables() {
    for (body, expected) in [
        (
            r#"{"kind":"PodList","metadata":{"x":"[{"},"items":[{"a":"}],"},{"b":[1,2]},{}]}"#,
            Some(3),
        ),
        (
            r#"{"kind":"Table","columnDefinitions":[{},{}],"rows":[{"cells":["a"]}]}"#,
            Some(1),
        ),
        (r#"{"items":[]}"#, Some(0)),
        (r#"{"items":null}"#, Some(0)),
        (r#"{"kind":"Status"}"#, None),
    ] {
        let line = with_bodies("u", "pods", "list", &format!(r#""responseObject":{body}"#));
        let found = shown(LogFormat::KubernetesAudit, &line);
        let count = found
            .split("disclosed=")
            .nth(1)
            .map(|rest| rest.trim().parse::<u32>().unwrap());
        assert_eq!(count, expected, "{body}");
    }
}

/// Text as attackers write it.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9:./-]{0,20}",
        Just(r#"","verb":"forged"#.to_owned()),
        Just("],\"},{&<>\\\u{1b}[31m\u{2028}é\u{1f600}\n".to_owned()),
        any::<String>(),
    ]
}

/// Mostly without escapes, which send a line the slow way.
fn texts() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        4 => prop::collection::vec("[]a-z:,{}-]{0,12}", 1..4),
        1 => prop::collection::vec(hostile(), 0..4),
    ]
}

prop_compose! {
    fn event()(
        (level, stage) in (
            prop::sample::select(vec!["Metadata", "Request", "RequestResponse", "Metadata", "Request", "RequestResponse", "None", "Odd"]),
            prop::sample::select(vec!["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "ResponseComplete", "Odd"]),
        ),
        names in prop::collection::vec(hostile(), 14),
        (groups, mask_groups, ips, values) in (texts(), texts(), texts(), texts()),
        code in prop_oneof![4 => Just(200), 4 => Just(403), 1 => -5..70_000_i64],
        present in prop::collection::vec(any::<bool>(), 24),
        verb in prop::sample::select(vec!["get", "list", "create", "get", "list", "create", "list", ""]),
        resource in prop::sample::select(vec!["pods", "secrets", "subjectaccessreviews", "tokenreviews"]),
        time in prop::sample::select(vec![
            "2025-03-04T06:22:18.819232Z", "2024-02-29T23:59:60.000001Z", "1969-12-31T23:59:59.999999Z",
            "2025-12-31T23:59:59.999999Z", "2025-02-28T00:00:00.000000Z", "2000-02-29T00:00:00.000000Z",
            "2025-02-30T06:22:18.819232Z", "2025-03-04T06:22:18Z",
            "2025-03-04T06:22:18.8+02:00", "", "x",
        ]),
    ) -> Vec<(&'static str, Value)> {
        let mut user = vec![("username", json!(names[0]))];
        if present[0] { user.push(("uid", json!(names[1]))); }
        if present[1] { user.push(("groups", json!(groups))); }
        if present[2] {
            user.push(("extra", json!({
                "authentication.kubernetes.io/pod-name": values,
                "authentication.kubernetes.io/node-uid": ["1f53c2a8-5a2e-4b43-8a36-000000000016"],
                "authentication.kubernetes.io/credential-id": [names[2]],
                "accessKeyId": [names[3]],
            })));
        }
        let mut object = vec![("resource", json!(resource))];
        for (index, key) in ["namespace", "name", "uid", "apiGroup", "apiVersion", "resourceVersion", "subresource"].iter().enumerate() {
            if present[3 + index] { object.push((key, json!(names[4 + index % 4]))); }
        }
        let mut status = vec![("metadata", json!({}))];
        if present[10] { status.push(("status", json!("Failure"))); }
        if present[11] { status.push(("message", json!(names[8]))); }
        if present[12] { status.push(("details", json!({"name": names[8]}))); }
        if present[13] { status.push(("code", json!(code))); }
        let body = json!({
            "kind": "X", "spec": {"user": names[9], "groups": groups, "token": "t"}, "items": [{"a": names[9]}, 1],
            "requestReceivedTimestamp": "forged", "status": {"allowed": present[14]},
        });
        let annotations = json!({
            "authorization.k8s.io/decision": if present[15] { "allow" } else { "forbid" },
            "authorization.k8s.io/reason": names[10],
            "audit.k8s.io/truncated": "true",
            "z": names[11],
        });
        let raw = |pairs: Vec<(&str, Value)>| Value::String(object_of(&pairs));
        let mut fields = vec![
            ("kind", json!("Event")), ("apiVersion", json!("audit.k8s.io/v1")), ("level", json!(level)),
            ("auditID", json!(names[12])), ("stage", json!(stage)), ("requestURI", json!(names[13])), ("verb", json!(verb)),
            ("user", raw(user)),
        ];
        if present[16] { fields.push(("impersonatedUser", raw(vec![("username", json!(names[3])), ("groups", json!(mask_groups))]))); }
        if present[17] { fields.push(("sourceIPs", json!(ips))); }
        if present[18] { fields.push(("userAgent", json!(names[2]))); }
        if present[19] { fields.push(("objectRef", raw(object))); }
        if present[20] { fields.push(("responseStatus", raw(status))); }
        if present[21] { fields.push(("requestObject", body.clone())); }
        if present[22] { fields.push(("responseObject", body)); }
        fields.push(("requestReceivedTimestamp", json!(time)));
        fields.push(("stageTimestamp", json!("2025-03-04T06:22:18.819232Z")));
        if present[23] { fields.push(("annotations", annotations)); }
        fields
    }
}

/// `serde_json` sorts keys; these stay in order. Objects were put in as text that starts with a brace.
fn object_of(pairs: &[(&str, Value)]) -> String {
    let fields: Vec<String> = pairs
        .iter()
        .map(|(key, value)| match value {
            Value::String(raw) if raw.starts_with("{\"") => format!("\"{key}\":{raw}"),
            value => format!("\"{key}\":{value}"),
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// As Go's encoder escapes.
fn as_go_writes(json: &str) -> String {
    json.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
}

fn same_both_ways(line: &str) -> bool {
    let arena = Arena::new();
    let mut activities = Vec::new();
    let Some(length) = scan::scan(line, &arena, &mut Repeats::default(), &mut activities) else {
        assert!(activities.is_empty(), "{line}");
        return false;
    };
    let fast = activities.remove(0);
    assert_eq!(length, line.len(), "{line}");
    match wire::read(line) {
        Ok(Entry::Event(slow)) => assert_eq!(fast, *slow, "{line}"),
        other => panic!("fast, but {other:?}: {line}"),
    }
    true
}

#[test]
fn the_generator_makes_many_lines_for_the_fast_way() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let fast = (0..200)
        .filter(|_| {
            let fields = event().new_tree(&mut runner).expect("an event").current();
            same_both_ways(&as_go_writes(&object_of(&fields)))
        })
        .count();
    assert!(fast > 30, "{fast} of 200");
}

/// The sender of one line may be remembered for the next: each line of a log alone, the slow way, and all of
/// them as one log.
fn same_as_a_log(lines: &[String]) {
    let log = lines.join("\n");
    let arena = Arena::new();
    let (mut activities, mut skips) = (Vec::new(), viewshed_model::Skips::default());
    decode(&log, &mut Sink::new(&arena, &mut activities, &mut skips));
    // Bodies and access reviews are another matter.
    let expected: Vec<Activity<'_>> = lines
        .iter()
        .map(|line| match wire::read(line) {
            Ok(Entry::Event(activity)) => *activity,
            other => panic!("{other:?}: {line}"),
        })
        .collect();
    assert_eq!(activities, expected, "{log}");
    assert_eq!(skips.total(), 0);
}

proptest! {
    #[test]
    fn senders_that_repeat_are_read_as_if_they_did_not(
        picks in prop::collection::vec((0_usize..4, 0_usize..5, 0_usize..3, 0_usize..6), 1..40),
        name in "[a-z:]{0,60}",
    ) {
        let lines: Vec<String> = picks.iter().map(|(user, extra, address, agent)| {
            let user = ["", "x", "\\u0026", "}"][*user];
            let extra = [
                "", r#","uid":"u""#, r#","groups":["a","b"]"#,
                r#","extra":{"authentication.kubernetes.io/pod-name":["p"]}"#, r#","groups":["a","b"],"extra":{"a":["b"]}"#,
            ][*extra];
            let address = [r#","sourceIPs":["1.2.3.4"]"#, r#","sourceIPs":["6.6.6.6","1.2.3.4"]"#, ""][*address];
            let agent = [
                r#","userAgent":"kubectl""#, r#","userAgent":"kubectl\"x""#, "", r#","userAgent":"kube""#,
                r#","userAgent":"\u0026""#, r#","userAgent":"""#,
            ][*agent];
            let mask = if user == "}" { r#","impersonatedUser":{"username":"m"}"# } else { "" };
            format!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/","verb":"get","user":{{"username":"{name}{user}"{extra}}}{mask}{address}{agent},"requestReceivedTimestamp":"2025-03-04T06:22:18.819232Z","stageTimestamp":"2025-03-04T06:22:18.819232Z"}}"#
            )
        }).collect();
        same_as_a_log(&lines);
    }

    #[test]
    fn both_ways_give_the_same(fields in event()) {
        same_both_ways(&as_go_writes(&object_of(&fields)));
    }

    #[test]
    fn both_ways_give_the_same_in_any_order(fields in event(), seed in any::<u64>()) {
        let mut fields = fields;
        let length = fields.len();
        let mut state = seed;
        for step in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let to = usize::try_from(state >> 33).unwrap() % length;
            fields.swap(step, to);
        }
        same_both_ways(&object_of(&fields));
    }

    #[test]
    fn both_ways_give_the_same_after_a_byte_was_changed(fields in event(), at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let mut line = as_go_writes(&object_of(&fields)).into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        if let Ok(line) = String::from_utf8(line)
            && serde_json::from_str::<serde::de::IgnoredAny>(&line).is_ok()
        {
            let whole = container_length(line.as_bytes(), Breaks::Allowed) == Some(line.len());
            if whole {
                same_both_ways(&line);
            }
        }
    }
}

#[test]
fn most_real_lines_go_the_fast_way() {
    assert!(same_both_ways(LINE));
    assert!(same_both_ways(&with_bodies(
        "u",
        "pods",
        "list",
        r#""requestObject":{"a":"}"},"responseObject":{"b":[1]}"#
    )));
    assert!(same_both_ways(&LINE.replace(
        "\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",",
        ""
    )));
    assert!(same_both_ways(&LINE.replace("10.0.0.9", "10.0.0.9\\t")));
}

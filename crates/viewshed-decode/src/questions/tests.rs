use super::{Question, ReviewedAction, Status, audit_event, question};

const SPEC: &str = r#""spec":{"user":"jane","groups":["a"],"resourceAttributes":{"verb":"list","resource":"pods"}}"#;

fn answered(line: &str) -> String {
    match question(line.as_bytes()) {
        Ok(Question::Review(review)) => {
            let mut out = Vec::new();
            let status = Status {
                allowed: true,
                reason: "because",
                ..Status::default()
            };
            review.write_answer(&status.written(), &mut out);
            String::from_utf8(out).expect("answers are text")
        }
        Ok(Question::Audit(event)) => format!("audit {}", event.audit_id),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_same_object_comes_out_with_its_status() {
    let status = r#""status":{"allowed":true,"reason":"because"}"#;
    let head = r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","x":[1, 2]"#;
    let cases = [
        (
            format!("{head},{SPEC}}}"),
            format!("{head},{SPEC},{status}}}\n"),
        ),
        (
            format!("{head},{SPEC}}}\r\n"),
            format!("{head},{SPEC},{status}}}\n"),
        ),
        (
            format!(r#"{head},"status":{{"allowed":false}},{SPEC}}}"#),
            format!("{head},{status},{SPEC}}}\n"),
        ),
        (
            format!(r#"{head},"status":null,{SPEC}}}"#),
            format!("{head},{status},{SPEC}}}\n"),
        ),
    ];
    for (line, expected) in cases {
        let answer = answered(&line);
        assert_eq!(answer, expected, "{line}");
    }
}

/// The server answers 400 where a list of strings is something else (`ExtraValue` of
/// `authorization.k8s.io/v1`); `null` is empty to Go.
#[test]
fn extra_is_lists_of_strings() {
    for (extra, is_answered) in [
        (r#"{"a":["b","c"],"d":[]}"#, true),
        (r#"{"a":null}"#, true),
        (r#"{"a":[null]}"#, true),
        ("null", true),
        ("{}", true),
        (r#"{"a":"b"}"#, false),
        (r#"{"a":[1]}"#, false),
        (r#"{"a":{}}"#, false),
        (r#"["a"]"#, false),
        (r#""a""#, false),
    ] {
        let line = format!(
            r#"{{"kind":"SubjectAccessReview","spec":{{"user":"jane","extra":{extra},"nonResourceAttributes":{{"verb":"get","path":"/"}}}}}}"#
        );
        let answer = answered(&line);
        assert_eq!(answer.contains("because"), is_answered, "{extra}: {answer}");
    }
}

#[test]
fn metadata_must_be_empty() {
    for (kind, metadata, is_answered) in [
        ("SubjectAccessReview", r#"{"creationTimestamp":null}"#, true),
        (
            "SubjectAccessReview",
            r#"{"labels":{ },"generation":0,"managedFields":[{}]}"#,
            true,
        ),
        ("SubjectAccessReview", "null", true),
        ("SubjectAccessReview", r#"{"name":"x"}"#, false),
        ("SubjectAccessReview", r#"{"namespace":"x"}"#, false),
        (
            "LocalSubjectAccessReview",
            r#"{"namespace":"","name":"x"}"#,
            false,
        ),
        (
            "LocalSubjectAccessReview",
            r#"{"namespace":"","uid":""}"#,
            true,
        ),
    ] {
        let answer = answered(&format!(
            r#"{{"kind":"{kind}","metadata":{metadata},{SPEC}}}"#
        ));
        assert_eq!(
            answer.contains("because"),
            is_answered,
            "{metadata}: {answer}"
        );
    }
}

#[test]
fn kinds_of_other_groups_are_no_questions() {
    for (api_version, kind) in [
        ("v1", "Event"),
        ("events.k8s.io/v1", "Event"),
        ("x.org/v1", "SubjectAccessReview"),
    ] {
        let answer = answered(&format!(
            r#"{{"apiVersion":"{api_version}","kind":"{kind}",{SPEC}}}"#
        ));
        assert!(answer.contains("is neither"), "{api_version}: {answer}");
    }
}

#[test]
fn reviews_that_the_server_refuses_are_refused() {
    let review = |spec: &str| {
        answered(&format!(
            r#"{{"kind":"SubjectAccessReview","spec":{spec}}}"#
        ))
    };
    let resource = r#""resourceAttributes":{"verb":"list","resource":"pods"}"#;
    let path = r#""nonResourceAttributes":{"verb":"get","path":"/x"}"#;
    let cases = [
        (
            format!(r#"{{"user":"a",{resource},{path}}}"#),
            "exactly one of",
        ),
        (r#"{"user":"a"}"#.to_owned(), "exactly one of"),
        (format!("{{{resource}}}"), "at least one of user or group"),
        (
            format!(r#"{{"user":"a","groups":null,{resource}}}"#),
            "because",
        ),
        (format!(r#"{{"groups":["g"],{path}}}"#), "because"),
        (
            r#"{"user":"a","resourceAttributes":{"fieldSelector":{}}}"#.to_owned(),
            "needs requirements or rawSelector",
        ),
        (r#"{"user":7}"#.to_owned(), "not a question in JSON"),
        ("null".to_owned(), "spec is missing"),
    ];
    for (spec, expected) in cases {
        assert!(
            review(&spec).contains(expected),
            "{spec}: {}",
            review(&spec)
        );
    }
}

#[test]
fn local_reviews_stay_in_their_namespace() {
    let line = |metadata: &str, spec: &str| {
        answered(&format!(
            r#"{{"kind":"LocalSubjectAccessReview","metadata":{{"namespace":"{metadata}"}},"spec":{{"user":"a",{spec}}}}}"#
        ))
    };
    let in_shop = r#""resourceAttributes":{"namespace":"shop","verb":"get","resource":"pods"}"#;
    assert!(line("shop", in_shop).contains("because"));
    assert!(line("other", in_shop).contains("must match metadata.namespace"));
    assert!(
        line(
            "shop",
            r#""nonResourceAttributes":{"verb":"get","path":"/"}"#
        )
        .contains("not allowed")
    );
}

#[test]
fn selectors_take_the_form_of_a_query() {
    let selector = |selector: &str| {
        let line = format!(
            r#"{{"kind":"SubjectAccessReview","spec":{{"user":"a","resourceAttributes":{{"fieldSelector":{selector}}}}}}}"#
        );
        match question(line.as_bytes()) {
            Ok(Question::Review(review)) => match &review.action {
                ReviewedAction::Resource(resource) => {
                    format!("{} {}", resource.field_selector, review.selector_error)
                }
                ReviewedAction::NonResource { .. } => String::new(),
            },
            other => format!("{other:?}"),
        }
    };
    assert_eq!(
        selector(r#"{"rawSelector":"spec.nodeName=a"}"#),
        "spec.nodeName=a "
    );
    let one = r#"{"key":"spec.nodeName","operator":"In","values":["a,b"]}"#;
    let unknown = r#"{"key":"x","operator":"Exists"}"#;
    assert_eq!(
        selector(&format!(r#"{{"requirements":[{one}]}}"#)),
        r"spec.nodeName=a\,b "
    );
    assert!(
        selector(&format!(r#"{{"requirements":[{one},{unknown}]}}"#))
            .ends_with("partially ignored due to parse error")
    );
    assert!(
        selector(&format!(r#"{{"requirements":[{unknown}]}}"#))
            .ends_with("fieldSelector ignored due to parse error")
    );
    for (raw, is_understood) in [
        ("metadata.name=a,spec.nodeName!=b", true),
        (r"metadata.name=a\\,b", true),
        ("metadata.name==a,", true),
        ("metadata.name", false),
        ("metadata.name=a=b", false),
        (r"metadata.name=a\\b", false),
    ] {
        let answer = selector(&format!(r#"{{"rawSelector":"{raw}"}}"#));
        assert_eq!(
            answer.ends_with("parse error"),
            !is_understood,
            "{raw}: {answer}"
        );
    }
    assert!(
        selector(r#"{"requirements":[{"key":"x","operator":"In"}]}"#).contains("values must be")
    );
}

#[test]
fn audit_events_tell_what_was_asked_and_decided() {
    let line = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"7f","stage":"ResponseComplete",
      "requestURI":"/api/v1/namespaces/shop/pods?limit=500","verb":"list",
      "user":{"username":"admin","groups":["system:masters"],"extra":{"a":null}},
      "impersonatedUser":{"username":"jane","groups":["devs","system:authenticated"]},
      "objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},
      "responseStatus":{"metadata":{},"code":200},
      "annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: x"}}"#;
    let event = audit_event(line).expect("a whole event");
    assert_eq!(event.audit_id, "7f");
    assert_eq!(event.user.user, "admin");
    assert_eq!(
        event.impersonated.map(|identity| identity.user),
        Some("jane".to_owned())
    );
    assert_eq!(event.request_uri, "/api/v1/namespaces/shop/pods?limit=500");
    assert_eq!(
        (event.decision.as_str(), event.reason.as_str(), event.code),
        ("allow", "RBAC: x", 200)
    );
}

#[test]
fn other_lines_are_named_and_never_panic() {
    let cases = [
        ("", "not a question in JSON"),
        ("{", "not a question in JSON"),
        ("[]", "not a JSON object"),
        ("{}", "kind `` is neither"),
        (r#"{"kind":"Pod\u001b[31m"}"#, "is neither"),
        (r#"{"kind":null}"#, "kind `` is neither"),
        ("\u{feff}{}", "not a JSON object"),
    ];
    for (line, expected) in cases {
        let answer = answered(line);
        assert!(answer.contains(expected), "{line}: {answer}");
        assert!(!answer.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn a_review_of_the_version_that_names_groups_otherwise_is_refused() {
    let answer = answered(&format!(
        r#"{{"apiVersion":"authorization.k8s.io/v1beta1","kind":"SubjectAccessReview",{SPEC}}}"#
    ));
    assert!(answer.contains("write it as v1"), "{answer}");
}

use std::io;
use std::sync::{Arc, Mutex};

use viewshed_model::{Cluster, PolicyRule, Role, RoleBinding, RoleReference, Subject, SubjectKind};

use super::*;

/// A cluster in which jane may list pods in `shop`.
fn cluster() -> Cluster {
    let meta = |name: &str| viewshed_model::Meta {
        namespace: Some("shop".into()),
        name: name.into(),
        ..viewshed_model::Meta::default()
    };
    let rule = PolicyRule {
        verbs: vec!["list".into()],
        api_groups: vec![String::new()],
        resources: vec!["pods".into()],
        ..PolicyRule::default()
    };
    Cluster {
        roles: vec![Role {
            meta: meta("reader"),
            rules: vec![rule],
            aggregation: None,
        }],
        bindings: vec![RoleBinding {
            meta: meta("jane"),
            role: RoleReference {
                kind: "Role".into(),
                name: "reader".into(),
            },
            subjects: vec![Subject {
                kind: SubjectKind::User,
                name: "jane".into(),
                namespace: None,
            }],
        }],
        is_live: true,
        ..Cluster::default()
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no other test holds it")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answers(input: &str) -> (String, Outcome) {
    let cluster = cluster();
    let index = AccessIndex::new(&cluster);
    let out = Shared::default();
    let mut answering = Answering {
        sessions: Sessions::new(&index),
        format: Format::Table,
        out: Box::new(out.clone()),
        buffer: Vec::new(),
        statuses: Statuses::default(),
        summary: Summary::default(),
    };
    let mut lines = Lines::new(input.as_bytes());
    while let Some((number, line)) = lines.next().expect("memory is readable") {
        answering.answer(number, line).expect("memory is writable");
    }
    let outcome = answering.finish().expect("memory is writable");
    let text = String::from_utf8(out.0.lock().expect("nobody holds it").clone()).expect("text");
    (text, outcome)
}

fn review(user: &str, namespace: &str) -> String {
    format!(
        r#"{{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{{"user":"{user}","resourceAttributes":{{"verb":"list","resource":"pods","namespace":"{namespace}"}}}}}}"#
    )
}

#[test]
fn reviews_are_answered_in_order_in_the_words_of_the_server() {
    let lines = [
        review("jane", "shop"),
        String::new(),
        review("jane", "other"),
        review("jo", "shop"),
    ];
    let (text, outcome) = answers(&lines.join("\n"));
    let statuses: Vec<&str> = text
        .lines()
        .map(|line| line.split("\"status\":").nth(1).unwrap_or_default())
        .collect();
    // `plugin/pkg/auth/authorizer/rbac/rbac.go` and `validation/rule.go`: binding as "name/namespace".
    let allowed = r#"{"allowed":true,"reason":"RBAC: allowed by RoleBinding \"jane/shop\" of Role \"reader\" to User \"jane\""}}"#;
    assert_eq!(
        statuses,
        [allowed, r#"{"allowed":false}}"#, r#"{"allowed":false}}"#]
    );
    assert_eq!(outcome, Outcome::Clean);
}

#[test]
fn a_line_that_is_no_question_keeps_its_place() {
    let (text, outcome) = answers(&format!(
        "{}\n{{\"kind\":\n{}",
        review("jane", "shop"),
        review("jane", "shop")
    ));
    let kinds: Vec<bool> = text
        .lines()
        .map(|line| line.contains(r#""status":"Failure""#))
        .collect();
    assert_eq!(kinds, [false, true, false]);
    assert!(text.contains("line 2: "), "{text}");
    assert_eq!(outcome, Outcome::Partial);
}

#[test]
fn an_endless_line_is_refused_and_the_next_one_answered() {
    let (text, _) = answers(&format!(
        "{}\n{}\n",
        "x".repeat(LINE_BYTES_MAX + 100),
        review("jane", "shop")
    ));
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.lines()
            .next()
            .is_some_and(|line| line.contains("longer than")),
        "{text}"
    );
    assert!(
        text.lines()
            .nth(1)
            .is_some_and(|line| line.contains(r#""allowed":true"#)),
        "{text}"
    );
}

fn event(stage: &str, decision: &str, namespace: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"7","stage":"{stage}","verb":"list","requestURI":"/api/v1/namespaces/{namespace}/pods","user":{{"username":"jane"}},"annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#
    )
}

#[test]
fn recorded_decisions_are_compared_and_differences_told() {
    let same = [
        event("RequestReceived", "", "shop"),
        event("ResponseComplete", "allow", "shop"),
    ];
    let (text, outcome) = answers(&same.join("\n"));
    assert_eq!(
        text,
        "1 recorded decisions decided anew: 0 differ, 0 depend on missing facts\n\
         1 events skipped: an earlier stage of a request\n"
    );
    assert_eq!(outcome, Outcome::Clean);
    let (text, outcome) = answers(&event("ResponseComplete", "allow", "other"));
    assert!(
        text.starts_with("line 1: list /api/v1/namespaces/other/pods by jane: recorded allow"),
        "{text}"
    );
    assert_eq!(outcome, Outcome::Findings);
}

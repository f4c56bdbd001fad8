//! What the schema requires (ocsf/ocsf-schema, tag 1.8.0: `requirement: required` and the constraints
//! `at_least_one`, read in the files that each row names).

use std::borrow::Cow;

use serde_json::Value;
use viewshed_model::{Activity, Actor, Impersonated, Incident, Texts, Verdict};

use super::{api_activity, detection_finding};
use crate::sample;

const TOLD_AT: jiff::Timestamp = jiff::Timestamp::constant(1_772_452_800, 0);

/// Path of an object (`[]` for each entry of a list), attributes that it must have, and attributes of
/// which it must have one; a path that leads nowhere asks for nothing.
type Requirement = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// `events/base_event.json` with its includes.
const BASE: Requirement = (
    "",
    &[
        "activity_id",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "time",
        "type_uid",
    ],
    &[],
);

/// The files of `objects/` after the class's own.
const FINDING: &[Requirement] = &[
    BASE,
    ("", &["finding_info"], &[]),
    ("metadata", &["product", "version"], &[]),
    ("metadata.product", &[], &["name", "uid"]),
    ("finding_info", &["uid"], &[]),
    ("finding_info.analytic", &["type_id"], &["name", "uid"]),
    (
        "finding_info.related_analytics[]",
        &["type_id"],
        &["name", "uid"],
    ),
    (
        "finding_info.attacks[]",
        &[],
        &["tactic", "technique", "sub_technique"],
    ),
    ("finding_info.attacks[].technique", &[], &["name", "uid"]),
    ("finding_info.attacks[].tactic", &[], &["name", "uid"]),
    ("finding_info.related_events[]", &["uid"], &[]),
    (
        "evidences[]",
        &[],
        &["actor", "api", "data", "src_endpoint", "resources"],
    ),
    (
        "evidences[].actor",
        &[],
        &["process", "user", "session", "app_name", "app_uid"],
    ),
    ("evidences[].actor.user", &[], &["account", "name", "uid"]),
    ("evidences[].actor.user.groups[]", &[], &["name", "uid"]),
    ("evidences[].api", &["operation"], &[]),
    (
        "evidences[].src_endpoint",
        &[],
        &["ip", "uid", "name", "hostname", "svc_name"],
    ),
    ("evidences[].resources[]", &[], &["name", "uid"]),
    ("resources[]", &[], &["name", "uid"]),
];

const ACTIVITY: &[Requirement] = &[
    BASE,
    ("", &["actor", "api", "src_endpoint"], &[]),
    ("metadata", &["product", "version"], &[]),
    ("metadata.product", &[], &["name", "uid"]),
    (
        "actor",
        &[],
        &["process", "user", "session", "app_name", "app_uid"],
    ),
    ("actor.user", &[], &["account", "name", "uid"]),
    ("actor.user.groups[]", &[], &["name", "uid"]),
    ("actor.authorizations[].policy", &[], &["name", "uid"]),
    ("api", &["operation"], &[]),
    ("api.request", &["uid"], &[]),
    ("api.service", &[], &["name", "uid"]),
    ("api.group", &[], &["name", "uid"]),
    (
        "src_endpoint",
        &[],
        &["ip", "uid", "name", "hostname", "svc_name"],
    ),
    (
        "dst_endpoint",
        &[],
        &["ip", "uid", "name", "hostname", "svc_name"],
    ),
    ("http_request.url", &[], &["path", "url_string"]),
    ("http_response", &["code"], &[]),
    ("resources[]", &[], &["name", "uid"]),
];

fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let name = part.trim_end_matches("[]");
        found = found
            .into_iter()
            .filter_map(|value| value.get(name))
            .collect();
        if part.ends_with("[]") {
            found = found
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect();
        }
    }
    found
}

fn check(line: &str, requirements: &[Requirement]) -> Value {
    assert_eq!(line.matches('\n').count(), 1, "one line");
    let event: Value = serde_json::from_str(line).expect("it is JSON");
    for (path, all, one_of) in requirements {
        for object in at(&event, path) {
            let has = |name: &&str| {
                object
                    .get(name)
                    .is_some_and(|value| !value.is_null() && value != "")
            };
            for name in *all {
                assert!(has(name), "`{path}` needs `{name}`: {object}");
            }
            assert!(
                one_of.is_empty() || one_of.iter().any(has),
                "`{path}`: {object}"
            );
        }
    }
    let number = |name: &str| event[name].as_u64().expect("a number");
    assert_eq!(
        number("type_uid"),
        number("class_uid") * 100 + number("activity_id")
    );
    assert_eq!(number("class_uid") / 1000, number("category_uid"));
    event
}

#[test]
fn an_incident_is_a_detection_finding() {
    let event = check(
        &detection_finding(&sample::incident(), "1.2.3", TOLD_AT),
        FINDING,
    );
    assert_eq!(event["class_uid"], 2004);
    assert_eq!(
        event["finding_info"]["attacks"][0]["technique"]["uid"],
        "T1613"
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&event).expect("it is JSON"));
}

#[test]
fn a_grown_incident_is_an_update_of_the_same_finding() {
    let first = sample::incident();
    let grown = Incident {
        revision: 2,
        ..first.clone()
    };
    let first = check(&detection_finding(&first, "", TOLD_AT), FINDING);
    let grown = check(&detection_finding(&grown, "", TOLD_AT), FINDING);
    assert_eq!(
        (&first["activity_id"], &grown["activity_id"]),
        (&1.into(), &2.into())
    );
    assert_eq!(first["finding_info"]["uid"], grown["finding_info"]["uid"]);
    assert_ne!(first["metadata"]["uid"], grown["metadata"]["uid"]);
}

#[test]
fn a_bare_incident_has_what_is_required() {
    check(
        &detection_finding(&sample::bare_incident(), "", TOLD_AT),
        FINDING,
    );
}

fn activity() -> Activity<'static> {
    Activity {
        at_us: 1_764_050_744_123_456,
        id: Cow::Borrowed("4f2d"),
        cluster: Cow::Borrowed("prod"),
        verb: Cow::Borrowed("list"),
        uri: Cow::Borrowed("/api/v1/namespaces/shop/pods?limit=500"),
        code: 200,
        verdict: Verdict::Allowed,
        reason: "RBAC: allowed by ...".into(),
        object: viewshed_model::ActivityObject {
            api_version: Cow::Borrowed("v1"),
            resource: Cow::Borrowed("pods"),
            namespace: Cow::Borrowed("shop"),
            ..viewshed_model::ActivityObject::default()
        },
        actor: Actor {
            user: Cow::Borrowed("system:serviceaccount:shop:cart"),
            groups: Texts::Written("\"system:serviceaccounts\",\"system:authenticated\""),
            address: Cow::Borrowed("10.0.3.17"),
            user_agent: Cow::Borrowed("curl/8"),
            impersonated: Some(Box::new(Impersonated {
                user: Cow::Borrowed("admin"),
                groups: Texts::Empty,
            })),
            ..Actor::default()
        },
        ..Activity::default()
    }
}

#[test]
fn an_event_is_an_api_activity() {
    let event = check(&api_activity(&activity(), "1.2.3", TOLD_AT), ACTIVITY);
    assert_eq!(event["src_endpoint"]["ip"], "10.0.3.17");
    assert_eq!(event["time"], 1_764_050_744_123_i64);
    insta::assert_snapshot!(serde_json::to_string_pretty(&event).expect("it is JSON"));
}

#[test]
fn verbs_are_the_four_activities() {
    for (verb, id) in [
        ("get", 2),
        ("watch", 2),
        ("create", 1),
        ("patch", 3),
        ("deletecollection", 4),
        ("impersonate", 99),
        ("", 99),
    ] {
        let event = Activity {
            verb: Cow::Borrowed(verb),
            ..activity()
        };
        assert_eq!(
            check(&api_activity(&event, "", TOLD_AT), ACTIVITY)["activity_id"],
            id,
            "{verb}"
        );
    }
}

#[test]
fn an_event_without_anything_has_what_is_required() {
    let event = check(&api_activity(&Activity::default(), "", TOLD_AT), ACTIVITY);
    assert_eq!(event["src_endpoint"]["name"], "(not in the log)");
    assert_eq!(event["time"], TOLD_AT.as_millisecond());
    let hostile = Activity {
        actor: Actor {
            address: Cow::Borrowed("\u{1b}[2J\"}"),
            ..Actor::default()
        },
        at_us: -1,
        ..Activity::default()
    };
    let line = api_activity(&hostile, "", TOLD_AT);
    assert!(!line.contains('\u{1b}'));
    check(&line, ACTIVITY);
}

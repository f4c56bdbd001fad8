//! What a report says beside its incidents: what could not be judged, what can be seen at all, how much of its view
//! an identity has asked for.

use jiff::{Span, Timestamp};
use serde_json::Value;

use crate::audit::{lines, list, recently};
use crate::program::{Program, Run};

fn summary(run: &Run) -> Value {
    let last = run.out.lines().last().unwrap_or_else(|| panic!("{run:?}"));
    serde_json::from_str(last).unwrap()
}

/// An ordinary event that nobody wonders about.
fn quiet(number: u64) -> String {
    let mut event = list("system:kube-scheduler", number, recently());
    event["verb"] = "watch".into();
    event.to_string() + "\n"
}

/// One meaning of "partial": every command that reads logs ends with the same code on the same log.
#[test]
fn every_command_means_the_same_by_partial() {
    let good = quiet(0) + &quiet(1);
    let other_kind = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#;
    for (name, log, code) in [
        ("good", good.clone(), 0),
        ("other-kind", format!("{good}{other_kind}\n"), 0),
        ("twice", format!("{good}{good}"), 0),
        (
            "malformed",
            format!("{good}{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",,}}\n"),
            4,
        ),
        ("cut", format!("{good}{}", quiet(2).get(..200).unwrap()), 4),
        ("unknown", "hello\nworld\n".to_owned(), 4),
    ] {
        let program = Program::new()
            .with_file("audit.log", log)
            .with_file("rules/r.yaml", "- rule: any\n  desc: d\n  condition: ka.verb exists\n  output: o\n  priority: INFO\n  source: k8s_audit\n");
        for command in [
            vec!["watch", "--from", "audit.log"],
            vec!["baseline", "--from", "audit.log", "-o", "usual.vsbl"],
            vec!["coverage", "--from", "audit.log"],
            vec!["watch", "--from", "audit.log", "--state", "state"],
        ] {
            let run = program.run(&command);
            assert_eq!(run.code, code, "{name} {command:?}: {run:?}");
        }
    }
}

#[test]
fn who_is_no_incident_is_told_as_well() {
    let program = Program::new()
        .with_file("audit.log", lines(recently(), 0..12))
        .with_file("one.log", lines(recently(), 0..1));
    let watch = ["watch", "--from", "audit.log", "--output", "json"];
    let allowed = [
        &watch[..],
        &["--user-allow-list", "system:serviceaccount:shop:*"],
    ]
    .concat();
    let run = program.run(&allowed);
    assert_eq!(run.code, 0, "{run:?}");
    let counted = summary(&run)["let_through"]["shop/cart"].as_u64();
    assert!((10..=12).contains(&counted.unwrap_or_default()), "{run:?}");
    assert_eq!(
        summary(&program.run(&watch))["let_through"],
        serde_json::json!({})
    );

    let run = program.run(&["watch", "--from", "one.log", "--output", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let nearest = &summary(&run)["nearest"];
    assert_eq!(
        (&nearest["actor"], &nearest["threshold"]),
        (&"shop/cart".into(), &100.into()),
        "{run:?}"
    );
    let points = nearest["points"].as_u64().unwrap();
    let text = program.run(&["watch", "--from", "one.log"]);
    let words = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = format!("Nearest to an incident came shop/cart, with {points} of 100 points");
    assert!(words.contains(&sentence), "{words}");
}

#[test]
fn where_nothing_was_recognised_nothing_is_said_to_be_usual() {
    let program = Program::new()
        .with_file("notes.txt", "hello\nworld\n")
        .with_file("audit.log", quiet(0));
    let none = program.run(&["watch", "--from", "notes.txt"]);
    none.check(4, &[]);
    assert!(none.out.contains("Nothing could be judged"), "{}", none.out);
    assert!(none.out.contains("--format"), "{}", none.out);
    assert!(!none.out.contains("Nothing unusual"), "{}", none.out);
    let some = program.run(&["watch", "--from", "notes.txt", "--from", "audit.log"]);
    some.check(4, &[]);
    assert!(
        some.out
            .contains("Nothing unusual was found in what could be judged"),
        "{}",
        some.out
    );
    let page = program.run(&["watch", "--from", "notes.txt", "--output", "html"]);
    assert!(page.out.contains("Nothing could be judged"));
    let learned = program.run(&["baseline", "--from", "notes.txt", "-o", "usual.vsbl"]);
    learned.check(4, &["recognise the format of this log"]);
}

#[test]
fn every_report_says_what_its_logs_can_show() {
    let program = Program::new().with_file("audit.log", lines(recently(), 0..24));
    let run = |format: &str| program.run(&["watch", "--from", "audit.log", "--output", format]);
    let document = summary(&run("json"));
    assert_eq!(document["kind"], "watch-summary");
    let rows = document["coverage"]["rows"].as_array().unwrap();
    let list_pods = rows.iter().find(|row| row["action"] == "list-pods");
    assert_eq!(list_pods.unwrap()["visibility"], "visible");
    assert_eq!(document["coverage"]["sources"][0]["event_count"], 24);
    for (format, words) in [
        ("table", "WHAT THESE LOGS CAN SHOW"),
        ("html", "What the logs can show"),
        ("yaml", "coverage:"),
        ("markdown", "What these logs cannot show"),
    ] {
        let run = run(format);
        assert_eq!(run.code, 1);
        assert!(run.out.contains(words), "{format}: {}", run.out);
    }
}

const ESTATE: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop}
spec: {containers: [{name: main, image: cart}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: main, image: web}]}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: view-some}
rules: [{apiGroups: [''], resources: [pods, secrets, configmaps], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: view-some}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view-some}
subjects: [{kind: ServiceAccount, name: cart, namespace: shop}]
";

#[test]
fn with_an_estate_incidents_tell_how_much_of_their_view_was_asked_for() {
    let start = recently();
    let cart = "system:serviceaccount:shop:cart";
    // For a week it has listed pods every hour (every twelfth kind is pods).
    let usual: String = (0..168)
        .map(|hour: u64| {
            let ago = Span::new().hours(168 - i64::try_from(hour).unwrap());
            let at: Timestamp = start - ago;
            let mut event = list(cart, hour * 12, at);
            event["auditID"] = format!("usual-{hour}").into();
            event["userAgent"] = "cart/v1".into();
            event.to_string() + "\n"
        })
        .collect();
    let program = Program::new()
        .with_file("estate/all.yaml", ESTATE)
        .with_file("usual.log", usual)
        .with_file("audit.log", lines(start, 0..24));
    program
        .run(&["baseline", "--from", "usual.log", "-o", "usual.vsbl"])
        .check(0, &[]);
    let explored = |more: &[&str]| -> Value {
        let words = [
            "watch",
            "--from",
            "audit.log",
            "--output",
            "json",
            "--estate-from",
        ];
        let run = program.run(&[words.as_slice(), more].concat());
        run.check(1, &[]);
        let first: Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
        assert_eq!(first["actor"]["name"], cart);
        first["explored"].clone()
    };
    let view = program.run(&[
        "see",
        "--serviceaccount",
        "shop/cart",
        "--from",
        "estate",
        "--output",
        "json",
    ]);
    let seen = view.json()["categories"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|category| category["seen"].as_array().unwrap().clone())
        .filter(|item| {
            // What is listed for itself: no containers, images, logs or paths.
            let kind = item["kind"].as_str().unwrap();
            !matches!(kind, "Container" | "Image" | "pods/log" | "path")
        })
        .count();
    let unknown = explored(&["estate"]);
    assert_eq!(unknown["visible"], seen, "{unknown}");
    // Two pods, a secret, a config map; the namespace shows in them and was listed too.
    assert_eq!(unknown["asked"], seen, "{unknown}");
    let kinds = |explored: &Value| -> Vec<String> {
        let kinds = explored["new_kinds"].as_array().unwrap().iter();
        kinds
            .map(|kind| kind.as_str().unwrap().to_owned())
            .collect()
    };
    for kind in ["configmaps", "pods", "secrets"] {
        assert!(kinds(&unknown).contains(&kind.to_owned()), "{unknown}");
    }
    let known = explored(&["estate", "--baseline", "usual.vsbl"]);
    assert!(!kinds(&known).contains(&"pods".to_owned()), "{known}");
    assert!(kinds(&known).contains(&"secrets".to_owned()), "{known}");
    let none = program.run(&["watch", "--from", "audit.log", "--estate-from", "usual.log"]);
    assert_eq!(none.code, 3, "{none:?}");
}

#[test]
fn every_event_is_kept_as_ocsf_for_who_wants_them() {
    let program = Program::new().with_file("audit.log", quiet(0) + &quiet(1));
    for _ in 0..2 {
        let run = program.run(&[
            "watch",
            "--from",
            "audit.log",
            "--events-file",
            "events.jsonl",
        ]);
        run.check(0, &[]);
    }
    let kept = std::fs::read_to_string(program.folder().join("events.jsonl")).unwrap();
    let kept: Vec<Value> = kept
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The file grows: both runs added their two.
    assert_eq!(kept.len(), 4);
    for event in kept {
        assert_eq!(event["class_uid"], 6003, "{event}");
        assert_eq!(event["type_uid"], 600_302, "{event}");
        assert_eq!(
            event["actor"]["user"]["name"], "system:kube-scheduler",
            "{event}"
        );
    }
    let nowhere = program.run(&["watch", "--from", "audit.log", "--events-file", "no/folder"]);
    nowhere.check(3, &[]);
    assert!(
        nowhere.err.contains("cannot write `no/folder`"),
        "{nowhere:?}"
    );
}

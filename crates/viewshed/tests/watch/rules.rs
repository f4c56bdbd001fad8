//! Rules that somebody brought along, through the whole program: the public collections, and which can fire.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Program, Run};

#[path = "../../../viewshed-detect/src/rules/tests/falco_overlays.rs"]
mod falco_overlays;
#[path = "../../../viewshed-detect/src/rules/tests/sigma_cases.rs"]
mod sigma_cases;

fn corpus(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/audit");
    root.join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(corpus(path)).unwrap()
}

/// The last line: the report without its incidents.
fn summary(run: &Run) -> Value {
    let last = run.out.lines().last().unwrap();
    let summary: Value = serde_json::from_str(last).unwrap();
    assert_eq!(summary["kind"], "watch-summary", "{run:?}");
    summary
}

/// Matched entries per rule title.
fn matched(run: &Run) -> BTreeMap<String, u64> {
    let summary = summary(run);
    let rules = summary["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            let title = rule["title"].as_str().unwrap().to_owned();
            (title, rule["count"].as_u64().unwrap())
        })
        .collect()
}

fn watch(program: &Program, log: &str) -> Run {
    let run = program.run(&[
        "watch", "--from", log, "--rules", "rules", "--output", "json",
    ]);
    assert!([0, 1, 4].contains(&run.code), "{run:?}");
    run
}

#[test]
fn every_test_of_falco_gives_its_counts() {
    let cases: Vec<Value> = serde_json::from_str(&read("falco/expected.json")).unwrap();
    let mut passed = 0;
    for case in &cases {
        let files: Vec<&str> = case["rule_files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file.as_str().unwrap())
            .collect();
        if files
            .iter()
            .any(|file| falco_overlays::NOT_AT_HAND.contains(file))
        {
            continue;
        }
        let events = read(&format!(
            "falco/events/{}",
            case["events"].as_str().unwrap()
        ));
        let mut program = Program::new().with_file("events.json", events);
        for (place, file) in files.iter().enumerate() {
            let name = format!("rules/z{place}-{file}.yaml");
            let overlays = &falco_overlays::OVERLAYS;
            let overlay = overlays.iter().find(|(name, _)| name == file);
            program = match overlay {
                Some((_, "")) => program,
                Some((_, text)) => program.with_file(&name, text),
                // The others change it, so it is the first.
                None => program.with_file("rules/0.yaml", read("falco/k8s_audit_rules.yaml")),
            };
        }
        let run = watch(&program, "events.json");
        // One of them is no event at all (`{"kind": 0}`), and said to be none.
        assert_eq!(
            run.code == 4,
            case["events"] == "fal_01_003.json",
            "{run:?}"
        );
        let counts = matched(&run);
        for (rule, count) in case["rule_counts"].as_object().unwrap() {
            assert_eq!(
                counts.get(rule),
                count.as_u64().as_ref(),
                "{case}: {counts:?}"
            );
        }
        if case["no_detections"] == true {
            assert_eq!(counts, BTreeMap::new(), "{case}");
        }
        passed += 1;
    }
    assert_eq!((passed, cases.len()), (59, 66));
}

#[test]
fn every_public_sigma_rule_fires_on_what_it_describes_and_not_on_its_neighbour() {
    let mut program = Program::new();
    for (name, _, _) in sigma_cases::all() {
        let file = format!("kubernetes_audit_{name}.yml");
        program = program.with_file(&format!("rules/{file}"), read(&format!("sigma/{file}")));
    }
    let log = |pick: fn(&sigma_cases::Case) -> &Value| -> String {
        let cases = sigma_cases::all();
        let events = cases.iter().enumerate().map(|(number, case)| {
            let mut event = pick(case).clone();
            event["auditID"] = json!(format!("audit-{number}"));
            event.to_string() + "\n"
        });
        events.collect()
    };
    let program = program
        .with_file("fires.log", log(|case| &case.1))
        .with_file("quiet.log", log(|case| &case.2));
    let fired = watch(&program, "fires.log");
    let files: Vec<String> = summary(&fired)["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["file"].as_str().unwrap().to_owned())
        .collect();
    for (name, _, _) in sigma_cases::all() {
        assert!(
            files.contains(&format!("kubernetes_audit_{name}.yml")),
            "{name}: {files:?}"
        );
    }
    assert_eq!(files.len(), 16);
    // Incidents of their own kind, with the rules' own words and severity.
    let incidents: Vec<Value> = fired
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let reasons: Vec<&str> = incidents
        .iter()
        .filter_map(|incident| incident["reasons"].as_array())
        .flatten()
        .filter_map(|reason| reason["detection"].as_str())
        .filter(|name| name.starts_with("sigma: "))
        .collect();
    assert!(reasons.len() >= 16, "{reasons:?}");
    // What is close to one rule may be what another describes.
    let expected: u64 = neighbours_that_match();
    let quiet = matched(&watch(&program, "quiet.log"));
    assert_eq!(quiet.values().sum::<u64>(), expected, "{quiet:?}");
}

/// The neighbours that another rule of the collection describes, found by looking at each pair.
fn neighbours_that_match() -> u64 {
    let mut count = 0;
    for (place, (_, _, quiet)) in sigma_cases::all().iter().enumerate() {
        let mut program = Program::new().with_file("one.log", quiet.to_string() + "\n");
        for (other, (name, _, _)) in sigma_cases::all().iter().enumerate() {
            if other != place {
                let file = format!("kubernetes_audit_{name}.yml");
                program =
                    program.with_file(&format!("rules/{file}"), read(&format!("sigma/{file}")));
            }
        }
        count += matched(&watch(&program, "one.log")).values().sum::<u64>();
    }
    count
}

const EXEC: &str = "\
- rule: exec
  desc: d
  condition: ka.verb=create and ka.target.subresource=exec
  output: exec by %ka.user.name
  priority: ERROR
  source: k8s_audit
- rule: body
  desc: d
  condition: ka.verb=create and ka.target.resource=pods and ka.req.pod.host_network=true
  output: host network
  priority: WARNING
  source: k8s_audit
- rule: secrets
  desc: d
  condition: ka.verb=list and ka.target.resource=secrets
  output: list by %ka.user.name
  priority: NOTICE
  source: k8s_audit
";

const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  resources: [{group: '', resources: [secrets]}]
- level: Metadata
";

fn never(run: &Run) -> Vec<(String, String)> {
    let document = run.json();
    let rules = document["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["can_fire"] == false)
        .map(|rule| {
            (
                rule["rule"].as_str().unwrap().to_owned(),
                rule["reasons"][0].to_string(),
            )
        })
        .collect()
}

#[test]
fn rules_that_can_never_fire_are_named_with_the_reason() {
    let list = sigma_cases::event(
        "list",
        &json!({"resource": "secrets"}),
        &json!({"level": "Metadata"}),
    );
    let program = Program::new()
        .with_file("rules/falco.yaml", EXEC)
        .with_file("policy.yaml", POLICY)
        .with_file("audit.log", list.to_string() + "\n");
    let check = |more: &[&str], code: i32, expected: &[(&str, &str)]| {
        let all = [&["rules", "check", "rules", "--output", "json"], more].concat();
        let run = program.run(&all);
        run.check(code, &[]);
        let never = never(&run);
        let names: Vec<&str> = never.iter().map(|(rule, _)| rule.as_str()).collect();
        let named: Vec<&str> = expected.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(names, named, "{more:?}");
        for ((_, reason), (rule, words)) in never.iter().zip(expected) {
            assert!(reason.contains(words), "{rule}: {reason}");
        }
    };
    check(&[], 0, &[]);
    let no_request = "no such request is recorded";
    check(
        &["--policy", "policy.yaml"],
        1,
        &[
            ("body", "their level must be Request"),
            ("secrets", no_request),
        ],
    );
    check(
        &["--from", "audit.log"],
        1,
        &[("exec", no_request), ("body", no_request)],
    );
    // What occurs in the log is there whatever the policy says.
    check(
        &["--policy", "policy.yaml", "--from", "audit.log"],
        1,
        &[("body", "their level must be Request")],
    );
    let table = program.run(&["rules", "check", "rules", "--policy", "policy.yaml"]);
    for words in [
        "1 of 3 rules can fire",
        "NEVER: 2 rules",
        "judged by the audit policy",
    ] {
        assert!(table.out.contains(words), "{}", table.out);
    }
}

#[test]
fn rules_that_cannot_be_used_are_told() {
    let broken = "- rule: broken\n  desc: d\n  condition: no_such_macro\n  output: o\n  priority: INFO\n  source: k8s_audit\n";
    let program = Program::new()
        .with_file("rules/a.yaml", EXEC)
        .with_file("rules/b.yaml", broken)
        .with_file("rules/readme.md", "no rules")
        .with_file("none/c.yaml", "a: 1\n")
        .with_file("audit.log", "");
    let run = program.run(&["rules", "check", "rules", "--output", "json"]);
    run.check_gap(1, "run the rule `broken`");
    assert_eq!(never(&run)[0].0, "broken");
    let run = program.run(&["rules", "check", "none"]);
    run.check(
        2,
        &["there is no rule for Kubernetes audit events in `none`"],
    );
    let run = program.run(&["rules", "check", "nowhere"]);
    run.check(3, &["cannot read `nowhere`"]);
    let run = program.run(&["watch", "--from", "audit.log", "--rules", "none"]);
    run.check(2, &["there is no rule"]);
}

/// A match opens and grows an incident of its own, which says how often; it survives a restart.
#[test]
fn matches_are_incidents_of_their_own_and_go_on_after_a_pause() {
    let exec = |number: usize| {
        let object =
            json!({"resource": "pods", "subresource": "exec", "namespace": "shop", "name": "x"});
        let mut event = sigma_cases::event("create", &object, &json!({}));
        event["auditID"] = json!(format!("audit-{number}"));
        event.to_string() + "\n"
    };
    let program = Program::new().with_file("rules/falco.yaml", EXEC);
    let log = program.folder().join("audit.log");
    let night = |events: String| -> Value {
        let mut text = std::fs::read_to_string(&log).unwrap_or_default();
        text.push_str(&events);
        std::fs::write(&log, text).unwrap();
        let run = program.run(&[
            "watch",
            "--from",
            "audit.log",
            "--rules",
            "rules",
            "--state",
            "state",
            "--output",
            "json",
        ]);
        run.check(1, &[]);
        let lines = run
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut of_rules = lines.filter(|line| line["reasons"][0]["detection"] == "falco: exec");
        of_rules.next().unwrap_or_else(|| panic!("{run:?}"))
    };
    let first = night(exec(1) + &exec(2));
    assert_eq!(first["severity"], "high");
    assert_eq!(first["event_count"], 2);
    assert_eq!(first["reasons"][0]["text"], "exec by mallory (2 times)");
    let second = night(exec(3));
    assert_eq!(second["id"], first["id"]);
    assert_eq!(second["event_count"], 3);
    assert_eq!(second["state"], "open");
}

#[test]
fn a_correlation_counts_across_runs_that_share_a_state() {
    const RULES: &str = "title: Secret read
name: secret_read
logsource: {product: kubernetes, service: audit}
detection:
    selection: {verb: get, objectRef.resource: secrets}
    condition: selection
---
title: Many secrets
correlation:
    type: event_count
    rules: [secret_read]
    group-by: [user.username]
    timespan: 10m
    condition: {gte: 3}
level: high
";
    let line = |number: u32| {
        let event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
            "auditID": format!("a-{number}"), "stage": "ResponseComplete", "verb": "get",
            "requestURI": format!("/api/v1/namespaces/shop/secrets/s{number}"),
            "user": {"username": "ann"}, "sourceIPs": ["10.0.0.1"],
            "objectRef": {"resource": "secrets", "namespace": "shop", "name": format!("s{number}"), "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": format!("2026-01-01T00:00:{number:02}.000000Z"),
            "stageTimestamp": format!("2026-01-01T00:00:{number:02}.000001Z"),
        });
        event.to_string() + "\n"
    };
    let program = Program::new()
        .with_file("rules/r.yml", RULES)
        .with_file("audit.log", line(1) + &line(2));
    let arguments = [
        "watch",
        "--from",
        "audit.log",
        "--rules",
        "rules",
        "--state",
        "state",
        "--output",
        "json",
    ];
    let first = program.run(&arguments);
    assert!(!matched(&first).contains_key("Many secrets"), "{first:?}");
    let grown = line(1) + &line(2) + &line(3);
    std::fs::write(program.folder().join("audit.log"), grown).unwrap();
    let second = program.run(&arguments);
    assert_eq!(matched(&second).get("Many secrets"), Some(&1), "{second:?}");
}

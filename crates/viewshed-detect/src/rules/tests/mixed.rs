//! Files of several languages, and broken ones.

use serde_json::json;

use super::audit_events::AuditEvent;
use crate::rules::{Effect, EngineName, RuleSet};

const FALCO: &str = "- rule: Secret read
  desc: d
  condition: ka.verb=get and ka.target.resource=secrets
  output: Secret read (user=%ka.user.name groups=%ka.user.groups name=%ka.target.name none=%ka.req.service.type)
  priority: WARNING
  source: k8s_audit
  tags: [k8s, T1552.007]
- rule: Broken
  desc: d
  condition: ka.verb=get and and
  output: o
  priority: INFO
  source: k8s_audit
- rule: About system calls
  desc: d
  condition: evt.type=open
  output: o
  priority: INFO
  source: syscall
";

fn event() -> AuditEvent {
    AuditEvent::new(json!({
        "kind": "Event", "level": "Metadata", "stage": "ResponseComplete", "verb": "get",
        "user": {"username": "ann", "groups": ["dev", "ops"]},
        "objectRef": {"resource": "secrets", "namespace": "shop", "name": "db"},
        "responseStatus": {"code": 200},
    }))
}

#[test]
fn a_broken_rule_is_named_with_its_line_and_the_rest_works() {
    let (mut rules, problems) = RuleSet::load(&[("f.yaml", FALCO), ("x.txt", "hello")]);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "f.yaml: 1 rules are about `syscall`, not about Kubernetes audit events",
            "f.yaml:8: `Broken`: condition, at byte 16: a field, a macro or `(` is expected here",
            "x.txt: neither Sigma nor Falco rules",
        ]
    );
    let event = event();
    let mut found = Vec::new();
    rules.judge(&event.activity(), &mut found);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "Secret read (user=ann groups=(dev,ops) name=db none=<NA>)"
    );
    assert_eq!(found[0].rule.engine, EngineName::Falco);
    assert_eq!(found[0].rule.techniques, ["T1552.007"]);
    assert_eq!(found[0].rule.line, Some(1));
}

#[test]
fn a_file_that_is_no_yaml_loses_one_rule_only() {
    let text = format!("- rule: bad\n  condition: [\n{FALCO}");
    let (rules, problems) = RuleSet::load(&[("f.yaml", &text)]);
    assert_eq!(rules.rules().count(), 1);
    assert!(
        problems
            .iter()
            .any(|problem| problem.rule.as_deref() == Some("bad")
                && problem.effect == Effect::RuleSkipped),
        "{problems:?}"
    );
}

#[cfg(feature = "sigma")]
mod sigma {
    use super::*;

    const SIGMA: &str = "title: Secret read by name
id: 11111111-1111-1111-1111-111111111111
name: secret_read
logsource:
    product: kubernetes
    service: audit
detection:
    selection:
        verb: get
        objectRef.resource: secrets
    condition: selection
level: high
tags:
    - attack.t1552.007
---
title: Windows
logsource:
    product: windows
detection:
    selection:
        CommandLine: x
    condition: selection
---
title: Broken
logsource:
    product: kubernetes
detection:
    selection:
        verb|nonsense: get
    condition: selection
";

    const CORRELATION: &str = "title: Many secrets
correlation:
    type: value_count
    rules:
        - secret_read
    group-by:
        - username
    timespan: 10m
    condition:
        gte: 3
        field: objectRef.name
level: critical
";

    fn read(rules: &mut RuleSet, user: &str, name: &str, second: u32) -> Vec<String> {
        let event = AuditEvent::new(json!({
            "kind": "Event", "level": "Metadata", "stage": "ResponseComplete", "verb": "get",
            "user": {"username": user},
            "objectRef": {"resource": "secrets", "namespace": "shop", "name": name},
            "responseStatus": {"code": 200},
            "requestReceivedTimestamp": format!("2026-01-01T00:00:{second:02}Z"),
        }));
        let mut found = Vec::new();
        rules.judge(&event.activity(), &mut found);
        found.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn both_languages_judge_together() {
        let (mut rules, problems) = RuleSet::load(&[("s.yml", SIGMA), ("f.yaml", FALCO)]);
        let told: Vec<String> = problems
            .iter()
            .filter(|problem| problem.file == "s.yml")
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "s.yml:16: `Windows`: it is about `windows`, not about Kubernetes audit events",
                "s.yml:24: `Broken`: Unknown modifier 'nonsense'",
            ]
        );
        assert_eq!(
            read(&mut rules, "ann", "db", 0),
            [
                "Secret read (user=ann groups=<NA> name=db none=<NA>)",
                "Secret read by name: ann get secrets db in shop, answered 200",
            ]
        );
    }

    #[test]
    fn a_correlation_counts_values_per_group_and_hides_what_it_counts() {
        let (mut rules, problems) = RuleSet::load(&[("c.yml", CORRELATION), ("s.yml", SIGMA)]);
        assert!(
            problems.iter().all(|problem| problem.file == "s.yml"),
            "{problems:?}"
        );
        let quiet: [&str; 0] = [];
        assert_eq!(read(&mut rules, "ann", "a", 0), quiet);
        assert_eq!(read(&mut rules, "ann", "a", 1), quiet);
        assert_eq!(read(&mut rules, "bob", "b", 2), quiet);
        assert_eq!(read(&mut rules, "ann", "b", 3), quiet);
        assert_eq!(
            read(&mut rules, "ann", "c", 4),
            ["Many secrets: 3 within 600 seconds (user.username=ann)"]
        );
        // The count starts anew.
        assert_eq!(read(&mut rules, "ann", "d", 5), quiet);
    }

    #[test]
    fn a_correlation_goes_on_counting_after_a_restart() {
        let load = |correlation: &str| {
            let (rules, _) = RuleSet::load(&[("c.yml", correlation), ("s.yml", SIGMA)]);
            rules
        };
        let quiet: [&str; 0] = [];
        let mut before = load(CORRELATION);
        assert_eq!(read(&mut before, "ann", "a", 0), quiet);
        assert_eq!(read(&mut before, "bob", "a", 1), quiet);
        assert_eq!(read(&mut before, "ann", "b", 2), quiet);
        let state = before.state();
        assert_eq!(state, before.state(), "the same state gives the same bytes");
        let mut after = load(CORRELATION);
        assert!(after.resume(&state));
        assert_eq!(read(&mut after, "bob", "c", 3), quiet);
        assert_eq!(
            read(&mut after, "ann", "c", 4),
            ["Many secrets: 3 within 600 seconds (user.username=ann)"]
        );
        // Counts belong to the correlation that made them.
        let mut another = load(&CORRELATION.replace("Many secrets", "Very many secrets"));
        assert!(another.resume(&state));
        assert_eq!(read(&mut another, "ann", "c", 4), quiet);
        // Damaged bytes are told, and change nothing.
        let mut damaged = load(CORRELATION);
        assert!(!damaged.resume(b"{\"titles\":{}"));
        assert!(!damaged.resume(b"{\"titles\":{},\"counts\":[7]}"));
        assert_eq!(read(&mut damaged, "ann", "c", 4), quiet);
    }

    #[test]
    fn a_correlation_over_nothing_is_named() {
        let (_, problems) = RuleSet::load(&[("c.yml", CORRELATION)]);
        assert_eq!(
            problems[0].to_string(),
            "c.yml:1: `Many secrets`: it counts `secret_read`, which is no loaded rule"
        );
    }
}

//! The tests of falcosecurity/testing for Kubernetes audit events, with their counts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::audit_events::AuditEvent;
use super::falco_overlays::{NOT_AT_HAND, OVERLAYS};
use crate::rules::{Effect, RuleSet};

const CORPUS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/corpus/audit/falco"
);

#[derive(Deserialize)]
struct Case {
    test: String,
    events: String,
    rule_files: Vec<String>,
    rule_counts: BTreeMap<String, usize>,
    no_detections: bool,
}

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{CORPUS}/{path}"))
        .expect("the corpus lies beside the repository")
}

fn load(rule_texts: &[(&str, &str)]) -> RuleSet {
    let (rules, problems) = RuleSet::load(rule_texts);
    let lost: Vec<_> = problems
        .iter()
        .filter(|problem| problem.effect != Effect::Note)
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    rules
}

/// Matches per rule name.
fn counts(rules: &mut RuleSet, events: &str) -> BTreeMap<String, usize> {
    let mut found = Vec::new();
    for event in AuditEvent::all(events) {
        rules.judge(&event.activity(), &mut found);
    }
    let mut counts = BTreeMap::new();
    for one in found {
        *counts.entry(one.rule.title.clone()).or_default() += 1;
    }
    counts
}

#[test]
fn every_test_of_falco_gives_its_counts() {
    let cases: Vec<Case> = serde_json::from_str(&read("expected.json")).expect("JSON");
    let main = read("k8s_audit_rules.yaml");
    let mut loaded = BTreeMap::new();
    let mut passed = 0;
    let mut skipped = Vec::new();
    for case in &cases {
        if case
            .rule_files
            .iter()
            .any(|file| NOT_AT_HAND.contains(&file.as_str()))
        {
            skipped.push(case.test.trim_start_matches("TestK8SAudit_Legacy_"));
            continue;
        }
        let mut texts: Vec<(&str, &str)> = Vec::new();
        if case.rule_files.iter().any(|file| file == "K8SAuditRules") {
            texts.push(("k8s_audit_rules.yaml", &main));
        }
        for file in case
            .rule_files
            .iter()
            .filter(|file| *file != "K8SAuditRules")
        {
            let overlay = OVERLAYS.iter().find(|(name, _)| name == file);
            let (name, text) = overlay.unwrap_or_else(|| panic!("an overlay for {file}"));
            if !text.is_empty() {
                texts.push((name, text));
            }
        }
        let names: Vec<String> = texts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let rules = loaded.entry(names).or_insert_with(|| load(&texts));
        let counts = counts(rules, &read(&format!("events/{}", case.events)));
        for (rule, count) in &case.rule_counts {
            assert_eq!(
                counts.get(rule),
                Some(count),
                "{}: {rule} in {counts:?}",
                case.test
            );
        }
        if case.no_detections {
            assert_eq!(counts, BTreeMap::new(), "{}", case.test);
        }
        passed += 1;
    }
    assert_eq!(
        skipped,
        [
            "CompatEngineV4CreateDisallowedPod",
            "CompatEngineV4CreateHostnetworkPod",
            "CompatEngineV4CreatePrivilegedPod",
            "CompatEngineV4CreateAllowedPod",
            "CompatEngineV4CreatePrivilegedTrustedPod",
            "CompatEngineV4CreateUnprivilegedPod",
            "CompatEngineV4CreateHostnetworkTrustedPod",
        ]
    );
    assert_eq!((passed, cases.len()), (59, 66));
}

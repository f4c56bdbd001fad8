//! What SARIF 2.1.0 (section numbers) and GitHub's "SARIF support for code scanning" demand.

use std::collections::BTreeSet;

use serde_json::Value;
use viewshed_model::{Position, ScanReport, Severity};

use super::{fingerprint, sarif};
use crate::sample;

fn run(report: &ScanReport) -> Value {
    let log: Value = serde_json::from_str(&sarif(report)).expect("it is JSON");
    assert_eq!(log["version"], "2.1.0", "3.13.2");
    assert!(
        log["$schema"]
            .as_str()
            .is_some_and(|uri| uri.contains("2.1.0")),
        "3.13.3"
    );
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1), "3.13.4");
    log["runs"][0].clone()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn has_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

#[test]
fn rules_have_what_viewers_show() {
    let run = run(&sample::scan_report());
    assert_eq!(run["tool"]["driver"]["name"], "Viewshed", "3.19.8");
    let rules = list(&run["tool"]["driver"]["rules"]);
    let ids: BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(ids.len(), rules.len(), "3.49.3: ids are distinct");
    for rule in rules {
        assert!(has_text(&rule["shortDescription"]["text"]), "{rule}");
        assert!(has_text(&rule["fullDescription"]["text"]), "{rule}");
        assert!(
            has_text(&rule["help"]["text"]),
            "3.12.3: text stands beside markdown"
        );
        assert!(has_text(&rule["help"]["markdown"]), "{rule}");
        let level = rule["defaultConfiguration"]["level"]
            .as_str()
            .expect("a level");
        assert!(["error", "warning", "note"].contains(&level), "3.50.3");
        let severity = rule["properties"]["security-severity"]
            .as_str()
            .expect("a string");
        let severity: f64 = severity.parse().expect("a number");
        assert!((0.0..=10.0).contains(&severity));
        assert!(
            list(&rule["properties"]["tags"])
                .iter()
                .any(|tag| tag == "security")
        );
    }
}

#[test]
fn results_have_what_viewers_need() {
    let run = run(&sample::scan_report());
    let rules = list(&run["tool"]["driver"]["rules"]);
    let mut prints = BTreeSet::new();
    for result in list(&run["results"]) {
        let index = result["ruleIndex"].as_u64().expect("an index");
        let rule = usize::try_from(index)
            .ok()
            .and_then(|index| rules.get(index));
        assert_eq!(
            rule.map(|rule| &rule["id"]),
            Some(&result["ruleId"]),
            "3.27.6"
        );
        assert!(has_text(&result["message"]["text"]), "3.27.11");
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(
            !uri.is_empty() && !uri.contains([' ', '\\', '<', '"']),
            "3.4.3: {uri}"
        );
        assert!(
            location["region"]["startLine"].as_u64() >= Some(1),
            "3.30.5"
        );
        let logical = &result["locations"][0]["logicalLocations"][0];
        assert!(has_text(&logical["fullyQualifiedName"]), "3.33.5");
        let print = &result["partialFingerprints"]["primaryLocationLineHash"];
        assert!(
            prints.insert(print.as_str().expect("a string")),
            "{print} is not unique"
        );
    }
    assert_eq!(prints.len(), sample::scan_report().findings.len());
}

#[test]
fn files_keep_their_place_and_others_get_one() {
    let mut report = sample::scan_report();
    report.findings[1].location = Some(Position {
        file: "/srv/my manifests/a#b.yaml".to_owned(),
        line: 0,
    });
    let run = run(&report);
    let places: Vec<(&str, u64)> = list(&run["results"])
        .iter()
        .take(3)
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            (
                place["artifactLocation"]["uri"].as_str().expect("a URI"),
                place["region"]["startLine"].as_u64().expect("a line"),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("manifests/rbac/status-page.yaml", 12),
            ("file:///srv/my%20manifests/a%23b.yaml", 1),
            ("viewshed/prod/shop/Deployment%20cart", 1),
        ]
    );
}

#[test]
fn levels_follow_severity() {
    let mut report = sample::scan_report();
    report.findings = Severity::ALL
        .map(|level| sample::finding("x", level, "t"))
        .to_vec();
    let run = run(&report);
    let levels: Vec<&str> = list(&run["results"])
        .iter()
        .filter_map(|result| result["level"].as_str())
        .collect();
    assert_eq!(levels, ["error", "error", "warning", "note", "note"]);
}

#[test]
fn gaps_are_notifications() {
    let run = run(&sample::scan_report());
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], true, "3.20.14");
    let notes = list(&invocation["toolExecutionNotifications"]);
    assert_eq!(notes.len(), 1);
    assert!(has_text(&notes[0]["message"]["text"]), "3.58.5");
}

#[test]
fn a_finding_keeps_its_fingerprint() {
    let mut finding = sample::scan_report().findings.remove(0);
    let print = fingerprint(&finding);
    finding.exposed_count += 1;
    "Anybody can list 4,128 objects".clone_into(&mut finding.title);
    "elsewhere".clone_into(&mut finding.estate);
    if let Some(location) = &mut finding.location {
        location.line += 7;
    }
    assert_eq!(
        fingerprint(&finding),
        print,
        "counts, wording and lines change from run to run"
    );
    "ClusterRoleBinding other".clone_into(&mut finding.object);
    assert_ne!(fingerprint(&finding), print);
}

#[test]
fn a_name_cannot_become_a_link() {
    let mut report = sample::scan_report();
    "[click](http://evil.example)".clone_into(&mut report.findings[0].title);
    let run = run(&report);
    let text = run["results"][0]["message"]["text"]
        .as_str()
        .expect("a text");
    assert!(!text.contains("]("), "{text}");
}

#[test]
fn incidents_are_results_with_a_rule_each() {
    let report = sample::watch_report();
    let log: Value = serde_json::from_str(&super::incidents(&report)).expect("it is JSON");
    let run = &log["runs"][0];
    let rules = list(&run["tool"]["driver"]["rules"]);
    let results = list(&run["results"]);
    assert_eq!(results.len(), report.incidents.len());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number");
        let rule = &rules[usize::try_from(index).expect("a small number")];
        assert_eq!(rule["id"], result["ruleId"], "3.27.6");
        assert!(has_text(&result["message"]["text"]));
        assert!(has_text(
            &result["partialFingerprints"]["primaryLocationLineHash"]
        ));
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "audit/kube-apiserver.log");
    assert_eq!(place["region"]["startLine"], 812);
    // The bare one stands in no file.
    let place = &results[1]["locations"][0];
    assert_eq!(
        place["physicalLocation"]["artifactLocation"]["uri"],
        "viewshed/cluster/incidents/vs-0"
    );
    assert_eq!(
        place["logicalLocations"][0]["fullyQualifiedName"],
        "cluster/incidents/vs-0"
    );
}

#[test]
fn gains_are_results_at_their_binding_and_losses_are_counted() {
    let report = sample::diff_report();
    let log: Value = serde_json::from_str(&super::changes(&report)).expect("it is JSON");
    let run = &log["runs"][0];
    let results = list(&run["results"]);
    assert_eq!(results.len(), 1);
    let result = &results[0];
    assert_eq!(result["ruleId"], run["tool"]["driver"]["rules"][0]["id"]);
    let text = result["message"]["text"].as_str().expect("a text");
    for part in ["alice", "list pods", "in shop", "view"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "rbac.yaml");
    assert_eq!(place["region"]["startLine"], 3);
    let note = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["level"], "note");
    let text = note["message"]["text"].as_str().expect("a text");
    assert!(text.starts_with("1 loss of sight"), "{text}");
}

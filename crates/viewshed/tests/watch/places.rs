//! What is told of the logs themselves: where in them an event stands, when they fell silent, and which settings
//! they were written under.

use jiff::{Span, Timestamp};
use serde_json::Value;

use crate::audit::{lines, list, recently};
use crate::program::Program;

#[test]
fn sarif_names_the_file_and_line_of_the_event_that_opened_an_incident() {
    let quiet = list("system:kube-scheduler", 900, recently()).to_string() + "\n";
    let program =
        Program::new().with_file("audit.log", quiet.repeat(3) + &lines(recently(), 0..12));
    let run = program.run(&["watch", "--from", "audit.log", "--output", "sarif"]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let result = &document["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "audit.log");
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    // The event of that line has the time at which the incident opened.
    let incidents = program.run(&["watch", "--from", "audit.log", "--output", "json"]);
    let incident: Value = serde_json::from_str(incidents.out.lines().next().unwrap()).unwrap();
    let log = std::fs::read_to_string(program.folder().join("audit.log")).unwrap();
    let event: Value = serde_json::from_str(log.lines().nth(line - 1).unwrap()).unwrap();
    let opened: Timestamp = incident["opened_at"].as_str().unwrap().parse().unwrap();
    let received = event["requestReceivedTimestamp"].as_str().unwrap();
    assert_eq!(received.parse::<Timestamp>().unwrap(), opened);
    assert!(line > 3, "{line}");
}

#[test]
fn a_hole_in_a_past_log_is_an_incident_of_its_own() {
    let start = recently();
    let event = |number: u64, seconds: i64| {
        let mut event = list(
            "system:kube-scheduler",
            number,
            start + Span::new().seconds(seconds),
        );
        event["verb"] = "watch".into();
        event.to_string() + "\n"
    };
    let before: String = (0..200)
        .map(|number| event(number, i64::try_from(number).unwrap() * 5))
        .collect();
    let after: String = (200..400)
        .map(|number| event(number, 21_600 + i64::try_from(number).unwrap() * 5))
        .collect();
    let program = Program::new()
        .with_file("gap.log", before.clone() + &after)
        .with_file("whole.log", before);
    let run = program.run(&["watch", "--from", "gap.log"]);
    assert!(run.out.contains("gap.log fell silent"), "{}", run.out);
    assert!(
        run.out.contains("says nothing for 360 minutes"),
        "{}",
        run.out
    );
    let run = program.run(&["watch", "--from", "whole.log"]);
    assert!(run.out.contains("0 incidents"), "{}", run.out);
}

#[test]
fn coverage_takes_the_settings_of_a_daemon() {
    let program = Program::new().with_file("off/daemon.json", "{}").with_file(
        "on/daemon.json",
        r#"{"debug":true,"authorization-plugins":["opa"]}"#,
    );
    let rows = |file: &str| {
        let run = program.run(&["coverage", "--from", file, "--output", "json"]);
        assert_eq!(run.code, 0, "{run:?}");
        let document: Value = serde_json::from_str(&run.out).unwrap();
        let rows = document["rows"]
            .as_array()
            .or(document["coverage"]["rows"].as_array());
        let rows = rows.unwrap().iter();
        let of_docker = rows.filter(|row| row["surface"] == "docker-api");
        of_docker.cloned().collect::<Vec<Value>>()
    };
    let off = rows("off/daemon.json");
    assert!(!off.is_empty());
    for row in off {
        assert_eq!(row["visibility"], "invisible", "{row}");
        assert!(
            row["change"].as_str().unwrap().contains("\"debug\": true"),
            "{row}"
        );
    }
    let on = rows("on/daemon.json");
    assert!(
        on.iter().all(|row| row["visibility"] == "partial"),
        "{on:?}"
    );
}

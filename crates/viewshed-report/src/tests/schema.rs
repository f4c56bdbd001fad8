//! The documents are what docs/reference/schemas/viewshed-1.json says.

use serde_json::Value;

use super::Answers;
use crate::{Answer, Format, Style, render, sample};

const SCHEMA: &str = include_str!("../../../../docs/reference/schemas/viewshed-1.json");

const INCIDENT_SCHEMA: &str =
    include_str!("../../../../docs/reference/schemas/viewshed-incident-2.json");

/// The schema as published lets readers meet new fields; here a field that it does not name is a mistake.
fn strict(mut schema: Value) -> Value {
    close(&mut schema["$defs"]);
    schema
}

fn close(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(close),
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            let is_object = fields.get("type").is_some_and(|kind| kind == "object");
            if is_object && fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        _ => {}
    }
}

/// Incidents have a schema of their own; everything else shares one.
fn check(document: &str) {
    let is_incident = document.contains("\"kind\":\"incident\"");
    let schema = if is_incident { INCIDENT_SCHEMA } else { SCHEMA };
    let schema = strict(serde_json::from_str(schema).expect("the schema is JSON"));
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let document: Value = serde_json::from_str(document).expect("the document is JSON");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{document:#}", errors.join("\n"));
}

#[test]
fn every_document_is_described() {
    for answer in Answers::samples().all() {
        let text = render(&answer, Format::Json, &Style::default()).expect("it is offered");
        match answer {
            Answer::Watch(_) => text.lines().for_each(check),
            _ => check(&text),
        }
    }
    check(&crate::json::json(&Answer::Scan(&sample::large_report(1))));
}

#[test]
fn every_line_is_described() {
    for answer in Answers::samples().all() {
        let text = render(&answer, Format::JsonLines, &Style::default()).expect("it is offered");
        text.lines().for_each(check);
    }
}

#[test]
fn yaml_is_the_same_document() {
    for answer in Answers::samples().all() {
        let yaml = render(&answer, Format::Yaml, &Style::default()).expect("it is offered");
        let json = render(&answer, Format::Json, &Style::default()).expect("it is offered");
        let yaml: Value = serde_saphyr::from_str(&yaml).expect("it is YAML");
        if let Answer::Watch(_) = answer {
            // JSON has one line per incident; YAML is the whole report.
            check(
                &yaml
                    .to_string()
                    .replace("\"kind\":\"incident\"", "\"kind\": \"incident\""),
            );
            let mut lines: Vec<Value> = json
                .lines()
                .map(|line| serde_json::from_str(line).expect("it is JSON"))
                .collect();
            let mut summary = lines.pop().expect("a last line");
            assert_eq!(yaml["incidents"], Value::Array(lines));
            // The rest of the report is the last line.
            assert_eq!(summary["kind"], "watch-summary");
            summary["kind"] = "watch".into();
            summary["incidents"] = yaml["incidents"].clone();
            assert_eq!(yaml, summary);
            continue;
        }
        let json: Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(yaml, json, "{}", answer.kind());
    }
}

#[test]
#[should_panic(expected = "nonsense")]
fn a_field_that_is_not_described_is_noticed() {
    let text = crate::json::json(&Answer::Scan(&sample::scan_report()));
    check(&text.replacen("\"fix\":", "\"nonsense\": 1, \"fix\":", 1));
}

#[test]
fn json_reads_well() {
    let text = crate::json::json(&Answer::See(&sample::view(), None));
    insta::assert_snapshot!(text);
}

#[test]
fn an_incident_has_the_fields_that_receivers_rely_on() {
    let line = crate::json::incident(&sample::incident());
    let incident: Value = serde_json::from_str(&line).expect("it is JSON");
    for name in [
        "schema_version",
        "id",
        "actor",
        "source_addresses",
        "opened_at",
        "first_event",
        "last_event",
        "event_count",
        "audit_ids",
        "requests",
        "disclosed",
        "severity",
        "confidence",
        "reasons",
        "techniques",
        "allowed_by",
        "revision",
        "state",
    ] {
        assert!(incident.get(name).is_some(), "{name}");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&incident).expect("it is JSON"));
}

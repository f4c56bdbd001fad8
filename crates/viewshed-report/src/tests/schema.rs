//! The documents are what docs/reference/schemas/viewshed-1.json says.

use serde_json::Value;

use super::Answers;
use crate::{Answer, Format, Style, render, sample};

const SCHEMA: &str = include_str!("../../../../docs/reference/schemas/viewshed-1.json");

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

fn check(document: &str) {
    let schema = strict(serde_json::from_str(SCHEMA).expect("the schema is JSON"));
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
        check(&render(&answer, Format::Json, &Style::default()).expect("it is offered"));
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

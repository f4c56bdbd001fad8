use serde_json::Value;

use super::falco;
use crate::sample;

/// falcosecurity/falcosidekick `types/types.go` and `handlers.go`: a payload without output, priority, rule
/// or time is refused; output fields are texts and numbers.
#[test]
fn a_payload_is_one_that_falcosidekick_takes() {
    let line = falco(&sample::incident(), jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(line.matches('\n').count(), 1);
    let payload: Value = serde_json::from_str(&line).expect("it is JSON");
    for name in [
        "output", "priority", "rule", "time", "source", "hostname", "uuid",
    ] {
        assert!(
            payload[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
    let fields = payload["output_fields"].as_object().expect("an object");
    assert!(
        fields
            .values()
            .all(|value| value.is_string() || value.is_number())
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&payload).expect("it is JSON"));
}

#[test]
fn a_bare_incident_is_one_too() {
    let payload: Value = serde_json::from_str(&falco(
        &sample::bare_incident(),
        jiff::Timestamp::UNIX_EPOCH,
    ))
    .expect("it is JSON");
    assert_eq!(payload["rule"], "discovery");
    assert_eq!(payload["priority"], "Notice");
}

//! Lines of `can-i --questions`: an answered review is the same object with our status.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use viewshed_decode::questions::{Question, Status, question};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Question::Review(review)) = question(bytes) else {
        return;
    };
    let status = Status {
        allowed: true,
        reason: "because",
        ..Status::default()
    };
    let mut out = Vec::new();
    review.write_answer(&status.written(), &mut out);
    // Deep nesting in a field that is not looked at is passed on, but no `Value`.
    let Ok(mut before) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let mut after: Value = serde_json::from_slice(&out).expect("an answer is JSON");
    let written = after.as_object_mut().and_then(|object| object.remove("status"));
    assert_eq!(written.and_then(|status| status.get("allowed").cloned()), Some(Value::Bool(true)));
    before.as_object_mut().map(|object| object.remove("status"));
    assert_eq!(before, after);
});

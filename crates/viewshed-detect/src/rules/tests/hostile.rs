//! Whatever a rule file holds: loading, checking and judging end, and do so the same way twice.

use proptest::prelude::*;

use super::audit_events::AuditEvent;
use crate::rules::RuleSet;
use crate::rules::check::Recordable;

/// Pieces that conditions are made of, whole and broken.
const PIECES: [&str; 34] = [
    "and",
    "or",
    "not",
    "(",
    ")",
    "\"",
    "'",
    "[",
    "]",
    ",",
    "=",
    "!=",
    "<=",
    ">",
    "in",
    "intersects",
    "exists",
    "startswith",
    "glob",
    "pmatch",
    "bcontains",
    "tolower(",
    "ka.verb",
    "ka.user.groups",
    "ka.req.pod.containers.image",
    "jevt.value",
    "[/a~1b/0]",
    "m",
    "l",
    "get",
    "*[",
    "\\",
    "\u{212a}",
    "0",
];

prop_compose! {
    fn condition()(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) -> String {
        pieces.join(" ")
    }
}

fn check(text: &str) {
    let files = [("a.yaml", text)];
    let (mut rules, problems) = RuleSet::load(&files);
    let (again, same) = RuleSet::load(&files);
    assert_eq!(problems, same);
    let profile = Recordable::everything();
    assert_eq!(rules.check(&profile), again.check(&profile));
    let event = AuditEvent::new(serde_json::json!({
        "verb": "get", "user": {"username": "\u{1b}[31m", "groups": ["", "a"]},
        "objectRef": {"resource": "pods"}, "requestObject": {"spec": {"containers": [{"image": "@:"}, 1]}},
    }));
    rules.judge(&event.activity(), &mut Vec::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn conditions_of_any_pieces(condition in condition(), list in condition()) {
        let quoted = serde_json::json!(condition).to_string();
        let item = serde_json::json!(list).to_string();
        check(&format!(
            "- macro: m\n  condition: {quoted}\n- list: l\n  items: [{item}, l]\n- rule: r\n  desc: d\n  \
             condition: {quoted}\n  output: {item}\n  priority: INFO\n  source: k8s_audit\n  exceptions:\n    \
             - name: e\n      fields: [{item}]\n      values: [[{item}]]\n"
        ));
    }

    #[test]
    fn texts_that_only_look_like_rules(start in prop::sample::select(vec![
        "- rule: r\n  condition: ", "title: t\ndetection:\n  sel: {verb: get}\n  condition: ",
        "title: t\ncorrelation:\n  type: event_count\n  rules: ", "- list: l\n  items: ", "action: global\n",
    ]), rest in "[-a-z0-9:&*\\[\\]{}|>'\"#!% \\n]{0,80}") {
        check(&format!("{start}{rest}"));
    }
}

//! Rule files of any language: loading, checking and judging end, and a rule set loads the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_detect::rules::RuleSet;
use viewshed_detect::rules::check::Recordable;
use viewshed_model::Activity;

fuzz_target!(|text: &str| {
    let files = [("a.yaml", text)];
    let (mut rules, problems) = RuleSet::load(&files);
    let (again, same) = RuleSet::load(&files);
    assert_eq!(problems, same);
    assert_eq!(rules.rules().count(), again.rules().count());
    assert!(rules.check(&Recordable::everything()).len() >= rules.rules().count());
    let activity = Activity {
        verb: "create".into(),
        request_body: r#"{"spec":{"containers":[{"image":"a:1"}]}}"#,
        ..Activity::default()
    };
    rules.judge(&activity, &mut Vec::new());
});

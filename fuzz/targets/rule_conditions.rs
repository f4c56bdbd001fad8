//! Falco conditions: whatever is written, reading ends, and what is read can be put in parentheses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_detect::rules::can_parse_condition;

fuzz_target!(|text: &str| {
    if can_parse_condition(text) && text.len() < 1000 && nesting(text) < 90 {
        assert!(can_parse_condition(&format!("({text})")));
        assert!(can_parse_condition(&format!("not ({text}) and a")));
    }
});

fn nesting(text: &str) -> usize {
    text.matches('(').count()
}

use std::collections::BTreeMap;

use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use viewshed_model::Incident;

use super::cef;
use crate::clean::clean;
use crate::sample;

/// Takes a line apart as a receiver does: eight header fields at bars that no backslash precedes, then
/// keys, each the word before an `=` that no backslash precedes.
fn parse(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let mut header = vec![String::new()];
    let mut letters = line.chars();
    while header.len() < 8 {
        let letter = letters.next().expect("the header has eight fields");
        let last = header.last_mut().expect("never empty");
        match letter {
            '\\' => last.push(letters.next().expect("a backslash escapes something")),
            '|' => header.push(String::new()),
            other => last.push(other),
        }
    }
    header.pop();
    let mut keys: Vec<(String, String)> = Vec::new();
    let mut word = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.push(letters.next().expect("a backslash escapes something")),
            '=' => {
                let (value, key) = word.rsplit_once(' ').unwrap_or(("", &word));
                if let Some(last) = keys.last_mut() {
                    value.clone_into(&mut last.1);
                }
                keys.push((key.to_owned(), String::new()));
                word.clear();
            }
            other => word.push(other),
        }
    }
    if let Some(last) = keys.last_mut() {
        last.1 = word;
    }
    let number = keys.len();
    let keys: BTreeMap<String, String> = keys.into_iter().collect();
    assert_eq!(keys.len(), number, "a key stands once: {line}");
    (header, keys)
}

fn with_texts(text: &str) -> Incident {
    let mut incident = sample::incident();
    text.clone_into(&mut incident.actor.name);
    text.clone_into(&mut incident.cluster);
    incident.actor.pod = Some(text.to_owned());
    incident.source_addresses = vec![text.to_owned(), "192.0.2.7".to_owned()];
    for reason in &mut incident.reasons {
        text.clone_into(&mut reason.text);
        text.clone_into(&mut reason.detection);
    }
    incident
}

#[test]
fn a_line_has_the_fields_of_the_standard() {
    let line = cef(&sample::incident(), "1.2.3");
    insta::assert_snapshot!(line);
    let (header, keys) = parse(&line);
    assert_eq!(&header[..4], ["CEF:0", "Viewshed", "Viewshed", "1.2.3"]);
    assert_eq!(keys["suser"], "system:serviceaccount:shop:cart");
    assert_eq!(keys["src"], "10.0.3.17");
}

fn check(text: &str) {
    let line = cef(&with_texts(text), "1");
    assert!(!line.contains(['\n', '\r']), "{line}");
    let (header, keys) = parse(&line);
    let (_, expected) = parse(&cef(&with_texts("harmless"), "1"));
    if !clean(text).is_empty() {
        let names = |keys: &BTreeMap<String, String>| keys.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&keys), names(&expected), "{text:?}");
        assert_eq!(keys["suser"], clean(text), "{text:?}");
    }
    assert_eq!(header[4], clean(text));
}

#[test]
fn known_injections_stay_values() {
    for text in [
        "a|b",
        "x|10|act=deleted",
        "eve act=allowed src=8.8.8.8",
        "back\\slash=",
        "\\",
        "\\|",
        "line\nCEF:0|Evil|Evil|1|1|fake|10|",
    ] {
        check(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_adds_a_field(text in any::<String>(), odd in "[|=\\\\ a\n\r]{0,40}") {
        check(&text);
        check(&odd);
        let (_, keys) = parse(&cef(&with_texts(&odd), "1"));
        prop_assert_eq!(&keys["cnt"], "41");
    }
}

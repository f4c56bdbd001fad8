//! Text in an estate is written by attackers: it must not steer what shows it, in any format.

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::{Strategy, Union};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use viewshed_model::{CoverageReport, RulesCheck, WatchReport};

use super::Answers;
use crate::clean::is_unsafe;
use crate::{Answer, Format, Style, render};

/// Fields that hold text from an estate, and are no name of ours.
const FIELDS: [&str; 43] = [
    "address",
    "audiences",
    "capabilities",
    "cloud",
    "filesystem",
    "issuer",
    "kubeconfigs",
    "machine_vendor",
    "node",
    "path",
    "pod",
    "root",
    "sockets",
    "subject",
    "binding",
    "binding_namespace",
    "check",
    "collected_at",
    "computed",
    "detail",
    "endpoint",
    "estate",
    "evaluation_error",
    "fact",
    "file",
    "fix",
    "hint",
    "how",
    "markdown",
    "name",
    "namespace",
    "object",
    "question",
    "reproduce",
    "server",
    "source",
    "text",
    "title",
    "user",
    "verbs",
    "version",
    "what",
    "before",
];

/// Fields that hold text from logs.
const LOG_FIELDS: [&str; 28] = [
    "action",
    "acted_as",
    "actor",
    "audit_id",
    "audit_ids",
    "basis",
    "change",
    "cited",
    "cluster",
    "detail",
    "detection",
    "file",
    "format",
    "groups",
    "hint",
    "id",
    "impersonated_by",
    "kind",
    "name",
    "names",
    "namespace",
    "new_kinds",
    "node",
    "pod",
    "source_addresses",
    "text",
    "user_agents",
    "verb",
];

/// Fields of answers about the network that hold text from an estate.
const REACH_FIELDS: [&str; 17] = [
    "binding",
    "ways_in",
    "addresses",
    "assumed",
    "cni",
    "detail",
    "estate",
    "example",
    "fact",
    "file",
    "hint",
    "name",
    "namespace",
    "points",
    "pods",
    "text",
    "workload_kind",
];

/// Fields of a rehearsal that hold text from a record, a server or a log.
const REHEARSAL_FIELDS: [&str; 21] = [
    "action",
    "actor",
    "change",
    "cluster",
    "detail",
    "detection",
    "failure",
    "format",
    "fragment",
    "hint",
    "id",
    "name",
    "not_sent",
    "path",
    "server",
    "step",
    "text",
    "title",
    "user",
    "user_agent",
    "why",
];

/// The value with `text` in every such field.
fn poisoned<T: Serialize + DeserializeOwned>(value: &T, text: &str) -> T {
    poisoned_in(value, text, &FIELDS)
}

fn poisoned_in<T: Serialize + DeserializeOwned>(value: &T, text: &str, fields: &[&str]) -> T {
    let mut value = serde_json::to_value(value).expect("the model is JSON");
    poison(&mut value, text, fields);
    serde_json::from_value(value).expect("only texts were changed")
}

fn poisoned_watch(watch: &WatchReport, text: &str) -> WatchReport {
    let mut watch = poisoned_in(watch, text, &LOG_FIELDS);
    watch.coverage = poisoned_coverage(&watch.coverage, text);
    for incident in &mut watch.incidents {
        incident.allowed_by = [(text.to_owned(), 7)].into();
        incident.techniques = vec![text.to_owned()];
    }
    for page in &mut watch.detections {
        text.clone_into(&mut page.title);
        text.clone_into(&mut page.markdown);
    }
    for rule in &mut watch.rules {
        for field in [&mut rule.name, &mut rule.title, &mut rule.file] {
            text.clone_into(field);
        }
        rule.techniques = vec![text.to_owned()];
    }
    for place in watch.skips.first.values_mut() {
        text.clone_into(place);
    }
    watch
}

fn poisoned_coverage(coverage: &CoverageReport, text: &str) -> CoverageReport {
    let mut coverage = poisoned_in(coverage, text, &LOG_FIELDS);
    for row in &mut coverage.rows {
        for field in [
            &mut row.title,
            &mut row.source,
            &mut row.why,
            &mut row.fragment,
        ] {
            text.clone_into(field);
        }
    }
    for source in &mut coverage.sources {
        text.clone_into(&mut source.fragment);
    }
    coverage
}

fn poisoned_rules(rules: &RulesCheck, text: &str) -> RulesCheck {
    let mut rules = rules.clone();
    text.clone_into(&mut rules.basis);
    for rule in &mut rules.rules {
        text.clone_into(&mut rule.rule);
        text.clone_into(&mut rule.file);
        rule.reasons = vec![text.to_owned()];
        rule.remarks = vec![text.to_owned()];
        rule.read_as = vec![(text.to_owned(), text.to_owned())];
    }
    rules
}

fn poison(value: &mut Value, text: &str, names: &[&str]) {
    match value {
        Value::Array(entries) => {
            for entry in entries {
                poison(entry, text, names);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(old) if names.contains(&name.as_str()) => {
                        text.clone_into(old);
                    }
                    Value::Array(entries) if names.contains(&name.as_str()) => {
                        *entries = vec![Value::String(text.to_owned())];
                    }
                    _ => poison(field, text, names),
                }
            }
        }
        _ => {}
    }
}

fn poisoned_answers(text: &str) -> Answers {
    let samples = Answers::samples();
    Answers {
        scan: poisoned(&samples.scan, text),
        view: poisoned(&samples.view, text),
        here: poisoned(&samples.here, text),
        verification: poisoned(&samples.verification, text),
        who: poisoned(&samples.who, text),
        gaps: poisoned(&samples.gaps, text),
        rank: poisoned(&samples.rank, text),
        diff: poisoned(&samples.diff, text),
        can_i: poisoned(&samples.can_i, text),
        rules: poisoned(&samples.rules, text),
        rules_check: poisoned_rules(&samples.rules_check, text),
        watch: poisoned_watch(&samples.watch, text),
        coverage: poisoned_coverage(&samples.coverage, text),
        baseline: poisoned_in(&samples.baseline, text, &LOG_FIELDS),
        reach: poisoned_in(&samples.reach, text, &REACH_FIELDS),
        sources: poisoned_in(&samples.sources, text, &REACH_FIELDS),
        matrix: poisoned_in(&samples.matrix, text, &REACH_FIELDS),
        pivots: poisoned_in(&samples.pivots, text, &REACH_FIELDS),
        rehearsal: poisoned_in(&samples.rehearsal, text, &REHEARSAL_FIELDS),
        unjudged: poisoned_in(&samples.unjudged, text, &REHEARSAL_FIELDS),
        // Pages are this project's own.
        pages: samples.pages.clone(),
        page: samples.page.clone(),
    }
}

/// The tags of a page without what a value of ours may hold between backticks.
fn tags(page: &str) -> Vec<String> {
    page.split('<')
        .skip(1)
        .map(|part| part.split('>').next().unwrap_or_default().to_owned())
        .filter(|tag| !tag.ends_with("code") && !tag.starts_with("span class=\"kind\""))
        .collect()
}

fn check(text: &str) {
    let answers = poisoned_answers(text);
    for (answer, format, rendered) in answers.rendered(&Style::default()) {
        let kind = answer.kind();
        let left = rendered.chars().find(|character| {
            let is_break = *character == '\n' || (*character == '\r' && format == Format::Csv);
            is_unsafe(*character) && !is_break
        });
        assert_eq!(left, None, "{kind} as {format:?} of {text:?}");
        match format {
            Format::Json if matches!(answer, Answer::Watch(_)) => {
                for line in rendered.lines() {
                    serde_json::from_str::<Value>(line).expect("each line is JSON");
                }
            }
            Format::Json | Format::Sarif | Format::Navigator => {
                serde_json::from_str::<Value>(&rendered).expect("it is JSON");
            }
            Format::JsonLines | Format::Ocsf | Format::Falco => {
                for line in rendered.lines() {
                    serde_json::from_str::<Value>(line).expect("each line is JSON");
                }
            }
            Format::Yaml => {
                serde_saphyr::from_str::<Value>(&rendered)
                    .unwrap_or_else(|error| panic!("{kind} of {text:?}: {error}"));
            }
            Format::Csv => {
                let widths = columns(&rendered);
                assert!(
                    widths.windows(2).all(|pair| pair[0] == pair[1]),
                    "{kind}: {widths:?}"
                );
            }
            Format::Markdown => {
                assert!(rendered.len() < 65_536, "it fits a comment");
                // What stands in a fence is no table, whatever it begins with.
                let outside = rendered.split("\n```").step_by(2);
                let rows = outside.flat_map(str::lines);
                for row in rows.filter(|line| line.starts_with("| ")) {
                    let bars = row
                        .replace("\\\\", "")
                        .replace("\\|", "")
                        .matches('|')
                        .count();
                    assert!([5, 6].contains(&bars), "{row}");
                    assert!(!row.replace("<!-- -->", "").contains('<'), "{row}");
                }
            }
            Format::Cef => {
                assert_eq!(rendered.lines().count(), answers.watch.incidents.len());
            }
            Format::Table | Format::Wide | Format::Html | Format::Dot => {}
        }
    }
    let ascii = Style {
        unicode: false,
        ..Style::default()
    };
    for answer in answers.all() {
        let plain = render(&answer, Format::Wide, &ascii).expect("it is offered");
        assert!(plain.is_ascii());
    }
}

/// Cells per row of a CSV text (RFC 4180).
fn columns(text: &str) -> Vec<usize> {
    let mut rows = vec![1];
    let mut is_quoted = false;
    for character in text.trim_end().chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => *rows.last_mut().expect("never empty") += 1,
            '\n' if !is_quoted => rows.push(1),
            _ => {}
        }
    }
    rows
}

const ATTACKS: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title></details></section>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "user\u{202e}nimda\u{2066}",
    "line\r\nbreak\u{2028}",
    "=cmd|' /C calc'!A0",
    "a,b;\"c\"",
    "[click](http://evil.example)",
    "` | </td> @everyone -->",
    "- key: {value}\n--- # &anchor *alias !tag",
];

#[test]
fn known_attacks_stay_text() {
    for text in ATTACKS {
        check(text);
    }
}

#[test]
fn a_page_has_the_same_tags_whatever_the_names() {
    let harmless = poisoned_answers("harmless");
    let expected = tags(&crate::html::scan(&harmless.scan));
    let expected_watch = tags(&crate::html::watch(&harmless.watch));
    for text in ATTACKS {
        let answers = poisoned_answers(text);
        assert_eq!(tags(&crate::html::scan(&answers.scan)), expected, "{text}");
        let page = crate::html::watch(&answers.watch);
        assert_eq!(tags(&page), expected_watch, "{text}");
    }
}

#[test]
fn json_gives_back_what_was_read() {
    for text in ATTACKS {
        let answers = poisoned_answers(text);
        let document = crate::json::json(&Answer::Scan(&answers.scan));
        let document: Value = serde_json::from_str(&document).expect("it is JSON");
        assert_eq!(document["findings"][0]["title"], text);
    }
}

#[test]
fn formulas_are_text_in_a_spreadsheet() {
    let text = crate::csv::scan(&poisoned_answers("=1+1").scan);
    assert!(!text.contains(",=") && !text.contains(",\"="), "{text}");
}

#[test]
fn colours_are_only_ours() {
    let style = Style {
        colour: true,
        ..Style::default()
    };
    let answers = poisoned_answers("\u{1b}[31m\u{fe00}\u{2062}");
    for answer in answers.all() {
        let text = render(&answer, Format::Wide, &style).expect("it is offered");
        let escapes = text.split('\u{1b}').skip(1);
        for escape in escapes {
            let is_ours = [
                "[0m", "[1m", "[2m", "[1;91m", "[31m", "[32m", "[33m", "[36m",
            ]
            .iter()
            .any(|ours| escape.starts_with(ours));
            assert!(is_ours, "{escape:?}");
            assert!(!escape.starts_with("[31m\u{fffd}"), "{escape:?}");
        }
        let left = text
            .chars()
            .find(|character| is_unsafe(*character) && !"\u{1b}\n".contains(*character));
        assert_eq!(left, None, "{}", answer.kind());
    }
}

fn nasty() -> impl Strategy<Value = String> {
    let pieces = Union::new([
        any::<String>().boxed(),
        proptest::sample::select(ATTACKS.to_vec())
            .prop_map(str::to_owned)
            .boxed(),
        proptest::string::string_regex(
            "[<>&\"'`|\\\\\\[\\]{}()=+@#*_~,;:\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{206f}]{0,12}",
        )
        .expect("a valid expression")
        .boxed(),
    ]);
    proptest::collection::vec(pieces, 1..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_stays_text(text in nasty()) {
        check(&text);
        let harmless = poisoned_answers("harmless");
        let page = crate::html::scan(&poisoned_answers(&text).scan);
        // An empty text leaves out the elements that would hold it.
        if !text.trim().is_empty() {
            prop_assert_eq!(tags(&page), tags(&crate::html::scan(&harmless.scan)));
        }
        prop_assert!(!page.contains("<img"));
        let page = crate::html::watch(&poisoned_answers(&text).watch);
        prop_assert!(!page.contains("<img"));
    }
}

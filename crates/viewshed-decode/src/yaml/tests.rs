use std::fmt::Write as _;

use super::to_json;

fn check(yaml: &str, json: &str) {
    assert_eq!(to_json(yaml).map(|text| text.json).unwrap(), json, "{yaml}");
}

fn check_broken(yaml: &str, line: u32, part: &str) {
    let error = to_json(yaml).unwrap_err();
    assert!(error.text.contains(part), "{error:?}");
    assert_eq!(error.line, line, "{error:?}");
}

#[test]
fn scalars_have_the_types_of_yaml_1_1() {
    check(
        "a: yes\nb: off\nc: 'yes'\nd: 0755\ne: 0x1f",
        r#"{"a":true,"b":false,"c":"yes","d":493,"e":31}"#,
    );
    check("a: ~\nb:\nc: null", r#"{"a":null,"b":null,"c":null}"#);
    check(
        "a: 1.5\nb: v1\nc: \"8080\"",
        r#"{"a":1.5,"b":"v1","c":"8080"}"#,
    );
    check("", "null");
}

#[test]
fn keys_become_texts() {
    check("1: a\ntrue: b", r#"{"1":"a","true":"b"}"#);
}

#[test]
fn texts_are_escaped() {
    check("a: |\n  one\n  \"two\"\\\n", r#"{"a":"one\n\"two\"\\\n"}"#);
    check("a: \"\\e[31m\"", r#"{"a":"\u001b[31m"}"#);
}

#[test]
fn aliases_and_merges_are_filled_in() {
    check("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#);
    check(
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2",
        r#"{"a":{"b":1},"c":{"d":2,"b":1}}"#,
    );
}

#[test]
fn items_keep_their_lines() {
    let json = to_json("kind: List\nitems:\n- kind: A\n  metadata: {}\n-\n  kind: B\n")
        .unwrap()
        .json;
    let line_of = |part: &str| json.split(part).next().unwrap().matches('\n').count() + 1;
    assert_eq!(
        (line_of("{\"kind\":\"A\""), line_of("{\"kind\":\"B\"")),
        (3, 6)
    );
}

#[test]
fn a_repeated_key_is_named_and_the_last_holds() {
    let text = to_json("a: 1\nb: 2\na: 3\n").unwrap();
    assert_eq!(text.json, r#"{"b":2,"a":3}"#);
    let duplicate = text.duplicate.unwrap();
    assert_eq!(duplicate.line, 3);
    assert!(duplicate.text.contains("`a`"), "{duplicate:?}");
}

#[test]
fn bombs_end_at_the_limits() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert!(to_json(&bomb).is_err());
    let nested = "[".repeat(50_000);
    assert!(to_json(&nested).is_err());
    let mut deep = String::new();
    for level in 0..5_000 {
        writeln!(deep, "{}a:", " ".repeat(level)).unwrap();
    }
    assert!(to_json(&deep).is_err());
}

#[test]
fn errors_name_the_line_without_repeating_the_text() {
    check_broken("a: b\nc: [1, 2\nd: e", 3, "");
    check_broken("a:\n\t- b", 2, "tab");
}

/// The quick way through a document without a key twice gives what the parser's own check gives, and refuses the
/// others.
#[test]
fn plain_documents_are_read_as_the_parser_reads_them() {
    use super::{Keys, convert};
    let mut wide = String::new();
    for number in 0..40 {
        writeln!(wide, "key-{number}: {number}").unwrap();
    }
    let plain = [
        "a: 1\nb: {c: [1, {d: e}], f: ~}\n",
        "a: &x {b: 1, c: [2]}\nd: *x\ne: [*x, *x]\n",
        "kind: List\nitems:\n- a: 1\n  b: 2\n- {a: 1}\n",
        "1: a\n2: b\ntrue: c\n",
        "a: |\n  \"x\"\t\\\n  \u{1f}é\n",
        "- a: 1\n- a: 1\n",
        wide.as_str(),
    ];
    for text in plain {
        let quick = convert(text, Keys::Plain).ok();
        assert_eq!(quick, convert(text, Keys::Unique).ok(), "{text}");
    }
    let again = format!("{wide}key-30: 1\n");
    let twice = [
        "a: 1\na: 2\n",
        "a: {b: 1, c: 2, b: 3}\n",
        "- a: [{b: 1, b: 1}]\n",
        "items:\n- a: 1\n  b: {c: 1, c: 2}\n",
        "1: a\n'1': b\n",
        again.as_str(),
    ];
    for text in twice {
        assert!(convert(text, Keys::Plain).is_err(), "{text}");
    }
}

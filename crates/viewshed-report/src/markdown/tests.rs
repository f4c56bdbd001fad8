use super::{coverage, diff, rehearsal, scan, text, watch};
use crate::sample;

fn check(input: &str, expected: &str) {
    assert_eq!(text(input), expected, "{input}");
}

#[test]
fn pairs_of_backticks_are_code() {
    check("may list `pods` in `shop`", "may list `pods` in `shop`");
    check("`a|b`", "\\`a\\|b\\`");
    check("odd ` one", "odd \\` one");
    check("empty `` pair", "empty \\`\\` pair");
}

#[test]
fn markup_is_text() {
    check("<img src=x>", "&lt;img src=x&gt;");
    check("[a](b) *c* _d_ | e", "\\[a\\](b) \\*c\\* \\_d\\_ \\| e");
    check("a\\|b", "a\\\\\\|b");
}

#[test]
fn names_notify_and_link_nobody() {
    check("@everyone", "@<!-- -->everyone");
    check("#12", "#<!-- -->12");
    check("https://evil.example", "https:<!-- -->//evil.example");
    check("WWW.evil.example", "WWW.<!-- -->evil.example");
}

#[test]
fn a_difference_reads_well() {
    insta::assert_snapshot!(diff(&sample::diff_report()));
}

#[test]
fn a_scan_tells_what_the_workloads_lead_to() {
    let told = scan(&sample::scan_report());
    let row = "| Deployment shop/web | root on node worker-1 | 2 steps: pod shop/web-1 mounts";
    assert!(told.contains(row), "{told}");
    assert!(told.contains("takes connections from everywhere"), "{told}");
}

#[test]
fn incidents_read_well() {
    insta::assert_snapshot!(watch(&sample::watch_report()));
}

#[test]
fn coverage_reads_well() {
    insta::assert_snapshot!(coverage(&sample::coverage_report()));
}

#[test]
fn a_rehearsal_is_a_table_of_its_steps() {
    let text = rehearsal(&sample::rehearsal_report());
    for expected in [
        "## Viewshed: rehearsal 7d1f04c2b9a83e55",
        "| pods | caught | 2 of 2 | list pods | shop/cart lists pods in all namespaces |",
        "| server-version | not shown | 0 of 1 | read the server's version | the audit policy leaves it out (`rules[3]`) |",
        "* high vs-7d1f04c2b9a83e55: 2 requests of this run by",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

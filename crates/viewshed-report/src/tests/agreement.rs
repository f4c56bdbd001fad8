//! One list of findings: every format tells the same number of them.

use serde_json::Value;
use viewshed_model::{ScanReport, Severity};

use crate::{Answer, Detail, Format, Style, render, sample};

fn text(report: &ScanReport, format: Format) -> String {
    render(&Answer::Scan(report), format, &Style::default()).expect("it is offered")
}

fn json(report: &ScanReport, format: Format) -> Value {
    serde_json::from_str(&text(report, format)).expect("it is JSON")
}

fn check(report: &ScanReport) {
    let expected = report.findings.len();
    let document = json(report, Format::Json);
    assert_eq!(
        document["findings"].as_array().map(Vec::len),
        Some(expected)
    );
    assert_eq!(document["counts"]["total"], expected);
    let sarif = json(report, Format::Sarif);
    assert_eq!(
        sarif["runs"][0]["results"].as_array().map(Vec::len),
        Some(expected)
    );
    let lines = text(report, Format::JsonLines);
    let is_finding = |line: &&str| line.contains("\"kind\":\"finding\"");
    assert_eq!(lines.lines().filter(is_finding).count(), expected);
    assert_eq!(text(report, Format::Csv).lines().count(), expected + 1);
    let wide = crate::table::scan(
        report,
        &Style {
            detail: Detail::Full,
            ..Style::default()
        },
    );
    assert_eq!(
        wide.lines()
            .filter(|line| line.starts_with("    where"))
            .count(),
        expected
    );
    for (severity, format) in Severity::ALL
        .into_iter()
        .flat_map(|severity| [Format::Table, Format::Markdown].map(|format| (severity, format)))
    {
        let number = report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count();
        assert!(
            text(report, format).contains(&format!("{number} {severity}")),
            "{format:?}"
        );
        assert_eq!(document["counts"][severity.to_string()], number);
        let tile = format!("<b>{number}</b> <span>{severity}</span>");
        assert!(text(report, Format::Html).contains(&tile), "{tile}");
    }
}

#[test]
fn of_nothing() {
    check(&ScanReport::default());
}

#[test]
fn of_a_few() {
    check(&sample::scan_report());
}

#[test]
fn of_many() {
    check(&sample::large_report(10));
}

#[test]
fn what_a_short_form_leaves_out_is_counted() {
    let report = ScanReport {
        gaps: Vec::new(),
        ..sample::large_report(100)
    };
    let all = report.findings.len();
    for (format, signs) in [
        (Format::Html, ["<details class=\"finding "].as_slice()),
        (
            Format::Markdown,
            &["\n| critical", "\n| high", "\n| medium", "\n| low"],
        ),
        (Format::Table, &["\n    where", "\n  - "]),
    ] {
        let text = text(&report, format);
        let told: usize = signs.iter().map(|sign| text.matches(sign).count()).sum();
        let left_out: usize = text
            .split("and ")
            .skip(1)
            .filter_map(|rest| rest.split_once(" more"))
            .filter(|(_, after)| {
                after.starts_with("; `--output")
                    || after.starts_with(" like these")
                    || after.starts_with(" findings")
            })
            .filter_map(|(number, _)| number.replace(',', "").parse::<usize>().ok())
            .sum();
        assert_eq!(
            told + left_out,
            all,
            "{format:?}: {told} told, {left_out} left out"
        );
    }
}

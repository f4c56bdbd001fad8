//! The terminal report of `viewshed scan`: counts, mitigations, then findings worst first.

use viewshed_model::{Finding, MitigationSummary, PivotReport, Presence, ScanReport, Severity};

use super::layout::{Column, Columns, headline, pack, paragraph};
use super::reach::write_rank;
use super::{estate_lines, finding, gaps, limited, more, severity_ink};
use crate::group::Group;
use crate::style::{Ink, Style};
use crate::wording::{
    Naming, count, lacks_facts, missing_mitigations, ranked, sentence, severity, thousands, title,
};

/// Findings of one check told in full in a brief report.
const BLOCKS_MAX: usize = 3;
/// Workloads of one estate told with what they lead to in a brief report.
const WAYS_MAX: usize = 3;
/// Findings of one check told by their title after those.
const TITLES_MAX: usize = 5;

/// The report for a terminal.
pub fn scan(report: &ScanReport, style: &Style) -> String {
    let mut out = String::new();
    let heading = "What can be discovered, and what shows it";
    paragraph(&mut out, style, "", &style.paint(Ink::Strong, heading));
    estate_lines(&mut out, style, &report.estate);
    out.push('\n');
    counts(&mut out, style, report);
    mitigations(&mut out, style, report);
    for ways in &report.pivots {
        pivots(&mut out, style, ways);
    }
    for group in Group::all(&report.findings) {
        write_group(&mut out, style, &group, report);
    }
    gaps::write(&mut out, style, &report.gaps);
    if !report.findings.is_empty() {
        out.push('\n');
        let more = if style.is_full() {
            ""
        } else {
            "; `--output wide` shows the evidence"
        };
        paragraph(
            &mut out,
            style,
            "",
            &style.text(&format!(
                "`viewshed explain NAME` tells what a check looks for{more}."
            )),
        );
    }
    style.finish(&out)
}

fn counts(out: &mut String, style: &Style, report: &ScanReport) {
    let total = count(report.findings.len() as u64, "finding", "findings");
    let mut words = vec![style.paint(Ink::Strong, &total)];
    for level in Severity::ALL {
        let number = report
            .findings
            .iter()
            .filter(|finding| finding.severity == level)
            .count();
        let text = format!("{} {level}", thousands(number as u64));
        let ink = if number == 0 {
            Ink::Faint
        } else {
            severity_ink(level)
        };
        words.push(style.paint(ink, &text));
    }
    pack(out, style, &words);
    if report.findings.is_empty() && report.checks.is_empty() {
        out.push_str("  No check was run.\n");
    } else if report.findings.is_empty() {
        let checks = count(report.checks.len() as u64, "check", "checks");
        let limits = match (missing_mitigations(report), lacks_facts(report)) {
            (None, false) => "and everything they need was read".to_owned(),
            (None, true) => "but not everything that they need was read: see below".to_owned(),
            (Some(missing), false) => format!("but {missing}: see below"),
            (Some(missing), true) => {
                format!("but {missing}, and not everything that they need was read: see below")
            }
        };
        paragraph(
            out,
            style,
            "  ",
            &format!("{checks} found nothing, {limits}."),
        );
    }
}

fn mitigations(out: &mut String, style: &Style, report: &ScanReport) {
    if report.mitigations.is_empty() {
        return;
    }
    out.push('\n');
    let mut table = Columns::new(
        style,
        2,
        &[
            ("MITIGATION", Column::Text),
            ("FINDINGS", Column::Number),
            ("WORST", Column::Word),
            ("MISSING IN", Column::Text),
        ],
    );
    let naming = Naming::of(&report.estate);
    for summary in &report.mitigations {
        let worst = summary.worst.map_or_else(
            || style.dash().to_owned(),
            |worst| style.paint(severity_ink(worst), &worst.to_string()),
        );
        let places: Vec<String> = summary
            .missing_in
            .iter()
            .map(|place| naming.place(&place.estate, &place.namespace))
            .collect();
        let mut missing = style.text(&limited(style, &places, 3));
        if summary.is_incomplete {
            let separator = if missing.is_empty() { "" } else { "; " };
            missing = format!(
                "{missing}{separator}not fully known{}",
                style.text(&why(summary))
            );
        } else if missing.is_empty() {
            let nothing = match (summary.states.is_empty(), summary.findings) {
                (true, 0) => "does not apply here",
                (_, 0) => "nothing found missing",
                _ => "nothing for certain: its findings are hints",
            };
            nothing.clone_into(&mut missing);
        }
        let name = format!("{} {}", summary.mitigation.id(), summary.mitigation.title());
        table.row(vec![name, thousands(summary.findings), worst, missing]);
    }
    table.write(out, 2);
}

/// What the workloads and identities of a cluster, or the containers of the Docker hosts, lead to.
fn pivots(out: &mut String, style: &Style, report: &PivotReport) {
    if report.ranks.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!(
        "LEADS TO  {}: {}",
        style.text(&report.estate),
        ranked(&report.ranks)
    );
    headline(out, style, Ink::Bad, &title);
    let most = if style.is_full() {
        usize::MAX
    } else {
        WAYS_MAX
    };
    for rank in report.ranks.iter().take(most) {
        out.push('\n');
        write_rank(out, style, rank);
    }
    if report.ranks.len() > most {
        more(out, style, report.ranks.len() - most);
    }
}

/// The first reason why it is not known whether the mitigation is there.
fn why(summary: &MitigationSummary) -> String {
    summary
        .states
        .iter()
        .filter(|state| state.presence == Presence::Unknown)
        .find_map(|state| state.reasons.last())
        .map_or_else(
            || ", see the gaps".to_owned(),
            |reason| format!(": {reason}"),
        )
}

fn write_group(out: &mut String, style: &Style, group: &Group<'_>, report: &ScanReport) {
    out.push('\n');
    let number = match group.findings.len() {
        1 => String::new(),
        several => format!(" ({})", thousands(several as u64)),
    };
    let words = format!(
        "{}  {}{number}",
        severity(group.severity),
        style.text(group.check)
    );
    headline(out, style, severity_ink(group.severity), &words);
    if let Some(page) = report.checks.iter().find(|page| page.name == group.check) {
        let text = style.text(&format!(
            "{} ({})",
            sentence(&page.title),
            page.mitigation.id()
        ));
        paragraph(out, style, "", &style.paint(Ink::Faint, &text));
    }
    let blocks = if style.is_full() {
        usize::MAX
    } else {
        BLOCKS_MAX
    };
    let naming = Naming::of(&report.estate);
    let shared_fix = group.shared_fix();
    for finding in group.findings.iter().take(blocks) {
        out.push('\n');
        finding::write(out, style, finding, (naming, shared_fix));
    }
    let rest: Vec<&&Finding> = group.findings.iter().skip(blocks).collect();
    if !rest.is_empty() {
        out.push('\n');
    }
    for finding in rest.iter().take(TITLES_MAX) {
        paragraph(out, style, "  - ", &style.text(&title(&finding.title)));
    }
    if rest.len() > TITLES_MAX {
        more(out, style, rest.len() - TITLES_MAX);
    }
    if let Some(fix) = shared_fix {
        out.push('\n');
        let first = format!("  {} ", style.paint(Ink::Faint, "fix for each"));
        paragraph(out, style, &first, &style.text(&sentence(fix)));
    }
}

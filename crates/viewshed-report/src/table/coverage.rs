//! What the sources can show, as a matrix, then the changes that would show more.

use viewshed_model::{CoverageReport, CoverageRow, Visibility};

use super::gaps;
use super::layout::{Column, Columns, headline, pack, paragraph};
use crate::style::{Ink, Style};
use crate::wording::incident::visibility;
use crate::wording::{count, thousands};

/// Sources that stand side by side; further ones have tables of their own.
const COLUMNS_MAX: usize = 4;
/// Actions named in the section of another report.
const UNSEEN_MAX: usize = 6;

/// The report for a terminal.
pub fn coverage(report: &CoverageReport, style: &Style) -> String {
    let mut out = String::new();
    let heading = "What the logs can show at all";
    paragraph(&mut out, style, "", &style.paint(Ink::Strong, heading));
    for source in &report.sources {
        let text = format!(
            "{}: {}, judged by {}",
            source.name, source.format, source.basis
        );
        paragraph(&mut out, style, "  ", &style.text(&text));
    }
    if report.sources.is_empty() {
        paragraph(&mut out, style, "  ", "No source was given.");
    }
    let names: Vec<&str> = report
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    for columns in names.chunks(COLUMNS_MAX) {
        out.push('\n');
        matrix(&mut out, style, report, columns);
    }
    reasons(&mut out, style, report);
    for source in report
        .sources
        .iter()
        .filter(|source| !source.fragment.is_empty())
    {
        out.push('\n');
        let title = format!("RULES TO PUT FIRST in the audit policy of {}", source.name);
        headline(&mut out, style, Ink::Good, &style.text(&title));
        for line in source.fragment.lines() {
            out.push_str(style.text(line).trim_end());
            out.push('\n');
        }
    }
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

/// The rows of the first source of each action, in order.
fn actions(report: &CoverageReport) -> Vec<&CoverageRow> {
    let mut seen = std::collections::BTreeSet::new();
    let rows = report.rows.iter();
    rows.filter(|row| seen.insert(row.action.as_str()))
        .collect()
}

fn matrix(out: &mut String, style: &Style, report: &CoverageReport, sources: &[&str]) {
    let titles: Vec<String> = sources
        .iter()
        .map(|name| style.text(&short(name)))
        .collect();
    let mut heads = vec![("ACTION", Column::Text)];
    heads.extend(titles.iter().map(|title| (title.as_str(), Column::Text)));
    let mut table = Columns::new(style, 2, &heads);
    for action in actions(report) {
        let mut cells = vec![style.text(&action.title)];
        for source in sources {
            let row = report
                .of_action(&action.action)
                .find(|row| row.source == *source);
            cells.push(row.map_or_else(
                || style.dash().to_owned(),
                |row| style.paint(ink(row.visibility), visibility(row.visibility)),
            ));
        }
        table.row(cells);
    }
    table.write(out, 2);
}

/// The end of a path: the part that tells files apart.
fn short(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// Why something does not show, and what would change that.
fn reasons(out: &mut String, style: &Style, report: &CoverageReport) {
    for (visibility, title) in [
        (Visibility::Invisible, "INVISIBLE"),
        (Visibility::Partial, "IN PART"),
        (Visibility::Unknown, "UNKNOWN"),
    ] {
        let rows: Vec<&CoverageRow> = if style.is_full() {
            let rows = report.rows.iter();
            rows.filter(|row| row.visibility == visibility).collect()
        } else {
            brief(report, visibility)
        };
        if rows.is_empty() {
            continue;
        }
        out.push('\n');
        headline(out, style, ink(visibility), title);
        for row in rows {
            let mut text = format!("{}: {}", row.title, row.why);
            if report.sources.len() > 1 {
                text = format!("{} ({}): {}", row.title, short(&row.source), row.why);
            }
            paragraph(out, style, "  - ", &style.text(&text));
            if !row.change.is_empty() {
                let first = format!("    {} ", style.paint(Ink::Faint, "change:"));
                paragraph(out, style, &first, &style.text(&row.change));
            }
            if style.is_full() && !row.cited.is_empty() {
                let first = format!("    {} ", style.paint(Ink::Faint, "source:"));
                paragraph(out, style, &first, &style.text(&row.cited));
            }
        }
    }
}

/// What no other source makes up for, each action once: where a change would show it, if there is one.
fn brief(report: &CoverageReport, visibility: Visibility) -> Vec<&CoverageRow> {
    let mut rows = Vec::new();
    for action in actions(report) {
        let of_action = || report.of_action(&action.action);
        if Visibility::best(of_action().map(|row| row.visibility)) != Some(visibility) {
            continue;
        }
        let with_verdict = || of_action().filter(|row| row.visibility == visibility);
        let changeable = with_verdict().find(|row| !row.change.is_empty());
        rows.extend(changeable.or_else(|| with_verdict().next()));
    }
    rows
}

/// The short form for the end of another report.
pub(super) fn section(out: &mut String, style: &Style, report: &CoverageReport) {
    if report.rows.is_empty() {
        return;
    }
    let best = |action: &CoverageRow| {
        Visibility::best(report.of_action(&action.action).map(|row| row.visibility))
    };
    let actions = actions(report);
    let number = |wanted: Visibility| {
        let matching = actions.iter().filter(|action| best(action) == Some(wanted));
        matching.count() as u64
    };
    out.push('\n');
    headline(out, style, Ink::Strong, "WHAT THESE LOGS CAN SHOW");
    let all = count(
        actions.len() as u64,
        "discovery action",
        "discovery actions",
    );
    let mut words = vec![style.paint(Ink::Strong, &all)];
    let verdicts = [
        Visibility::Visible,
        Visibility::Partial,
        Visibility::Invisible,
        Visibility::Unknown,
    ];
    words.extend(verdicts.into_iter().map(|verdict| {
        let text = format!("{} {}", thousands(number(verdict)), visibility(verdict));
        style.paint(ink(verdict), &text)
    }));
    pack(out, style, &words);
    let unseen: Vec<String> = actions
        .iter()
        .filter(|action| {
            matches!(
                best(action),
                Some(Visibility::Invisible | Visibility::Unknown)
            )
        })
        .map(|action| action.title.clone())
        .collect();
    if !unseen.is_empty() {
        let first = format!("  {} ", style.paint(Ink::Faint, "not shown:"));
        let list = super::limited(style, &unseen, UNSEEN_MAX);
        paragraph(out, style, &first, &style.text(&list));
        let text = style.text("`viewshed coverage` tells why, and which change shows them.");
        paragraph(out, style, "  ", &text);
    }
}

const fn ink(visibility: Visibility) -> Ink {
    match visibility {
        Visibility::Visible => Ink::Good,
        Visibility::Partial => Ink::Warning,
        Visibility::Invisible => Ink::Bad,
        Visibility::Unknown => Ink::Faint,
    }
}

//! LEAVES: Markdown for a comment on a pull request: short, whatever the size of the answer.

use viewshed_model::{DiffReport, Finding, Gap, ScanReport, Severity, SightChange};

use crate::clean::{TEXT_CHARS_MAX, clean, shorten};
use crate::lines::line;
use crate::wording::{count, gap_reason, position, thousands, through};

/// Rows of a table; a comment has 65,536 characters at most on GitHub.
const ROWS_MAX: usize = 50;
/// Gaps named.
const GAPS_MAX: usize = 20;

/// Findings, worst first.
pub fn scan(report: &ScanReport) -> String {
    let mut sorted: Vec<&Finding> = report.findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let total = count(report.findings.len() as u64, "finding", "findings");
    let mut out = format!("## Viewshed: {total}\n\n");
    let levels: Vec<String> = Severity::ALL
        .into_iter()
        .map(|level| {
            let number = report
                .findings
                .iter()
                .filter(|finding| finding.severity == level)
                .count();
            format!("{} {level}", thousands(number as u64))
        })
        .collect();
    out.push_str(&levels.join(", "));
    out.push('\n');
    if !sorted.is_empty() {
        out.push_str("\n| severity | check | what | where | fix |\n|---|---|---|---|---|\n");
    }
    for finding in sorted.iter().take(ROWS_MAX) {
        let place = match &finding.location {
            Some(location) => format!("{} ({})", finding.object, position(location)),
            None => finding.object.clone(),
        };
        line(
            &mut out,
            &format!(
                "| {} | {} | {} | {} | {} |",
                finding.severity,
                text(&finding.check),
                text(&finding.title),
                text(&place),
                text(&finding.fix)
            ),
        );
    }
    rest(&mut out, sorted.len());
    gaps(&mut out, &report.gaps);
    out
}

/// Who gained and lost sight.
pub fn diff(report: &DiffReport) -> String {
    let (gained, lost): (Vec<&SightChange>, Vec<&SightChange>) =
        report.changes.iter().partition(|change| change.gained);
    let mut out = format!(
        "## Viewshed: {} and {} of sight\n\nFrom {} to {}.\n",
        count(gained.len() as u64, "gain", "gains"),
        count(lost.len() as u64, "loss", "losses"),
        text(&report.before),
        text(&report.after)
    );
    for (title, changes) in [("Gained", gained), ("Lost", lost)] {
        if changes.is_empty() {
            continue;
        }
        line(
            &mut out,
            &format!("\n### {title}\n\n| who | what | where | through |\n|---|---|---|---|"),
        );
        for change in changes.iter().take(ROWS_MAX) {
            let place = match &change.namespace {
                Some(namespace) => format!("namespace {namespace}"),
                None => "everywhere".to_owned(),
            };
            let mut path = through(&change.evidence);
            if let Some(file) = &change.position {
                path = format!("{path} ({})", position(file));
            }
            line(
                &mut out,
                &format!(
                    "| {} | {} | {} | {} |",
                    text(&change.subject.to_string()),
                    text(&change.what),
                    text(&place),
                    text(&path)
                ),
            );
        }
        rest(&mut out, changes.len());
    }
    gaps(&mut out, &report.gaps);
    out
}

fn rest(out: &mut String, rows: usize) {
    if rows > ROWS_MAX {
        line(
            out,
            &format!(
                "\n... and {} more; `--output json` lists all",
                thousands((rows - ROWS_MAX) as u64)
            ),
        );
    }
}

fn gaps(out: &mut String, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    line(
        out,
        &format!(
            "\n### Not seen: {}\n",
            count(gaps.len() as u64, "gap", "gaps")
        ),
    );
    for gap in gaps.iter().take(GAPS_MAX) {
        line(
            out,
            &format!(
                "* {}: {} ({})",
                text(&gap.source),
                text(&gap.what),
                gap_reason(gap.reason)
            ),
        );
    }
    if gaps.len() > GAPS_MAX {
        line(
            out,
            &format!(
                "* ... and {} more",
                thousands((gaps.len() - GAPS_MAX) as u64)
            ),
        );
    }
}

/// Every ASCII punctuation character may be escaped by a backslash (`CommonMark` 2.4), and then means
/// itself; `@` as an entity, so that no name notifies anybody. Backticks stay: they pair up only
/// within the cell, and inside them nothing but the pipe is special.
fn text(text: &str) -> String {
    let text = shorten(clean(text), TEXT_CHARS_MAX, "…");
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | ':' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

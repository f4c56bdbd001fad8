//! LEAVES: Markdown for a comment on a pull request: short, whatever the size of the answer.

mod rehearsal;
#[cfg(test)]
mod tests;
mod watch;

pub use rehearsal::rehearsal;
pub use watch::{coverage, watch};

use viewshed_model::{DiffReport, Finding, Gap, PivotReport, ScanReport, Severity, SightChange};

use crate::clean::{clean, shorten};
use crate::lines::{line, put};
use crate::wording::{count, gap_reason, position, ranked, sentence, thousands, through, title};

/// Rows of a table.
const ROWS_MAX: usize = 50;
/// Bytes after which no further row is written, and after which no further gap: a comment has 65,536
/// characters at most on GitHub.
const ROWS_BYTES_MAX: usize = 40_000;
const COMMENT_BYTES_MAX: usize = 50_000;
/// Characters of a cell.
const CELL_CHARS_MAX: usize = 300;
/// Workloads named with what they lead to.
const WAYS_MAX: usize = 5;
/// Gaps named.
const GAPS_MAX: usize = 10;

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
    let rows = sorted.iter().map(|finding| {
        let place = match &finding.location {
            Some(location) => format!("{} ({})", finding.object, position(location)),
            None => finding.object.clone(),
        };
        let severity = finding.severity.to_string();
        row(&[
            &severity,
            &finding.check,
            &title(&finding.title),
            &place,
            &sentence(&finding.fix),
        ])
    });
    table(
        &mut out,
        &["severity", "check", "what", "where", "fix"],
        rows,
    );
    for ways in &report.pivots {
        pivots(&mut out, ways);
    }
    gaps(&mut out, &report.gaps);
    out
}

/// The workloads and identities that lead to most.
fn pivots(out: &mut String, report: &PivotReport) {
    if report.ranks.is_empty() || out.len() >= ROWS_BYTES_MAX {
        return;
    }
    line(out, &format!("\n### {} leads to", text(&report.estate)));
    let rows = report.ranks.iter().take(WAYS_MAX).map(|rank| {
        let goal = format!("{} {}", rank.pivot.kind.words(), rank.pivot.name);
        let steps = rank.pivot.steps.iter();
        let steps: Vec<&str> = steps.map(|step| step.text.as_str()).collect();
        let number = count(steps.len() as u64, "step", "steps");
        let how = format!("{number}: {}", steps.join("; "));
        let from = format!("{} {}", rank.workload_kind, rank.from);
        let outside = rank.ways_in.join("; ");
        let depends = rank.pivot.depends_on.iter();
        let depends: Vec<&str> = depends.map(|fact| fact.fact.as_str()).collect();
        row(&[&from, goal.trim_end(), &how, &outside, &depends.join("; ")])
    });
    let head = ["from", "to", "how", "reached from outside", "depends on"];
    table(out, &head, rows);
    let rest = report.ranks.get(WAYS_MAX..).unwrap_or_default();
    if !rest.is_empty() {
        line(out, &format!("\nand further {}", ranked(rest)));
    }
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
    for (heading, changes) in [("Gained", gained), ("Lost", lost)] {
        if changes.is_empty() {
            continue;
        }
        line(&mut out, &format!("\n### {heading}"));
        let rows = changes.iter().map(|change| {
            let place = match &change.namespace {
                Some(namespace) => format!("namespace {namespace}"),
                None => "everywhere".to_owned(),
            };
            let mut path = through(&change.evidence);
            if let Some(file) = &change.position {
                path = format!("{path} ({})", position(file));
            }
            row(&[&change.subject.to_string(), &change.what, &place, &path])
        });
        table(&mut out, &["who", "what", "where", "through"], rows);
    }
    gaps(&mut out, &report.gaps);
    out
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| text(cell)).collect();
    format!("| {} |", cells.join(" | "))
}

/// The rows that there is room for; the rest is counted.
fn table(out: &mut String, head: &[&str], rows: impl ExactSizeIterator<Item = String>) {
    let all = rows.len();
    if all == 0 {
        return;
    }
    line(out, &format!("\n| {} |", head.join(" | ")));
    line(out, &format!("|{}", "---|".repeat(head.len())));
    let mut shown = 0;
    for row in rows.take(ROWS_MAX) {
        if out.len() >= ROWS_BYTES_MAX {
            break;
        }
        shown += 1;
        line(out, &row);
    }
    if all > shown {
        let more = thousands((all - shown) as u64);
        line(
            out,
            &format!("\n... and {more} more; `--output json` lists all"),
        );
    }
}

fn gaps(out: &mut String, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    let number = count(gaps.len() as u64, "gap", "gaps");
    line(out, &format!("\n### Not seen: {number}\n"));
    let mut shown = 0;
    for gap in gaps.iter().take(GAPS_MAX) {
        if out.len() >= COMMENT_BYTES_MAX {
            break;
        }
        shown += 1;
        let reason = gap_reason(gap.reason);
        line(
            out,
            &format!("* {}: {} ({reason})", text(&gap.source), text(&gap.what)),
        );
    }
    if gaps.len() > shown {
        line(
            out,
            &format!("* ... and {} more", thousands((gaps.len() - shown) as u64)),
        );
    }
}

/// Text in a cell. What stands between a pair of backticks is set as code if nothing in it could mean
/// anything to any reader of Markdown; everything else is escaped: punctuation by a backslash
/// (`CommonMark` 2.4), and an empty comment after `@` and `#`, so that no name notifies or links.
fn text(text: &str) -> String {
    let text = shorten(clean(text), CELL_CHARS_MAX, "…");
    let parts: Vec<&str> = text.split('`').collect();
    let mut codes = parts.iter().skip(1).step_by(2);
    let has_pairs = parts.len() % 2 == 1
        && codes.all(|code| !code.trim().is_empty() && !code.contains(['<', '>', '&', '|', '\\']));
    let mut out = String::with_capacity(text.len());
    for (index, part) in parts.iter().enumerate() {
        if has_pairs && index % 2 == 1 {
            put(&mut out, &format!("`{part}`"));
        } else {
            if !has_pairs && index > 0 {
                out.push_str("\\`");
            }
            escape(&mut out, part);
        }
    }
    out
}

fn escape(out: &mut String, text: &str) {
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("#<!-- -->"),
            // An address would become a link without any markup (GitHub Flavored Markdown 6.9).
            ':' if rest.as_str().starts_with("//") => out.push_str(":<!-- -->"),
            '.' if ends_with_www(out) => out.push_str(".<!-- -->"),
            '\\' | '*' | '_' | '[' | ']' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
}

fn ends_with_www(text: &str) -> bool {
    let end = text.get(text.len().saturating_sub(3)..);
    end.is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

//! Incidents and coverage in Markdown.

use viewshed_model::{CoverageReport, Incident, RuleTally, Severity, Visibility, WatchReport};

use super::{COMMENT_BYTES_MAX, gaps, row, table, text};
use crate::clean::clean;
use crate::lines::line;
use crate::wording::incident::{
    actor, guessed, let_through, next, nothing, requests, shown, span, title, visibility,
    worst_first,
};
use crate::wording::{count, thousands};

/// Incidents told in full after the table.
const BLOCKS_MAX: usize = 10;
/// Rules listed.
const RULES_MAX: usize = 50;
/// Entries of one list.
const LIST_MAX: usize = 8;

/// Incidents, worst first, then what the sources cannot show.
pub fn watch(report: &WatchReport) -> String {
    let sorted = worst_first(&report.incidents);
    let total = count(sorted.len() as u64, "incident", "incidents");
    let mut out = format!("## Viewshed: {total}\n\n");
    let levels: Vec<String> = Severity::ALL
        .into_iter()
        .map(|level| {
            let of_level = sorted.iter().filter(|incident| incident.severity == level);
            format!("{} {level}", thousands(of_level.count() as u64))
        })
        .collect();
    let skipped = report.skips.total();
    line(
        &mut out,
        &format!(
            "{}. {} judged, {} skipped.",
            levels.join(", "),
            count(report.event_count, "event", "events"),
            thousands(skipped)
        ),
    );
    let rows = sorted.iter().map(|incident| {
        row(&[
            &incident.severity.to_string(),
            &title(incident),
            &span(incident),
            &incident.source_addresses.join(", "),
            &thousands(incident.event_count),
        ])
    });
    table(
        &mut out,
        &["severity", "who looked at what", "when", "from", "events"],
        rows,
    );
    for incident in sorted.iter().take(BLOCKS_MAX) {
        if out.len() >= COMMENT_BYTES_MAX {
            break;
        }
        block(&mut out, incident);
    }
    if sorted.is_empty() {
        line(&mut out, &format!("\n{}", text(&nothing(report))));
    }
    let allowed = let_through(report);
    if !allowed.is_empty() {
        line(&mut out, &format!("\n{}", text(&allowed)));
    }
    rules(&mut out, &report.rules);
    coverage_section(&mut out, &report.coverage);
    gaps(&mut out, &report.gaps);
    out
}

/// The rules of the user that matched.
fn rules(out: &mut String, rules: &[RuleTally]) {
    if rules.is_empty() {
        return;
    }
    line(out, "\n### Rules that matched");
    let rows = rules.iter().take(RULES_MAX).map(|rule| {
        row(&[
            &rule.severity.to_string(),
            &rule.title,
            &rule.language,
            &thousands(rule.count),
            &rule.file,
        ])
    });
    table(
        out,
        &["severity", "rule", "language", "entries", "file"],
        rows,
    );
    if rules.len() > RULES_MAX {
        let more = thousands((rules.len() - RULES_MAX) as u64);
        line(out, &format!("\nand {more} more"));
    }
}

fn block(out: &mut String, incident: &Incident) {
    line(out, &format!("\n### {}\n", text(&title(incident))));
    let id = clean(&incident.id).replace('`', "");
    line(out, &format!("* id: `{id}`"));
    line(out, &format!("* who: {}", text(&actor(&incident.actor))));
    let shown: Vec<String> = incident.disclosed.iter().map(shown).collect();
    let guessed: Vec<String> = incident.guessed.iter().map(guessed).collect();
    let reasons: Vec<String> = incident
        .reasons
        .iter()
        .map(|reason| reason.text.clone())
        .collect();
    for (label, entries) in [
        ("why", reasons),
        ("asked", requests(incident)),
        ("shown", shown),
        ("guessed", guessed),
        ("next", next(incident)),
    ] {
        if entries.is_empty() {
            continue;
        }
        let more = entries.len().saturating_sub(LIST_MAX);
        let mut texts: Vec<String> = entries
            .iter()
            .take(LIST_MAX)
            .map(|entry| text(entry))
            .collect();
        if more > 0 {
            texts.push(format!("and {} more", thousands(more as u64)));
        }
        line(out, &format!("* {label}: {}", texts.join("; ")));
    }
}

/// Every action against every source.
pub fn coverage(report: &CoverageReport) -> String {
    let mut out = String::from("## Viewshed: what the logs can show\n");
    for source in &report.sources {
        line(
            &mut out,
            &format!(
                "\n* {} ({}): judged by {}",
                text(&source.name),
                text(&source.format),
                text(&source.basis)
            ),
        );
    }
    let rows = report.rows.iter().map(|entry| {
        row(&[
            &entry.title,
            &entry.source,
            visibility(entry.visibility),
            &entry.why,
        ])
    });
    table(&mut out, &["action", "source", "verdict", "why"], rows);
    for source in report
        .sources
        .iter()
        .filter(|source| !source.fragment.is_empty())
    {
        if out.len() + source.fragment.len() >= COMMENT_BYTES_MAX {
            break;
        }
        line(
            &mut out,
            &format!(
                "\nRules to put first in the audit policy of {}:\n\n```yaml",
                text(&source.name)
            ),
        );
        for rule in source.fragment.lines() {
            // A fence is closed by nothing in it.
            line(&mut out, &clean(rule).replace("```", "'''"));
        }
        line(&mut out, "```");
    }
    gaps(&mut out, &report.gaps);
    out
}

/// What no source shows: short, because the page and `viewshed coverage` tell the rest.
fn coverage_section(out: &mut String, report: &CoverageReport) {
    let mut unseen: Vec<&str> = Vec::new();
    let mut all = 0_u64;
    let mut last = "";
    for entry in report.rows.iter().filter(|entry| {
        let is_new = entry.action != last;
        last = &entry.action;
        is_new
    }) {
        all += 1;
        let verdicts = report.of_action(&entry.action).map(|row| row.visibility);
        if !matches!(
            Visibility::best(verdicts),
            Some(Visibility::Visible | Visibility::Partial)
        ) {
            unseen.push(&entry.title);
        }
    }
    if unseen.is_empty() {
        return;
    }
    line(
        out,
        &format!(
            "\n### What these logs cannot show\n\n{} of {}; nothing found there means nothing. `viewshed coverage` tells why.\n",
            thousands(unseen.len() as u64),
            count(all, "discovery action", "discovery actions")
        ),
    );
    for title in unseen.iter().take(LIST_MAX) {
        line(out, &format!("* {}", text(title)));
    }
    if unseen.len() > LIST_MAX {
        line(
            out,
            &format!(
                "* ... and {} more",
                thousands((unseen.len() - LIST_MAX) as u64)
            ),
        );
    }
}

//! The summary of a watch: incidents worst first, what could not be shown, what was skipped.

use viewshed_model::{Severity, Skips, WatchReport};

use super::layout::{headline, pack, paragraph};
use super::{coverage, gaps, incident, more, rules_check, severity_ink};
use crate::style::{Ink, Style};
use crate::wording::incident::{let_through, nothing, state, worst_first};
use crate::wording::{count, thousands};

/// Incidents told in a brief summary.
const BLOCKS_MAX: usize = 20;

/// The report for a terminal.
pub fn watch(report: &WatchReport, style: &Style) -> String {
    let mut out = String::new();
    let heading = "Who was looking, and what they were shown";
    paragraph(&mut out, style, "", &style.paint(Ink::Strong, heading));
    let events = count(report.event_count, "event", "events");
    let sources = count(report.coverage.sources.len() as u64, "source", "sources");
    paragraph(
        &mut out,
        style,
        "  ",
        &format!("{events} judged, from {sources}"),
    );
    counts(&mut out, style, report);
    let sorted = worst_first(&report.incidents);
    let most = if style.is_full() {
        usize::MAX
    } else {
        BLOCKS_MAX
    };
    for entry in sorted.iter().take(most) {
        out.push('\n');
        incident::write(&mut out, style, entry, state(entry.state));
    }
    if sorted.len() > most {
        out.push('\n');
        more(&mut out, style, sorted.len() - most);
    }
    rules_check::tallies(&mut out, style, &report.rules);
    coverage::section(&mut out, style, &report.coverage);
    skipped(&mut out, style, &report.skips);
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn counts(out: &mut String, style: &Style, report: &WatchReport) {
    let total = count(report.incidents.len() as u64, "incident", "incidents");
    let mut words = vec![style.paint(Ink::Strong, &total)];
    for level in Severity::ALL {
        let of_level = report.incidents.iter();
        let number = of_level
            .filter(|incident| incident.severity == level)
            .count();
        let ink = if number == 0 {
            Ink::Faint
        } else {
            severity_ink(level)
        };
        words.push(style.paint(ink, &format!("{} {level}", thousands(number as u64))));
    }
    pack(out, style, &words);
    if report.incidents.is_empty() {
        paragraph(out, style, "  ", &style.text(&nothing(report)));
    }
    let allowed = let_through(report);
    if !allowed.is_empty() {
        paragraph(out, style, "  ", &style.text(&allowed));
    }
}

/// Entries that were not judged, by reason.
fn skipped(out: &mut String, style: &Style, skips: &Skips) {
    if skips.total() == 0 {
        return;
    }
    out.push('\n');
    let title = format!("SKIPPED: {}", count(skips.total(), "entry", "entries"));
    headline(out, style, Ink::Warning, &title);
    for (reason, number) in &skips.counts {
        let mut text = format!("{} {}", thousands(*number), reason.title());
        if let Some(place) = skips.first.get(reason) {
            text = format!("{text}, first at {place}");
        }
        paragraph(out, style, "  - ", &style.text(&text));
    }
}

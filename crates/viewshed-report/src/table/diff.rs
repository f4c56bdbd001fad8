//! The terminal report of `viewshed diff`: who gained or lost sight of what.

use viewshed_model::{DiffReport, SightChange, SubjectKind};

use super::layout::{headline, paragraph};
use super::{gaps, more};
use crate::style::{Ink, Style};
use crate::wording::{count, position, through};

/// Changes shown per direction in a brief report.
const CHANGES_MAX: usize = 60;

/// The report for a terminal.
pub fn diff(report: &DiffReport, style: &Style) -> String {
    let (gained, lost): (Vec<&SightChange>, Vec<&SightChange>) =
        report.changes.iter().partition(|change| change.gained);
    let mut out = String::new();
    let title = if report.changes.is_empty() {
        "Nobody gained or lost sight of anything".to_owned()
    } else {
        format!(
            "{} of sight, {}",
            count(gained.len() as u64, "gain", "gains"),
            count(lost.len() as u64, "loss", "losses")
        )
    };
    out.push_str(&style.paint(Ink::Strong, &title));
    out.push('\n');
    let arrow = if style.unicode { "→" } else { "->" };
    let names = format!("{} {arrow} {}", report.before, report.after);
    paragraph(&mut out, style, "  ", &style.text(&names));
    write_changes(&mut out, style, ("GAINED", Ink::Bad, "+"), &gained);
    write_changes(&mut out, style, ("LOST", Ink::Good, "-"), &lost);
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn write_changes(
    out: &mut String,
    style: &Style,
    (title, ink, sign): (&str, Ink, &str),
    changes: &[&SightChange],
) {
    if changes.is_empty() {
        return;
    }
    out.push('\n');
    headline(out, style, ink, &format!("{title} ({})", changes.len()));
    let most = if style.is_full() {
        usize::MAX
    } else {
        CHANGES_MAX
    };
    let mut subject = None;
    for change in changes.iter().take(most) {
        if subject != Some(&change.subject) {
            subject = Some(&change.subject);
            paragraph(
                out,
                style,
                "  ",
                &style.paint(Ink::Strong, &style.text(&change.subject.to_string())),
            );
        }
        let place = match (&change.namespace, &change.subject.kind) {
            (Some(namespace), _) => format!(" in namespace {namespace}"),
            // What a workload or container sees stands in the words.
            (None, SubjectKind::Other(_)) => String::new(),
            (None, _) => " everywhere".to_owned(),
        };
        let file = change
            .position
            .as_ref()
            .map(|place| format!(" ({})", position(place)))
            .unwrap_or_default();
        let text = format!(
            "{}{place}, through {}{file}",
            change.what,
            through(&change.evidence)
        );
        let first = format!("    {} ", style.paint(ink, sign));
        paragraph(out, style, &first, &style.text(&text));
    }
    if changes.len() > most {
        more(out, style, changes.len() - most);
    }
}

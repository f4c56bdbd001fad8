//! A rehearsal: its steps with their verdicts, the incidents, and what would show the rest.

use std::collections::BTreeMap;

use viewshed_model::{JudgedStep, RehearsalReport, StepVerdict};

use super::layout::{Column, Columns, headline, paragraph};
use super::{gaps, severity_ink};
use crate::style::{Ink, Style};
use crate::wording::count;
use crate::wording::rehearsal::{conclusion, explanation, target, verdict};

/// The report for a terminal.
pub fn rehearsal(report: &RehearsalReport, style: &Style) -> String {
    let mut out = String::new();
    let heading = format!("Rehearsal {}", report.run.id);
    let heading = style.paint(Ink::Strong, &style.text(&heading));
    paragraph(&mut out, style, "", &heading);
    for text in [target(report), conclusion(report)] {
        paragraph(&mut out, style, "  ", &style.text(&text));
    }
    for log in &report.logs {
        let events = count(log.event_count, "event", "events");
        let text = format!("read {}: {}, {events}", log.name, log.format);
        paragraph(&mut out, style, "  ", &style.text(&text));
    }
    out.push('\n');
    steps(&mut out, style, report);
    incidents(&mut out, style, report);
    explanations(&mut out, style, report);
    if report.unexplained_events > 0 {
        let events = count(report.unexplained_events, "event", "events");
        let text = format!(
            "{events} with the id of this run {} not in its record: another run's record, or somebody who forges \
             the user agent.",
            if report.unexplained_events == 1 {
                "is"
            } else {
                "are"
            }
        );
        out.push('\n');
        paragraph(&mut out, style, "  ", &text);
    }
    if !report.is_judged() {
        out.push('\n');
        headline(&mut out, style, Ink::Strong, "FIND IT IN YOUR LOGS");
        let text = format!(
            "Every request to the API server has the user agent `{}`.",
            report.run.user_agent
        );
        paragraph(&mut out, style, "  ", &style.text(&text));
        let text = "Keep `--output json` and judge it later: `viewshed rehearse report --run FILE --log LOG`.";
        paragraph(&mut out, style, "  ", text);
    }
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn steps(out: &mut String, style: &Style, report: &RehearsalReport) {
    let heads = [
        ("STEP", Column::Text),
        ("VERDICT", Column::Word),
        ("SENT", Column::Number),
        ("SHOWN", Column::Number),
        ("LEVEL", Column::Word),
        ("WHAT", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &heads);
    for (step, judged) in report.run.steps.iter().zip(&report.steps) {
        let shown = if report.is_judged() && judged.verdict != StepVerdict::NotSent {
            judged.shown.to_string()
        } else {
            style.dash().to_owned()
        };
        let level = judged
            .level
            .map_or_else(|| style.dash().to_owned(), |level| format!("{level:?}"));
        table.row(vec![
            style.text(&judged.step),
            style.paint(ink(judged.verdict), verdict(judged.verdict)),
            judged.sent.to_string(),
            shown,
            level,
            style.text(&step.title),
        ]);
    }
    table.write(out, 2);
}

fn incidents(out: &mut String, style: &Style, report: &RehearsalReport) {
    if !report.is_judged() {
        return;
    }
    out.push('\n');
    if report.incidents.is_empty() {
        headline(out, style, Ink::Bad, "NO INCIDENT");
        let text =
            "WATCH made no incident of this run: a real intruder who does the same is not noticed.";
        paragraph(out, style, "  ", text);
        return;
    }
    headline(out, style, Ink::Good, "INCIDENTS");
    for incident in &report.incidents {
        let requests = count(incident.request_count, "request", "requests");
        let text = format!(
            "{} {}: {} of this run by {}",
            incident.severity, incident.id, requests, incident.actor
        );
        let ink = severity_ink(incident.severity);
        paragraph(out, style, "  - ", &style.paint(ink, &style.text(&text)));
        if !incident.detections.is_empty() {
            let text = format!("set off by {}", incident.detections.join(", "));
            paragraph(out, style, "    ", &style.text(&text));
        }
    }
}

/// Why something is missing, and what was noticed.
fn explanations(out: &mut String, style: &Style, report: &RehearsalReport) {
    for (title, wanted) in [
        (
            "NOT SHOWN",
            &[StepVerdict::NotShown, StepVerdict::InPart][..],
        ),
        ("SHOWN, NOT CAUGHT", &[StepVerdict::Shown]),
        ("NOT ANSWERED", &[StepVerdict::Failed]),
        ("CLOSED", &[StepVerdict::Closed]),
        ("NOT SENT", &[StepVerdict::NotSent]),
    ] {
        let steps: Vec<_> = report
            .steps
            .iter()
            .filter(|step| wanted.contains(&step.verdict))
            .collect();
        if steps.is_empty() {
            continue;
        }
        out.push('\n');
        let first = wanted.first().copied().unwrap_or(StepVerdict::NotSent);
        headline(out, style, ink(first), title);
        if first == StepVerdict::NotSent {
            not_sent(out, style, &steps);
            continue;
        }
        for step in steps {
            let text = format!("{}: {}", step.step, explanation(step));
            paragraph(out, style, "  - ", &style.text(&text));
            if !step.change.is_empty() {
                let first = format!("    {} ", style.paint(Ink::Faint, "change:"));
                paragraph(out, style, &first, &style.text(&step.change));
            }
            for line in step.fragment.lines() {
                out.push_str("      ");
                out.push_str(style.text(line).trim_end());
                out.push('\n');
            }
        }
    }
}

/// Steps that were left out for the same reason are one line: the reason is the news.
fn not_sent(out: &mut String, style: &Style, steps: &[&JudgedStep]) {
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for step in steps {
        let names = by_reason.entry(explanation(step)).or_default();
        names.push(&step.step);
    }
    for (reason, names) in by_reason {
        let text = format!("{}: {reason}", names.join(", "));
        paragraph(out, style, "  - ", &style.text(&text));
    }
}

const fn ink(verdict: StepVerdict) -> Ink {
    match verdict {
        StepVerdict::Caught | StepVerdict::Closed => Ink::Good,
        StepVerdict::Shown | StepVerdict::Failed => Ink::Warning,
        StepVerdict::InPart | StepVerdict::NotShown => Ink::Bad,
        StepVerdict::NotSent | StepVerdict::NotJudged => Ink::Faint,
    }
}

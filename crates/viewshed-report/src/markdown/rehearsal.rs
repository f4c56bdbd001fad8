//! A rehearsal for a ticket or a comment.

use viewshed_model::RehearsalReport;

use super::{gaps, row, table, text};
use crate::lines::line;
use crate::wording::count;
use crate::wording::rehearsal::{conclusion, explanation, target, verdict};

/// Every step with its verdict, and the incidents.
pub fn rehearsal(report: &RehearsalReport) -> String {
    let mut out = format!("## Viewshed: rehearsal {}\n\n", text(&report.run.id));
    line(&mut out, &format!("{}\n", text(&target(report))));
    line(&mut out, &text(&conclusion(report)));
    let rows = report.run.steps.iter().zip(&report.steps);
    let rows = rows.map(|(step, judged)| {
        row(&[
            &judged.step,
            verdict(judged.verdict),
            &format!("{} of {}", judged.shown, judged.sent),
            &step.title,
            &explanation(judged),
        ])
    });
    table(
        &mut out,
        &["step", "verdict", "shown", "what", "why"],
        rows.collect::<Vec<_>>().into_iter(),
    );
    if !report.incidents.is_empty() {
        line(&mut out, "\n### Incidents\n");
    }
    for incident in &report.incidents {
        let requests = count(incident.request_count, "request", "requests");
        line(
            &mut out,
            &format!(
                "* {} {}: {requests} of this run by {}",
                incident.severity,
                text(&incident.id),
                text(&incident.actor)
            ),
        );
    }
    gaps(&mut out, &report.gaps);
    out
}

//! The document of `viewshed rehearse`. Its `run` is what `viewshed rehearse report --run` reads.

use serde::Serialize;
use viewshed_model::{
    Gap, JudgedStep, RehearsalIncident, RehearsalLog, RehearsalReport, RehearsalRun, RehearsedStep,
};

/// A run, and what the logs showed of it.
#[derive(Debug, Serialize)]
pub(crate) struct RehearsalDocument<'a> {
    generated_at: &'a str,
    program_version: &'a str,
    run: &'a RehearsalRun,
    /// Whether logs were read: without any, every verdict on what was sent is `not-judged`.
    judged: bool,
    /// Whether something that was sent does not wholly show, or no incident came of the run.
    missed: bool,
    logs: &'a [RehearsalLog],
    steps: Vec<StepDocument<'a>>,
    incidents: &'a [RehearsalIncident],
    unexplained_events: u64,
    gaps: &'a [Gap],
}

impl<'a> RehearsalDocument<'a> {
    pub(crate) fn of(report: &'a RehearsalReport) -> Self {
        Self {
            generated_at: &report.generated_at,
            program_version: &report.program_version,
            run: &report.run,
            judged: report.is_judged(),
            missed: report.has_missed(),
            logs: &report.logs,
            steps: StepDocument::all(report).collect(),
            incidents: &report.incidents,
            unexplained_events: report.unexplained_events,
            gaps: &report.gaps,
        }
    }
}

/// One step with its verdict.
#[derive(Debug, Serialize)]
pub(crate) struct StepDocument<'a> {
    title: &'a str,
    techniques: &'a [String],
    #[serde(flatten)]
    judged: &'a JudgedStep,
}

impl<'a> StepDocument<'a> {
    pub(crate) fn all(report: &'a RehearsalReport) -> impl Iterator<Item = Self> {
        let steps = report.run.steps.iter().zip(&report.steps);
        steps.map(|(step, judged): (&RehearsedStep, _)| Self {
            title: &step.title,
            techniques: &step.techniques,
            judged,
        })
    }
}

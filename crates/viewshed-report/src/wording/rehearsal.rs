//! A rehearsal in words.

use viewshed_model::{JudgedStep, RehearsalReport, StepVerdict};

use super::count;

/// The verdict in a word or two.
pub(crate) const fn verdict(verdict: StepVerdict) -> &'static str {
    match verdict {
        StepVerdict::Caught => "caught",
        StepVerdict::Shown => "shown",
        StepVerdict::InPart => "in part",
        StepVerdict::NotShown => "not shown",
        StepVerdict::Closed => "closed",
        StepVerdict::Failed => "failed",
        StepVerdict::NotSent => "not sent",
        StepVerdict::NotJudged => "sent",
    }
}

/// Who was asked as whom.
pub(crate) fn target(report: &RehearsalReport) -> String {
    let run = &report.run;
    let who = run.identity.as_ref().map_or_else(
        || "an unknown identity".to_owned(),
        |identity| identity.user.clone(),
    );
    if run.server.is_empty() {
        "no API server was asked".to_owned()
    } else if run.cluster.is_empty() || run.cluster == run.server {
        format!("{} as {who}", run.server)
    } else {
        format!("{} ({}) as {who}", run.cluster, run.server)
    }
}

/// What came of it, in one sentence.
pub(crate) fn conclusion(report: &RehearsalReport) -> String {
    let sent: Vec<&JudgedStep> = report
        .steps
        .iter()
        .filter(|step| step.verdict != StepVerdict::NotSent)
        .collect();
    let requests = count(
        sent.iter().map(|step| step.sent).sum(),
        "request",
        "requests",
    );
    let steps = count(sent.len() as u64, "step", "steps");
    if !report.is_judged() {
        return format!("{steps} taken with {requests}; no log was read.");
    }
    let missed = sent.iter().filter(|step| step.verdict.is_miss()).count() as u64;
    let shown = match missed {
        0 => "the logs show all that was disclosed".to_owned(),
        missed => format!(
            "the logs do not wholly show {}",
            count(missed, "of them", "of them")
        ),
    };
    let caught = match report.incidents.len() {
        0 => "WATCH made no incident of it".to_owned(),
        1 => "WATCH caught it as one incident".to_owned(),
        many => format!("WATCH caught it as {many} incidents"),
    };
    format!("{steps} taken with {requests}; {shown}; {caught}.")
}

/// Why a step is not wholly shown or not caught; what set the alarm off where it was. Empty when there is
/// nothing to say.
pub(crate) fn explanation(step: &JudgedStep) -> String {
    if !step.why.is_empty() {
        return step.why.clone();
    }
    let reasons: Vec<&str> = step
        .reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    reasons.join("; ")
}

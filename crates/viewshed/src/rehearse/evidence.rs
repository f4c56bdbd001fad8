//! ENTERS: logs in which a run is looked for.

use jiff::Timestamp;
use viewshed_detect::Engine;
use viewshed_detect::coverage::coverage;
use viewshed_detect::rehearsal::{self, Finder, Sources};
use viewshed_model::{
    Gap, GapReason, Incident, RehearsalLog, RehearsalReport, RehearsalRun, SkipReason, Skips,
};

use crate::cli::{EvidenceArgs, JudgeArgs, LogArgs};
use crate::outcome::Failure;
use crate::watch::{
    Found, INCIDENTS_OF_PAST_LOGS_MAX, Pump, Reading, baseline, described, known_sources, policy,
    settings, unknown,
};

/// What was sent, where no log was read.
pub(super) fn unjudged(run: RehearsalRun) -> RehearsalReport {
    RehearsalReport {
        generated_at: now_text(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        steps: run.steps.iter().map(rehearsal::unjudged).collect(),
        run,
        logs: Vec::new(),
        incidents: Vec::new(),
        unexplained_events: 0,
        gaps: Vec::new(),
    }
}

/// Reads the logs to their end, through the engine of `watch`, and looks for the run in them.
///
/// # Errors
/// When a log, the policy or the baseline cannot be read.
pub(super) fn judged(
    run: &RehearsalRun,
    evidence: &EvidenceArgs,
    judge: &JudgeArgs,
) -> Result<RehearsalReport, Failure> {
    let policy = policy(evidence.policy.as_deref())?;
    let mut engine = Engine::new(settings(judge), baseline(judge)?);
    let mut reading = Reading::new(evidence.format);
    let mut finder = Finder::new(run);
    let mut found = Found::default();
    let mut grown: Vec<Incident> = Vec::new();
    let logs = LogArgs {
        from: evidence.log.clone(),
        format: evidence.format,
    };
    let earliest = run
        .started_at
        .saturating_sub(rehearsal::SKEW)
        .unwrap_or(run.started_at);
    let mut keep = |grown: &mut Vec<Incident>| {
        // What ended before the run began cannot hold any of it.
        for incident in grown.drain(..) {
            if incident.last_event.time >= earliest {
                found.keep(incident, INCIDENTS_OF_PAST_LOGS_MAX);
            }
        }
    };
    let mut gaps = reading.drain(Pump::open(&logs)?, |activities| {
        finder.take(activities);
        engine.step(Timestamp::now(), activities, &mut grown);
        keep(&mut grown);
    });
    engine.finish(Timestamp::now(), &mut grown);
    keep(&mut grown);
    gaps.extend(unknown(&reading));
    gaps.extend(unread(&reading.skips()));
    gaps.extend(found.gap());
    let incidents: Vec<Incident> = found.incidents.into_values().collect();
    let described = described(&reading);
    let coverage = coverage(&known_sources(&described, policy.as_ref()), Vec::new());
    let sources = Sources {
        coverage: &coverage,
        policy: policy.as_ref(),
    };
    let logs = coverage.sources.iter().map(|source| RehearsalLog {
        name: source.name.clone(),
        format: source.format.clone(),
        event_count: source.event_count,
    });
    let unrecognised = unknown(&reading).map(|gap| RehearsalLog {
        name: gap.source,
        format: "not recognised".to_owned(),
        event_count: 0,
    });
    let mut logs: Vec<RehearsalLog> = logs.chain(unrecognised).collect();
    if logs.is_empty() {
        // Named, read, and empty: that is a judgement too.
        logs.extend(evidence.log.iter().map(|path| RehearsalLog {
            name: path.display().to_string(),
            format: "empty".to_owned(),
            event_count: 0,
        }));
    }
    Ok(RehearsalReport {
        generated_at: now_text(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        logs,
        steps: finder.steps(&incidents, sources),
        incidents: finder.incidents(&incidents),
        unexplained_events: finder.unexplained_events(),
        gaps,
        run: run.clone(),
    })
}

/// Entries that could not be read may have held what is missing.
fn unread(skips: &Skips) -> Option<Gap> {
    let lost: u64 = skips
        .counts
        .iter()
        .filter(|(reason, _)| !matches!(reason, SkipReason::OtherKind | SkipReason::Duplicate))
        .map(|(_, count)| count)
        .sum();
    (lost > 0).then(|| Gap {
        source: String::new(),
        what: "read every entry of the logs".to_owned(),
        reason: GapReason::Malformed,
        detail: String::new(),
        hint: "`viewshed watch --from LOG` tells which and why".to_owned(),
        count: lost,
    })
}

fn now_text() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

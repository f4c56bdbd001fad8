//! `viewshed coverage`: what the logs can show at all.

use viewshed_detect::coverage::{KnownSource, LogKind, coverage};
use viewshed_report::Answer;

use crate::cli::CoverageArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::watch::{Event, Pump, Reading, known_sources, policy, unknown};

/// Judges every discovery action by the policy and by what the logs were seen to hold.
pub(crate) fn run(arguments: &CoverageArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let policy = policy(arguments.policy.as_deref())?;
    let mut reading = Reading::new(arguments.logs.format);
    let mut gaps = Vec::new();
    if !arguments.logs.from.is_empty() {
        let mut pump = Pump::open(&arguments.logs, None)?;
        loop {
            match pump.next() {
                Event::Chunk(chunk) => {
                    reading.note(&chunk);
                    pump.done(chunk);
                }
                Event::Quiet => {}
                Event::End => break,
            }
        }
        gaps = pump.gaps();
    } else if policy.is_none() {
        return Err(Failure::usage(
            "neither logs nor an audit policy are named",
            "give --from LOGS, --policy FILE, or both",
        ));
    }
    gaps.extend(unknown(&reading));
    let described = known_sources(&reading);
    let mut sources: Vec<KnownSource<'_>> = described
        .iter()
        .map(|source| KnownSource {
            name: &source.name,
            kind: source.kind,
            policy: policy.as_ref(),
            profile: Some(&source.profile),
            daemon: None,
            skips: source.skips.clone(),
        })
        .collect();
    if sources.is_empty() && policy.is_some() {
        sources.push(KnownSource {
            name: "audit policy",
            kind: LogKind::KubernetesAudit,
            policy: policy.as_ref(),
            profile: None,
            daemon: None,
            skips: viewshed_model::Skips::default(),
        });
    }
    let report = coverage(&sources, gaps);
    screen.show(&Answer::Coverage(&report), &arguments.output, Lists::Short)?;
    Ok(Outcome::of(false, !report.gaps.is_empty()))
}

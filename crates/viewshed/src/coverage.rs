//! `viewshed coverage`: what the logs can show at all.

mod daemons;

use viewshed_detect::coverage::{KnownSource, LogKind, coverage};
use viewshed_report::Answer;

use crate::cli::CoverageArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::watch::{Pump, Reading, described, is_partial, known_sources, policy, unknown};

/// Judges every discovery action by the policy and by what the logs were seen to hold.
pub(crate) fn run(arguments: &CoverageArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let policy = policy(arguments.policy.as_deref())?;
    let mut reading = Reading::new(arguments.logs.format);
    let mut gaps = Vec::new();
    let mut logs = arguments.logs.clone();
    let (settings, of_logs, met) = daemons::partition(logs.from);
    logs.from = of_logs;
    let hosts = daemons::read(&settings, &arguments.docker_host, screen, &mut gaps)?;
    if !logs.from.is_empty() {
        gaps.extend(reading.drain(Pump::open(&logs)?, |_| {}));
    } else if policy.is_none() && settings.is_empty() && arguments.docker_host.is_empty() {
        return Err(Failure::usage(
            "neither logs, an audit policy nor Docker's settings are named",
            "give --from with logs and daemon.json, --policy FILE, or --docker-host",
        ));
    }
    for settings in met {
        // Read already, as what it is.
        reading.sources.remove(&*settings.to_string_lossy());
    }
    gaps.extend(unknown(&reading));
    let described = described(&reading);
    let mut sources = known_sources(&described, policy.as_ref());
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
    daemons::tell(&mut sources, &hosts);
    sources.extend(daemons::sources(&hosts));
    let report = coverage(&sources, gaps);
    screen.show(&Answer::Coverage(&report), &arguments.output, Lists::Short)?;
    Ok(Outcome::of(
        false,
        is_partial(&reading.skips(), &report.gaps),
    ))
}

//! `viewshed watch`: who is discovering, live or in past logs.

mod pump;
mod reading;
mod report;

use std::collections::BTreeMap;
use std::path::Path;

use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Incident, Timeline};
use viewshed_report::Answer;

use crate::cli::{Format, JudgeArgs, WatchArgs};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::{scan, terminal};

use pump::{Event, read_file};

pub(crate) use pump::Pump;
pub(crate) use reading::Reading;
pub(crate) use report::{described, known_sources, policy, unknown};

/// Reads every source to its end, or until interrupted, and tells what was found.
pub(crate) fn run(arguments: &WatchArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let policy = policy(arguments.policy.as_deref())?;
    let mut engine = Engine::new(settings(&arguments.judge), baseline(&arguments.judge)?);
    let mut pump = Pump::open(&arguments.logs, Some(&arguments.live))?;
    let is_live = pump.is_live();
    let mut reading = Reading::new(arguments.logs.format);
    let mut found = Found::default();
    let mut grown = Vec::new();
    loop {
        let now = jiff::Timestamp::now();
        match pump.next() {
            Event::Chunk(chunk) => {
                reading.judge(&chunk, &mut engine, now, &mut grown);
                if is_live {
                    engine.heard(now, &chunk.source, &mut grown);
                }
                pump.done(chunk);
            }
            Event::Quiet => {
                engine.step(now, &[], &mut grown);
                engine.silence(now, &mut grown);
            }
            Event::End => break,
        }
        found.take(&mut grown, is_live.then_some((arguments, screen)))?;
    }
    engine.finish(jiff::Timestamp::now(), &mut grown);
    found.take(&mut grown, is_live.then_some((arguments, screen)))?;
    let report = report::report(found, &reading, policy.as_ref(), pump.gaps());
    if !is_live || matches!(arguments.output.output, Format::Table | Format::Wide) {
        screen.show(&Answer::Watch(&report), &arguments.output, Lists::Short)?;
    }
    let threshold = scan::severity(arguments.fail_on);
    let has_findings = threshold.is_some_and(|threshold| {
        report
            .incidents
            .iter()
            .any(|incident| incident.severity >= threshold)
    });
    Ok(Outcome::of(has_findings, report::is_partial(&report)))
}

/// Every incident in its last revision, and how it grew.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) incidents: BTreeMap<String, Incident>,
    pub(crate) timelines: BTreeMap<String, Timeline>,
}

impl Found {
    /// Keeps what opened or grew; tells it at once where somebody watches live.
    fn take(
        &mut self,
        grown: &mut Vec<Incident>,
        live: Option<(&WatchArgs, &Screen)>,
    ) -> Result<(), Failure> {
        for incident in grown.drain(..) {
            if let Some((arguments, screen)) = live {
                tell(&incident, arguments, screen)?;
            }
            self.timelines
                .entry(incident.id.clone())
                .or_default()
                .add(&incident);
            self.incidents.insert(incident.id.clone(), incident);
        }
        Ok(())
    }
}

fn tell(incident: &Incident, arguments: &WatchArgs, screen: &Screen) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let text = match arguments.output.output {
        Format::Json | Format::Jsonl => viewshed_report::json::incident(incident),
        Format::Ocsf => viewshed_report::ocsf::detection_finding(incident, version),
        Format::Cef => viewshed_report::cef::cef(incident, version),
        Format::Falco => viewshed_report::falco::falco(incident),
        Format::Table | Format::Wide => viewshed_report::table::incident(incident, screen.style()),
        Format::Yaml
        | Format::Csv
        | Format::Sarif
        | Format::Markdown
        | Format::Dot
        | Format::Html
        | Format::Navigator => return Ok(()),
    };
    terminal::write_answer(text.as_bytes(), None)
}

/// The engine's settings, with table positions that nobody can guess.
pub(crate) fn settings(arguments: &JudgeArgs) -> Settings {
    use std::hash::BuildHasher;
    Settings {
        user_allow_list: arguments.user_allow_list.clone(),
        time_window_s: arguments.time_window,
        pod_query_threshold: arguments.pod_query_threshold,
        hash_seed: std::hash::RandomState::new().hash_one(0_u8),
        ..Settings::default()
    }
}

/// What was learned before, or nothing.
///
/// # Errors
/// When the file cannot be read or is no baseline.
pub(crate) fn baseline(arguments: &JudgeArgs) -> Result<Baseline, Failure> {
    arguments
        .baseline
        .as_deref()
        .map_or_else(|| Ok(Baseline::default()), read_baseline)
}

/// What a file of `viewshed baseline` holds.
///
/// # Errors
/// When the file cannot be read or is no baseline.
pub(crate) fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    Baseline::from_bytes(&read_file(path)?).map_err(|error| {
        Failure::usage(
            format!("`{}` is no usable baseline: {error}", path.display()),
            "make one with `viewshed baseline --from LOGS -o FILE`",
        )
    })
}

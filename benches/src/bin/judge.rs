//! What `viewshed watch` spends on one event of an audit log after it was read, part by part: `judge [LOG [RULES]]`.
//!
//! Without a log it generates one of 500 MB in memory. RULES is a folder of rule files. The CPU time of one thread;
//! every part works on a chunk that the part before has just left in the cache, as in the program.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Duration;

use jiff::Timestamp;
use viewshed_benchmarks::audit::{audit_log, split_chunk};
use viewshed_benchmarks::clock::thread_cpu_time;
use viewshed_decode::logs::{Arena, LogFormat, decode, recycled};
use viewshed_detect::coverage::ProfileCollector;
use viewshed_detect::rules::{RuleIncidents, RuleSet};
use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Incident, IncidentState, Skips};

const LOG_BYTES: usize = 500_000_000;
/// Incidents that are told in words; a generated log should have none.
const SHOWN_MAX: usize = 3;

/// Time spent on each part.
#[derive(Default)]
struct Spent {
    decoding: Duration,
    profile: Duration,
    engine: Duration,
    rules: Duration,
}

impl Spent {
    fn tell(&self, what: &str, count: u32) {
        let per_event = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(count.max(1));
        println!(
            "{what}: {count} events; ns per event: decoding {:.0}, profile {:.0}, engine {:.0}, rules {:.0}",
            per_event(self.decoding),
            per_event(self.profile),
            per_event(self.engine),
            per_event(self.rules)
        );
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let log = match arguments.next() {
        Some(path) => std::fs::read_to_string(path)?,
        None => audit_log(1, LOG_BYTES),
    };
    let mut texts = Vec::new();
    if let Some(folder) = arguments.next() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            texts.push((path.display().to_string(), std::fs::read_to_string(&path)?));
        }
    }
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let baseline = run("learning as it goes", &log, &files, Baseline::default());
    run("with a baseline of the same log", &log, &files, baseline);
    Ok(())
}

fn run(what: &str, log: &str, files: &[(&str, &str)], baseline: Baseline) -> Baseline {
    let mut engine = Engine::new(Settings::default(), baseline);
    let (mut rules, _) = RuleSet::load(files);
    let mut rule_incidents = RuleIncidents::default();
    let mut profile = ProfileCollector::default();
    let mut spent = Spent::default();
    let (mut arena, mut skips) = (Arena::new(), Skips::default());
    let (mut incidents, mut rule_reports) = (Vec::new(), Vec::new());
    let (mut found, mut room) = (Vec::new(), Vec::new());
    let mut rest = log.as_bytes();
    let mut count = 0_u32;
    let now = Timestamp::UNIX_EPOCH;
    while !rest.is_empty() {
        let (chunk, after) = split_chunk(rest);
        let mut activities = room;
        let start = thread_cpu_time();
        decode(
            LogFormat::KubernetesAudit,
            chunk,
            &arena,
            &mut activities,
            &mut skips,
        );
        let decoded = thread_cpu_time();
        for activity in &activities {
            profile.add(activity);
        }
        let profiled = thread_cpu_time();
        engine.step(now, &activities, &mut incidents);
        let judged = thread_cpu_time();
        for activity in activities.iter().filter(|_| !files.is_empty()) {
            rules.judge(activity, &mut found);
            rule_incidents.take(activity, &found, &mut rule_reports);
            found.clear();
        }
        let ruled = thread_cpu_time();
        spent.decoding += decoded.saturating_sub(start);
        spent.profile += profiled.saturating_sub(decoded);
        spent.engine += judged.saturating_sub(profiled);
        spent.rules += ruled.saturating_sub(judged);
        count += u32::try_from(activities.len()).unwrap_or_default();
        room = recycled(activities);
        arena.reset();
        rest = after;
    }
    engine.finish(now, &mut incidents);
    spent.tell(what, count);
    tell_found(&engine, &incidents, rule_reports.len());
    engine.baseline().clone()
}

/// What was found.
fn tell_found(engine: &Engine, incidents: &[Incident], rule_reports: usize) {
    let ended = incidents
        .iter()
        .filter(|one| one.state == IncidentState::Closed);
    println!(
        "  {} weighed, {} incidents, {} rule reports",
        engine.counters().weighed,
        ended.clone().count(),
        rule_reports
    );
    for incident in ended.take(SHOWN_MAX) {
        let reasons: Vec<&str> = incident
            .reasons
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        println!("  {}: {}", incident.actor.name, reasons.join("; "));
    }
}

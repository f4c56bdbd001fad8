//! `viewshed baseline`: what each identity usually does, learned from past logs.

use jiff::Timestamp;
use viewshed_detect::Engine;
use viewshed_model::Gap;
use viewshed_report::Answer;

use crate::cli::{BaselineAction, BaselineArgs};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::terminal;
use crate::watch::{self, Pump, Reading, unknown};

/// Learns, or shows what was learned.
pub(crate) fn run(arguments: &BaselineArgs, screen: &Screen) -> Result<Outcome, Failure> {
    match &arguments.action {
        Some(BaselineAction::Show { file, output }) => {
            let rows = watch::read_baseline(file)?.rows();
            screen.show(&Answer::Baseline(&rows), output, Lists::Short)?;
            Ok(Outcome::Clean)
        }
        None => learn(arguments),
    }
}

fn learn(arguments: &BaselineArgs) -> Result<Outcome, Failure> {
    let judge = &arguments.judge;
    let mut engine = Engine::new(watch::settings(judge), watch::baseline(judge)?);
    let mut reading = Reading::new(arguments.logs.format);
    let mut incidents = Vec::new();
    let unread = reading.drain(Pump::open(&arguments.logs)?, |activities| {
        engine.step(Timestamp::now(), activities, &mut incidents);
        incidents.clear();
    });
    engine.finish(Timestamp::now(), &mut incidents);
    terminal::write_answer(&engine.baseline().to_bytes(), Some(&arguments.output))?;
    let events = engine.counters().judged;
    let habits = engine.baseline().habit_count();
    terminal::say(&format!(
        "learned {habits} habits from {events} events; `viewshed baseline show {}` lists them",
        arguments.output.display()
    ));
    let gaps: Vec<Gap> = unread.into_iter().chain(unknown(&reading)).collect();
    for gap in &gaps {
        terminal::say(&crate::input::gap_line(gap));
    }
    Ok(Outcome::of(
        false,
        watch::is_partial(&reading.skips(), &gaps),
    ))
}

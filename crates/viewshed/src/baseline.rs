//! `viewshed baseline`: what each identity usually does, learned from past logs.

use jiff::Timestamp;
use viewshed_detect::Engine;
use viewshed_model::{BaselineHolder, BaselineRow, Gap};
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
            let rows: Vec<BaselineRow> = watch::read_baseline(file)?
                .rows()
                .into_iter()
                .map(row)
                .collect();
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
    let unread = Pump::open(&arguments.logs)?.drain(|chunk| {
        reading.each(chunk, |activities| {
            engine.step(Timestamp::now(), activities, &mut incidents);
        });
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

fn row(row: viewshed_detect::BaselineRow) -> BaselineRow {
    let verb = if row.outcome == "allowed" {
        row.action
    } else {
        format!("{} ({})", row.action, row.outcome)
    };
    BaselineRow {
        holder: if row.is_group {
            BaselineHolder::PeerGroup
        } else {
            BaselineHolder::Identity
        },
        actor: row.who,
        verb,
        kind: row.kind,
        namespace: row.namespace,
        first_seen: moment(row.first_s),
        last_seen: moment(row.last_s),
        count: u64::from(row.strength),
        days: row.last_s.saturating_sub(row.first_s) / 86_400 + 1,
    }
}

fn moment(second: u32) -> Timestamp {
    Timestamp::from_second(i64::from(second)).unwrap_or(Timestamp::UNIX_EPOCH)
}

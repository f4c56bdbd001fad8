//! `viewshed watch`: who is discovering, live or in past logs.

mod events;
mod explored;
mod figures;
mod found;
mod learned;
mod outlets;
mod places;
mod pump;
mod reading;
mod report;
mod rules;
mod state;
mod telling;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use viewshed_collect::logs::Chunk;
use viewshed_detect::Engine;
use viewshed_model::{AuditPolicy, Incident, IncidentState};

use crate::cli::{Format, JudgeArgs, WatchArgs};
use crate::outcome::{Failure, Outcome};
use crate::output::Screen;
use crate::{scan, terminal};

use events::Events;
use explored::Estate;
use figures::{Figures, Look};
use found::INCIDENTS_LIVE_MAX;
use outlets::Outlets;
use places::Places;
use pump::Event;
use rules::Rules;
use state::{COUNTED, DELIVERIES, ENGINE, INCIDENTS, Keeper, POSITIONS, RULES, SOURCES};
use telling::{Telling, Warned};

pub(crate) use found::{Found, INCIDENTS_OF_PAST_LOGS_MAX};
pub(crate) use learned::{baseline, read_baseline, settings};
pub(crate) use pump::{Pump, read_file};
pub(crate) use reading::Reading;
pub(crate) use report::{described, detection_pages, is_partial, known_sources, policy, unknown};

/// Between two looks whether a live source fell silent, and at what others count.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Reads every source to its end, or until interrupted, and tells what was found.
pub(crate) fn run(arguments: &WatchArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let mut watch = Watch::open(arguments, screen)?;
    loop {
        match watch.pump.next() {
            Event::Chunk(chunk) => watch.judge(chunk)?,
            Event::Quiet => watch.let_time_pass()?,
            Event::End => break,
        }
        watch.keep_up()?;
    }
    watch.end()
}

/// Everything that takes part in watching.
struct Watch<'a> {
    arguments: &'a WatchArgs,
    policy: Option<AuditPolicy>,
    engine: Engine,
    rules: Option<Rules>,
    estate: Option<Estate>,
    pump: Pump,
    reading: Reading,
    found: Found,
    telling: Telling<'a>,
    events: Option<Events>,
    /// Only for reports that say in which file and line something is.
    places: Option<Places>,
    keeper: Keeper,
    outlets: Outlets,
    figures: Figures,
    /// Room that is used again.
    grown: Vec<Incident>,
    looked: Instant,
    warned: Warned,
    /// Events of the incidents that an earlier run left open; of past logs only.
    before: BTreeMap<String, u64>,
}

impl<'a> Watch<'a> {
    fn open(arguments: &'a WatchArgs, screen: &'a Screen) -> Result<Self, Failure> {
        let policy = policy(arguments.policy.as_deref())?;
        let (keeper, kept) = Keeper::open(&arguments.state)?;
        let restored = kept.engine(settings(&arguments.judge))?;
        let is_resumed = restored.is_some();
        if is_resumed && arguments.judge.baseline.is_some() {
            terminal::say("note: --baseline is for a new state; the one that is kept goes on");
        }
        let engine = match restored {
            Some(engine) => engine,
            None => Engine::new(settings(&arguments.judge), baseline(&arguments.judge)?),
        };
        let rules = match &arguments.rules {
            Some(path) => Some(Rules::load(path, kept.json(RULES)?, kept.bytes(COUNTED))?),
            None => None,
        };
        let estate = Estate::read(&arguments.estate_from, screen)?;
        let outlets = Outlets::open(&arguments.deliver, kept.bytes(DELIVERIES))?;
        let figures = Figures::open(&arguments.deliver)?;
        let pump = Pump::resume(
            &arguments.logs,
            &arguments.live,
            keeper.is_kept().then(|| kept.bytes(POSITIONS)),
        )?;
        let now = Timestamp::now();
        if let Some(since) = engine.missed_since(now).filter(|_| pump.is_live()) {
            terminal::say(&format!(
                "note: nobody listened from {since:.0} to {now:.0}: what sources pushed then, and do not send again, is \
                 not judged"
            ));
        }
        let mut before = BTreeMap::new();
        if is_resumed && !pump.is_live() {
            let open = still_open(&engine, rules.as_ref(), &arguments.judge)?;
            before.extend(open.into_iter().map(|one| (one.id, one.event_count)));
        }
        Ok(Self {
            telling: Telling::new(&arguments.output, screen, pump.is_live())?,
            events: Events::open(arguments.events_file.as_deref())?,
            places: has_positions(arguments.output.output).then(Places::default),
            arguments,
            policy,
            engine,
            rules,
            estate,
            reading: Reading::resume(arguments.logs.format, kept.json(SOURCES)?),
            found: kept.json(INCIDENTS)?,
            pump,
            keeper,
            outlets,
            figures,
            grown: Vec::new(),
            looked: Instant::now(),
            warned: Warned::default(),
            before,
        })
    }

    fn judge(&mut self, mut chunk: Chunk) -> Result<(), Failure> {
        let now = Timestamp::now();
        let (engine, rules, grown) = (&mut self.engine, &mut self.rules, &mut self.grown);
        let (events, places) = (&mut self.events, &mut self.places);
        let arrived = self.pump.is_told_as_it_happens().then_some(now);
        self.reading.each(&mut chunk, arrived, |chunk, activities| {
            engine.step(now, activities, grown);
            if let Some(events) = events {
                events.add(activities, now);
            }
            if let Some(places) = places {
                places.add(chunk, activities);
            }
            if let Some(rules) = rules {
                rules.judge(activities, grown);
            }
        });
        if self.pump.is_live() {
            engine.heard(now, &chunk.source, grown);
        }
        if let Some(events) = &mut self.events {
            // Before anything is said to be done that a pusher, or a later run, would not send again.
            events.flush()?;
        }
        self.tell()?;
        self.pump.done(chunk);
        Ok(())
    }

    /// Nothing came for a while.
    fn let_time_pass(&mut self) -> Result<(), Failure> {
        let now = Timestamp::now();
        self.engine.step(now, &[], &mut self.grown);
        if let Some(rules) = &mut self.rules {
            rules.incidents.pass(now.as_microsecond(), &mut self.grown);
        }
        self.tell()
    }

    /// What has to be done from time to time, however much comes.
    fn keep_up(&mut self) -> Result<(), Failure> {
        self.figures.beat();
        if self.keeper.is_due(self.pump.owes_receipts()) {
            self.save();
        }
        if self.looked.elapsed() < LOOK_INTERVAL {
            return Ok(());
        }
        self.looked = Instant::now();
        if self.pump.is_live() {
            self.engine.silence(Timestamp::now(), &mut self.grown);
            self.tell()?;
        }
        self.look();
        Ok(())
    }

    fn look(&mut self) {
        let gaps = self.pump.gaps();
        if self.pump.is_live() {
            self.warned.tell(&gaps);
        }
        self.figures.look(&Look {
            reading: &self.reading,
            counters: self.engine.counters(),
            identities: self.engine.baseline().identity_count(),
            gaps: gaps.len(),
            keeper: &self.keeper,
            targets: &self.outlets.states(),
        });
    }

    /// Tells everybody of the incidents that opened or grew, and keeps them for the report.
    fn tell(&mut self) -> Result<(), Failure> {
        for mut incident in std::mem::take(&mut self.grown) {
            if let Some(estate) = &mut self.estate {
                estate.explore(&mut incident, self.engine.baseline());
            }
            if let Some(places) = &mut self.places {
                places.find(&incident);
            }
            self.telling.grown(&incident)?;
            self.outlets.send(&incident);
            self.figures.grown(&incident);
            self.found.keep(incident, self.incidents_max());
        }
        Ok(())
    }

    fn incidents_max(&self) -> usize {
        if self.pump.is_live() {
            INCIDENTS_LIVE_MAX
        } else {
            INCIDENTS_OF_PAST_LOGS_MAX
        }
    }

    /// Everything in one piece: what was judged, how far was read, and what has still to leave.
    fn save(&mut self) {
        if !self.keeper.is_kept() {
            return;
        }
        let is_saved = self.keeper.save(&[
            (ENGINE, &self.engine.checkpoint()),
            (POSITIONS, &self.pump.positions()),
            (DELIVERIES, &self.outlets.pending()),
            (SOURCES, &state::json(&self.reading.kept())),
            (INCIDENTS, &state::json(&self.found)),
            (
                RULES,
                &self
                    .rules
                    .as_ref()
                    .map_or_else(Vec::new, |rules| state::json(&rules.incidents)),
            ),
            (
                COUNTED,
                &self.rules.as_ref().map_or_else(Vec::new, Rules::counted),
            ),
        ]);
        if is_saved {
            self.pump.saved();
        }
    }

    /// The log, or the run, is over.
    fn end(mut self) -> Result<Outcome, Failure> {
        self.reading.end();
        if !self.pump.is_live() {
            self.grown.extend(self.reading.silences());
            self.tell()?;
        }
        if self.keeper.is_kept() {
            // What has grown since it was last told would be told tomorrow, or never.
            self.engine.pause(&mut self.grown);
            if let Some(rules) = &mut self.rules {
                rules.incidents.pause(&mut self.grown);
            }
            self.tell()?;
            // Pushers that wait for their receipt are told before anything else takes time.
            self.save();
            self.refresh()?;
        } else {
            self.engine.finish(Timestamp::now(), &mut self.grown);
            if let Some(rules) = &mut self.rules {
                rules.incidents.finish(&mut self.grown);
            }
            self.tell()?;
        }
        let worst = self.found.worst;
        let mut gaps = self.pump.gaps();
        let mut tallies = Vec::new();
        if let Some(rules) = &mut self.rules {
            gaps.append(&mut rules.gaps);
            tallies = rules.tallies();
        }
        gaps.extend(self.estate.iter().flat_map(Estate::gaps));
        let mut report = report::report(
            std::mem::take(&mut self.found),
            &self.reading,
            self.policy.as_ref(),
            tallies,
            gaps,
        );
        report.nearest = self.engine.nearest().cloned();
        report.let_through = self.engine.let_through().clone();
        report.positions = self
            .places
            .take()
            .map_or_else(BTreeMap::new, Places::positions);
        self.telling.at_end(&report)?;
        self.told();
        self.outlets.finish(self.keeper.is_kept());
        self.save();
        if let Some(problem) = self.keeper.problem {
            return Err(Failure::collect(
                anyhow::anyhow!("the state is not saved: {problem}"),
                "check the folder's permissions and the space on its disk",
            ));
        }
        let threshold = scan::severity(self.arguments.fail_on);
        let has_findings = threshold.is_some_and(|threshold| worst >= Some(threshold));
        let is_partial = is_partial(&report.skips, &report.gaps);
        Ok(Outcome::of(has_findings, is_partial))
    }

    /// A report has told everything up to now.
    fn told(&mut self) {
        self.reading.told();
        self.engine.told();
        if let Some(rules) = &mut self.rules {
            rules.incidents.told();
        }
    }

    /// With a state folder the end is a pause: nothing ends with it. The report shows open incidents as they
    /// are now, though, not as they were last told; and those that would open if nothing more came to past logs.
    fn refresh(&mut self) -> Result<(), Failure> {
        let max = self.incidents_max();
        for mut incident in still_open(&self.engine, self.rules.as_ref(), &self.arguments.judge)? {
            let is_known = self.found.incidents.contains_key(&incident.id);
            let has_grown = self.before.get(&incident.id) != Some(&incident.event_count);
            if is_known || (!self.pump.is_live() && has_grown) {
                if let Some(estate) = &mut self.estate {
                    estate.explore(&mut incident, self.engine.baseline());
                }
                self.found.keep(incident, max);
            }
        }
        Ok(())
    }
}

/// Whether a report of this format names files and lines.
fn has_positions(format: Format) -> bool {
    matches!(format, Format::Sarif | Format::Html | Format::Csv)
}

/// What is open, as it is now: a copy of the engine is brought to its end.
fn still_open(
    engine: &Engine,
    rules: Option<&Rules>,
    arguments: &JudgeArgs,
) -> Result<Vec<Incident>, Failure> {
    let copy = Engine::restore(settings(arguments), &engine.checkpoint());
    let mut engine = copy.map_err(|error| {
        Failure::collect(error, "report this, please: a checkpoint must be readable")
    })?;
    let mut ended = Vec::new();
    engine.finish(Timestamp::now(), &mut ended);
    if let Some(rules) = rules {
        rules.incidents.clone().finish(&mut ended);
    }
    ended.retain(|incident| incident.state == IncidentState::Closed);
    for incident in &mut ended {
        // What is not told as an update keeps its number.
        incident.revision = incident.revision.saturating_sub(1).max(1);
        incident.state = IncidentState::Open;
    }
    Ok(ended)
}

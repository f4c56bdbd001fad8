//! What outlives a run: nothing is lost or counted twice, however the run ends.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::audit::{lines, recently};
use crate::program::Program;
use crate::running::Running;
use crate::web::figure;

const FOLLOW: &str = "watch --from audit.log --follow --state state --save-interval 1 --metrics 127.0.0.1:0 --output json";

fn append(folder: &Path, text: &str) {
    let mut log = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("audit.log"))
        .unwrap();
    log.write_all(text.as_bytes()).unwrap();
}

/// Waits until an incident with so many events is told.
fn events(running: &Running, least: u64) -> Value {
    running.until(&format!("incident with {least} events"), |running| {
        let told = running.told();
        told.into_iter()
            .find(|one| one["event_count"].as_u64() >= Some(least))
    })
}

/// Waits until everything that was told is saved.
fn saved(running: &Running) {
    let metrics = running.says("metrics: ");
    let saves = || figure(&metrics, "viewshed_state_saves_total").unwrap_or_default();
    let before = saves();
    // One may be under way.
    running.until("saved state", |_| (saves() >= before + 2).then_some(()));
}

/// What must not depend on whether the run was interrupted.
fn essence(incident: &Value) -> Vec<&Value> {
    let fields = [
        "id",
        "revision",
        "event_count",
        "audit_ids",
        "requests",
        "opened_at",
        "first_event",
        "last_event",
    ];
    fields.iter().map(|field| &incident[field]).collect()
}

#[test]
fn a_killed_watch_goes_on_as_if_it_had_never_ended() {
    let start = recently();
    let (whole, broken) = (Program::new(), Program::new());
    append(whole.folder(), &lines(start, 0..96));
    let running = Running::start(whole.folder(), FOLLOW);
    let expected = events(&running, 64);
    running.terminate();

    append(broken.folder(), &lines(start, 0..20));
    let first = Running::start(broken.folder(), FOLLOW);
    let opened = events(&first, 1);
    // Some of this is saved, some is not, some is not even read.
    append(broken.folder(), &lines(start, 20..34));
    events(&first, 16);
    first.kill();
    append(broken.folder(), &lines(start, 34..50));
    let second = Running::start(broken.folder(), FOLLOW);
    let grown = events(&second, 32);
    assert_eq!(grown["id"], opened["id"]);
    append(broken.folder(), &lines(start, 50..96));
    let last = events(&second, 64);
    saved(&second);
    second.kill();
    assert_eq!(essence(&last), essence(&expected));

    // The events since the last update are told at the end of a run, once. No report has counted the incident yet
    // either; then one has.
    for (code, told) in [(1, Some(96)), (0, None)] {
        let running = Running::start(broken.folder(), FOLLOW);
        let (ended, out, err) = running.terminate();
        assert_eq!(ended, code, "{err}");
        let rest: Option<Value> = (!out.is_empty()).then(|| serde_json::from_str(&out).unwrap());
        let counted = rest.as_ref().and_then(|one| one["event_count"].as_u64());
        assert_eq!(counted, told, "{out}");
        if let Some(rest) = rest {
            assert_eq!(rest["id"], last["id"]);
            assert_eq!(rest["state"], "open");
            assert_eq!(
                rest["revision"].as_u64().unwrap(),
                last["revision"].as_u64().unwrap() + 1
            );
        }
    }
}

#[test]
fn what_was_learned_while_running_is_kept_and_shown() {
    let program = Program::new();
    append(program.folder(), &lines(recently(), 0..12));
    let running = Running::start(program.folder(), FOLLOW);
    events(&running, 1);
    running.terminate();
    // While another process has the folder.
    let running = Running::start(program.folder(), FOLLOW);
    let shown = program.run(&["baseline", "show", "state", "--output", "json"]);
    shown.check(0, &[]);
    let rows = shown.json()["rows"].as_array().cloned().unwrap();
    let kinds: Vec<&str> = rows
        .iter()
        .filter(|row| row["holder"] == "identity")
        .map(|row| row["asked"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"secrets") && kinds.contains(&"nodes"),
        "{kinds:?}"
    );
    assert_eq!(kinds.len(), 12, "{kinds:?}");
    let second = program.run(&FOLLOW.split(' ').collect::<Vec<_>>());
    second.check(
        3,
        &["in use by another process", "give each its own folder"],
    );
    running.terminate();
    std::fs::create_dir(program.folder().join("empty")).unwrap();
    let none = program.run(&["baseline", "show", "empty"]);
    none.check(2, &["there is no state in", "viewshed watch --state"]);
}

/// Nightly runs over a growing folder: each reads what is new, and an open incident goes on.
#[test]
fn past_logs_are_read_once_and_incidents_stay_open_between_runs() {
    let start = recently();
    let program = Program::new();
    let night = [
        "watch",
        "--from",
        "audit.log",
        "--state",
        "state",
        "--output",
        "yaml",
    ];
    append(program.folder(), &lines(start, 0..24));
    let first = program.run(&night);
    assert_eq!(first.code, 1, "{first:?}");
    assert!(first.out.contains("event_count: 24\n"), "{}", first.out);
    assert!(first.out.contains("state: open"), "{}", first.out);
    let id = |out: &str| {
        let mut lines = out.lines().filter_map(|line| line.split_once(" id: "));
        lines.next().map(|(_, id)| id.to_owned()).unwrap()
    };
    let nothing_new = program.run(&night);
    assert_eq!(nothing_new.code, 0, "{nothing_new:?}");
    assert!(nothing_new.out.contains("event_count: 0\n"));
    append(program.folder(), &lines(start, 24..29));
    let second = program.run(&night);
    assert_eq!(second.code, 1, "{second:?}");
    assert_eq!(id(&second.out), id(&first.out));
    // Of this run, and of the incident in all.
    for count in [5, 29] {
        let text = format!("event_count: {count}\n");
        assert!(second.out.contains(&text), "{count}: {}", second.out);
    }
}

/// A revision is one document, however often a growing log is read: receivers keep the highest.
#[test]
fn every_state_that_is_told_is_a_revision_of_its_own() {
    let start = recently();
    let program = Program::new();
    let night = "watch --from audit.log --state state --output json";
    let mut told: BTreeMap<u64, u64> = BTreeMap::new();
    for number in [24, 25, 27, 31] {
        let from = told.values().max().copied().unwrap_or_default();
        append(program.folder(), &lines(start, from..number));
        let run = program.run(&night.split(' ').collect::<Vec<_>>());
        let documents = run
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let incidents = documents.filter(|one: &Value| one["kind"] == "incident");
        for incident in incidents {
            let figure = |field: &str| incident[field].as_u64().unwrap();
            let (revision, count) = (figure("revision"), figure("event_count"));
            assert_eq!(*told.entry(revision).or_insert(count), count, "{revision}");
        }
        assert_eq!(told.values().max(), Some(&number));
    }
    assert!(told.len() >= 4, "{told:?}");
}

#[test]
fn a_damaged_or_foreign_state_is_told_and_never_overwritten() {
    let program = Program::new().with_file("state/state", "nonsense");
    append(program.folder(), &lines(recently(), 0..2));
    let run = program.run(&["watch", "--from", "audit.log", "--state", "state"]);
    run.check(3, &["is damaged", "hint: restore the folder from a copy"]);
    let left = std::fs::read_to_string(program.folder().join("state/state")).unwrap();
    assert_eq!(left, "nonsense");
    let run = program.run(&["watch", "--from", "audit.log", "--save-interval", "5"]);
    run.check(2, &["--state"]);
}

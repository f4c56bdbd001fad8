//! Who is discovering, on the log of a real API server: ordinary sessions stay quiet, intrusions become one
//! incident each.
//!
//! `VIEWSHED_WATCHING_LOGS=FOLDER` keeps the recorded sessions there; a folder that has some already is
//! judged again without servers.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(clippy::indexing_slicing, reason = "positions are those of the log")]
#![expect(clippy::string_slice, reason = "positions are those of the log")]

mod client;
mod estate;
mod inquiries;
mod intrusions;
mod node;
mod ordinary;
mod people;
mod recording;
mod scripts;
mod verdict;

use std::path::{Path, PathBuf};

use viewshed_bench::{Availability, Needs, availability};

use intrusions::Intrusion;
use recording::{Recorder, Session};
use verdict::{Pace, Verdict, after, of_intrusion, of_ordinary};

/// An incident opens with this request of an intruder at the latest.
const REQUESTS_MAX: usize = 5;
/// Ordinary sessions stay quiet even with this threshold, so that there is room for what they do elsewhere.
const QUIET_BELOW: u32 = 75;

#[test]
fn ordinary_sessions_stay_quiet_and_intrusions_become_one_incident_each() {
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return;
    }
    let folder = std::env::var_os("VIEWSHED_WATCHING_LOGS").map(PathBuf::from);
    let (ordinary, intrusions) = match &folder {
        Some(folder) if folder.exists() => read(folder),
        _ => record(),
    };
    if let Some(folder) = folder.filter(|folder| !folder.exists()) {
        keep(&folder, &ordinary, &intrusions);
    }
    check(&ordinary, &intrusions);
}

#[test]
fn a_node_and_its_pods_stay_quiet_until_a_token_is_stolen() {
    if availability(Needs::Node).unwrap() == Availability::Skip {
        return;
    }
    let (ordinary, intrusions) = node::record();
    check(&ordinary, &intrusions);
}

fn check(ordinary: &[Session], intrusions: &[Intrusion]) {
    let mut failures = quiet(ordinary);
    let known = after(ordinary.iter().map(|session| session.log.as_str()));
    for intrusion in intrusions {
        for pace in [Pace::Recorded, Pace::Slow] {
            let verdict = of_intrusion(&known, intrusion, pace);
            if let Some(failure) = wrong(intrusion, pace, &verdict) {
                failures.push(format!(
                    "{}, {pace:?}: {failure}\n{}",
                    intrusion.session.name,
                    verdict.describe()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn record() -> (Vec<Session>, Vec<Intrusion>) {
    let plane = estate::start();
    let mut recorder = Recorder::new(&plane);
    let ordinary = ordinary::record(&plane, &mut recorder);
    (ordinary, intrusions::record(&plane, &mut recorder))
}

/// All ordinary sessions together, and each after the first start of the control plane.
fn quiet(ordinary: &[Session]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut judge = |name: &str, verdict: Verdict| {
        if !verdict.incidents.is_empty() {
            failures.push(format!("{name}:\n{}", verdict.describe()));
        }
    };
    for session in ordinary {
        let logs = [ordinary[0].log.as_str(), session.log.as_str()];
        let skipped = usize::from(std::ptr::eq(session, &raw const ordinary[0]));
        judge(
            session.name,
            of_ordinary(logs.into_iter().skip(skipped), QUIET_BELOW),
        );
    }
    let all = ordinary.iter().map(|session| session.log.as_str());
    judge("all ordinary sessions", of_ordinary(all, QUIET_BELOW));
    failures
}

fn wrong(intrusion: &Intrusion, pace: Pace, verdict: &Verdict) -> Option<String> {
    let [incident] = verdict.incidents.as_slice() else {
        return Some(format!("{} incidents", verdict.incidents.len()));
    };
    let opened_with = verdict.opened_with(intrusion.script.ordinary);
    if opened_with > REQUESTS_MAX {
        return Some(format!("opened with request {opened_with}"));
    }
    // A slow intruder's next request is minutes later than the last that may still turn out to be work.
    let told_max = REQUESTS_MAX + intrusion.script.ordinary + 1;
    if pace == Pace::Slow && verdict.told_after.is_none_or(|after| after > told_max) {
        return Some("told late".to_owned());
    }
    let is_named = |name: &&&str| {
        incident.actor.name == **name || incident.also_as.iter().any(|one| one.name == **name)
    };
    let missing: Vec<&&str> = intrusion
        .script
        .actors
        .iter()
        .filter(|name| !is_named(name))
        .collect();
    (!missing.is_empty()).then(|| format!("{missing:?} are not named"))
}

fn keep(folder: &Path, ordinary: &[Session], intrusions: &[Intrusion]) {
    std::fs::create_dir_all(folder).unwrap();
    let sessions = ordinary
        .iter()
        .chain(intrusions.iter().map(|one| &one.session));
    for session in sessions {
        std::fs::write(file(folder, session.name), &session.log).unwrap();
    }
}

fn read(folder: &Path) -> (Vec<Session>, Vec<Intrusion>) {
    let session = |name| Session {
        name,
        log: std::fs::read_to_string(file(folder, name)).unwrap(),
    };
    (
        ordinary::names().map(session).collect(),
        intrusions::all()
            .map(|script| script.recorded(session(script.name)))
            .collect(),
    )
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.log", name.replace(['/', ' '], "-")))
}

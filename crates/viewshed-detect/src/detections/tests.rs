//! Each page in `docs/detections` is a test: its scripts are run, its expectations compared.
//!
//! A case is a block `activities` (see `script.rs`), perhaps a block `usual days=N` before it that is
//! repeated on each of the N days before, and an expectation: `signs`, one line `POINTS | SENTENCE` per sign
//! of the page's own detection as it stands at the end, or `incidents`, one line
//! `SEVERITY | ACTOR | REASONS` per incident. `none` stands for nothing.

mod pages;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use viewshed_model::Incident;

use super::{ALL, page};
use crate::engine::Evidenced;
use crate::script::{BASE_S, activities};
use crate::{Baseline, Engine, Settings};
use pages::{blocks, check_headings, difference, names_in};

const HEADINGS: [&str; 7] = [
    "## What it notices",
    "## Why it matters",
    "## Example",
    "## Cases",
    "## What to do",
    "## What it does not see",
    "## References",
];

struct Case {
    line: usize,
    usual: Vec<(String, i64)>,
    script: String,
    kind: String,
    expected: Vec<String>,
}

#[test]
fn every_case_of_every_page_holds() {
    let mut failures = Vec::new();
    for detection in ALL {
        for case in cases(detection.page) {
            let (engine, incidents) = run(&case);
            let found = match &*case.kind {
                "signs" => signs(&engine, detection.name),
                _ => incidents.iter().map(line_of).collect(),
            };
            let page = format!("detections/{}", detection.name);
            failures.extend(difference(&page, case.line, &case.expected, &found));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_has_its_headings_and_cases_of_both_kinds() {
    for detection in ALL {
        let (name, page) = (detection.name, detection.page);
        check_headings(name, page, &HEADINGS);
        for technique in detection.techniques {
            assert!(page.contains(technique), "{name}: {technique}");
        }
        let is_own = matches!(name, "silent-source" | "identity-flood");
        let cases = cases(page);
        assert!(
            is_own || cases.iter().any(|case| case.expected.is_empty()),
            "{name}: no quiet case"
        );
        assert!(
            is_own || cases.iter().any(|case| !case.expected.is_empty()),
            "{name}: nothing noticed"
        );
    }
}

#[test]
fn detections_pages_and_files_have_the_same_names() {
    let registered: BTreeSet<String> = ALL.iter().map(|one| one.name.to_owned()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(
        names_in(&root.join("../../docs/detections"), "md"),
        registered
    );
    let files: BTreeSet<String> = names_in(&root.join("src/detections"), "rs")
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "mod" | "look" | "tests"))
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(files, registered);
    assert!(ALL.iter().is_sorted_by_key(|one| one.name));
    assert_eq!(page("no-such-detection"), None);
}

fn run(case: &Case) -> (Engine, Vec<Incident>) {
    let mut engine = Engine::new(Settings::default(), Baseline::default());
    let wall = Timestamp::from_second(BASE_S + 86_400 * 10).unwrap();
    let mut told = Vec::new();
    for (script, days) in &case.usual {
        for day in -*days..0 {
            engine.step(wall, &activities(script, day), &mut told);
        }
    }
    engine.step(wall, &activities(&case.script, 0), &mut told);
    let evidence = engine.clone_for_signs();
    engine.finish(wall, &mut told);
    let mut last: Vec<Incident> = Vec::new();
    for incident in told {
        match last.iter_mut().find(|one| one.id == incident.id) {
            Some(known) => *known = incident,
            None => last.push(incident),
        }
    }
    (evidence, last)
}

fn signs(engine: &Engine, name: &str) -> Vec<String> {
    engine
        .evidenced()
        .into_iter()
        .filter(|one: &Evidenced| one.detection == name && one.points > 0)
        .map(|one| format!("{} | {}", one.points, one.text))
        .collect()
}

fn line_of(incident: &Incident) -> String {
    let mut actors = vec![incident.actor.name.clone()];
    actors.extend(incident.also_as.iter().map(|one| one.name.clone()));
    let reasons: Vec<&str> = incident
        .reasons
        .iter()
        .map(|one| one.detection.as_str())
        .collect();
    format!(
        "{} | {} | {}",
        incident.severity,
        actors.join(", "),
        reasons.join(", ")
    )
}

fn cases(page: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut usual, mut script) = (Vec::new(), String::new());
    for block in blocks(page) {
        let text = block.lines.join("\n");
        match block.info.split_once(" days=") {
            Some(("usual", days)) => usual.push((text, days.parse().unwrap())),
            _ if block.info == "activities" => script = text,
            _ if matches!(block.info, "signs" | "incidents") => cases.push(Case {
                line: block.line,
                usual: std::mem::take(&mut usual),
                script: std::mem::take(&mut script),
                kind: block.info.to_owned(),
                expected: block.expected(),
            }),
            _ => {}
        }
    }
    cases
}

//! Each page in `docs/detections` is a test: its scripts are run, its expectations compared.
//!
//! A case is a block `activities` (see `script.rs`), perhaps a block `usual days=N` before it that is
//! repeated on each of the N days before, and an expectation: `signs`, one line `POINTS | SENTENCE` per sign
//! of the page's own detection as it stands at the end, or `incidents`, one line
//! `SEVERITY | ACTOR | REASONS` per incident. `none` stands for nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use viewshed_model::Incident;

use super::{ALL, page};
use crate::engine::Evidenced;
use crate::script::{BASE_S, activities};
use crate::{Baseline, Engine, Settings};

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
            if found != case.expected {
                failures.push(format!(
                    "docs/detections/{}.md:{}\n  expected:\n    {}\n  found:\n    {}",
                    detection.name,
                    case.line,
                    case.expected.join("\n    "),
                    found.join("\n    ")
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_has_its_headings_and_cases_of_both_kinds() {
    for detection in ALL {
        let (name, page) = (detection.name, detection.page);
        assert!(
            page.starts_with(&format!("# {name}\n")),
            "{name}: first line"
        );
        let places: Vec<Option<usize>> =
            HEADINGS.iter().map(|heading| page.find(heading)).collect();
        assert!(places.iter().all(Option::is_some), "{name}: {places:?}");
        assert!(places.is_sorted(), "{name}: order of headings");
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
    assert_eq!(names_in("../../docs/detections", "md"), registered);
    let files: BTreeSet<String> = names_in("src/detections", "rs")
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "mod" | "look" | "tests"))
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(files, registered);
    assert!(ALL.iter().is_sorted_by_key(|one| one.name));
    assert_eq!(page("no-such-detection"), None);
}

fn names_in(folder: &str, extension: &str) -> BTreeSet<String> {
    fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
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
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        let text = block.join("\n");
        match info.split_once(" days=") {
            Some(("usual", days)) => usual.push((text, days.parse().unwrap())),
            _ if info == "activities" => script = text,
            _ if matches!(info, "signs" | "incidents") => cases.push(Case {
                line: number + 1,
                usual: std::mem::take(&mut usual),
                script: std::mem::take(&mut script),
                kind: info.to_owned(),
                expected: block
                    .iter()
                    .filter(|line| **line != "none")
                    .map(|line| (*line).to_owned())
                    .collect(),
            }),
            _ => {}
        }
    }
    cases
}

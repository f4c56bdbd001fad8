//! Sentences that must not promise more than what was read.

use viewshed_model::{MissingPlace, MitigationSummary, Presence, Severity};

use super::{full, words};
use crate::sample;
use crate::style::Style;
use crate::table::{scan, see};

#[test]
fn see_tells_what_was_asked_and_did_not_answer() {
    let mut view = sample::here_view();
    let here = view.here.as_mut().expect("the sample is of here");
    let address = &mut here.surroundings.metadata_addresses[0];
    address.status = None;
    let asked = words(&see(&view, None, &Style::default()));
    assert!(
        asked.contains("169.254.169.254:80 (AWS, asked, no answer)"),
        "{asked}"
    );
    let here = view.here.as_mut().expect("the sample is of here");
    here.surroundings.metadata_addresses[0].is_asked = false;
    let unasked = words(&see(&view, None, &Style::default()));
    assert!(unasked.contains("169.254.169.254:80 (AWS)"), "{unasked}");
}

#[test]
fn a_command_is_one_line_however_narrow_the_terminal() {
    let mut report = sample::scan_report();
    let long = format!("kubectl auth can-i create pods -A --as={}", "x".repeat(80));
    report.findings.truncate(1);
    report.findings[0].reproduce.clone_from(&long);
    let style = Style {
        width: 60,
        ..full()
    };
    let text = scan(&report, &style);
    assert!(text.lines().any(|line| line.ends_with(&long)), "{text}");
}

fn with_mitigation(change: impl FnOnce(&mut MitigationSummary)) -> String {
    let mut report = sample::scan_report();
    report.findings.clear();
    report.gaps.clear();
    report.mitigations.truncate(2);
    report.mitigations.remove(0);
    change(&mut report.mitigations[0]);
    words(&scan(&report, &Style::default()))
}

#[test]
fn a_row_of_the_mitigations_never_contradicts_the_sentence_above() {
    let missing = with_mitigation(|summary| {
        summary.is_incomplete = false;
        summary.states[0].presence = Presence::Missing;
        summary.missing_in = vec![MissingPlace {
            estate: "prod".to_owned(),
            namespace: "shop".to_owned(),
            findings: 0,
            worst: Severity::Info,
        }];
    });
    assert!(
        missing.contains("but M1030 is missing: see below"),
        "{missing}"
    );
    assert!(!missing.contains("nothing found missing"), "{missing}");
    let absent = with_mitigation(|summary| {
        summary.is_incomplete = false;
        summary.states.clear();
    });
    assert!(absent.contains("does not apply here"), "{absent}");
    let hints = with_mitigation(|summary| {
        summary.is_incomplete = false;
        summary.states[0].presence = Presence::Present;
        summary.findings = 5;
        summary.worst = Some(Severity::Info);
    });
    assert!(hints.contains("its findings are hints"), "{hints}");
    assert!(!hints.contains("nothing found missing"), "{hints}");
}

#[test]
fn chains_that_read_the_same_are_told_once() {
    let mut view = sample::view();
    let before = see(&view, None, &Style::default());
    let again = view.chains[0].clone();
    let new = view.chains.len();
    view.chains.push(again);
    let items = view.categories.iter_mut().flat_map(|one| &mut one.seen);
    let mut of_first: Vec<_> = items.filter(|item| item.chain == 0).collect();
    of_first.last_mut().unwrap().chain = new;
    assert_eq!(see(&view, None, &Style::default()), before);
}

//! Each page in `docs/checks` is a test: its manifests are scanned, its expected findings compared.
//!
//! A case is one or more fenced blocks of input (`yaml` or `json`, with `file=NAME` where the name
//! matters) and then a block `findings`: one line per finding of the page's own check,
//! `severity | object | title`, worst first, or `none`. What other checks find there does not count.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use viewshed_analyze::{bootstrap, checks};
use viewshed_decode::files;
use viewshed_model::{Estate, Finding};

#[path = "../../viewshed-detect/src/detections/tests/pages.rs"]
mod pages;

use pages::{blocks, check_headings, difference, names_in};

/// Headings that every page has, in this order.
const HEADINGS: [&str; 7] = [
    "## What it finds",
    "## Why it matters",
    "## Example",
    "## Cases",
    "## How to fix",
    "## What it does not see",
    "## References",
];

struct Case {
    /// Line of the expectation in the page.
    line: usize,
    /// File name and content.
    inputs: Vec<(String, String)>,
    expected: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_case_of_every_page_holds() {
    let mut failures = Vec::new();
    for check in checks::ALL {
        for case in cases(check.page) {
            let mut estate = Estate::default();
            for (name, content) in &case.inputs {
                files::add_file(&mut estate, name, content.as_bytes());
            }
            assert!(
                estate.gaps.is_empty(),
                "docs/checks/{}.md:{}: {:?}",
                check.name,
                case.line,
                estate.gaps
            );
            // As the program does with manifests; what it says of missing bindings is no matter of a check.
            for cluster in &mut estate.clusters {
                bootstrap::complete(cluster);
            }
            let found: Vec<String> = checks::scan(&estate)
                .iter()
                .filter(|finding| finding.check == check.name)
                .map(line_of)
                .collect();
            let page = format!("checks/{}", check.name);
            failures.extend(difference(&page, case.line, &case.expected, &found));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_has_its_headings_and_cases_of_both_kinds() {
    for check in checks::ALL {
        let page = check.page;
        let name = check.name;
        check_headings(name, page, &HEADINGS);
        assert!(page.contains(check.mitigation.id()), "{name}: mitigation");
        let cases = cases(page);
        assert!(
            cases.iter().any(|case| case.expected.is_empty()),
            "{name}: no quiet case"
        );
        assert!(
            cases.iter().any(|case| !case.expected.is_empty()),
            "{name}: nothing reported"
        );
    }
}

#[test]
fn checks_pages_and_files_have_the_same_names() {
    let registered: BTreeSet<String> = checks::ALL
        .iter()
        .map(|check| check.name.to_owned())
        .collect();
    assert_eq!(names_in(&root().join("docs/checks"), "md"), registered);
    let files: BTreeSet<String> =
        names_in(&root().join("crates/viewshed-analyze/src/checks"), "rs")
            .into_iter()
            .filter(|name| !matches!(name.as_str(), "mod" | "summary" | "tests"))
            .map(|name| name.replace('_', "-"))
            .collect();
    assert_eq!(files, registered);
    for name in &registered {
        assert!(
            checks::page(name).is_some_and(|page| !page.is_empty()),
            "{name}"
        );
    }
    assert_eq!(checks::page("no-such-check"), None);
}

fn line_of(finding: &Finding) -> String {
    let place = match finding.namespace.as_str() {
        "" => String::new(),
        namespace => format!(" in {namespace}"),
    };
    format!(
        "{} | {}{place} | {}",
        finding.severity, finding.object, finding.title
    )
}

fn cases(page: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut inputs: Vec<(String, String)> = Vec::new();
    for block in blocks(page) {
        if block.info == "findings" {
            cases.push(Case {
                line: block.line,
                inputs: std::mem::take(&mut inputs),
                expected: block.expected(),
            });
            continue;
        }
        let name = block.info.split("file=").nth(1).unwrap_or("case.yaml");
        inputs.push((name.to_owned(), block.lines.join("\n") + "\n"));
    }
    cases
}

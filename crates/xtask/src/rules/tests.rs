use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Rule, direction, edges, map, orphans, purity, size, words};
use crate::repository::{Package, Repository};

fn check(rule: Rule) {
    let repository = Repository::open().expect("the repository is readable");
    let found: Vec<String> = rule(&repository).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn data_flows_one_way() {
    check(direction::check);
}

#[test]
fn pure_crates_cannot_reach_the_world() {
    check(purity::check);
}

#[test]
fn every_file_belongs_to_a_crate() {
    check(orphans::check);
}

#[test]
fn files_stay_readable() {
    check(size::check);
}

#[test]
fn edges_say_so() {
    check(edges::check);
}

#[test]
fn the_map_tells_the_truth() {
    check(map::check);
}

#[test]
fn names_say_what_they_hold() {
    check(words::check);
}

fn repository(files: &[(&str, &str)], packages: &[(&str, &[&str])]) -> Repository {
    Repository {
        root: PathBuf::from("."),
        files: files
            .iter()
            .map(|(path, text)| ((*path).into(), (*text).into()))
            .collect(),
        packages: packages
            .iter()
            .map(|(name, dependencies)| {
                let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
                (
                    (*name).to_owned(),
                    Package {
                        is_member: name.starts_with("viewshed"),
                        dependencies,
                    },
                )
            })
            .collect::<BTreeMap<_, _>>(),
    }
}

#[test]
fn rules_catch_what_they_are_for() {
    let cases: [(Rule, Repository, &str); 6] = [
        (
            direction::check,
            repository(
                &[],
                &[
                    ("viewshed-decode", &["viewshed-analyze"]),
                    ("viewshed-analyze", &[]),
                ],
            ),
            "viewshed-decode: may not depend on `viewshed-analyze`",
        ),
        (
            purity::check,
            repository(
                &[],
                &[
                    ("viewshed-decode", &["zstd"]),
                    ("zstd", &["tokio"]),
                    ("tokio", &[]),
                ],
            ),
            "viewshed-decode: must stay pure but pulls in `tokio`",
        ),
        (
            orphans::check,
            repository(
                &[
                    ("crates/a/src/lib.rs", "mod here;"),
                    ("crates/a/src/gone.rs", ""),
                ],
                &[],
            ),
            "crates/a/src/gone.rs: no `mod` names this file",
        ),
        (
            size::check,
            repository(&[("crates/a/src/lib.rs", &"\n".repeat(601))], &[]),
            "crates/a/src/lib.rs: 601 lines: split it (at most 600)",
        ),
        (
            edges::check,
            repository(
                &[("crates/viewshed-decode/src/x.rs", "std::fs::read(path)")],
                &[],
            ),
            "crates/viewshed-decode/src/x.rs: a pure crate calls `fs::read(...)`",
        ),
        (
            words::check,
            repository(&[("crates/a/src/utils.rs", "")], &[]),
            "crates/a/src/utils.rs: name it after what it holds",
        ),
    ];
    for (rule, repository, expected) in cases {
        let found: Vec<String> = rule(&repository).iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|line| line == expected),
            "{expected:?} not in {found:?}"
        );
    }
}

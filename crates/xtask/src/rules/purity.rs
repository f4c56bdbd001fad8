//! The pure crates do no IO: nothing in their whole dependency closure can.

use std::collections::BTreeSet;

use super::{Violation, violation};
use crate::repository::Repository;

/// The crates that are data in, data out.
pub(super) const PURE: [&str; 5] = [
    "viewshed-model",
    "viewshed-decode",
    "viewshed-analyze",
    "viewshed-detect",
    "viewshed-report",
];

/// Packages that reach the world outside.
const WORLDLY: [&str; 16] = [
    "async-std",
    "bollard",
    "crossterm",
    "futures-executor",
    "hyper",
    "hyper-util",
    "indicatif",
    "kube",
    "kube-client",
    "mio",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "ureq",
];

/// No pure crate has a worldly package in its closure.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in PURE {
        if !repository.packages.contains_key(name) {
            found.push(violation(name, "is missing"));
            continue;
        }
        for package in closure(repository, name) {
            if WORLDLY.contains(&package) {
                found.push(violation(
                    name,
                    format!("must stay pure but pulls in `{package}`"),
                ));
            }
        }
        let header =
            "#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]";
        let library = format!("crates/{name}/src/lib.rs");
        if !repository
            .files
            .get(&library)
            .is_some_and(|text| text.contains(header))
        {
            found.push(violation(library, format!("needs the line `{header}`")));
        }
    }
    found
}

fn closure<'a>(repository: &'a Repository, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        if !reached.insert(name) {
            continue;
        }
        if let Some(package) = repository.packages.get(name) {
            waiting.extend(package.dependencies.iter().map(String::as_str));
        }
    }
    reached
}

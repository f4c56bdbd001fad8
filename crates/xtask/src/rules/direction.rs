//! Data flows one way: which of our crates may depend on which.

use super::{Violation, violation};
use crate::repository::Repository;

/// Crate and the crates of ours that it may use. A crate that is not listed fails.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("viewshed-model", &[]),
    ("viewshed-decode", &["viewshed-model"]),
    ("viewshed-analyze", &["viewshed-model"]),
    ("viewshed-detect", &["viewshed-model"]),
    ("viewshed-report", &["viewshed-model"]),
    ("viewshed-store", &["viewshed-model"]),
    ("viewshed-server", &["viewshed-model", "viewshed-report"]),
    ("viewshed-collect", &["viewshed-decode", "viewshed-model"]),
    (
        "viewshed",
        &[
            "viewshed-analyze",
            "viewshed-collect",
            "viewshed-decode",
            "viewshed-detect",
            "viewshed-model",
            "viewshed-report",
            "viewshed-server",
            "viewshed-store",
        ],
    ),
    ("xtask", &[]),
    // The test bench starts servers; it knows nothing of what is tested on it.
    ("viewshed-bench", &[]),
    (
        "viewshed-benchmarks",
        &[
            "viewshed-analyze",
            "viewshed-collect",
            "viewshed-decode",
            "viewshed-detect",
            "viewshed-model",
        ],
    ),
];

/// Every member of the workspace uses only what the table allows.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, package) in &repository.packages {
        if !package.is_member {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(crate_name, _)| crate_name == name) else {
            found.push(violation(
                name,
                "is not in the table of crates: a new crate needs a decision record",
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let is_ours = repository
                .packages
                .get(dependency)
                .is_some_and(|other| other.is_member);
            if is_ours && !allowed.contains(&dependency.as_str()) {
                found.push(violation(name, format!("may not depend on `{dependency}`")));
            }
        }
    }
    found
}

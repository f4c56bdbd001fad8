//! ARCHITECTURE.md's map tells the truth: every path in it exists, every crate is in it.

use super::{Violation, violation};
use crate::repository::Repository;

const MAP: &str = "ARCHITECTURE.md";

/// Each row's first cell names existing files or folders in backticks; each crate has a row.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    let Some(text) = repository.files.get(MAP) else {
        return vec![violation(MAP, "is missing")];
    };
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let mut found = Vec::new();
    for row in &rows {
        let first_cell = row.split('|').nth(1).unwrap_or_default();
        for path in first_cell.split('`').skip(1).step_by(2) {
            if !repository.root.join(path).exists() {
                found.push(violation(
                    MAP,
                    format!("the map names `{path}`, which does not exist"),
                ));
            }
        }
    }
    for (name, package) in &repository.packages {
        let folder = format!("`crates/{name}");
        let is_crate = repository.root.join("crates").join(name).exists();
        if package.is_member && is_crate && !rows.iter().any(|row| row.contains(&folder)) {
            found.push(violation(
                MAP,
                format!("the map has no row for `crates/{name}`"),
            ));
        }
    }
    found
}

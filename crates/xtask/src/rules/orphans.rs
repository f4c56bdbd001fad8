//! Every Rust file is part of a crate: a file that no `mod` names is dead and nobody notices.

use super::{Violation, violation};
use crate::repository::Repository;

/// Every file below a `src` folder is a crate root or is named by a `mod` beside or above it.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .rust_files()
        .filter(|(path, _)| path.contains("/src/") && !path.contains("/src/bin/"))
        .filter(|(path, _)| !is_named(repository, path))
        .map(|(path, _)| violation(path, "no `mod` names this file"))
        .collect()
}

fn is_named(repository: &Repository, path: &str) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else {
        return true;
    };
    let stem = file.trim_end_matches(".rs");
    if folder.ends_with("/src") && matches!(stem, "lib" | "main") {
        return true;
    }
    let (name, parent_folder) = if stem == "mod" {
        match folder.rsplit_once('/') {
            Some((parent, name)) => (name, parent),
            None => return true,
        }
    } else {
        (stem, folder)
    };
    let parents = [
        format!("{parent_folder}/mod.rs"),
        format!("{parent_folder}/lib.rs"),
        format!("{parent_folder}/main.rs"),
        format!("{parent_folder}.rs"),
    ];
    parents
        .iter()
        .filter_map(|parent| repository.files.get(parent))
        .any(|text| {
            text.lines().any(|line| {
                let line = line.trim();
                let line = line.split("mod ").last().unwrap_or_default();
                line.trim_end_matches([';', ' ', '{']) == name
            })
        })
}

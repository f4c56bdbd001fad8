//! What must not stand in the repository: rooms without a subject, and unfinished business.

use super::{Violation, violation};
use crate::repository::Repository;

/// Module and crate names that say nothing about their content.
const EMPTY_NAMES: [&str; 5] = ["util", "utils", "common", "core", "misc"];

/// No file or folder has an empty name, no test is ignored, nothing is left to do.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.rust_files() {
        if path
            .split(['/', '.'])
            .any(|part| EMPTY_NAMES.contains(&part))
        {
            found.push(violation(path, "name it after what it holds"));
        }
        if path.starts_with("crates/xtask/") {
            continue;
        }
        for (phrase, message) in [
            ("#[ignore", "no ignored tests: assert what is, or delete it"),
            ("TODO", "finish it, or open an issue"),
            ("FIXME", "finish it, or open an issue"),
            ("unimplemented!", "finish it"),
        ] {
            if text.contains(phrase) {
                found.push(violation(path, message));
            }
        }
    }
    found
}

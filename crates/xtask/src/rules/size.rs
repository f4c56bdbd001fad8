//! Files stay readable. Functions are held to 70 lines by clippy (`too_many_lines`).

use super::{Violation, violation};
use crate::repository::Repository;

/// Lines at which a file must have been split.
const FILE_LINES_MAX: usize = 600;

/// No Rust file is longer than the limit.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    repository
        .rust_files()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| {
            violation(
                path,
                format!("{lines} lines: split it (at most {FILE_LINES_MAX})"),
            )
        })
        .collect()
}

//! Where bytes enter or leave the program, the file says so in its first line.

use super::purity::PURE;
use super::{Violation, violation};
use crate::repository::Repository;

/// Calls by which bytes come in or go out.
const EDGE_CALLS: [&str; 12] = [
    "fs::read(",
    "fs::read_to_string(",
    "fs::read_dir(",
    "fs::write(",
    "File::open(",
    "File::create(",
    "io::stdin(",
    "io::stdout(",
    "TcpStream::connect(",
    "UnixStream::connect(",
    "Command::new(",
    "TcpListener::bind(",
];

/// Every product file that calls one of them starts with `//! ENTERS:` or `//! LEAVES:`;
/// pure crates have no such file at all.
pub(crate) fn check(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.rust_files() {
        let Some(crate_name) = path
            .strip_prefix("crates/")
            .and_then(|rest| rest.split('/').next())
        else {
            continue;
        };
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        if is_test || crate_name == "xtask" || !path.contains("/src/") {
            continue;
        }
        let Some(call) = EDGE_CALLS.iter().find(|call| calls(text, call)) else {
            continue;
        };
        if PURE.contains(&crate_name) {
            found.push(violation(path, format!("a pure crate calls `{call}...)`")));
        } else if !text.starts_with("//! ENTERS:") && !text.starts_with("//! LEAVES:") {
            found.push(violation(
                path,
                format!("calls `{call}...)`: start it with `//! ENTERS: ...` or `//! LEAVES: ...`"),
            ));
        }
    }
    found
}

fn calls(text: &str, call: &str) -> bool {
    text.lines()
        .any(|line| !line.trim_start().starts_with("//") && line.contains(call))
}

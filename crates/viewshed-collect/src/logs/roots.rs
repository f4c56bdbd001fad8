//! ENTERS: the names of the files that belong to what the user named.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use viewshed_model::GapReason;

use super::family::{Age, member};
use super::file::shown;
use super::report::{Report, gap};
use super::sources::Follow;
use crate::files::walk;
use crate::text::one_line;

/// What the user named.
#[derive(Debug, Clone)]
pub(super) enum Root {
    /// This log; when following, also what it becomes by rotation.
    Log(PathBuf),
    /// Every file below it.
    Folder(PathBuf),
}

/// Files by log, oldest first, and whether each is wanted from its beginning.
pub(super) type Files = BTreeMap<PathBuf, BTreeMap<(Age, PathBuf), bool>>;

/// Every file that is there now.
pub(super) fn files(roots: &[Root], follow: Follow, report: &Report) -> Files {
    let mut logs = Files::new();
    let mut add = |path: PathBuf, is_wanted: bool| {
        let member = member(&path);
        let files = logs.entry(member.log).or_default();
        *files.entry((member.age, path)).or_default() |= is_wanted;
    };
    for root in roots {
        match root {
            Root::Folder(folder) => match walk::files_below(folder) {
                Ok(found) => {
                    for gap in found.gaps {
                        report.standing_gap(gap);
                    }
                    for path in found.files {
                        add(path, true);
                    }
                }
                Err(error) => unreadable(report, folder, &error),
            },
            Root::Log(path) => {
                add(path.clone(), true);
                if follow == Follow::Yes {
                    for sibling in siblings(path) {
                        add(sibling, false);
                    }
                }
            }
        }
    }
    logs
}

/// The other files of the same log. A folder that cannot be read has none that could be read either.
fn siblings(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent();
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|other| other != path && member(other).log == path && other.is_file())
        .collect()
}

/// Notes that a file or folder cannot be read.
pub(super) fn unreadable(report: &Report, path: &Path, error: &std::io::Error) {
    let reason = match error.kind() {
        ErrorKind::PermissionDenied => GapReason::Forbidden,
        _ => GapReason::Unreachable,
    };
    let detail = one_line(&error.to_string());
    let hint = "check its permissions";
    report.standing_gap(gap(&shown(path), reason, detail, hint));
}

//! ENTERS: the names of files below a folder.

use std::collections::BTreeSet;
use std::fs::{DirEntry, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use viewshed_model::{Gap, GapReason};

use super::{shown, unreadable};

/// Files of one folder tree that are read. A large repository of manifests has some thousands.
pub(super) const FILES_MAX: usize = 100_000;
/// Folders within folders that are entered.
const DEPTH_MAX: usize = 64;

/// What a folder tree holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Plain files, sorted by path.
    pub(crate) files: Vec<PathBuf>,
    /// What was left out, beside hidden names.
    pub(crate) gaps: Vec<Gap>,
}

/// Every plain file below `folder`, hidden names left out.
///
/// # Errors
/// When the folder itself cannot be read.
pub(crate) fn files_below(folder: &Path) -> std::io::Result<Found> {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    let mut special: u64 = 0;
    let mut beyond: u64 = 0;
    seen.insert(identity(&std::fs::metadata(folder)?));
    let mut waiting: Vec<(PathBuf, usize)> = sorted_entries(folder)?
        .into_iter()
        .map(|path| (path, 1))
        .collect();
    while let Some((path, depth)) = waiting.pop() {
        // Follows links, so that the links of a mounted config map are read and broken ones are gaps.
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                let gap = dangling(&path).unwrap_or_else(|| unreadable(&path, &error));
                found.gaps.push(gap);
                continue;
            }
        };
        if metadata.is_file() {
            if found.files.len() < FILES_MAX {
                found.files.push(path);
            } else {
                beyond += 1;
            }
        } else if !metadata.is_dir() {
            special += 1;
        } else if depth >= DEPTH_MAX {
            found
                .gaps
                .push(gap(&path, "folders within folders are too deep", 1));
        } else if seen.insert(identity(&metadata)) {
            match sorted_entries(&path) {
                Ok(entries) => waiting.extend(entries.into_iter().map(|path| (path, depth + 1))),
                Err(error) => found.gaps.push(unreadable(&path, &error)),
            }
        }
    }
    if special > 0 {
        let detail = "sockets, pipes and devices are not read";
        found.gaps.push(Gap {
            reason: GapReason::Unsupported,
            ..gap(folder, detail, special)
        });
    }
    if beyond > 0 {
        let detail = format!("only the first {FILES_MAX} files are read");
        found.gaps.push(gap(folder, &detail, beyond));
    }
    Ok(found)
}

/// A symbolic link whose target does not exist.
fn dangling(path: &Path) -> Option<Gap> {
    let target = std::fs::read_link(path).ok()?;
    let is_gone = matches!(path.try_exists(), Ok(false));
    is_gone.then(|| Gap {
        what: format!("read `{}`", shown(path)),
        source: shown(path),
        reason: GapReason::Unreachable,
        detail: format!("it is a link to `{}`, which does not exist", shown(&target)),
        hint: "give what it should lead to, or remove the link".to_owned(),
        count: 1,
    })
}

/// The visible entries of a folder, the last name first: they are taken from the end.
fn sorted_entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries: Vec<DirEntry> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let mut paths: Vec<PathBuf> = entries
        .into_iter()
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    paths.sort_unstable_by(|one, other| other.cmp(one));
    Ok(paths)
}

/// A folder is entered once, whatever links lead to it.
fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn gap(path: &Path, detail: &str, count: u64) -> Gap {
    let path = shown(path);
    Gap {
        what: format!("read all of `{path}`"),
        source: path,
        reason: GapReason::TooLarge,
        detail: detail.to_owned(),
        hint: String::new(),
        count,
    }
}

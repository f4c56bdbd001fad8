//! ENTERS: files, folders and standard input that the user names. What they hold is recognised by
//! `viewshed-decode`; this module only finds and reads them.

pub(crate) mod walk;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use viewshed_decode::files::{FILE_BYTES_MAX, FileSet};
use viewshed_decode::text::clean;
use viewshed_model::{DockerHost, Estate, Gap, GapReason};

use crate::error::Error;
use crate::progress::Progress;

const WHAT: &str = "files";

/// Reads everything that the user named, in the order of their names.
///
/// Files that are named, and standard input (`-`), belong together: they are one cluster and one
/// Docker host. Each folder that is named is a cluster and host of its own. Hidden files and folders
/// below a named folder are left out; symbolic links are followed, loops and special files are not.
/// Whatever cannot be read inside a folder is a gap. Snapshots bring the estates that they hold.
///
/// # Errors
/// When a path that the user named cannot be read at all.
pub fn read(paths: &[PathBuf], progress: &dyn Progress) -> Result<Estate, Error> {
    let (folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        paths.iter().partition(|path| path.is_dir());
    let mut estate = Estate::default();
    progress.started(WHAT, None);
    if let Some(first) = files.first() {
        let name = match files.len() {
            1 => shown(first),
            count => format!("{count} files"),
        };
        let mut set = FileSet::new(&name);
        let mut gaps = Vec::new();
        for path in files {
            let (bytes, is_cut) = read_named(path)?;
            add(&mut set, &mut gaps, &shown(path), (&bytes, is_cut));
            progress.advanced(WHAT, 1);
        }
        take(&mut estate, (&name, set.finish()), gaps);
    }
    for folder in folders {
        let name = shown(folder);
        let mut set = FileSet::of_folder(&name);
        let mut gaps = Vec::new();
        let found = walk::files_below(folder).map_err(|source| Error::Unreadable {
            path: folder.clone(),
            source,
        })?;
        gaps.extend(found.gaps);
        for path in found.files {
            match read_found(&path) {
                Ok((bytes, is_cut)) => add(&mut set, &mut gaps, &shown(&path), (&bytes, is_cut)),
                Err(error) => gaps.push(unreadable(&path, &error)),
            }
            progress.advanced(WHAT, 1);
        }
        take(&mut estate, (&name, set.finish()), gaps);
    }
    progress.finished(WHAT);
    Ok(estate)
}

/// A path for people; names of files may hold anything.
fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy()).into_owned()
}

/// What was found in the set of files of that name.
fn take(estate: &mut Estate, (set, part): (&str, Estate), gaps: Vec<Gap>) {
    if estate.collected_at.is_empty() {
        estate.collected_at = part.collected_at;
    }
    for mut host in part.docker_hosts {
        // Machines that were made from one image may say the same name.
        let is_known = |known: &DockerHost| known.name == host.name;
        if host.name != set && estate.docker_hosts.iter().any(is_known) {
            host.name = format!("{} ({set})", host.name);
        }
        estate.docker_hosts.push(host);
    }
    estate.sources.extend(part.sources);
    estate.clusters.extend(part.clusters);
    estate.gaps.extend(part.gaps);
    estate.gaps.extend(gaps);
}

fn add(set: &mut FileSet, gaps: &mut Vec<Gap>, path: &str, (bytes, is_cut): (&[u8], bool)) {
    if is_cut {
        gaps.push(Gap {
            source: path.to_owned(),
            what: format!("read `{path}`"),
            reason: GapReason::TooLarge,
            detail: format!("it is larger than {FILE_BYTES_MAX} bytes"),
            hint: "split the file".to_owned(),
            count: 1,
        });
    } else {
        set.add(path, bytes);
    }
}

/// A path that the user named may be anything that can be read, also a pipe.
fn read_named(path: &Path) -> Result<(Vec<u8>, bool), Error> {
    let result = if path.as_os_str() == "-" {
        read_all(std::io::stdin().lock())
    } else {
        File::open(path).and_then(read_all)
    };
    result.map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })
}

// Text has no NUL in its first bytes, except UTF-16, which starts with a mark; neither does a snapshot
// need them to be told from a picture or a program.
const HEAD_BYTES: usize = 4096;

/// A file that was found in a folder. Of large ones that are no text, only the head is read: it is
/// enough to say that nothing in it is known.
fn read_found(path: &Path) -> std::io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    if head.contains(&0) && !may_hold_nul(&head) {
        return Ok((head, false));
    }
    read_all(head.as_slice().chain(file))
}

/// A snapshot (zstd), or text in UTF-16 with its byte order mark.
fn may_hold_nul(head: &[u8]) -> bool {
    head.starts_with(&viewshed_decode::snapshot::MAGIC)
        || head.starts_with(&[0xff, 0xfe])
        || head.starts_with(&[0xfe, 0xff])
}

/// Everything up to the largest size that is read, and whether there was more.
fn read_all(source: impl Read) -> std::io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    source
        .take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    let is_cut = bytes.len() > FILE_BYTES_MAX;
    Ok((bytes, is_cut))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Gap {
    let path = shown(path);
    Gap {
        what: format!("read `{path}`"),
        source: path,
        reason: GapReason::Unreachable,
        detail: clean(&error.to_string()).into_owned(),
        hint: "check its permissions".to_owned(),
        count: 1,
    }
}

//! LEAVES: the state folder (and enters again): one writer, whole generations.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::envelope::{self, BYTES_MAX, Envelope, FORM, Fault};
use crate::error::Error;

const CURRENT: &str = "state";
const PREVIOUS: &str = "state.previous";
const NEXT: &str = "state.next";
const LOCK: &str = "lock";

/// Only the owner reads state: it names users and what they do.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A state folder of which this process is the only writer, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    generation: u64,
    /// The system releases the lock with the file, however the process ends.
    lock: File,
}

impl Drop for Store {
    fn drop(&mut self) {
        // A child that was just started holds a copy of the file until it runs its own program, and with it the
        // lock; so that is given back by name.
        self.lock.unlock().ok();
    }
}

/// What was saved last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The parts of one [`Store::save`], by name; empty when nothing was ever saved.
    pub parts: BTreeMap<String, Vec<u8>>,
    /// What was wrong with the newest state, when this is the one before it.
    pub problem: Option<String>,
}

impl Store {
    /// Takes the folder, making it where it is missing, and reads the newest state in it.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it; [`Error::Damaged`] when there is state but none that is
    /// whole; [`Error::Newer`].
    pub fn open(folder: &Path) -> Result<(Self, Loaded), Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)
            .map_err(failed("create", folder))?;
        let lock = lock(folder)?;
        let (newest, problem) = newest(folder)?;
        let store = Self {
            folder: folder.to_owned(),
            generation: newest.as_ref().map_or(0, |newest| newest.generation),
            lock,
        };
        let parts = newest.map(|newest| newest.parts).unwrap_or_default();
        Ok((store, Loaded { parts, problem }))
    }

    /// Reads the newest state without taking the folder: also while another process has it. Nothing is changed.
    ///
    /// # Errors
    /// As [`Store::open`], but never [`Error::InUse`].
    pub fn peek(folder: &Path) -> Result<Loaded, Error> {
        let (newest, problem) = newest(folder)?;
        let parts = newest.map(|newest| newest.parts).unwrap_or_default();
        Ok(Loaded { parts, problem })
    }

    /// Replaces the state by these parts, all of them or none: when this returns, they are on the disk; when the
    /// process or the machine ends before, the state is still the one before.
    ///
    /// The state before is kept beside it.
    ///
    /// # Errors
    /// When the disk is full or gone; the state on it is then still the one before.
    pub fn save(&mut self, parts: &[(&str, &[u8])]) -> Result<(), Error> {
        let bytes = parts
            .iter()
            .map(|(name, part)| name.len() + part.len())
            .sum();
        if bytes > BYTES_MAX {
            return Err(Error::TooLarge {
                bytes,
                bytes_max: BYTES_MAX,
            });
        }
        let generation = self.generation + 1;
        let (next, current) = (self.folder.join(NEXT), self.folder.join(CURRENT));
        self.write(&next, generation, parts)
            .map_err(failed("write", &next))?;
        match std::fs::rename(&current, self.folder.join(PREVIOUS)) {
            Ok(()) => {}
            // The first time, or after a stop between the two renames.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed("rename", &current)(error)),
        }
        // Between the two renames the newest whole file is `state.next`, and is found there.
        std::fs::rename(&next, &current).map_err(failed("rename", &next))?;
        self.generation = generation;
        self.flush_names().map_err(failed("write", &self.folder))
    }

    fn write(&self, path: &Path, generation: u64, parts: &[(&str, &[u8])]) -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(path)?;
        for piece in envelope::pieces(generation, parts) {
            file.write_all(piece.bytes())?;
        }
        file.sync_all()?;
        self.flush_names()
    }

    /// Makes the names in the folder last, not only the contents of its files.
    fn flush_names(&self) -> std::io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(failed("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

/// The newest whole state, and what is wrong with a newer one that should be there.
fn newest(folder: &Path) -> Result<(Option<Envelope>, Option<String>), Error> {
    let mut newest: Option<Envelope> = None;
    let mut problems = Vec::new();
    for name in [CURRENT, NEXT, PREVIOUS] {
        let path = folder.join(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("read", &path)(error)),
        };
        match envelope::open(&bytes) {
            Ok(found) => {
                if newest
                    .as_ref()
                    .is_none_or(|newest| newest.generation < found.generation)
                {
                    newest = Some(found);
                }
            }
            Err(Fault::Newer(found)) => {
                return Err(Error::Newer {
                    folder: folder.to_owned(),
                    found,
                    known: FORM,
                });
            }
            // A stop while it was written: the state is the one before, and nothing is wrong.
            Err(Fault::Damaged(_)) if name == NEXT => {}
            Err(Fault::Damaged(detail)) => problems.push(format!("`{name}`: {detail}")),
        }
    }
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    match (&newest, &problem) {
        (None, Some(detail)) => Err(Error::Damaged {
            folder: folder.to_owned(),
            detail: detail.clone(),
        }),
        _ => Ok((newest, problem)),
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::FileSystem { what, path, source }
}

#[cfg(test)]
mod tests;
